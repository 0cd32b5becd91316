"""A loss is caught and named by its order number, on each database; a busy house is never accused; mended is over."""

from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import orjson
import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import OperationalError

from runtime.clock import now as real_now
from runtime.core.moment import BUSINESS_ZONE
from runtime.intake import Answer, Delivery, Key
from runtime.reconcile import Reconciler
from runtime.store import incidents
from runtime.store.database import begin, reading
from runtime.store.incidents import Found
from runtime.store.tables import arrivals as counted
from runtime.store.tables import checks, effects, failures, journal, orders, runs, tasks
from runtime.store.tables import incidents as incident_rows
from tests.core.flow_documents import REQUEST, approval, document
from tests.store.conftest import House
from tests.trade import SIX_STEPS, arrivals, publish

ASKS = document(
    [
        ("in", "ingest", {}),
        ("ask", "approval", approval("leads", deadline_minutes=60)),
        ("call", "request", {**REQUEST, "system": "nowhere"}),
        ("end", "end", {}),
        ("no", "end", {"result": "cancelled"}),
    ],
    ["in.out>ask", "ask.approved>call", "ask.rejected>no", "ask.late>no", "call.ok>end"],
    key="asks",
    channels=["own-shop"],
)
FAILS = document(
    [("in", "ingest", {}), ("call", "request", {**REQUEST, "system": "nowhere"}), ("end", "end", {})],
    ["in.out>call", "call.ok>end"],
    key="fails",
    channels=["own-shop"],
)


def take(house: House, number: int = 3) -> list[str]:
    taken = house.service.receive(arrivals(range(number)))
    house.settle()
    return [one.run_id for one in taken]


def spoil(house: House, *statements: Any) -> None:
    with begin(house.service.engine, durable=False) as connection:
        for statement in statements:
            connection.execute(statement)


def check(house: House) -> list[tuple[str, str | None]]:
    """What a full check finds, and what is listed afterwards: the same."""
    found = house.service.reconciler.check_all("li").found
    with reading(house.service.engine) as connection:
        listed = [(row["kind"], row["external_id"]) for row in incidents.open_ones(connection)]
    assert sorted(listed) == sorted((one.finding.kind, one.external_id) for one in found)
    return sorted(listed)


LOSSES: dict[str, tuple[dict[str, Any], Callable[[str], Any], str]] = {
    "the run is deleted": (ASKS, lambda run: delete(runs).where(runs.c.id == run), "run_missing"),
    "the state is altered": (
        ASKS,
        lambda run: update(runs).where(runs.c.id == run).values(state="done"),
        "state_differs",
    ),
    "the place is lost": (ASKS, lambda run: update(runs).where(runs.c.id == run).values(tokens="[]"), "state_differs"),
    "the timer is lost": (ASKS, lambda run: update(runs).where(runs.c.id == run).values(due_at=None), "timer_differs"),
    "an entry is dropped": (ASKS, lambda run: delete(journal).where(journal.c.run_id == run), "journal_gap"),
    "the rev runs back": (ASKS, lambda run: update(runs).where(runs.c.id == run).values(rev=0), "rev_differs"),
    "the task is lost": (ASKS, lambda run: delete(tasks).where(tasks.c.run_id == run), "task_missing"),
    "the task is shut": (
        ASKS,
        lambda run: update(tasks).where(tasks.c.run_id == run).values(state="withdrawn"),
        "task_missing",
    ),
    "the failure is lost": (FAILS, lambda run: delete(failures).where(failures.c.run_id == run), "failure_missing"),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_a_planted_loss_is_named_by_its_order_number(sqlite_house: House, loss: str) -> None:
    house = sqlite_house
    flow, planted, kind = LOSSES[loss]
    publish(house.service, flow)
    lost = take(house)[1]
    assert check(house) == []
    spoil(house, planted(lost))
    assert check(house) == [(kind, "A-00001")]


def test_losses_of_many_kinds_are_told_apart_on_each_database(house: House) -> None:
    planted = [(plant, kind) for flow, plant, kind in LOSSES.values() if flow is ASKS]
    publish(house.service, ASKS)
    lost = take(house, len(planted) + 1)
    assert check(house) == []
    spoil(house, *(plant(run_id) for (plant, _), run_id in zip(planted, lost, strict=False)))
    assert check(house) == sorted((kind, f"A-{number:05}") for number, (_, kind) in enumerate(planted))


def test_what_is_left_open_for_an_order_that_ended_is_named(sqlite_house: House) -> None:
    house = sqlite_house
    publish(house.service, SIX_STEPS)
    run_id = take(house)[1]
    spoil(house, update(effects).where(effects.c.run_id == run_id).values(state="ready"))
    assert check(house) == [("call_left", "A-00001")]


def acknowledged(house: House, number: int) -> list[str]:
    """Orders that come with a key, as shops send them; their answers are kept."""
    given = arrivals(range(number))

    def answer(receipts: Any) -> Answer:
        results = [
            {"id": one.order["id"], "status": receipt.status, "trace": receipt.run_id, "errors": []}
            for one, receipt in zip(given, receipts, strict=True)
        ]
        return Answer(202, orjson.dumps({"results": results}))

    told = house.service.intake.take(Delivery("shop", given, (), answer, Key("t" * 26, "batch-1", "d")))
    assert isinstance(told, Answer)
    house.settle()
    return [one["trace"] for one in orjson.loads(told.body)["results"]]


def test_a_lost_order_row_is_named_by_the_answer_that_its_sender_got(house: House) -> None:
    publish(house.service, ASKS)
    lost = acknowledged(house, 3)[1]
    spoil(house, delete(orders).where(orders.c.run_id == lost))
    assert check(house) == [("not_stored", "A-00001"), ("order_missing", "A-00001")]


def test_an_order_that_is_gone_from_all_tables_is_missed_by_the_counter(house: House) -> None:
    publish(house.service, ASKS)
    lost = acknowledged(house, 3)[1]
    everywhere = [(orders, "run_id"), (runs, "id"), (journal, "run_id"), (tasks, "run_id"), (effects, "run_id")]
    spoil(house, *(delete(table).where(table.c[column] == lost) for table, column in everywhere))
    assert check(house) == [("not_stored", "A-00001")]
    with reading(house.service.engine) as connection:
        detail = orjson.loads(incidents.open_ones(connection)[0]["detail"])
    assert (detail["counted"], detail["stored"], detail["traces"]) == (3, 2, [lost])


def test_a_journal_whose_order_is_gone_is_named_by_its_trace(sqlite_house: House) -> None:
    house = sqlite_house
    publish(house.service, ASKS)
    lost = take(house)[0]
    spoil(house, delete(orders).where(orders.c.run_id == lost), delete(runs).where(runs.c.id == lost))
    found = {(row.finding.kind, row.run_id) for row in house.service.reconciler.check_all("li").found}
    assert ("journal_orphan", lost) in found


def test_an_incident_is_listed_once_and_ends_by_itself_when_it_is_mended(house: House) -> None:
    publish(house.service, ASKS)
    run_id = take(house)[1]
    with reading(house.service.engine) as connection:
        right = dict(connection.execute(select(runs).where(runs.c.id == run_id)).mappings().one())
    spoil(house, delete(runs).where(runs.c.id == run_id))
    assert check(house) == check(house) == [("run_missing", "A-00001")]
    spoil(house, runs.insert().values(**right))
    assert check(house) == []
    with reading(house.service.engine) as connection:
        over = incidents.over(connection)
    assert [(row["kind"], row["ended_at"] is not None) for row in over] == [("run_missing", True)]


def test_the_clock_finds_a_new_loss_within_a_minute_and_tells_when_it_looked(sqlite_house: House) -> None:
    house = sqlite_house
    publish(house.service, ASKS)
    run_id = take(house)[1]
    house.service.tick()
    spoil(house, update(runs).where(runs.c.id == run_id).values(state="done"))
    house.watch.go_on(seconds=61)
    house.service.tick()
    with reading(house.service.engine) as connection:
        assert [row["external_id"] for row in incidents.open_ones(connection)] == ["A-00001"]
    spoil(house, update(runs).where(runs.c.id == run_id).values(state="waiting"))
    house.watch.go_on(days=1)
    house.service.tick()
    with reading(house.service.engine) as connection:
        assert incidents.open_ones(connection) == []


def test_a_check_that_was_asked_for_goes_on_tick_by_tick_over_many_slices(
    sqlite_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = sqlite_house
    publish(house.service, ASKS)
    lost = take(house, 30)[29]
    monkeypatch.setattr("runtime.reconcile.SLICE", 4)
    monkeypatch.setattr("runtime.reconcile.TICK_SECONDS", 0.0001)
    spoil(house, delete(runs).where(runs.c.id == lost))
    house.watch.go_on(hours=1)
    house.service.reconciler.ask_for_all("li")
    for _ in range(30):
        house.service.tick()
    with reading(house.service.engine) as connection:
        row = connection.execute(select(checks).where(checks.c.kind == "full")).mappings().one()
    assert (row["ended_at"] is not None, row["looked"], row["found"]) == (True, 29, 1)


def test_a_busy_house_is_never_accused(house: House) -> None:
    """Orders come in, go on and are decided in several threads, while one check follows the other."""
    publish(house.service, SIX_STEPS)
    house.watch.now = real_now()
    reconciler = Reconciler(house.service.engine, real_now, BUSINESS_ZONE)
    over = Event()
    accused: list[Found] = []

    def on_and_on(work: Callable[[], object]) -> Thread:
        def until_over() -> None:
            while not over.is_set():
                work()

        thread = Thread(target=until_over)
        thread.start()
        return thread

    def go_on() -> int:
        try:
            return house.service.drain(40) + house.service.perform()
        except OperationalError:
            # MariaDB broke a deadlock of two workers. Their job ends, and the clock rings for the next one.
            return 1

    working = [
        on_and_on(go_on),
        on_and_on(go_on),
        on_and_on(lambda: accused.extend(reconciler.check_all("li").found)),
    ]
    for first in range(0, 600, 20):
        house.service.receive(arrivals(range(first, first + 20)))
    while go_on():
        pass
    over.set()
    for thread in working:
        thread.join()
    assert accused == []
    with reading(house.service.engine) as connection:
        assert connection.execute(select(incident_rows.c.id)).all() == []
        assert connection.execute(select(counted.c.came)).scalar() == 600

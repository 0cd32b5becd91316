"""Orders come in once, go on, ask, are answered and arrive, on every database alike."""

from typing import Any

import pytest
from sqlalchemy import select, text, update

from nodes.contract import Answered
from runtime.adapters.contract import Call, Outlet
from runtime.answering import Decline
from runtime.core.engine import decide
from runtime.core.run import Start, trace_code
from runtime.flows import Flows
from runtime.store import journal, queries
from runtime.store.database import begin, reading
from runtime.store.journal import LostRace
from runtime.store.tables import effects, orders, runs, tasks
from tests.core.flow_documents import NOTIFY, document
from tests.store.conftest import House
from tests.trade import APPROVAL, MANAGER, SIX_STEPS, arrival, arrivals, order, publish


def states(house: House) -> dict[str, int]:
    """How many orders stand in each state, without those where none does."""
    with reading(house.service.engine) as connection:
        balance = queries.total_balance(list(queries.balance(connection).values()))
    assert balance.difference == 0
    return {state: count for state, count in balance.states.items() if count}


def only(house: House, table: Any) -> Any:
    with reading(house.service.engine) as connection:
        return connection.execute(select(table)).mappings().one()


def test_an_order_goes_all_the_way_and_tells_how(house: House) -> None:
    publish(house.service, SIX_STEPS)
    [receipt] = house.service.receive([arrival(order())])
    assert (receipt.status, house.run_bell.rings) == ("accepted", 1)
    assert house.service.drain() == 1
    assert (states(house), house.effect_bell.rings) == ({"waiting": 1}, 1)
    assert house.service.perform() == 1
    assert states(house) == {"done": 1}
    with reading(house.service.engine) as connection:
        entries = queries.trace(connection, receipt.run_id)
    path = [visit["node"] for entry in entries for visit in entry["steps"]]
    assert path == ["in", "look", "way", "mark", "tell", "tell", "end"]
    assert [entry["event"]["kind"] for entry in entries] == ["start", "answered"]
    assert [entry["rev"] for entry in entries] == [1, 2]


def test_what_came_in_is_kept_unchanged(house: House) -> None:
    publish(house.service, SIX_STEPS)
    made = order(note="𠀀 zero\u200bwidth, right-to-left \u202e, emoji 👩‍👩‍👧, trailing blank ", tags=["标签"])
    house.service.receive([arrival(made)])
    kept = only(house, orders)
    assert kept["raw"] == arrival(made).raw
    house.settle()
    assert states(house) == {"done": 1}


def test_the_same_order_again_is_harmless_and_another_under_its_id_is_refused(house: House) -> None:
    publish(house.service, SIX_STEPS)
    first = house.service.receive(arrivals([1, 2, 1]))
    assert [one.status for one in first] == ["accepted", "accepted", "duplicate"]
    assert first[0].run_id == first[2].run_id
    again = house.service.receive([*arrivals([1, 3]), *arrivals([2], total="999.00")])
    assert [one.status for one in again] == ["duplicate", "accepted", "conflict"]
    assert again[0].run_id == first[0].run_id
    assert again[2].known_digest == arrival(order(2)).digest
    assert states(house) == {"running": 3}


IDS = ["a-1", "A-1", "a-1 ", " a-1", "á-1", "a\u0301-1", "a-𠀀", "a-𠀁", "ａ-1", "a-1\t"]


def test_ids_that_look_alike_stay_different(house: House) -> None:
    publish(house.service, SIX_STEPS)
    house.service.receive([arrival(order(id=name)) for name in IDS])
    house.service.receive(
        [arrival(order(id="x"), channel=name) for name in ("shop", "Shop", "shop ", "shöp", "shop-𠀀")]
    )
    assert states(house) == {"running": len(IDS) + 5}
    with reading(house.service.engine) as connection:
        for name in IDS:
            found = connection.execute(select(orders.c.external_id).where(orders.c.external_id == name)).scalars().all()
            assert found == [name]
        assert len(queries.balance(connection)) == 6


def test_an_order_that_no_flow_takes_is_held_until_it_is_released(house: House) -> None:
    [receipt] = house.service.receive(arrivals([1]))
    house.settle()
    assert states(house) == {"held": 1}
    publish(house.service, SIX_STEPS)
    house.settle()
    assert states(house) == {"held": 1}
    assert house.service.release([receipt.run_id], "six-steps", MANAGER) == 1
    assert house.service.release([receipt.run_id], "six-steps", MANAGER) == 0
    house.settle()
    assert states(house) == {"done": 1}


def test_a_held_order_can_be_closed(house: House) -> None:
    [receipt] = house.service.receive(arrivals([1]))
    assert house.service.close(receipt.run_id, "cancelled", "not ours", MANAGER) is None
    assert states(house) == {"cancelled": 1}
    declined = house.service.close(receipt.run_id, "done", "again", MANAGER)
    assert declined is not None and declined.why == "already_ended"


def test_a_person_decides_once(house: House) -> None:
    publish(house.service, APPROVAL)
    house.service.receive(arrivals([1]))
    house.settle()
    task = only(house, tasks)
    assert (task["who_kind"], task["who"], task["state"]) == ("team", "leads", "open")
    assert house.service.decide_task(task["trace"], "approve", "known buyer", MANAGER) is None
    assert states(house) == {"done": 1}
    late = house.service.decide_task(task["trace"], "reject", "", MANAGER)
    assert late == Decline("already_decided", "manager", house.service._now(), "approve")
    assert house.service.decide_task(trace_code(task["run_id"], 9, 9), "approve", "", MANAGER) == Decline("unknown")


def test_a_task_whose_order_was_closed_is_withdrawn(house: House) -> None:
    publish(house.service, APPROVAL)
    [receipt] = house.service.receive(arrivals([1]))
    house.settle()
    task = only(house, tasks)
    house.service.close(receipt.run_id, "cancelled", "buyer called", MANAGER)
    assert only(house, tasks)["state"] == "withdrawn"
    assert house.service.decide_task(task["trace"], "approve", "", MANAGER) == Decline("withdrawn")


RETRIES = document(
    [
        ("in", "ingest", {}),
        ("ask", "request", {"system": "stub", "action": "book", "timeout_seconds": 60}),
        ("again", "retry", {"max_tries": 3, "first_delay_seconds": 30, "jitter_percent": 0}),
        ("end", "end", {}),
    ],
    ["in.out>ask", "ask.ok>end", "ask.failed>again", "ask.timeout>again"],
    key="retries",
    channels=["own-shop"],
)


class Stub:
    """A system that answers as it is told, and remembers the keys of its calls."""

    def __init__(self, house: House, *answers: Answered) -> None:
        self.keys: list[str] = []
        self.answers = list(answers)
        house.service.outbox.outlets = {("system", "stub"): Outlet({"en": "Stub"}, self.send)}

    def send(self, call: Call) -> Answered:
        self.keys.append(call.key)
        return self.answers.pop(0)


def test_what_fails_is_tried_again_and_then_stands_on_the_failure_list(house: House) -> None:
    publish(house.service, RETRIES)
    stub = Stub(house, Answered("error"), Answered("timeout"), Answered("bad_answer"), Answered("ok"))
    [receipt] = house.service.receive(arrivals([1]))
    for expected in ("waiting", "waiting", "failed"):
        house.settle()
        assert states(house) == {expected: 1}
        house.watch.go_on(seconds=120)
    assert only(house, runs)["reason"] == "request.bad_answer"
    assert house.service.retry(receipt.run_id, None, MANAGER) is None
    house.settle()
    assert states(house) == {"done": 1}
    assert stub.keys == [f"{receipt.run_id}.2.{attempt}" for attempt in (1, 2, 3, 4)]
    declined = house.service.retry(receipt.run_id, None, MANAGER)
    assert declined is not None and declined.why == "not_failed"


def test_an_answer_to_an_earlier_try_never_counts(house: House) -> None:
    publish(house.service, RETRIES)
    [receipt] = house.service.receive(arrivals([1]))
    house.service.drain()
    house.watch.go_on(seconds=61)
    house.service.drain()
    house.watch.go_on(seconds=31)
    house.service.drain()
    assert only(house, runs)["rev"] == 4 - 1
    house.service.deliver_answers({trace_code(receipt.run_id, 2, 1): Answered("ok")})
    assert states(house) == {"waiting": 1}
    assert only(house, runs)["rev"] == 3
    house.service.deliver_answers({trace_code(receipt.run_id, 2, 2): Answered("ok")})
    assert states(house) == {"done": 1}


def test_a_call_whose_worker_died_is_made_again_with_the_same_key(house: House) -> None:
    publish(house.service, RETRIES)
    stub = Stub(house, Answered("ok"))
    [receipt] = house.service.receive(arrivals([1]))
    house.service.drain()
    with begin(house.service.engine, durable=False) as connection:
        claimed = journal.claim_effects(connection, ("system", "stub"), house.service._now(), 60_000_000, 10)
    assert len(claimed) == 1
    assert house.service.perform() == 0, "claimed by a worker that may still live"
    house.watch.go_on(seconds=60)
    assert house.service.perform() == 1
    assert stub.keys == [f"{receipt.run_id}.2.1"]
    assert only(house, effects)["sends"] == 2


def test_a_defect_in_one_order_leaves_its_neighbours_alone(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(house.service, SIX_STEPS)
    receipts = house.service.receive(arrivals([1, 2, 3]))

    def breaks(plan: Any, run: Any, *rest: Any) -> Any:
        if run.id == receipts[1].run_id and run.steps == 0:
            raise ZeroDivisionError("a defect of ours")
        return decide(plan, run, *rest)

    monkeypatch.setattr("runtime.deciding.decide", breaks)
    house.settle()
    assert states(house) == {"done": 2, "failed": 1}
    monkeypatch.undo()
    house.service.retry(receipts[1].run_id, None, MANAGER)
    house.settle()
    assert states(house) == {"done": 3}


def test_a_version_that_cannot_be_read_stops_its_orders_and_no_others(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(house.service, SIX_STEPS)
    house.service.receive(arrivals([1]))

    def broken(*_: Any) -> Any:
        raise ValueError("a flow with errors has no plan")

    with monkeypatch.context() as patched:
        patched.setattr(Flows, "plan", broken)
        house.settle()
    assert states(house) == {"failed": 1}
    house.service.retry(only(house, runs)["id"], None, MANAGER)
    house.settle()
    assert states(house) == {"done": 1}


def test_a_crash_before_the_commit_leaves_all_as_it_was(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(house.service, SIX_STEPS)
    house.service.receive(arrivals(range(5)))
    before = _everything(house)

    def crashes(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        # After runs, journal and effects were written, and before the commit.
        patched.setattr(journal, "_ask_people", crashes)
        with pytest.raises(KeyboardInterrupt):
            house.service.drain()
    assert _everything(house) == before
    house.settle()
    assert states(house) == {"done": 5}


def _everything(house: House) -> dict[str, Any]:
    with reading(house.service.engine) as connection:
        return {
            table: connection.execute(text(f"SELECT * FROM {table}")).all()
            for table in ("orders", "runs", "journal", "effects", "tasks")
        }


def test_a_run_that_was_saved_by_somebody_else_is_not_saved_over(house: House) -> None:
    publish(house.service, SIX_STEPS)
    house.service.receive(arrivals([1]))
    with begin(house.service.engine, durable=False) as connection:
        [loaded] = journal.lock_due(connection, house.service._now(), 10)
    with begin(house.service.engine, durable=False) as connection:
        connection.execute(update(runs).values(rev=7))
    # No public way leads here while locks hold: this is the last line of defence.
    with pytest.raises(LostRace), begin(house.service.engine, durable=False) as connection:
        decisions = house.service.decider.decide_all(connection, [(loaded, Start())], house.service.clock())
        journal.save(connection, decisions, house.service._now())
    assert only(house, runs)["state"] == "running"


def test_a_deadline_that_passes_moves_the_order(house: House) -> None:
    late = document(
        [
            ("in", "ingest", {}),
            ("ask", "approval", {"title": "?", "who": {"kind": "role", "value": "admin"}, "deadline_minutes": 30}),
            ("tell", "notify", NOTIFY),
            ("end", "end", {}),
        ],
        ["in.out>ask", "ask.approved>end", "ask.rejected>end", "ask.late>tell", "tell.sent>end"],
        key="late",
        channels=["own-shop"],
    )
    publish(house.service, late)
    house.service.receive(arrivals([1]))
    house.settle()
    house.run_bell.rings = 0
    house.service.tick()
    assert house.run_bell.rings == 0
    house.watch.go_on(minutes=30)
    house.service.tick()
    assert house.run_bell.rings == 1
    house.settle()
    assert states(house) == {"done": 1}
    assert only(house, tasks)["state"] == "withdrawn"


def test_the_tick_rings_for_calls_that_nobody_made(house: House) -> None:
    publish(house.service, SIX_STEPS)
    house.service.receive(arrivals([1]))
    house.service.drain()
    house.effect_bell.rings = 0
    house.service.tick()
    assert house.effect_bell.rings == 1

"""What people do about failures: the first wins, many at once go on after a killed worker, and the list tells the truth."""

from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from nodes.contract import Answered
from runtime.actor import Actor
from runtime.acts import Mend, Unmended
from runtime.adapters.contract import Call, Outlet
from runtime.core.run import read_trace
from runtime.store import desk, queries
from runtime.store.database import reading
from runtime.store.desk import Look
from runtime.store.tables import audit, failures, runs
from tests.core.flow_documents import REQUEST, document
from tests.store.conftest import House
from tests.trade import arrivals, publish

LI = Actor("li")
WANG = Actor("wang")

SHAKY = document(
    [("in", "ingest", {}), ("call", "request", {**REQUEST, "system": "stub"}), ("end", "end", {})],
    ["in.out>call", "call.ok>end"],
    key="shaky",
    channels=["own-shop"],
)


@dataclass(slots=True)
class Stub:
    """A system that refuses what is told to it, until it is mended."""

    message: str = "no stock for order {n}"
    down: bool = True
    calls: list[str] = field(default_factory=list)

    def send(self, call: Call) -> Answered:
        self.calls.append(call.key)
        said = self.message.format(n=len(self.calls))
        return Answered("refused", message=said) if self.down else Answered("ok")


@pytest.fixture
def stub(house: House) -> Stub:
    stub = Stub()
    house.service.outbox.outlets = {("system", "stub"): Outlet({"en": "Stub"}, stub.send)}
    publish(house.service, SHAKY)
    return stub


def fail(house: House, count: int) -> list[str]:
    """So many orders that fail. The ids of their failures, the oldest first."""
    house.service.receive(arrivals(range(count)))
    house.settle()
    return ids(house)


def ids(house: House, state: str = "open") -> list[str]:
    with reading(house.service.engine) as connection:
        return [row["id"] for row in reversed(desk.find_failures(connection, Look(state), limit=1_000))]


def states(house: House) -> dict[str, int]:
    with reading(house.service.engine) as connection:
        return {state: n for state, n in queries.state_counts(connection).items() if n}


def column(house: House, query: Any) -> list[Any]:
    with reading(house.service.engine) as connection:
        return list(connection.execute(query).scalars())


def work(house: House, limit: int = 100) -> None:
    while house.service.acts.work(limit):
        house.settle()


def test_every_failure_is_on_the_list_with_what_it_was(house: House, stub: Stub) -> None:
    [failure_id] = fail(house, 1)
    with reading(house.service.engine) as connection:
        row = desk.failure(connection, failure_id)
    assert row is not None
    assert (row["node"], row["kind"], row["code"]) == ("call", "refused", "request.refused")
    assert (row["flow_key"], row["channel"], row["state"]) == ("shaky", "own-shop", "open")
    assert (row["tries"], row["by_hand"]) == (1, 0)
    assert orjson.loads(row["params"])["message"] == "no stock for order 1"
    assert row["external_id"] == "A-00000"


def test_failures_of_one_cause_stand_together_whatever_their_numbers(house: House, stub: Stub) -> None:
    fail(house, 3)
    stub.message = "the address is not known"
    house.service.receive(arrivals(range(3, 5)))
    house.settle()
    with reading(house.service.engine) as connection:
        causes = desk.find_causes(connection, Look())
    assert [cause["number"] for cause, _ in causes] == [3, 2]


def test_a_try_by_hand_is_counted_apart_and_a_second_failure_is_a_row_of_its_own(house: House, stub: Stub) -> None:
    [first] = fail(house, 1)
    assert house.service.acts.mend(first, Mend("retry"), LI) is None
    house.settle()
    [second] = ids(house)
    assert second != first
    with reading(house.service.engine) as connection:
        row = desk.failure(connection, second)
        before = desk.failure(connection, first)
    assert row is not None
    assert before is not None
    assert (row["attempt"], row["tries"], row["by_hand"]) == (2, 1, 1)
    assert (before["state"], before["settled_by"]) == ("retried", "li")


def test_the_first_of_two_wins_and_the_second_reads_who_it_was(house: House, stub: Stub) -> None:
    [failure_id] = fail(house, 1)
    assert house.service.acts.mend(failure_id, Mend("cancelled", "buyer called"), LI) is None
    late = house.service.acts.mend(failure_id, Mend("retry"), WANG)
    assert late == Unmended("mended", "li", house.service._now(), "closed")
    assert states(house) == {"cancelled": 1}
    assert len(stub.calls) == 1


def test_a_skipped_step_leaves_by_its_good_way_and_says_why(house: House, stub: Stub) -> None:
    [failure_id] = fail(house, 1)
    assert house.service.acts.mend(failure_id, Mend("skip", "told by phone", "failed"), LI) == Unmended("no_way_on")
    assert house.service.acts.mend(failure_id, Mend("skip", "told by phone"), LI) is None
    assert states(house) == {"done": 1}
    [row] = column(house, select(failures.c.reason))
    assert row == "told by phone"


def test_all_of_a_cause_are_tried_again_when_the_system_is_mended(house: House, stub: Stub) -> None:
    fail(house, 25)
    stub.down = False
    assert house.service.acts.start("0" * 26, Look(), None, Mend("retry"), LI) == 25
    assert house.act_bell.rings == 1
    work(house, limit=10)
    assert states(house) == {"done": 25}
    with reading(house.service.engine) as connection:
        act = desk.act(connection, "0" * 26)
    assert act is not None
    assert (act["state"], act["total"], act["done"], act["declined"]) == ("done", 25, 25, 0)
    tried = [read_trace(key)[1:] for key in stub.calls]
    assert tried.count((2, 1)) == tried.count((2, 2)) == 25
    assert column(house, select(audit.c.action).where(audit.c.action == "failure.retry")).__len__() == 25


def test_a_second_click_begins_nothing_and_what_fails_again_is_not_touched_twice(house: House, stub: Stub) -> None:
    fail(house, 4)
    assert house.service.acts.start("0" * 26, Look(), None, Mend("retry"), LI) == 4
    assert house.service.acts.start("0" * 26, Look(), None, Mend("retry"), LI) == 4
    work(house, limit=1)
    assert len(stub.calls) == 8
    assert len(ids(house)) == 4


def test_an_act_on_some_leaves_the_others_and_declines_what_was_mended_meanwhile(house: House, stub: Stub) -> None:
    first, second, third = fail(house, 3)
    house.service.acts.start("0" * 26, Look(), [first, second], Mend("cancelled", "sold out"), LI)
    house.service.acts.mend(second, Mend("skip", "told by phone"), WANG)
    work(house)
    assert ids(house) == [third]
    assert states(house) == {"failed": 1, "cancelled": 1, "done": 1}


def test_a_worker_that_dies_in_a_slice_leaves_it_to_the_next(
    house: House, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(house, 6)
    house.service.acts.start("0" * 26, Look(), None, Mend("cancelled", "sold out"), LI)
    house.service.acts.work(limit=2)
    with monkeypatch.context() as patched:
        patched.setattr("runtime.acts.journal.save", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            house.service.acts.work(limit=2)
    assert states(house) == {"failed": 4, "cancelled": 2}
    work(house, limit=2)
    assert states(house) == {"cancelled": 6}
    with reading(house.service.engine) as connection:
        act = desk.act(connection, "0" * 26)
    assert act is not None
    assert (act["done"], act["declined"]) == (6, 0)


def test_an_act_that_is_stopped_does_no_more(house: House, stub: Stub) -> None:
    fail(house, 5)
    house.service.acts.start("0" * 26, Look(), None, Mend("cancelled", "sold out"), LI)
    house.service.acts.work(limit=2)
    assert house.service.acts.stop("0" * 26, WANG)
    assert not house.service.acts.stop("0" * 26, WANG)
    assert house.service.acts.work() == 0
    assert states(house) == {"failed": 3, "cancelled": 2}


def test_the_clock_rings_again_for_an_act_whose_ring_was_lost(house: House, stub: Stub) -> None:
    fail(house, 1)
    house.service.acts.start("0" * 26, Look(), None, Mend("retry"), LI)
    house.act_bell.rings = 0
    house.service.tick()
    assert house.act_bell.rings == 1


@pytest.mark.parametrize("text", ["A-00001", "no stock", "trace"])
def test_failures_are_found_by_order_trace_and_words(house: House, stub: Stub, text: str) -> None:
    fail(house, 3)
    run_id = column(house, select(runs.c.id).order_by(runs.c.id))[1]
    with reading(house.service.engine) as connection:
        found = desk.find_failures(connection, Look(text=run_id[:24] if text == "trace" else text))
        assert not desk.find_failures(connection, Look(text="nothing like it"))
    assert run_id in [row["run_id"] for row in found]
    assert len(found) == (3 if text == "no stock" else 1) or text == "trace"


def test_an_order_closed_by_its_page_leaves_the_list_too(house: House, stub: Stub) -> None:
    fail(house, 1)
    [run_id] = column(house, select(runs.c.id))
    house.service.close(run_id, "cancelled", "buyer called", LI)
    assert ids(house) == []
    assert column(house, select(failures.c.state)) == ["closed"]


def test_what_is_declined_is_counted_with_its_reason(house: House, stub: Stub) -> None:
    first, second, third = fail(house, 3)
    house.service.acts.start("0" * 26, Look(), None, Mend("skip", "told by phone", "nowhere"), LI)
    house.service.acts.mend(second, Mend("cancelled", "sold out"), WANG)
    work(house)
    with reading(house.service.engine) as connection:
        act = desk.act(connection, "0" * 26)
    assert act is not None
    assert (act["state"], act["total"], act["done"], act["declined"]) == ("done", 3, 0, 3)
    assert orjson.loads(act["reasons"]) == {"no_way_on": 2, "mended": 1}
    assert ids(house) == [first, third]


def test_two_acts_never_have_one_failure(house: House, stub: Stub) -> None:
    fail(house, 3)
    assert house.service.acts.start("0" * 26, Look(), None, Mend("cancelled", "sold out"), LI) == 3
    assert house.service.acts.start("1" * 26, Look(), None, Mend("retry"), WANG) == 0
    house.service.acts.stop("0" * 26, LI)
    assert house.service.acts.start("2" * 26, Look(), None, Mend("retry"), WANG) == 3


def test_an_order_that_failed_at_two_places_is_ended_once_and_both_are_done(house: House) -> None:
    down = Stub()
    house.service.outbox.outlets = {("system", "stub"): Outlet({"en": "Stub"}, down.send)}
    call = {**REQUEST, "system": "stub"}
    publish(
        house.service,
        document(
            [("in", "ingest", {}), ("both", "split", {"branches": [{"id": "a"}, {"id": "b"}]}),
             ("call", "request", call), ("other", "request", call), ("end", "end", {})],
            ["in.out>both", "both.a>call", "both.b>other", "call.ok>end", "other.ok>end"],
            key="twice", channels=["own-shop"],
        ),
    )  # fmt: skip
    assert len(fail(house, 2)) == 4
    house.service.acts.start("0" * 26, Look(), None, Mend("cancelled", "sold out"), LI)
    work(house)
    with reading(house.service.engine) as connection:
        act = desk.act(connection, "0" * 26)
    assert act is not None
    assert (act["total"], act["done"], act["declined"]) == (4, 4, 0)
    assert states(house) == {"cancelled": 2}


def test_failures_are_narrowed_by_system_and_age(house: House, stub: Stub) -> None:
    fail(house, 1)
    before = house.service._now()
    house.watch.go_on(hours=2)
    house.service.receive(arrivals([1]))
    house.settle()
    with reading(house.service.engine) as connection:
        assert desk.system_names(connection) == ["stub"]
        assert [row["external_id"] for row in desk.find_failures(connection, Look(since=before + 1))] == ["A-00001"]
        assert [row["external_id"] for row in desk.find_failures(connection, Look(until=before + 1))] == ["A-00000"]
        assert desk.count_failures(connection, Look(system="stub")) == 2
        assert desk.count_failures(connection, Look(system="other")) == 0


def mended_flow(house: House) -> None:
    """The flow without its mistake: a version that calls another system."""
    newer = document(
        [("in", "ingest", {}), ("call", "request", {**REQUEST, "system": "other"}), ("end", "end", {})],
        ["in.out>call", "call.ok>end"],
        key="shaky",
        channels=["own-shop"],
    )
    publish(house.service, newer)


def test_all_are_tried_again_with_the_flow_as_it_is_mended(house: House, stub: Stub) -> None:
    fail(house, 5)
    house.service.outbox.outlets = {("system", "other"): Outlet({"en": "Other"}, lambda _call: Answered("ok"))}
    mended_flow(house)
    house.service.acts.start("0" * 26, Look(), None, Mend("retry", "system corrected", published=True), LI)
    work(house, limit=2)
    assert states(house) == {"done": 5}
    with reading(house.service.engine) as connection:
        act = desk.act(connection, "0" * 26)
    assert act is not None
    assert (act["done"], act["declined"]) == (5, 0)


def test_what_has_no_place_in_the_published_version_stays_as_it_is(house: House, stub: Stub) -> None:
    [failure_id] = fail(house, 1)
    nodes: list[Any] = [("in", "ingest", {}), ("end", "end", {})]
    other = document(nodes, ["in.out>end"], key="shaky", channels=["own-shop"])
    publish(house.service, other)
    again = house.service.acts.mend(failure_id, Mend("retry", "flow corrected", published=True), LI)
    assert isinstance(again, Unmended)
    assert (again.why, [(one.code, one.node) for one in again.obstacles]) == ("no_place", [("move.no_step", "call")])
    assert ids(house) == [failure_id]

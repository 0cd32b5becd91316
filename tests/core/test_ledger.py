"""The journal alone says where an order stands, whatever happened to it; whatever is stored otherwise is named."""

from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.core.decision import Decision
from runtime.core.engine import break_off, decide
from runtime.core.ledger import Entry, Stored, differences, fold
from runtime.core.run import Amend, Due, Reply, Retry, RunEvent, Start
from tests.core.flow_documents import plan_of, random_flows, versions_of
from tests.core.test_engine_histories import Story, _next_event

BREAKING = (Start, Due, Reply, Retry)


class Booked(Story):
    """A story whose journal is kept, and read back after each event."""

    entries: tuple[Entry, ...] = ()

    def happens(self, event: RunEvent) -> bool:
        before, plan = self.run, self.plan
        counted = super().happens(event)
        if counted:
            followed = decide(plan, before, self.order, event, {}, self.now)
            assert isinstance(followed, Decision)
            self._book(followed)
        return counted

    def breaks(self, event: RunEvent) -> None:
        """A defect of ours strikes while this happens."""
        if isinstance(decide(self.plan, self.run, self.order, event, {}, self.now), Decision):
            broken = break_off(self.run, event, "a defect", self.now)
            self.run = broken.run
            self._book(broken)

    def _book(self, followed: Decision) -> None:
        entry = orjson.loads(orjson.dumps(followed.entry))
        self.entries = (*self.entries, Entry(followed.run.rev, entry["event"], entry["steps"]))
        assert differences(self.entries, self.stored()) == []

    def stored(self) -> Stored:
        places = {(token.step, token.attempt): token.rest for token in self.run.tokens}

        def at(*rests: str) -> list[tuple[int, int]]:
            return [place for place, rest in places.items() if rest in rests]

        run = self.run
        seats = {(token.step, token.attempt): token.seats for token in run.tokens}
        asked = [(*place, seat) for place in at("person", "hold") for seat in seats[place]]
        return Stored(run.state, run.rev, run.due_at, places, asked, at("system"), at("failed"), seats)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_whatever_happened_the_journal_tells_where_the_order_stands(data: st.DataObject) -> None:
    drawn = data.draw(random_flows())
    plans = [plan_of(drawn), plan_of(data.draw(versions_of(drawn)))]
    story = Booked(plans[0], total=data.draw(st.sampled_from([5_000, 50_000])))
    if data.draw(st.booleans()):
        story.happens(Amend({"attributes.shelf": 1}, "before it began"))
    story.happens(Start())
    for _ in range(data.draw(st.integers(0, 25))):
        if data.draw(st.integers(0, 6)) == 0:
            story.moves_to(data.draw(st.sampled_from(plans)))
        event = data.draw(_next_event(story))
        if isinstance(event, BREAKING) and data.draw(st.integers(0, 9)) == 0:
            story.breaks(event)
        else:
            story.happens(event)


def visit(step: int, **what: Any) -> dict[str, Any]:
    return {"step": step, "attempt": 1, "node": "n", "at": 1, **what}


ASKED = (
    Entry(1, {"kind": "start"}, [visit(1, port="out"), visit(2, rest="person", until=99)]),
    Entry(2, {"kind": "decided"}, [visit(2, port="approved"), visit(3, rest="system")]),
)
"""A person was asked and has answered; a system is called."""
RIGHT = Stored("waiting", 2, None, {(3, 1): "system"}, calls=[(3, 1)])


def told(stored: Stored, entries: tuple[Entry, ...] = ASKED) -> list[str]:
    return [one.kind for one in differences(entries, stored)]


def test_what_is_stored_as_the_journal_says_is_left_alone() -> None:
    assert told(RIGHT) == []


@pytest.mark.parametrize(
    ("stored", "kind"),
    [
        (replace(RIGHT, state="done", standing={}), "state_differs"),
        (replace(RIGHT, standing={(2, 1): "system"}), "state_differs"),
        (replace(RIGHT, due_at=5), "timer_differs"),
        (replace(RIGHT, calls=[]), "call_missing"),
        (replace(RIGHT, calls=[(3, 1), (3, 2)]), "call_left"),
        (replace(RIGHT, tasks=[(2, 1, 0)]), "task_left"),
        (replace(RIGHT, failures=[(1, 1)]), "failure_left"),
        (replace(RIGHT, rev=3), "journal_gap"),
        (replace(RIGHT, rev=1), "rev_differs"),
    ],
)
def test_each_thing_that_is_stored_otherwise_is_named(stored: Stored, kind: str) -> None:
    assert told(stored) == [kind]


def test_a_lost_timer_a_lost_task_and_a_lost_failure_are_named() -> None:
    asked = ASKED[:1]
    waiting = Stored("waiting", 1, 99, {(2, 1): "person"}, tasks=[(2, 1, 0)])
    assert told(waiting, asked) == []
    assert told(replace(waiting, due_at=None), asked) == ["timer_differs"]
    assert told(replace(waiting, tasks=[]), asked) == ["task_missing"]
    three = replace(waiting, seats={(2, 1): (0, 2)})
    assert told(replace(three, tasks=[(2, 1, 0), (2, 1, 2)]), asked) == []
    assert told(replace(three, tasks=[(2, 1, 0)]), asked) == ["task_missing"], "one of two seats"
    assert told(replace(three, tasks=[(2, 1, 0), (2, 1, 1), (2, 1, 2)]), asked) == ["task_left"]
    failed = (Entry(1, {"kind": "start"}, [visit(1, failed={"kind": "error"})]),)
    on_the_list = Stored("failed", 1, None, {(1, 1): "failed"}, failures=[(1, 1)])
    assert told(on_the_list, failed) == []
    assert told(replace(on_the_list, failures=[]), failed) == ["failure_missing"]


def test_a_hole_in_the_journal_is_named_and_accuses_nothing_else() -> None:
    found = differences(ASKED[1:], RIGHT)
    assert [(one.kind, one.params["missing"]) for one in found] == [("journal_gap", [1])]
    assert told(Stored("running", 2, 7, {}), ()) == ["journal_gap"], "all of it is gone"


def test_an_order_that_has_not_begun_is_due_or_on_hold() -> None:
    assert told(Stored("running", 0, 5, {}), ()) == []
    assert told(Stored("held", 0, None, {}), ()) == []
    assert told(Stored("running", 0, None, {}), ()) == ["timer_differs"], "nothing would ever call it"
    assert told(Stored("done", 0, None, {}), ()) == ["state_differs"]
    released = (Entry(1, {"kind": "release"}, []),)
    assert told(Stored("held", 1, None, {}), released) == ["state_differs"]


def test_a_closed_order_stands_nowhere() -> None:
    closed = (*ASKED, Entry(3, {"kind": "close", "result": "cancelled"}, []))
    account = fold(closed)
    assert (account.states, account.standing) == (("cancelled",), {})
    assert told(Stored("cancelled", 3, None, {}, calls=[(3, 1)]), closed) == ["call_left"]


def test_a_retry_that_breaks_off_is_told_of_the_step_that_it_was_to_repeat() -> None:
    entries = (
        Entry(1, {"kind": "start"}, [visit(1, port="out"), visit(2, rest="system")]),
        Entry(2, {"kind": "answered"}, [visit(2, port="failed"), visit(3, rest="person")]),
        Entry(3, {"kind": "decided", "step": 3, "attempt": 1}, [visit(2, failed={"code": "engine.defect"})]),
    )
    assert told(Stored("failed", 3, None, {(2, 1): "failed"}, failures=[(2, 1)]), entries) == []


def test_a_retry_that_gives_up_leaves_the_retry_of_another_branch_alone() -> None:
    entries = (
        Entry(1, {"kind": "start"}, [visit(1, fork=["a", "b"]), visit(2, rest="system"), visit(3, rest="system")]),
        Entry(2, {"kind": "answered"}, [visit(3, port="failed"), visit(5, rest="retry", until=9)]),
        Entry(3, {"kind": "answered"}, [visit(2, port="failed"), visit(4, port="exhausted"), visit(2, failed={})]),
    )
    stored = Stored("failed", 3, 9, {(2, 1): "failed", (5, 1): "retry"}, failures=[(2, 1)])
    assert told(stored, entries) == []


def test_a_try_by_hand_that_breaks_off_leaves_its_neighbours_alone() -> None:
    entries = (
        Entry(1, {"kind": "start"}, [visit(1, fork=["a", "b"]), visit(2, failed={}), visit(3, rest="person")]),
        Entry(2, {"kind": "retry", "step": 2}, [visit(2, failed={"code": "engine.defect"})]),
    )
    stored = Stored("failed", 2, None, {(2, 1): "failed", (3, 1): "person"}, tasks=[(3, 1, 0)], failures=[(2, 1)])
    assert told(stored, entries) == []

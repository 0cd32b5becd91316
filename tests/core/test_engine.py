"""What follows when something happens to an order: one example for each promise that people rely on."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nodes.contract import Answered, Decided, Need
from runtime.core.decision import Decision, Stale
from runtime.core.engine import break_off, decide
from runtime.core.moment import micros
from runtime.core.plan import Plan
from runtime.core.run import (
    Amend,
    Close,
    Due,
    Move,
    Reply,
    Retry,
    Run,
    RunEvent,
    Skip,
    Start,
    read_seat,
    read_trace,
    trace_code,
)
from tests.core.flow_documents import NOTIFY, REQUEST, approval, document, plan_of, total_over

RUN = Run("01JDZZZZZZZZZZZZZZZZZZZZZZ", "running")
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
ORDER: Mapping[str, Any] = {"id": "A-1", "channel": "own-shop", "currency": "CNY", "total": 518_000}

YES = Decided("approve", "", "li")


def go(plan: Plan, run: Run, event: RunEvent, now: datetime = NOW, order: Mapping[str, Any] = ORDER) -> Decision:
    """What follows, where something must."""
    followed = decide(plan, run, order, event, {}, now)
    assert isinstance(followed, Decision), followed
    return followed


def path(decision: Decision) -> list[str]:
    """The nodes that a burst went through."""
    return [visit["node"] for visit in decision.entry["steps"]]


def standing(run: Run) -> dict[str, str]:
    """Where a run stands, and why it rests there."""
    return {token.node: token.rest for token in run.tokens}


def split_and_join(*more_edges: str) -> Plan:
    return plan_of(
        document(
            [
                ("in", "ingest", {}),
                ("fork", "split", {"branches": [{"id": "money"}, {"id": "goods"}]}),
                ("finance", "approval", approval("finance")),
                ("warehouse", "approval", approval("warehouse")),
                ("meet", "join", {}),
                ("end", "end", {}),
                ("no", "end", {"result": "cancelled", "reason": "not released"}),
            ],
            [
                "in.out>fork",
                "fork.money>finance",
                "fork.goods>warehouse",
                "finance.approved>meet",
                "warehouse.approved>meet",
                "finance.rejected>no",
                "warehouse.rejected>no",
                "meet.out>end",
                *more_edges,
            ],
        )
    )


def retrying(**settings: Any) -> Plan:
    return plan_of(
        document(
            [
                ("in", "ingest", {}),
                ("ask", "request", REQUEST | {"timeout_seconds": 60}),
                ("again", "retry", {"max_tries": 3, "first_delay_seconds": 30, "jitter_percent": 0, **settings}),
                ("end", "end", {}),
            ],
            ["in.out>ask", "ask.ok>end", "ask.failed>again", "ask.timeout>again"],
        )
    )


@pytest.mark.parametrize(
    ("total", "currency", "expected"),
    [(500_001, "CNY", "big"), (500_000, "CNY", "else"), (900_000, "BRL", "else")],
)
def test_a_route_takes_the_first_rule_that_fits(total: int, currency: str, expected: str) -> None:
    plan = plan_of(
        document(
            [
                ("in", "ingest", {}),
                ("way", "route", {"rules": [{"id": "big", "when": total_over("5000.00")}]}),
                ("end", "end", {}),
                ("other", "end", {}),
            ],
            ["in.out>way", "way.big>end", "way.else>other"],
        )
    )
    followed = go(plan, RUN, Start(), order={**ORDER, "total": total, "currency": currency})
    assert followed.entry["steps"][1]["port"] == expected
    assert followed.run.state == "done"


def test_branches_go_side_by_side_and_meet_again() -> None:
    plan = split_and_join()
    begun = go(plan, RUN, Start())
    assert standing(begun.run) == {"finance": "person", "warehouse": "person"}
    assert [task.node for task in begun.tasks] == ["finance", "warehouse"]
    half = go(plan, begun.run, Reply(3, 1, YES))
    assert standing(half.run) == {"warehouse": "person", "meet": "join"}
    assert (half.run.state, half.withdrawn) == ("waiting", ())
    whole = go(plan, half.run, Reply(4, 1, YES))
    assert (whole.run.state, whole.run.tokens) == ("done", ())
    assert path(whole) == ["warehouse", "meet", "meet", "end"]


def test_a_rejection_in_one_branch_ends_the_other_and_withdraws_its_task() -> None:
    plan = split_and_join()
    begun = go(plan, RUN, Start())
    ended = go(plan, begun.run, Reply(3, 1, Decided("reject", "no money", "li")))
    assert (ended.run.state, ended.run.reason) == ("cancelled", "not released")
    assert ended.withdrawn == (trace_code(RUN.id, 4, 1),)


def test_a_branch_that_ends_early_does_not_hold_up_the_join() -> None:
    plan = plan_of(
        document(
            [
                ("in", "ingest", {}),
                ("fork", "split", {"branches": [{"id": "a"}, {"id": "b"}]}),
                ("ask", "approval", approval()),
                ("tell", "notify", NOTIFY),
                ("meet", "join", {}),
                ("end", "end", {}),
            ],
            [
                "in.out>fork",
                "fork.a>ask",
                "fork.b>tell",
                "ask.approved>meet",
                "ask.rejected>end",
                "tell.sent>meet",
                "meet.out>end",
            ],
        )
    )
    begun = go(plan, RUN, Start())
    waiting = go(plan, begun.run, Reply(4, 1, Answered("ok")))
    assert standing(waiting.run) == {"ask": "person", "meet": "join"}
    assert go(plan, waiting.run, Reply(3, 1, Decided("reject", "", "li"))).run.state == "done"


def test_a_split_within_a_branch_meets_before_the_outer_one() -> None:
    plan = plan_of(
        document(
            [
                ("in", "ingest", {}),
                ("outer", "split", {"branches": [{"id": "a"}, {"id": "b"}]}),
                ("inner", "split", {"branches": [{"id": "x"}, {"id": "y"}]}),
                ("inner-join", "join", {}),
                ("outer-join", "join", {}),
                ("end", "end", {}),
            ],
            [
                "in.out>outer",
                "outer.a>outer-join",
                "outer.b>inner",
                "inner.x>inner-join",
                "inner.y>inner-join",
                "inner-join.out>outer-join",
                "outer-join.out>end",
            ],
        )
    )
    followed = go(plan, RUN, Start())
    assert followed.run.state == "done"
    met = {visit["node"]: visit["met"] for visit in followed.entry["steps"] if "met" in visit}
    assert met == {"inner-join": [5, 6], "outer-join": [3, 7]}


def test_a_join_waits_for_all_whose_ways_lead_to_it_however_deep_they_were_split() -> None:
    """An inner split without a join of its own: its branches wait at the outer one for the branch that is late."""
    plan = plan_of(
        document(
            [
                ("in", "ingest", {}),
                ("outer", "split", {"branches": [{"id": "a"}, {"id": "b"}]}),
                ("inner", "split", {"branches": [{"id": "x"}, {"id": "y"}]}),
                ("ask", "approval", approval()),
                ("join", "join", {}),
                ("tell", "notify", NOTIFY),
                ("end", "end", {}),
            ],
            [
                "in.out>outer",
                "outer.a>ask",
                "outer.b>inner",
                "ask.approved>join",
                "ask.rejected>join",
                "inner.x>join",
                "inner.y>join",
                "join.out>tell",
                "tell.sent>end",
            ],
        )
    )
    begun = go(plan, RUN, Start())
    assert sorted(token.rest for token in begun.run.tokens) == ["join", "join", "person"]
    assert begun.effects == ()
    met = go(plan, begun.run, Reply(3, 1, YES))
    assert standing(met.run) == {"tell": "system"}
    assert len(met.effects) == 1


def test_branches_that_never_meet_walk_the_same_steps_each_for_itself() -> None:
    """A split without any join, and behind it another with one: each token's own branches meet, and nobody else's."""
    plan = plan_of(
        document(
            [
                ("in", "ingest", {}),
                ("loose", "split", {"branches": [{"id": "a"}, {"id": "b"}]}),
                ("left", "wait", {"minutes": 5}),
                ("right", "wait", {"minutes": 10}),
                ("fork", "split", {"branches": [{"id": "x"}, {"id": "y"}]}),
                ("join", "join", {}),
                ("end", "end", {}),
            ],
            [
                "in.out>loose",
                "loose.a>left",
                "loose.b>right",
                "left.out>fork",
                "right.out>fork",
                "fork.x>join",
                "fork.y>join",
                "join.out>end",
            ],
        )
    )
    run = go(plan, RUN, Start()).run
    first = go(plan, run, Due(), NOW + timedelta(minutes=5))
    assert standing(first.run) == {"right": "time"}
    assert path(first)[-1] == "end"
    assert go(plan, first.run, Due(), NOW + timedelta(minutes=10)).run.state == "done"


def test_a_retry_pauses_longer_each_time_and_then_gives_up() -> None:
    plan = retrying()
    run, now = go(plan, RUN, Start()).run, NOW
    for attempt, pause in ((1, 30), (2, 60)):
        run = go(plan, run, Reply(2, attempt, Answered("error", message="503")), now).run
        assert standing(run) == {"again": "retry"}
        assert run.due_at == micros(now) + pause * 1_000_000
        now += timedelta(seconds=pause)
        tried = go(plan, run, Due(), now)
        assert [effect.trace for effect in tried.effects] == [trace_code(RUN.id, 2, attempt + 1)]
        run = tried.run
    failed = go(plan, run, Reply(2, 3, Answered("error", message="503")), now).run
    assert (failed.state, failed.reason, failed.due_at) == ("failed", "request.error", None)
    assert standing(failed) == {"ask": "failed"}
    assert failed.tokens[0].failure is not None and failed.tokens[0].failure.params["message"] == "503"


def test_a_person_s_try_has_all_automatic_tries_again() -> None:
    plan = retrying(max_tries=2)
    run = go(plan, RUN, Start()).run
    run = go(plan, run, Reply(2, 1, Answered("error"))).run
    run = go(plan, run, Due(), NOW + timedelta(hours=1)).run
    run = go(plan, run, Reply(2, 2, Answered("error"))).run
    assert run.state == "failed"
    run = go(plan, run, Retry()).run
    assert standing(run) == {"ask": "system"}
    run = go(plan, run, Reply(2, 3, Answered("error"))).run
    assert standing(run) == {"again": "retry"}


def test_what_is_not_worth_a_retry_fails_at_once() -> None:
    plan = retrying(on=["timeout"])
    run = go(plan, RUN, Start()).run
    assert go(plan, run, Reply(2, 1, Answered("refused"))).run.state == "failed"


@pytest.mark.parametrize(
    "event",
    [
        Reply(2, 1, Answered("ok")),
        Reply(3, 1, Answered("ok")),
        Reply(2, 2, Decided("approve", "", "li")),
        Start(),
        Due(),
        Retry(),
        Retry(2),
    ],
)
def test_what_comes_late_or_twice_or_to_the_wrong_step_changes_nothing(event: RunEvent) -> None:
    plan = retrying()
    run = go(plan, RUN, Start()).run
    run = go(plan, run, Reply(2, 1, Answered("error"))).run
    run = go(plan, run, Due(), NOW + timedelta(seconds=30)).run
    assert standing(run) == {"ask": "system"}
    assert decide(plan, run, ORDER, event, {}, NOW) == Stale(event)


def test_no_answer_in_time_is_a_failure_too() -> None:
    plan = retrying()
    run = go(plan, RUN, Start()).run
    late = go(plan, run, Due(), NOW + timedelta(seconds=60))
    assert standing(late.run) == {"again": "retry"}
    assert late.withdrawn == (trace_code(RUN.id, 2, 1),)


def test_a_closed_order_asks_nobody_any_more() -> None:
    plan = split_and_join()
    begun = go(plan, RUN, Start())
    closed = go(plan, begun.run, Close("cancelled", "the buyer called"), NOW + timedelta(hours=1))
    assert (closed.run.state, closed.run.reason) == ("cancelled", "the buyer called")
    assert closed.run.ended_at == micros(NOW + timedelta(hours=1))
    assert set(closed.withdrawn) == {task.trace for task in begun.tasks}
    assert decide(plan, closed.run, ORDER, Close("done", "again"), {}, NOW) == Stale(Close("done", "again"))


def test_a_defect_stops_what_was_moving_and_another_try_starts_anew() -> None:
    plan = retrying()
    broken = break_off(RUN, Start(), "KeyError: 'x'", NOW).run
    assert broken.state == "failed"
    assert broken.tokens[0].failure is not None and broken.tokens[0].failure.params == {"why": "KeyError: 'x'"}
    assert standing(go(plan, broken, Retry()).run) == {"ask": "system"}


def test_what_the_flow_writes_on_the_order_is_read_by_the_next_step() -> None:
    rule = {"field": "attributes.desk", "op": "eq", "value": "north"}
    plan = plan_of(
        document(
            [
                ("in", "ingest", {}),
                ("mark", "set", {"changes": [{"field": "attributes.desk", "value": "north"}]}),
                ("way", "route", {"rules": [{"id": "north", "when": rule}]}),
                ("yes", "end", {}),
                ("no", "end", {}),
            ],
            ["in.out>mark", "mark.out>way", "way.north>yes", "way.else>no"],
        )
    )
    followed = go(plan, RUN, Start())
    assert path(followed)[-1] == "yes"
    assert followed.run.changes == {"attributes.desk": "north"}
    assert "attributes" not in ORDER


def test_what_must_be_known_is_asked_for_and_then_kept() -> None:
    who = {"kind": "field", "value": "buyer.id"}
    plan = plan_of(
        document(
            [("in", "ingest", {}), ("ask", "approval", {"title": "?", "who": who}), ("end", "end", {})],
            ["in.out>ask", "ask.approved>end", "ask.rejected>end"],
        )
    )
    order = {**ORDER, "buyer": {"id": "li"}}
    assert decide(plan, RUN, order, Start(), {}, NOW) == Need(("person:li",))
    followed = decide(plan, RUN, order, Start(), {"person:li": "li"}, NOW)
    assert isinstance(followed, Decision)
    assert followed.tasks[0].ask.who == {"kind": "person", "value": "li"}
    assert followed.entry["facts"] == {"person:li": "li"}


def test_a_trace_code_leads_back_to_run_step_and_attempt() -> None:
    assert read_trace(trace_code(RUN.id, 12, 3)) == (RUN.id, 12, 3)
    assert read_seat(trace_code(RUN.id, 12, 3)) == (RUN.id, 12, 3, 0)
    assert read_seat(trace_code(RUN.id, 12, 3, 2)) == (RUN.id, 12, 3, 2)
    for wrong in ("", "x.1.1", f"{RUN.id}.1", f"{RUN.id}.1.1.1.1", f"{RUN.id}.a.1", f"{RUN.id}.1.1.x"):
        with pytest.raises(ValueError):
            read_trace(wrong)


# --- holding, skipping, amending, moving ----------------------------------------------------------------------------------


def holding(**settings: Any) -> Plan:
    return plan_of(
        document(
            [
                ("in", "ingest", {}),
                ("stop", "hold", approval("service", deadline_minutes=60, **settings)),
                ("end", "end", {}),
                ("no", "end", {"result": "cancelled", "reason": "not released"}),
            ],
            ["in.out>stop", "stop.released>end", "stop.cancelled>no"],
        )
    )


def test_an_order_on_hold_is_held_and_goes_on_when_it_is_released() -> None:
    begun = go(holding(), RUN, Start())
    assert begun.run.state == "held"
    assert standing(begun.run) == {"stop": "hold"}
    assert [task.trace for task in begun.tasks] == [trace_code(RUN.id, 2, 1)]
    assert go(holding(), begun.run, Reply(2, 1, YES)).run.state == "done"
    assert go(holding(), begun.run, Reply(2, 1, Decided("reject", "no", "li"))).run.state == "cancelled"


@pytest.mark.parametrize(("then", "state"), [("release", "done"), ("cancel", "cancelled")])
def test_a_hold_whose_deadline_decides_is_marked_as_timed(then: str, state: str) -> None:
    begun = go(holding(then=then), RUN, Start())
    late = go(holding(then=then), begun.run, Due(), NOW + timedelta(hours=1))
    assert late.run.state == state
    assert late.entry["steps"][0]["note"] == {"timed": True}


def test_a_hold_that_stays_has_no_timer() -> None:
    assert go(holding(), RUN, Start()).run.due_at is None


def failed(plan: Plan) -> Run:
    begun = go(plan, RUN, Start())
    return go(plan, begun.run, Reply(2, 1, Answered("refused", {}, "no stock"))).run


STRAIGHT = plan_of(
    document([("in", "ingest", {}), ("ask", "request", REQUEST), ("end", "end", {})], ["in.out>ask", "ask.ok>end"])
)


def test_a_failed_step_is_told_once_when_it_comes_to_the_list_and_once_when_it_leaves_it() -> None:
    begun = go(STRAIGHT, RUN, Start())
    came = go(STRAIGHT, begun.run, Reply(2, 1, Answered("refused", {}, "no stock")))
    assert [(token.node, token.attempt) for token in came.failed] == [("ask", 1)]
    assert came.mended == ()
    left = go(STRAIGHT, came.run, Retry(2))
    assert left.failed == ()
    assert [(token.node, token.attempt) for token in left.mended] == [("ask", 1)]


def test_a_skipped_step_is_left_by_a_way_that_is_no_failure() -> None:
    run = failed(STRAIGHT)
    assert isinstance(decide(STRAIGHT, run, ORDER, Skip(2, "failed", "why"), {}, NOW), Stale)
    assert isinstance(decide(STRAIGHT, run, ORDER, Skip(1, "ok", "why"), {}, NOW), Stale)
    skipped = go(STRAIGHT, run, Skip(2, "ok", "told by phone"))
    assert skipped.run.state == "done"
    assert skipped.entry["event"] == {"kind": "skip", "step": 2, "port": "ok", "reason": "told by phone"}


def test_tries_by_hand_are_counted_apart_from_those_by_itself() -> None:
    plan = retrying(max_tries=2)
    run = go(plan, RUN, Start()).run
    for attempt in (1, 2):
        run = go(plan, run, Reply(2, attempt, Answered("error"))).run
        run = go(plan, run, Due(), NOW + timedelta(hours=1)).run if attempt == 1 else run
    assert [(token.attempt, token.tries, token.by_hand) for token in run.tokens] == [(2, 2, 0)]
    run = go(plan, run, Retry()).run
    assert [(token.attempt, token.tries, token.by_hand) for token in run.tokens] == [(3, 1, 1)]
    run = go(plan, run, Reply(2, 3, Answered("error"))).run
    run = go(plan, run, Due(), NOW + timedelta(hours=1)).run
    assert [(token.attempt, token.tries, token.by_hand) for token in run.tokens] == [(4, 2, 1)]


def test_changed_content_is_laid_over_the_order_and_moves_nothing() -> None:
    unbegun = replace(RUN, state="held", reason="no_flow")
    changed = go(STRAIGHT, unbegun, Amend({"note": "new"}, "buyer called"))
    assert (changed.run.state, changed.run.reason, changed.run.changes) == ("held", "no_flow", {"note": "new"})
    run = failed(STRAIGHT)
    changed = go(STRAIGHT, run, Amend({"buyer.phone": "139"}, "buyer called"))
    assert (changed.run.state, changed.run.tokens) == ("failed", run.tokens)
    ended = go(STRAIGHT, run, Close("done", "by hand")).run
    assert isinstance(decide(STRAIGHT, ended, ORDER, Amend({"note": "x"}, "late"), {}, NOW), Stale)


def test_who_was_asked_is_asked_as_the_new_version_says_and_the_clock_runs_on() -> None:
    def asking(team: str, minutes: int) -> Plan:
        return plan_of(
            document(
                [
                    ("in", "ingest", {}),
                    ("ask", "approval", approval(team, deadline_minutes=minutes)),
                    ("end", "end", {}),
                ],
                ["in.out>ask", "ask.approved>end", "ask.rejected>end"],
            )
        )

    begun = go(asking("leads", 30), RUN, Start())
    moved = go(asking("finance", 45), begun.run, Move("v1", "v2"), NOW + timedelta(minutes=10))
    [task] = moved.tasks
    assert (task.trace, task.ask.who["value"]) == (begun.tasks[0].trace, "finance")
    assert task.ask.due == NOW + timedelta(minutes=45)
    assert moved.withdrawn == ()
    assert isinstance(decide(STRAIGHT, go(holding(), RUN, Start()).run, ORDER, Move("v1", "v2"), {}, NOW), Stale)


def test_a_call_that_is_out_is_never_sent_again_by_a_move() -> None:
    begun = go(STRAIGHT, RUN, Start())
    moved = go(STRAIGHT, begun.run, Move("v1", "v2"))
    assert moved.effects == ()
    assert moved.run.tokens == begun.run.tokens

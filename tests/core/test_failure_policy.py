"""What follows a failure: by one step's policy, or by the one policy of all steps of a flow."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nodes.contract import Answered, Decided
from runtime.core.decision import Decision, Stale
from runtime.core.engine import decide
from runtime.core.flow import compile_plan, compile_published, read_flow
from runtime.core.moment import micros
from runtime.core.plan import Plan, drawn_id
from runtime.core.rehearsal import rehearse
from runtime.core.run import Due, Reply, Retry, Run, RunEvent, Start, trace_code
from tests.core.flow_documents import REQUEST, Document, document, plan_of

RUN = Run("01JDZZZZZZZZZZZZZZZZZZZZZZ", "running")
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
ORDER: dict[str, Any] = {"id": "A-1", "channel": "own-shop", "currency": "CNY", "total": 518_000}
CALM = {"first_delay_seconds": 30, "jitter_percent": 0}


def asking(failures: dict[str, Any] | None = None, settings: dict[str, Any] | None = None) -> Document:
    """A call and an end; `failures` is the flow's policy, `settings` those of a retry of its own."""
    nodes: list[tuple[str, str, dict[str, Any]]] = [
        ("in", "ingest", {}),
        ("ask", "request", REQUEST | {"timeout_seconds": 60}),
        ("end", "end", {}),
    ]
    edges = ["in.out>ask", "ask.ok>end"]
    if settings is not None:
        nodes.append(("again", "retry", settings))
        edges += ["ask.failed>again", "ask.timeout>again"]
    more: dict[str, Any] = {} if failures is None else {"failures": failures}
    return document(nodes, edges, **more)


def go(plan: Plan, run: Run, event: RunEvent, now: datetime = NOW) -> Decision:
    """What follows, where something must."""
    followed = decide(plan, run, ORDER, event, {}, now)
    assert isinstance(followed, Decision), followed
    return followed


def asked(plan: Plan) -> Run:
    """The order waits for the answer to its first try."""
    return go(plan, RUN, Start()).run


BOTH = pytest.mark.parametrize("whole_flow", [True, False])


def plan_with(settings: dict[str, Any], whole_flow: bool) -> Plan:
    return plan_of(asking(failures=settings) if whole_flow else asking(settings=settings))


@BOTH
def test_the_defaults_try_three_times_and_then_give_up(whole_flow: bool) -> None:
    plan, now = plan_with({}, whole_flow), NOW
    run = asked(plan)
    for attempt in (1, 2):
        run = go(plan, run, Reply(2, attempt, Answered("error")), now).run
        assert (run.state, run.tokens[0].rest) == ("waiting", "retry")
        now += timedelta(hours=1)
        run = go(plan, run, Due(), now).run
    run = go(plan, run, Reply(2, 3, Answered("error")), now).run
    assert (run.state, run.tokens[0].node, run.tokens[0].tries) == ("failed", "ask", 3)


@BOTH
def test_each_try_has_its_own_whole_time_and_a_late_answer_settles_no_other(whole_flow: bool) -> None:
    plan = plan_with(CALM, whole_flow)
    late = go(plan, asked(plan), Due(), NOW + timedelta(seconds=60))
    assert late.withdrawn == (trace_code(RUN.id, 2, 1),)
    run = go(plan, late.run, Due(), NOW + timedelta(seconds=90)).run
    assert (run.tokens[0].attempt, run.tokens[0].until) == (2, micros(NOW + timedelta(seconds=150)))
    first = Reply(2, 1, Answered("ok"))
    assert decide(plan, run, ORDER, first, {}, NOW + timedelta(seconds=95)) == Stale(first)
    assert go(plan, run, Reply(2, 2, Answered("ok")), NOW + timedelta(seconds=96)).run.state == "done"


@BOTH
def test_a_person_lets_it_be_tried_again_and_that_is_counted_apart(whole_flow: bool) -> None:
    plan = plan_with({"refused": "person"} | CALM, whole_flow)
    put = go(plan, asked(plan), Reply(2, 1, Answered("refused", message="no stock")))
    assert put.run.state == "waiting"
    assert drawn_id(put.tasks[0].node) == ("ask" if whole_flow else "again")
    yes = go(plan, put.run, Reply(3, 1, Decided("approve", "stock is in", "li")))
    token = yes.run.tokens[0]
    assert (token.node, token.attempt, token.tries, token.by_hand) == ("ask", 2, 1, 1)
    assert [effect.trace for effect in yes.effects] == [trace_code(RUN.id, 2, 2)]
    # All automatic tries are there again.
    failed = go(plan, yes.run, Reply(2, 2, Answered("error"))).run
    assert failed.tokens[0].rest == "retry"


@BOTH
def test_a_person_gives_up_and_the_failing_step_stands_on_the_list(whole_flow: bool) -> None:
    plan = plan_with({"refused": "person"}, whole_flow)
    put = go(plan, asked(plan), Reply(2, 1, Answered("refused"))).run
    given_up = go(plan, put, Reply(3, 1, Decided("reject", "no use", "li")))
    assert given_up.run.state == "failed"
    assert [token.node for token in given_up.failed] == ["ask"]


@BOTH
def test_a_failure_that_does_not_matter_is_passed_over(whole_flow: bool) -> None:
    passed = go(plan := plan_with({"bad_answer": "skip"}, whole_flow), asked(plan), Reply(2, 1, Answered("bad_answer")))
    assert passed.run.state == "done"
    assert any(visit.get("passed_over") == [2, "ok"] for visit in passed.entry["steps"])


@BOTH
def test_stopping_goes_to_the_failure_list_at_once(whole_flow: bool) -> None:
    stopped = go(plan := plan_with({"error": "stop"}, whole_flow), asked(plan), Reply(2, 1, Answered("error")))
    assert [(token.node, token.step) for token in stopped.failed] == [("ask", 2)]


@BOTH
def test_a_fixed_pause_is_bounded_too(whole_flow: bool) -> None:
    plan, now = plan_with({"error": "wait", "wait_seconds": 10, "max_tries": 2}, whole_flow), NOW
    run = go(plan, asked(plan), Reply(2, 1, Answered("error"))).run
    assert run.due_at == micros(now) + 10_000_000
    run = go(plan, run, Due(), now + timedelta(seconds=10)).run
    assert go(plan, run, Reply(2, 2, Answered("error"))).run.state == "failed"


def test_without_a_policy_an_open_failure_goes_to_the_list() -> None:
    plan = plan_of(asking())
    assert go(plan, asked(plan), Reply(2, 1, Answered("error"))).run.state == "failed"


def test_a_way_that_is_drawn_goes_before_the_policy_of_the_flow() -> None:
    drawn = asking(failures={})
    drawn["nodes"].append({"id": "lost", "type": "end", "settings": {"result": "cancelled", "reason": "x"}})
    drawn["edges"].append({"id": "e9", "from": "ask", "port": "failed", "to": "lost"})
    plan = plan_of(drawn)
    assert go(plan, asked(plan), Reply(2, 1, Answered("error"))).run.state == "cancelled"


def test_a_retry_that_gives_up_is_not_tried_by_the_policy_of_the_flow() -> None:
    plan = plan_of(asking(failures={}, settings={"error": "stop"}))
    assert go(plan, asked(plan), Reply(2, 1, Answered("error"))).run.state == "failed"


def test_the_journal_and_the_rehearsal_tell_only_of_steps_that_are_drawn() -> None:
    plan = plan_of(asking(failures=CALM))
    waiting = go(plan, asked(plan), Reply(2, 1, Answered("error")))
    assert {visit["node"] for visit in waiting.entry["steps"]} == {"ask"}
    walked = rehearse(plan, ORDER, [{"node": "ask", "port": "failed"}], NOW)
    assert (walked.path, walked.state) == (("in", "ask", "ask", "end"), "done")


def test_no_drawn_node_can_be_taken_for_an_unseen_one() -> None:
    drawn = asking(failures={})
    drawn["nodes"].append({"id": "~ask", "type": "end", "settings": {}})
    assert "nodes.3.id" in [problem.where for problem in read_flow(drawn).errors]


@pytest.mark.parametrize(
    ("settings", "where"),
    [({"max_tries": 11}, "max_tries"), ({"max_tries": 0}, "max_tries"), ({"jitter_percent": 51}, "jitter_percent"),
     ({"error": "panic"}, "error"), ({"tries": 3}, "tries")],
)  # fmt: skip
def test_a_policy_out_of_range_is_refused_with_its_place(settings: dict[str, Any], where: str) -> None:
    for drawn, prefix in ((asking(failures=settings), "failures"), (asking(settings=settings), "nodes.3.settings")):
        assert f"{prefix}.{where}" in [problem.where for problem in read_flow(drawn).errors]


def test_a_refused_range_is_told_with_its_bounds() -> None:
    (problem,) = read_flow(asking(failures={"max_tries": 99})).errors
    assert "10" in {str(value) for value in problem.params.values()}


def test_what_was_published_runs_on_under_stricter_rules() -> None:
    drawn = asking(settings={"max_tries": 50, "first_delay_seconds": 30, "jitter_percent": 0, "gone": True})
    drawn["nodes"].append({"id": "alone", "type": "end", "settings": {}})
    with pytest.raises(ValueError, match="no plan"):
        compile_plan(read_flow(drawn))
    plan = compile_published(drawn, 4)
    run = go(plan, asked(plan), Reply(2, 1, Answered("error"))).run
    assert (plan.version, run.tokens[0].rest) == (4, "retry")


def test_what_was_published_with_a_policy_keeps_it_under_stricter_rules() -> None:
    plan = compile_published(asking(failures={"max_tries": 50}), 1)
    run = go(plan, asked(plan), Reply(2, 1, Answered("error"))).run
    assert run.tokens[0].rest == "retry"


@pytest.mark.parametrize("broken", [{}, asking() | {"nodes": [{"id": "in", "type": "teleport"}]}])
def test_what_cannot_be_is_refused_even_if_it_was_published(broken: Document) -> None:
    with pytest.raises(ValueError, match="nothing runs"):
        compile_published(broken, 1)


def test_a_person_s_retry_from_the_list_begins_the_policy_anew() -> None:
    plan = plan_of(asking(failures={"max_tries": 1}))
    failed = go(plan, asked(plan), Reply(2, 1, Answered("error"))).run
    again = go(plan, failed, Retry()).run
    assert (again.tokens[0].by_hand, again.tokens[0].tries, again.tokens[0].attempt) == (1, 1, 2)

"""Whether a running order can stand in another version, and that a move there and back again changes nothing."""

from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from nodes.contract import Failure
from runtime.core.decision import Decision
from runtime.core.engine import decide
from runtime.core.moving import Change, changes, obstacles
from runtime.core.run import Move, Origin, Reply, Run, Start, Token
from tests.core.flow_documents import REQUEST, Document, approval, document, plan_of, random_flows
from tests.core.test_engine_histories import RUN_ID, Story

THERE, BACK = Move("old", "new"), Move("new", "old")


def asks(team: str = "leads", node: str = "ask", kind: str = "approval", **more: Any) -> Document:
    """One step that asks or calls."""
    given = approval(team, **more) if kind == "approval" else REQUEST
    port = "approved" if kind == "approval" else "ok"
    lines = [f"in.out>{node}", f"{node}.{port}>end"]
    lines += [f"{node}.rejected>end"] if kind == "approval" else []
    return document([("in", "ingest", {}), (node, kind, given), ("end", "end", {})], lines)


def standing(*tokens: Token) -> Run:
    return Run(RUN_ID, "waiting", tokens, steps=2)


@given(random_flows(), st.integers(0, 400_00), st.integers(0, 6), st.sampled_from([1, 7, 90]))
@settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
def test_there_and_back_again_an_order_stands_as_before(
    drawn: Document, total: int, answers: int, minutes: int
) -> None:
    story = Story(plan_of(drawn), total)
    story.happens(Start())
    for _ in range(answers):
        waited = sorted(
            trace for trace in story.asked if any(trace.endswith(f".{t.step}.{t.attempt}") for t in story.run.tokens)
        )
        if waited:
            _, step, attempt = waited[0].split(".")
            story.happens(Reply(int(step), int(attempt), story.asked[waited[0]]))
    assume(story.run.tokens)
    other = {**drawn, "nodes": [other_deadline(node, minutes) for node in drawn["nodes"]]}
    there = decide(plan_of(other), story.run, story.order, THERE, {}, story.now)
    assert isinstance(there, Decision)
    assert not there.effects, "a call was made again"
    assert not there.withdrawn, "what was asked was taken back"
    assert {(t.step, t.attempt) for t in there.run.tokens} == {(t.step, t.attempt) for t in story.run.tokens}
    back = decide(story.plan, there.run, story.order, BACK, {}, story.now)
    assert isinstance(back, Decision)
    assert not back.effects
    assert (back.run.tokens, back.run.state, back.run.due_at) == (story.run.tokens, story.run.state, story.run.due_at)
    assert back.run.rev == story.run.rev + 2


def other_deadline(node: dict[str, Any], minutes: int) -> dict[str, Any]:
    return (
        {**node, "settings": {**node["settings"], "deadline_minutes": minutes}} if node["type"] == "approval" else node
    )


def test_a_step_that_is_gone_and_one_of_another_type_are_told_apart() -> None:
    run = standing(Token("ask", 2, rest="person"))
    assert [one.code for one in obstacles(plan_of(asks(node="look")), run)] == ["move.no_step"]
    called = obstacles(plan_of(asks(kind="request")), run, plan_of(asks()))
    assert [(one.code, one.node) for one in called] == [("move.other_step", "ask")]
    assert not obstacles(plan_of(asks("finance")), run, plan_of(asks()))


def test_a_split_that_is_gone_keeps_its_branches() -> None:
    run = standing(Token("ask", 3, rest="person", groups=((2, "both"),)))
    assert [(one.code, one.node) for one in obstacles(plan_of(asks()), run)] == [("move.no_step", "both")]


def test_what_changes_is_told_by_what_the_order_waits_for() -> None:
    old, new = plan_of(asks(deadline_minutes=30)), plan_of(asks("finance", deadline_minutes=20))
    asked = changes(new, standing(Token("ask", 2, rest="person")), old)
    assert asked == (Change("move.asked_anew", "ask", ("deadline_minutes", "who")),)
    assert changes(old, standing(Token("ask", 2, rest="person")), old) == ()
    failed = changes(new, standing(Token("ask", 2, rest="failed")), old)
    assert [one.code for one in failed] == ["move.next_try"]


def test_before_a_retry_the_failed_step_counts() -> None:
    origin = Origin("ask", 2, 1, Failure("error", "x", {}, 1))
    run = standing(Token("in", 3, rest="retry", origin=origin))
    assert [one.node for one in obstacles(plan_of(asks(node="look")), run)] == ["ask"]
    assert [one.node for one in changes(plan_of(asks("finance")), run, plan_of(asks()))] == ["ask"]

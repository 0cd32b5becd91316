"""Whatever flow is accepted, and whatever is answered: an order arrives, or it can be seen where it stands."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nodes.contract import Answered, Decided, Event
from runtime.core.decision import Decision
from runtime.core.engine import decide
from runtime.core.flow import compile_plan, read_flow
from runtime.core.moment import EPOCH
from runtime.core.rehearsal import rehearse
from runtime.core.run import Due, Reply, Run, RunEvent, Start, Token
from tests.core.flow_documents import NOTIFY, REQUEST, Document, approval, document, library, plan_of, random_flows
from tests.core.test_flow import scribbles

BEGINNING = datetime(2026, 11, 22, 10, tzinfo=UTC)
MOST_EVENTS = 120
ORDER: dict[str, Any] = {"id": "A-1", "channel": "own-shop", "currency": "CNY", "total": 600000, "attributes": {}}

SYSTEMS: st.SearchStrategy[Event] = st.sampled_from(
    [Answered(result) for result in ("ok", "ok", "error", "timeout", "refused", "bad_answer")]
)
PEOPLE: st.SearchStrategy[Decided] = st.sampled_from([Decided("approve", "fine", "li"), Decided("reject", "no", "li")])


def answer_to(token: Token, data: st.DataObject) -> RunEvent | None:
    """What happens next to an order that rests here. None: it stands on the failure list, or waits for its branches."""
    match token.rest:
        case "person" | "hold":
            seat = data.draw(st.sampled_from(token.seats))
            return Reply(token.step, token.attempt, replace(data.draw(PEOPLE), seat=seat))
        case "system":
            return Reply(token.step, token.attempt, data.draw(SYSTEMS))
        case "time" | "retry":
            return Due()
        case _:
            return None


@given(st.one_of(scribbles(), random_flows()), st.data())
def test_an_order_arrives_or_shows_where_it_stands(drawn: Document, data: st.DataObject) -> None:
    check = read_flow(drawn, library)
    if check.errors:
        return
    plan = compile_plan(check)
    now, run = BEGINNING, Run("0" * 26, "running")
    event: RunEvent | None = Start()
    for _ in range(MOST_EVENTS):
        if event is None:
            break
        decided = decide(plan, run, ORDER, event, {}, now)
        assert isinstance(decided, Decision), decided
        run = decided.run
        assert bool(run.tokens) == (run.state in ("waiting", "held", "failed"))
        assert (run.state == "failed") == any(token.failure is not None for token in run.tokens)
        event = None
        moving = [token for token in run.tokens if token.rest not in ("failed", "join", "inside")]
        if moving:
            token = data.draw(st.sampled_from(moving))
            event = answer_to(token, data)
            if token.until is not None and isinstance(event, Due):
                now = max(now, EPOCH + timedelta(microseconds=token.until))
    if event is None:
        assert run.state in ("done", "cancelled", "failed"), "nothing moves, and nobody can see why"


# --- rehearsals -------------------------------------------------------------------------------------------------------


ASKING = document(
    [
        ("in", "ingest", {}),
        ("ask", "approval", approval()),
        ("call", "request", REQUEST),
        ("again", "retry", {"max_tries": 2}),
        ("tell", "notify", NOTIFY),
        ("rest", "wait", {"minutes": 60}),
        ("end", "end", {}),
        ("no", "end", {"result": "cancelled", "reason": {"en": "rejected", "zh-CN": "未通过"}}),
    ],
    [
        "in.out>ask",
        "ask.approved>call",
        "ask.rejected>no",
        "call.ok>tell",
        "call.failed>again",
        "tell.sent>rest",
        "rest.out>end",
    ],
    teams=[{"key": "leads"}],
)
YES = {"node": "ask", "decision": "approve", "reason": "fine"}


def test_a_rehearsal_stops_where_a_person_or_a_time_is_waited_for() -> None:
    plan = plan_of(ASKING)
    assert rehearse(plan, ORDER, [], BEGINNING).path == ("in", "ask")
    rested = rehearse(plan, ORDER, [YES], BEGINNING)
    assert (rested.path[-1], rested.state) == ("rest", "waiting")
    done = rehearse(plan, ORDER, [YES, {"node": "rest", "due": True}], BEGINNING)
    assert (done.state, done.unused) == ("done", ())
    assert done.run.ended_at is not None
    assert EPOCH + timedelta(microseconds=done.run.ended_at) == BEGINNING + timedelta(hours=1)


def test_a_rehearsal_goes_through_the_tries_of_a_retry_by_itself() -> None:
    broken = [{"node": "call", "port": "failed", "kind": "error"}] * 2
    failed = rehearse(plan_of(ASKING), ORDER, [YES, *broken], BEGINNING)
    assert failed.path == ("in", "ask", "call", "again", "call", "again")
    assert failed.state == "failed"
    mended = rehearse(plan_of(ASKING), ORDER, [YES, broken[0]], BEGINNING)
    assert mended.path == ("in", "ask", "call", "again", "call", "tell", "rest")


def test_answers_that_nobody_asked_for_are_told() -> None:
    no = {"node": "ask", "decision": "reject"}
    never = {"node": "rest", "due": True}
    cancelled = rehearse(plan_of(ASKING), ORDER, [no, never], BEGINNING)
    assert (cancelled.state, cancelled.unused) == ("cancelled", (never,))
    assert cancelled.run.reason == {"en": "rejected", "zh-CN": "未通过"}

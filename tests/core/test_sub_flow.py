"""A flow that goes through another one: what goes in and comes out, how it ends, and what is refused."""

from typing import Any

import pytest

from nodes.contract import Answered, Decided, Failure
from runtime.core.decision import Decision
from runtime.core.engine import decide
from runtime.core.flow import compile_plan, compile_published, read_flow
from runtime.core.ledger import Entry, fold
from runtime.core.moving import obstacles
from runtime.core.plan import Plan
from runtime.core.rehearsal import rehearse
from runtime.core.run import Amend, Reply, Retry, Run, RunEvent, Start
from tests.core.flow_documents import REQUEST, Document, approval, document, library, plan_of, published
from tests.core.test_engine_histories import BEGINNING, RUN_ID

ORDER = {"id": "A-1", "channel": "own-shop", "currency": "CNY", "total": 5_000, "attributes": {"level": "usual"}}
LI = "li"


def checked(key: str = "check", **more: Any) -> dict[str, Any]:
    """A published flow that asks when the level is strict, writes what it found, and may be turned down."""
    strict = {"field": "attributes.level", "op": "eq", "value": "strict"}
    steps = [
        ("in", "ingest", {}),
        ("which", "route", {"rules": [{"id": "strict", "when": strict}]}),
        ("ask", "approval", approval(deadline_minutes=10)),
        ("mark", "set", {"changes": [{"field": "attributes.checked", "value": "yes"}]}),
        ("out", "end", {}),
        ("no", "end", {"result": "cancelled", "reason": "refused inside"}),
    ]
    lines = [
        "in.out>which",
        "which.strict>ask",
        "which.else>mark",
        "ask.approved>mark",
        "ask.rejected>no",
        "mark.out>out",
    ]
    return published(document(steps, lines, key=key, **more))


STRICT = {"inputs": [{"field": "attributes.level", "value": "strict"}]}


def around(settings: dict[str, Any], *ways: str, **more: Any) -> Document:
    """A flow that goes through another, and on to a route that looks at what came out."""
    known = {"field": "attributes.checked", "op": "eq", "value": "yes"}
    level = {"field": "attributes.level", "op": "eq", "value": "strict"}
    steps = [
        ("in", "ingest", {}),
        ("sub", "sub-flow", settings),
        ("after", "route", {"rules": [{"id": "leaked", "when": level}, {"id": "checked", "when": known}]}),
        ("good", "end", {}),
        ("bad", "end", {"result": "cancelled", "reason": "not checked"}),
        ("other", "end", {"result": "cancelled", "reason": "turned down outside"}),
    ]
    lines = ["in.out>sub", "sub.done>after", "after.leaked>bad", "after.checked>good", "after.else>bad", *ways]
    return document(steps[: 6 if ways else 5], lines, **more)


class Told:
    """One order on its way, with its journal."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.run, self.journal = plan, Run(RUN_ID, "running"), list[Any]()
        self.last: Decision | None = None
        self.happens(Start())

    def happens(self, event: RunEvent) -> None:
        decided = decide(self.plan, self.run, ORDER, event, {}, BEGINNING)
        assert isinstance(decided, Decision), decided
        self.run, self.last = decided.run, decided
        self.journal.append(Entry(self.run.rev, decided.entry["event"], decided.entry["steps"]))
        standing = {(token.step, token.attempt): token.rest for token in self.run.tokens}
        assert {place: one.rest for place, one in fold(self.journal).standing.items()} == standing

    def decided(self, decision: Any, node: str = "sub/ask") -> None:
        token = next(one for one in self.run.tokens if one.node == node)
        self.happens(Reply(token.step, token.attempt, Decided(decision, "so", LI)))

    @property
    def standing(self) -> list[tuple[str, str]]:
        return [(token.node, token.rest) for token in self.run.tokens]

    @property
    def way(self) -> list[str]:
        seen = [visit["node"] for entry in self.journal for visit in entry.steps]
        return list(dict.fromkeys(seen))


def test_it_goes_through_and_comes_back_with_what_it_wrote() -> None:
    order = Told(plan_of(around(checked())))
    assert order.way == ["in", "sub", "sub/in", "sub/which", "sub/mark", "sub/out", "after", "good"]
    assert (order.run.state, order.run.changes) == ("done", {"attributes.checked": "yes"})


def test_what_goes_in_holds_inside_alone_and_it_waits_inside() -> None:
    order = Told(plan_of(around({**checked(), **STRICT})))
    assert order.standing == [("sub", "inside"), ("sub/ask", "person")]
    assert (order.run.state, order.run.changes) == ("waiting", {})
    order.decided("approve")
    assert (order.run.state, order.way[-1]) == ("done", "good")
    assert order.run.changes == {"attributes.checked": "yes"}


def test_only_what_is_named_comes_out() -> None:
    order = Told(plan_of(around({**checked(), "outputs": ["attributes.other"]})))
    assert (order.run.state, order.run.reason, order.run.changes) == ("cancelled", "not checked", {})


@pytest.mark.parametrize(
    ("ways", "reason"), [((), "refused inside"), (("sub.cancelled>other",), "turned down outside")]
)
def test_turned_down_inside(ways: tuple[str, ...], reason: str) -> None:
    order = Told(plan_of(around({**checked(), **STRICT}, *ways)))
    order.decided("reject")
    assert (order.run.state, order.run.reason) == ("cancelled", reason)
    assert order.run.tokens == ()


def test_an_end_of_one_branch_inside_waits_for_the_others_and_a_cancelled_one_ends_them() -> None:
    steps = [
        ("in", "ingest", {}),
        ("all", "split", {"branches": [{"id": "a"}, {"id": "b"}, {"id": "c"}]}),
        ("ask", "approval", approval(deadline_minutes=10)),
        ("also", "approval", approval(deadline_minutes=10)),
        ("end", "end", {}),
        ("no", "end", {"result": "cancelled", "reason": "no"}),
    ]
    lines = [
        *("in.out>all", "all.a>ask", "all.b>also", "all.c>end"),
        *("ask.approved>end", "ask.rejected>no", "also.approved>end", "also.rejected>no"),
    ]
    drawn = around(published(document(steps, lines, key="branches")), "sub.cancelled>other")
    order = Told(plan_of(drawn))
    assert order.standing == [("sub", "inside"), ("sub/ask", "person"), ("sub/also", "person")]
    order.decided("approve")
    assert order.standing == [("sub", "inside"), ("sub/also", "person")]
    other = Told(plan_of(drawn))
    other.decided("reject", "sub/also")
    assert (other.run.state, other.run.reason) == ("cancelled", "turned down outside")
    assert other.last is not None and [trace.partition(".")[2] for trace in other.last.withdrawn] == ["5.1"]


def test_branches_outside_wait_at_their_join_for_the_one_that_is_inside() -> None:
    steps = [
        ("in", "ingest", {}),
        ("both", "split", {"branches": [{"id": "a"}, {"id": "b"}]}),
        ("sub", "sub-flow", {**checked(), **STRICT}),
        ("join", "join", {}),
        ("end", "end", {}),
    ]
    lines = ["in.out>both", "both.a>sub", "both.b>join", "sub.done>join", "join.out>end"]
    order = Told(plan_of(document(steps, lines)))
    assert order.standing == [("sub", "inside"), ("join", "join"), ("sub/ask", "person")]
    order.decided("approve")
    assert order.run.state == "done"


def test_what_fails_inside_goes_by_the_policy_of_its_flow_or_else_of_the_flow_around_it() -> None:
    steps = [("in", "ingest", {}), ("call", "request", REQUEST), ("end", "end", {})]
    inner = document(steps, ["in.out>call", "call.ok>end"], key="calls")
    outer = {"error": "retry", "first_delay_seconds": 30, "max_tries": 3}
    for own, rest in (({}, "retry"), ({"failures": {**outer, "error": "stop"}}, "failed")):
        settings = published({**inner, "key": f"calls-{rest}", **own})
        order = Told(plan_of(around(settings, failures=outer)))
        call = order.run.tokens[-1]
        order.happens(Reply(call.step, call.attempt, Answered("error", message="down")))
        assert order.run.tokens[-1].rest == rest
    assert order.standing == [("sub", "inside"), ("sub/call", "failed")]
    order.happens(Retry())
    call = order.run.tokens[-1]
    order.happens(Reply(call.step, call.attempt, Answered("ok")))
    assert order.way[-1] == "bad"


def test_what_a_person_changes_holds_inside_too() -> None:
    held = Told(plan_of(around({**checked(), **STRICT})))
    held.happens(Amend({"attributes.level": "lax"}, "so"))
    assert (held.run.changes, held.run.tokens[0].changes) == ({"attributes.level": "lax"}, {})


def test_one_that_is_moved_stands_inside_as_long_as_that_step_is_there() -> None:
    before = plan_of(around({**checked(), **STRICT}))
    order = Told(before)
    assert obstacles(plan_of(around(checked("check"))), order.run, before) == ()
    small = published(document([("in", "ingest", {}), ("end", "end", {})], ["in.out>end"], key="small"))
    assert [one.node for one in obstacles(plan_of(around(small)), order.run, before)] == ["sub/ask"]


def test_flows_within_flows_within_flows() -> None:
    middle = around({**checked(), **STRICT}, key="middle")
    outer = around(published(middle), key="outer")
    order = Told(plan_of(outer))
    assert [token.node for token in order.run.tokens] == ["sub", "sub/sub", "sub/sub/ask"]
    order.decided("approve", "sub/sub/ask")
    assert (order.run.state, order.way[-1]) == ("done", "good")
    rehearsal = rehearse(plan_of(outer), ORDER, [{"node": "sub/sub/ask", "decision": "reject"}], BEGINNING)
    assert (rehearsal.state, rehearsal.run.reason) == ("cancelled", "refused inside")


# --- what is refused --------------------------------------------------------------------------------------------------


def codes(drawn: Document) -> list[tuple[str, str]]:
    return [(one.code, one.where) for one in read_flow(drawn, library).errors]


def test_no_flow_goes_through_itself() -> None:
    assert codes(around({"flow": "trial", "version": 1})) == [("flow.sub_itself", "nodes.1.settings.flow")]
    back = around(published(around(checked(), key="trial")), key="back")
    assert codes(back) == []
    assert codes(around(published(back))) == [("flow.sub_in_itself", "nodes.1.settings.flow")]


def test_there_must_be_such_a_version_and_it_must_be_in_order() -> None:
    assert codes(around({"flow": "nobody", "version": 7})) == [("flow.sub_unknown", "nodes.1.settings.version")]
    broken = published(document([("in", "ingest", {}), ("end", "end", {})], [], key="broken"))
    assert ("flow.sub_broken", "nodes.1.settings.version") in codes(around(broken))


def test_six_flows_are_too_many_within_each_other() -> None:
    settings = published(document([("in", "ingest", {}), ("end", "end", {})], ["in.out>end"], key="deep-0"))
    for number in range(1, 5):
        drawn = around(settings, key=f"deep-{number}")
        assert codes(drawn) == []
        settings = published(drawn)
    assert codes(around(settings)) == [("flow.sub_too_deep", "nodes.1.settings.flow")]


def test_a_circle_through_a_flow_in_which_nobody_must_be_waited_for_is_refused() -> None:
    def circle(settings: dict[str, Any]) -> Document:
        steps = [
            ("in", "ingest", {}),
            ("sub", "sub-flow", settings),
            ("which", "route", {"rules": [{"id": "again", "when": {"field": "total", "op": "known"}}]}),
            ("end", "end", {}),
        ]
        return document(steps, ["in.out>sub", "sub.done>which", "which.again>sub", "which.else>end"])

    asking = [("in", "ingest", {}), ("ask", "approval", approval(deadline_minutes=10)), ("end", "end", {})]
    rests = document(asking, ["in.out>ask", "ask.approved>end", "ask.rejected>end"], key="rests")
    assert codes(circle(checked())) == [("flow.circle", "nodes.1")]
    assert codes(circle(published(rests))) == []


def test_a_version_that_is_gone_puts_the_order_on_the_failure_list() -> None:
    drawn = around({"flow": "gone", "version": 1})
    with pytest.raises(ValueError, match="errors"):
        compile_plan(read_flow(drawn, library))
    order = Told(compile_published(drawn, 1, library))
    assert order.run.tokens[0].failure == Failure("error", "flow.sub_unknown", {"flow": "gone", "version": 1})

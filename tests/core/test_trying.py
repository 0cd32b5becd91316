"""Trying one order on a draft: the way and its reasons are told, and every change that is told sends it the other way."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core.flow import read_flow
from runtime.core.nearest import changed_order
from runtime.core.order import read_order
from runtime.core.trying import Stage, Trial, goes_by, outcome, stage, try_order
from tests.core.flow_documents import NOTIFY, REQUEST, approval, document, total_over
from tests.trade import order as order_document

NOW = datetime(2026, 11, 22, 2, 0, 30, tzinfo=UTC)
EXAMPLES = sorted((Path(__file__).parents[2] / "flows_examples").glob("*.json"))
CUSTOM = {"any_item": {"field": "custom", "op": "is_true"}}


def routed(*conditions: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A flow that asks the leads for what fits a rule, and reserves everything else."""
    rules = [{"id": f"r{number}", "name": "x", "when": when} for number, when in enumerate(conditions)]
    return document(
        [
            ("in", "ingest", {}),
            ("way", "route", {"rules": rules}),
            ("ask", "approval", approval(deadline_minutes=30)),
            ("call", "request", REQUEST),
            ("end", "end", {}),
            ("no", "end", {"result": "cancelled", "reason": "rejected"}),
        ],
        [
            "in.out>way",
            *(f"way.r{number}>ask" for number in range(len(conditions))),
            "way.else>call",
            "ask.approved>call",
            "ask.rejected>no",
            "call.ok>end",
        ],
        failures={},
        **more,
    )


def staged(drawn: dict[str, Any]) -> Stage:
    found = stage(read_flow(drawn))
    assert isinstance(found, Stage), found
    return found


def an_order(**more: Any) -> dict[str, Any]:
    read = read_order({"channel": "own-shop", **order_document(1, **more)})
    assert isinstance(read, dict), read
    return read


def tried(drawn: dict[str, Any], answers: list[dict[str, Any]] | None = None, **more: Any) -> Trial:
    return try_order(staged(drawn), an_order(**more), answers or [], NOW)


def test_every_step_tells_how_it_was_left_and_a_person_is_waited_for() -> None:
    trial = tried(routed(total_over("5000.00")), total="9000.00")

    assert [(one.node, one.left, one.rest) for one in trial.steps] == [
        ("in", ("out",), ""),
        ("way", ("r0",), ""),
        ("ask", (), "person"),
    ]
    assert trial.state == "waiting"
    assert trial.steps[-1].asked is not None and trial.steps[-1].asked.who["value"] == "leads"


def test_what_would_leave_is_told_and_an_answer_is_kept_with_its_step() -> None:
    trial = tried(routed(total_over("5000.00")), [{"node": "ask", "decision": "approve"}], total="9000.00")
    ask, call = trial.steps[2], trial.steps[3]

    assert (ask.left, ask.given, trial.answers[0]["decision"]) == (("approved",), 0, "approve")
    assert call.sent[0].content["action"] == "reserve"
    assert trial.answers[call.given or 0] == {"node": "call", "port": "ok"}
    assert trial.state == "done"


def test_a_value_that_a_step_sets_is_told_before_and_after() -> None:
    drawn = document(
        [
            ("in", "ingest", {}),
            ("mark", "set", {"changes": [{"field": "priority", "value": "urgent"}]}),
            ("end", "end", {}),
        ],
        ["in.out>mark", "mark.out>end"],
    )
    (change,) = tried(drawn, priority="normal").steps[1].changes
    assert (change.path, change.before, change.after) == ("priority", "normal", "urgent")


def test_a_clause_is_true_false_or_cannot_be_told() -> None:
    parts = [total_over("100.00"), total_over("999.00"), {"field": "note", "op": "eq", "value": "x"}]
    bare = order_document(1)
    bare.pop("note", None)
    read = read_order({"channel": "own-shop", **bare})
    assert isinstance(read, dict)
    way = try_order(staged(routed({"any": parts})), read, [], NOW).steps[1]
    assert [part.truth for part in way.why[0].clause.parts] == [True, False, None]
    assert way.why[0].clause.parts[2].reason == "missing"


def test_the_nearest_change_is_the_smallest_that_leads_there() -> None:
    way = tried(routed(total_over("5000.00")), total="4000.00").steps[1]
    (other,) = [one for one in way.others if one.way == "r0"]
    (change,) = other.changes
    assert (change.path, change.before, change.after) == ("total", 400_000, 500_001)


def test_two_fields_are_changed_where_one_is_not_enough() -> None:
    both = {"all": [total_over("5000.00"), CUSTOM]}
    (other,) = [one for one in tried(routed(both), total="10.00").steps[1].others if one.way == "r0"]
    assert sorted(change.path.partition(".")[0] for change in other.changes) == ["lines", "total"]


def test_no_change_is_told_where_the_flow_itself_sets_what_decides() -> None:
    drawn = document(
        [
            ("in", "ingest", {}),
            ("mark", "set", {"changes": [{"field": "priority", "value": "urgent"}]}),
            ("way", "route", {"rules": [{"id": "u", "when": {"field": "priority", "op": "eq", "value": "urgent"}}]}),
            ("end", "end", {}),
        ],
        ["in.out>mark", "mark.out>way", "way.u>end", "way.else>end"],
    )
    way = tried(drawn).steps[2]
    assert way.left == ("u",)
    assert [other.changes for other in way.others if other.way == "else"] == [()]


CLAUSES = st.one_of(
    st.builds(
        lambda op, units: {"field": "total", "op": op, "value": {"amount": f"{units}.00", "currency": "CNY"}},
        st.sampled_from(["gt", "ge", "lt", "le", "eq", "ne"]),
        st.integers(1, 400),
    ),
    st.builds(
        lambda op, value: {"field": "priority", "op": op, "value": value},
        st.sampled_from(["eq", "ne"]),
        st.sampled_from(["urgent", "normal"]),
    ),
    st.builds(lambda op: {"field": "note", "op": op}, st.sampled_from(["known", "missing", "null"])),
    st.builds(lambda op: {"field": "tags", "op": op, "value": "vip"}, st.just("contains")),
    st.just(CUSTOM),
)
CONDITIONS = st.recursive(
    CLAUSES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=5,
)


@given(conditions=st.lists(CONDITIONS, min_size=1, max_size=3, unique_by=repr), units=st.integers(1, 400))
def test_a_change_that_is_told_really_sends_the_order_the_other_way(conditions: list[Any], units: int) -> None:
    on_stage, order = staged(routed(*conditions)), an_order(total=f"{units}.00")
    way = next(step for step in try_order(on_stage, order, [], NOW).steps if step.node == "way")
    for other in way.others:
        assert len(other.changes) <= 2
        if other.changes:
            changed = changed_order(order, other.changes)
            assert goes_by(on_stage, changed, [], NOW, "way", 0, other.way)


def test_a_step_that_is_wrong_stops_only_the_orders_that_come_to_it() -> None:
    drawn = routed(total_over("5000.00"))
    next(node for node in drawn["nodes"] if node["id"] == "ask")["settings"] = {}

    assert tried(drawn, total="10.00").state == "done"
    stopped = tried(drawn, total="9000.00")
    assert stopped.state == "failed"
    assert stopped.steps[-1].blocked == "ask"


def test_without_a_start_nothing_runs_and_the_reason_is_told() -> None:
    found = stage(read_flow(document([("end", "end", {})], [])))
    assert isinstance(found, tuple)
    assert "flow.no_start" in {problem.code for problem in found}


def test_a_flow_that_never_rests_ends_the_trial() -> None:
    drawn = document(
        [("in", "ingest", {}), ("call", "request", REQUEST), ("say", "notify", NOTIFY), ("end", "end", {})],
        ["in.out>call", "call.ok>say", "say.sent>call"],
    )
    found = stage(read_flow(drawn))
    if isinstance(found, Stage):
        trial = try_order(found, an_order(), [], NOW)
        assert trial.cut and len(trial.steps) <= 200


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_cases_of_the_examples_come_out_as_expected(path: Path) -> None:
    drawn = json.loads(path.read_text("utf-8"))
    on_stage = staged(drawn)
    for case in drawn["cases"]:
        order = read_order(case["order"])
        assert isinstance(order, dict)
        trial = try_order(on_stage, order, case.get("answers", []), NOW)
        assert list(trial.path) == case["expect"]["path"]
        assert outcome(on_stage, order, trial.answers, NOW) == (trial.path, trial.state, ())

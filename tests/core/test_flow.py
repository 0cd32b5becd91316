"""Reading a flow document: everything that is wrong is told at once, with its place, and only sound flows get a plan."""

import gzip
import json
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes import node_types
from runtime.core.flow import compile_plan, fingerprint, read_flow
from runtime.core.problem import Problem
from runtime.core.words import text
from tests.core.flow_documents import NOTIFY, REQUEST, Document, approval, document, library, random_flows, total_over

PEER_FLOWS = Path(__file__).parents[3] / "shared" / "data" / "peer-flows" / "n8n-order-templates.jsonl.gz"
BIG = {"rules": [{"id": "big", "name": "big", "when": total_over("5000.00")}]}


def small(**more: Any) -> Document:
    """The smallest flow that is in order: taken in, looked at by a person, done."""
    return document(
        [("in", "ingest", {}), ("ask", "approval", approval()), ("end", "end", {})],
        ["in.out>ask", "ask.approved>end", "ask.rejected>end"],
        **{"teams": [{"key": "leads"}], **more},
    )


def errors(drawn: Any) -> list[tuple[str, str]]:
    return [(problem.code, problem.where) for problem in read_flow(drawn).errors]


def warnings(drawn: Any) -> list[str]:
    return [problem.code for problem in read_flow(drawn).warnings]


def told(problem: Problem) -> str:
    return " ".join(text(problem.code, problem.params, "en"))


def test_a_flow_in_order_has_no_problems_and_a_plan() -> None:
    check = read_flow(small())
    assert check.problems == ()
    plan = compile_plan(check, version=3)
    assert (plan.version, plan.nodes[plan.start].id) == (3, "in")
    assert plan.nodes[plan.index["ask"]].settings["deadline_minutes"] == 30


# --- shape ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [None, 7, "flow", [], {}, {"format": "orderflow/2"}, {"format": "orderflow/1"}])
def test_what_is_no_flow_is_refused_with_words(given: Any) -> None:
    check = read_flow(given)
    assert check.flow is None
    assert all(told(problem) for problem in check.errors) and check.errors


def test_every_mistake_is_told_at_once_with_its_place() -> None:
    drawn = small(colour="red")
    drawn["nodes"][1]["settings"] = {"title": "{totl}", "who": {"kind": "team"}, "deadline_minutes": 0}
    drawn["nodes"].append({"id": "x", "type": "aproval"})
    drawn["edges"][1]["to"] = "nowhere"
    assert errors(drawn) == [
        ("shape.unknown", "colour"),
        ("shape.required", "nodes.1.settings.who.value"),
        ("shape.too_small", "nodes.1.settings.deadline_minutes"),
        ("flow.type_unknown_near", "nodes.3.type"),
        ("flow.edge_node_unknown", "edges.1.to"),
        ("flow.port_open", "nodes.1"),
        ("flow.unreached", "nodes.3"),
    ]
    near = next(problem for problem in read_flow(drawn).errors if problem.code == "flow.type_unknown_near")
    assert near.node == "x" and "approval" in told(near)


def test_an_unknown_field_in_a_text_or_condition_is_told_with_the_nearest_one() -> None:
    drawn = small()
    drawn["nodes"][1]["settings"]["title"] = "{buyer.nam}"
    assert errors(drawn) == [("template.unknown_field_near", "nodes.1.settings.title")]
    assert "{buyer.name}" in told(read_flow(drawn).errors[0])


@pytest.mark.parametrize("template", ["{total * 2}", "{__class__}", "{buyer.name.__class__}", "{}", "{0}"])
def test_a_text_is_never_calculated(template: str) -> None:
    drawn = small()
    drawn["nodes"][1]["settings"]["title"] = template
    assert [where for _, where in errors(drawn)] == ["nodes.1.settings.title"]


def test_over_a_thousand_steps_are_refused_without_reading_them() -> None:
    drawn = document([(f"n{number}", "set", {}) for number in range(1001)], [])
    assert errors(drawn) == [("flow.too_many_nodes", "nodes")]


@pytest.mark.parametrize(
    ("foreign", "product"),
    [
        ({"nodes": [{"type": "n8n-nodes-base.set"}], "connections": {}}, "n8n"),
        ({"source": "a.json", "workflow": {"nodes": [], "connections": {}}}, "n8n"),
        ([{"id": "1", "type": "tab"}, {"id": "2", "type": "inject", "wires": [["3"]]}], "Node-RED"),
        ({"StartAt": "A", "States": {}}, "AWS Step Functions"),
        ({"nodes": [], "edges": [{"source": "1", "target": "2"}]}, "React Flow"),
        ({"summary": "", "value": {"modules": []}}, "Windmill"),
        ({"name": "x", "flow": [], "metadata": {}}, "Make"),
        ({"name": "x", "template": {"displayName": "x", "trigger": {}}}, "Activepieces"),
    ],
)
def test_a_flow_of_another_product_is_refused_by_name(foreign: Any, product: str) -> None:
    check = read_flow(foreign)
    assert [problem.code for problem in check.errors] == ["flow.foreign"]
    assert product in told(check.errors[0])


@pytest.mark.skipif(not PEER_FLOWS.is_file(), reason="../shared/data/peer-flows is not there")
def test_real_flows_of_a_peer_are_refused_by_name() -> None:
    with gzip.open(PEER_FLOWS, "rt", encoding="utf-8") as lines:
        flows = [json.loads(line)["workflow"] for line in lines]
    refused = {(problem.code, problem.params["product"]) for flow in flows for problem in read_flow(flow).errors}
    assert len(flows) == 10 and refused == {("flow.foreign", "n8n")}


# --- structure --------------------------------------------------------------------------------------------------------


def test_a_route_must_say_what_becomes_of_all_others() -> None:
    drawn = document(
        [("in", "ingest", {}), ("ways", "route", BIG), ("end", "end", {})], ["in.out>ways", "ways.big>end"]
    )
    problem = read_flow(drawn).errors[0]
    assert (problem.code, problem.node, problem.params["port"]) == ("flow.port_open", "ways", "else")
    assert warnings(drawn) == ["route.unclear_open"]


def test_orders_come_in_at_one_place_and_nothing_leads_back_into_it() -> None:
    two = document([("in", "ingest", {}), ("too", "ingest", {}), ("end", "end", {})], ["in.out>end", "too.out>end"])
    assert errors(two) == [("flow.two_starts", "nodes.1")]
    back = small()
    back["edges"][2]["to"] = "in"
    assert errors(back) == [("flow.start_entered", "edges.2.to")]
    assert ("flow.no_start", "nodes") in errors(document([("end", "end", {})], []))


def test_marks_are_given_once_and_a_way_out_leads_one_way() -> None:
    drawn = small()
    drawn["nodes"].append({"id": "end", "type": "end"})
    drawn["edges"].append({"id": "e0", "from": "ask", "port": "approved", "to": "end"})
    assert errors(drawn) == [
        ("flow.node_twice", "nodes.3.id"),
        ("flow.edge_twice", "edges.3.id"),
        ("flow.port_twice", "edges.3.port"),
    ]


def test_a_circle_needs_a_rest() -> None:
    settings = {"changes": [{"field": "note", "value": "again"}]}
    nodes: list[tuple[str, str, dict[str, Any]]] = [
        ("in", "ingest", {}),
        ("ways", "route", BIG),
        ("mark", "set", settings),
        ("end", "end", {}),
    ]
    edges = ["in.out>ways", "ways.big>mark", "ways.else>end"]
    hurried = document(nodes, [*edges, "mark.out>ways"])
    assert [code for code, _ in errors(hurried)] == ["flow.circle"]
    assert "mark" in read_flow(hurried).errors[0].params["nodes"]
    rested = document([*nodes, ("rest", "wait", {"minutes": 5})], [*edges, "mark.out>rest", "rest.out>ways"])
    assert errors(rested) == []


@pytest.mark.parametrize(
    "edges",
    [
        ["call.failed>call"],
        ["call.failed>again", "again.exhausted>call"],
        ["call.failed>again", "again.exhausted>again"],
        ["call.failed>again", "again.exhausted>later", "later.exhausted>again"],
        ["call.failed>tell", "tell.sent>call"],
    ],
)
def test_a_circle_of_systems_and_retries_is_no_rest(edges: list[str]) -> None:
    """A system that refuses at once would be called as fast as it answers, for ever; a pause of time ends that."""
    kinds = {"again": ("retry", {}), "later": ("retry", {}), "tell": ("notify", NOTIFY)}
    used = [(name, *kind) for name, kind in kinds.items() if any(name in edge for edge in edges)]
    nodes: list[tuple[str, str, dict[str, Any]]] = [
        ("in", "ingest", {}), ("call", "request", REQUEST), ("end", "end", {}), *used
    ]  # fmt: skip
    hurried = document(nodes, ["in.out>call", "call.ok>end", *edges])
    assert [code for code, _ in errors(hurried)] == ["flow.circle"]
    *before, last = edges
    way_out, back = last.split(">")
    paused = [*before, f"{way_out}>rest", f"rest.out>{back}"]
    if back != "again":  # to a retry only failures lead
        rested = document([*nodes, ("rest", "wait", {"minutes": 5})], ["in.out>call", "call.ok>end", *paused])
        assert errors(rested) == []


def test_the_way_back_of_a_retry_counts_as_a_rest() -> None:
    drawn = document(
        [("in", "ingest", {}), ("call", "request", REQUEST), ("again", "retry", {}), ("end", "end", {})],
        ["in.out>call", "call.ok>end", "call.failed>again"],
    )
    assert errors(drawn) == []


def test_only_failures_can_be_tried_again() -> None:
    drawn = small()
    drawn["nodes"].append({"id": "again", "type": "retry"})
    drawn["edges"][2]["to"] = "again"
    assert errors(drawn) == [("flow.retry_without_failure", "nodes.3")]


def test_every_step_must_lead_to_an_end() -> None:
    drawn = document(
        [("in", "ingest", {}), ("rest", "wait", {}), ("more", "wait", {}), ("end", "end", {})],
        ["in.out>rest", "rest.out>more", "more.out>rest"],
    )
    assert errors(drawn) == [
        ("flow.unreached", "nodes.3"),
        *(("flow.never_ends", f"nodes.{number}") for number in range(3)),
    ]


BRANCHES = {"branches": [{"id": "a"}, {"id": "b"}]}


def test_branches_meet_at_one_join_and_never_return_before() -> None:
    nodes = [("in", "ingest", {}), ("two", "split", BRANCHES), ("left", "join", {}), ("right", "join", {})]
    apart = document(
        [*nodes, ("end", "end", {})],
        ["in.out>two", "two.a>left", "two.b>right", "left.out>end", "right.out>end"],
    )
    assert (errors(apart), warnings(apart)) == ([], ["flow.branches_apart"])
    again = document(
        [*nodes[:3], ("rest", "wait", {}), ("end", "end", {})],
        ["in.out>two", "two.a>left", "two.b>rest", "rest.out>two", "left.out>end"],
    )
    assert errors(again) == [("flow.split_in_circle", "nodes.1")]
    alone = document([("in", "ingest", {}), nodes[2], ("end", "end", {})], ["in.out>left", "left.out>end"])
    assert (errors(alone), warnings(alone)) == ([], ["flow.join_without_split"])


def test_what_should_be_looked_at_does_not_forbid_publication() -> None:
    drawn = small(
        teams=[],
        cases=[{"name": "x", "order": {}, "expect": {"path": ["gone"], "state": "done"}}],
    )
    drawn["nodes"][1]["settings"]["deadline_minutes"] = None
    assert sorted(warnings(drawn)) == ["approval.no_deadline", "flow.case_node_unknown", "flow.team_unlisted"]
    assert errors(drawn) == []


# --- plan and fingerprint ---------------------------------------------------------------------------------------------


def test_a_flow_with_errors_has_no_plan() -> None:
    drawn = small()
    drawn["edges"].pop()
    with pytest.raises(ValueError, match="errors"):
        compile_plan(read_flow(drawn))


def test_moving_and_redrawing_is_no_change_of_meaning() -> None:
    before, moved = small(), small(layout={"nodes": {"in": {"x": 10, "y": 2.5}}})
    moved["nodes"].reverse()
    moved["edges"][0]["id"] = "drawn-again"
    assert fingerprint(moved) == fingerprint(before)
    moved["nodes"][1]["settings"]["deadline_minutes"] = 31
    assert fingerprint(moved) != fingerprint(before)


# --- whatever is given ------------------------------------------------------------------------------------------------

SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8))
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
KINDS = sorted(node_types())
IDS = [f"n{number}" for number in range(8)]
PORTS = [
    "out",
    "ok",
    "failed",
    "approved",
    "rejected",
    "else",
    "unclear",
    "big",
    "a",
    "b",
    "exhausted",
    "sent",
    "timeout",
]
SETTINGS: dict[str, dict[str, Any]] = {
    "approval": approval(),
    "route": BIG,
    "request": REQUEST,
    "notify": NOTIFY,
    "split": BRANCHES,
    "set": {"changes": [{"field": "note", "value": "x"}]},
}


@given(JSON)
def test_reading_never_raises_whatever_json_is_given(given: Any) -> None:
    assert read_flow(given).errors


@given(st.data())
def test_reading_never_raises_wherever_a_flow_is_broken(data: st.DataObject) -> None:
    drawn = json.loads(json.dumps(small(layout={"nodes": {}}, channels=["shop"], cases=[])))
    place: Any = drawn
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if isinstance(place[key], dict | list) and place[key] and data.draw(st.booleans()):
            place = place[key]
            continue
        place[key] = data.draw(JSON)
        break
    check = read_flow(drawn)
    assert all(told(problem) for problem in check.problems)
    if check.flow is not None and not check.errors:
        compile_plan(check)


@st.composite
def scribbles(draw: st.DrawFn) -> Document:
    """Nodes of right settings and lines drawn without any sense."""
    chosen = draw(st.lists(st.sampled_from(KINDS), max_size=6))
    nodes = [(IDS[number], kind, SETTINGS.get(kind, {})) for number, kind in enumerate(["ingest", *chosen, "end"])]
    line = st.tuples(st.sampled_from(IDS), st.sampled_from(PORTS), st.sampled_from(IDS))
    return document(nodes, [f"{source}.{port}>{target}" for source, port, target in draw(st.lists(line, max_size=14))])


@given(st.one_of(scribbles(), random_flows()))
def test_every_accepted_flow_reaches_an_end_from_everywhere(drawn: Document) -> None:
    check = read_flow(drawn, library)
    assert all(told(problem) for problem in check.problems)
    if check.errors:
        with pytest.raises(ValueError, match="errors"):
            compile_plan(check)
        return
    plan = compile_plan(check)
    ways: nx.DiGraph[int] = nx.DiGraph()
    for number, node in enumerate(plan.nodes):
        inside = [] if node.inside is None else [node.inside]
        ways.add_edges_from((number, target) for target in (*node.targets.values(), *inside))
        ways.add_edges_from((target, number) for target in node.targets.values() if plan.nodes[target].kind == "retry")
    ends = {number for number, node in enumerate(plan.nodes) if node.kind == "end"}
    for number in range(len(plan.nodes)):
        assert number in ends or nx.descendants(ways, number) & ends
        assert number == plan.start or nx.has_path(ways, plan.start, number)


def test_what_a_template_asks_is_no_logic() -> None:
    drawn = document([("in", "ingest", {}), ("end", "end", {})], ["in.out>end"])
    asked = {**drawn, "template": {"pains": ["late"], "questions": []}}
    assert read_flow(asked).problems == ()
    assert fingerprint(asked) == fingerprint(drawn)

"""The flow document: reading it, finding every problem at once, and telling its logic from its layout."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from nodes import node_types
from nodes.contract import Words
from runtime.core.flow_foreign import product_of
from runtime.core.flow_nesting import (
    MOST_IN_ALL,
    Library,
    inner_flows,
    laid_out,
    nesting_problem,
    no_library,
    pinned,
    size,
)
from runtime.core.flow_parts import Edge, Flow, FlowNode
from runtime.core.flow_settings import compiled, read_settings
from runtime.core.flow_structure import JOIN, RETRY, SPLIT, structure_problems
from runtime.core.json_text import shown
from runtime.core.meeting import meeting_places
from runtime.core.moment import BUSINESS_ZONE
from runtime.core.plan import Plan, PlanNode, inner_id, policy_id
from runtime.core.problem import Problem
from runtime.core.shape import StrictValidator, nearest, shape_problems

FORMAT = "orderflow/1"
MOST_NODES = 1_000
MOST_EDGES = 20_000


@dataclass(frozen=True, slots=True)
class FlowCheck:
    """What reading a document found: every problem, and the flow whenever its shape allows one."""

    flow: Flow | None
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        """What forbids publication."""
        return tuple(problem for problem in self.problems if problem.level == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What may be published and should be looked at."""
        return tuple(problem for problem in self.problems if problem.level == "warning")


# --- reading --------------------------------------------------------------------------------------------------------


def read_flow(document: Any, library: Library = no_library) -> FlowCheck:
    """Check a flow document whole: shape, settings of every node, structure. Never raises, whatever JSON was given.

    `library` finds the published versions that sub-flow steps stand for.
    """
    return _Shelf(library).read(document)


class _Shelf:
    """One reading: each pinned version that it comes across is read once."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._checks: dict[tuple[str, int], FlowCheck] = {}

    def read(self, document: Any) -> FlowCheck:
        return _read(document, self)

    def version(self, key: str, version: int) -> FlowCheck:
        wanted = (key, version)
        if wanted not in self._checks:
            # A version that comes to lie in itself, which none can that was published, is as good as none.
            self._checks[wanted] = FlowCheck(None, ())
            document = self._library(key, version)
            if document is not None:
                self._checks[wanted] = self.read(document)
        return self._checks[wanted]


def _read(document: Any, shelf: _Shelf) -> FlowCheck:
    refused = _refused_at_sight(document)
    if refused:
        return FlowCheck(None, refused)
    problems = [_at_node(problem, document) for problem in shape_problems(_validator(), document)]
    nodes = [_node(number, drawn, problems) for number, drawn in enumerate(document["nodes"]) if _is_node(drawn)]
    nodes = [_with_inner(number, node, document, shelf, problems) for number, node in enumerate(nodes)]
    edges = [_edge(drawn) for drawn in document["edges"] if _is_edge(drawn)]
    failures = _failures(document.get("failures"), problems)
    complete = len(nodes) == len(document["nodes"]) and len(edges) == len(document["edges"])
    if not complete or any(problem.where in ("key", "name") for problem in problems):
        return FlowCheck(None, tuple(problems))
    flow = Flow(
        key=document["key"],
        name=document["name"],
        channels=tuple(filter(_is_text, _list(document.get("channels")))),
        teams=dict(_teams(document)),
        nodes=tuple(nodes),
        edges=tuple(edges),
        document=document,
        failures=failures,
    )
    steps = size(flow)
    if steps > MOST_IN_ALL:
        problems.append(Problem("flow.too_many_in_all", "nodes", {"count": steps, "most": MOST_IN_ALL}))
    return FlowCheck(flow, (*problems, *structure_problems(flow)))


def _refused_at_sight(document: Any) -> tuple[Problem, ...]:
    """What makes it pointless to read on: no flow of ours, or one that is too large."""
    product = product_of(document)
    if product:
        return (Problem("flow.foreign", params={"product": product}),)
    if not isinstance(document, Mapping):
        return (Problem("flow.no_object"),)
    given = document.get("format")
    if given != FORMAT:
        return (Problem("flow.format", "format", {"given": shown(str(given)), "wanted": FORMAT}),)
    if not isinstance(document.get("nodes"), list) or not isinstance(document.get("edges"), list):
        return shape_problems(_validator(), document)
    for name, most in (("nodes", MOST_NODES), ("edges", MOST_EDGES)):
        count = len(document[name])
        if count > most:
            return (Problem(f"flow.too_many_{name}", name, {"count": count, "most": most}),)
    return ()


def _at_node(problem: Problem, document: Mapping[str, Any]) -> Problem:
    """The problem, told to belong to a node when its path leads into one."""
    match problem.where.split("."):
        case ["nodes", number, _, *_] if _is_node(document["nodes"][int(number)]):
            return replace(problem, node=document["nodes"][int(number)]["id"])
        case _:
            return problem


@cache
def _validator() -> Draft202012Validator:
    return StrictValidator(schema())


@cache
def schema() -> Mapping[str, Any]:
    """The JSON Schema of the flow document."""
    read: Mapping[str, Any] = json.loads(Path(__file__).with_name("flow.schema.json").read_text("utf-8"))
    return read


def _node(number: int, drawn: Mapping[str, Any], problems: list[Problem]) -> FlowNode:
    """The node as drawn; what is wrong with its kind and its settings is added to `problems`."""
    node_id, kind = drawn["id"], drawn["type"]
    node_type = node_types().get(kind)
    given = drawn.get("settings", {})
    if not isinstance(given, Mapping):
        given = {}
    if node_type is None:
        problems.append(_unknown_kind(number, node_id, kind))
        return FlowNode(node_id, kind, drawn.get("name"), given, None, (), sound=False)
    settings, found = read_settings(node_type, given, f"nodes.{number}.settings", node_id)
    problems.extend(found)
    sound = not any(problem.level == "error" for problem in found)
    return FlowNode(node_id, kind, drawn.get("name"), settings, node_type, node_type.ports(settings), sound)


def _with_inner(
    number: int, node: FlowNode, document: Mapping[str, Any], shelf: _Shelf, problems: list[Problem]
) -> FlowNode:
    """A sub-flow step with the flow that it stands for; what is wrong with that is added to `problems`."""
    wanted = pinned(node) if node.sound else None
    if wanted is None:
        return node
    key, version = wanted
    check = shelf.version(key, version) if key != document.get("key") else FlowCheck(None, ())
    problem = nesting_problem(key, version, str(document.get("key")), check.flow, bool(check.errors))
    if problem is None:
        return replace(node, inner=check.flow)
    problems.append(replace(problem, where=f"nodes.{number}.settings.{problem.where}", node=node.id))
    return replace(node, inner=check.flow if problem.code == "flow.sub_broken" else None, sound=False)


def _failures(given: Any, problems: list[Problem]) -> FlowNode | None:
    """The flow's one failure policy as a retry that stands nowhere; what is wrong with it is added to `problems`."""
    if not isinstance(given, Mapping):
        return None
    kind = node_types()[RETRY]
    settings, found = read_settings(kind, given, "failures", None)
    problems.extend(found)
    sound = not any(problem.level == "error" for problem in found)
    return FlowNode("", RETRY, None, settings, kind, kind.ports(settings), sound)


def _unknown_kind(number: int, node_id: str, kind: str) -> Problem:
    near = nearest(kind, node_types())
    code = "flow.type_unknown_near" if near else "flow.type_unknown"
    return Problem(code, f"nodes.{number}.type", {"type": shown(kind), "nearest": near or ""}, node_id)


def _is_node(drawn: Any) -> bool:
    return isinstance(drawn, Mapping) and all(_is_text(drawn.get(name)) for name in ("id", "type"))


def _is_edge(drawn: Any) -> bool:
    return isinstance(drawn, Mapping) and all(_is_text(drawn.get(name)) for name in ("id", "from", "port", "to"))


def _edge(drawn: Mapping[str, Any]) -> Edge:
    return Edge(drawn["id"], drawn["from"], drawn["port"], drawn["to"])


def _teams(document: Mapping[str, Any]) -> Iterator[tuple[str, Words]]:
    for team in _list(document.get("teams")):
        if isinstance(team, Mapping) and _is_text(team.get("key")):
            yield team["key"], team.get("name") or team["key"]


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


# --- compiling ------------------------------------------------------------------------------------------------------


def compile_plan(check: FlowCheck, version: int = 0, zone: tzinfo = BUSINESS_ZONE) -> Plan:
    """The plan of a flow without errors; its texts tell times in `zone`. Raises ValueError when there are any."""
    if check.flow is None or check.errors:
        raise ValueError(f"a flow with errors has no plan: {check.errors}")
    return _plan(check.flow, version, zone)


def compile_published(document: Any, version: int, library: Library = no_library, zone: tzinfo = BUSINESS_ZONE) -> Plan:
    """The plan of a version that was once published: it runs on, even if today's rules would forbid to publish it.

    Raises ValueError where it is impossible: what cannot be read as a flow, or a step of a type that is gone.
    """
    flow = read_flow(document, library).flow
    flows = (flow, *inner_flows(flow)) if flow else ()
    if flow is None or any(node.type is None for one in flows for node in one.nodes):
        raise ValueError("nothing runs that cannot be read, or whose steps nobody knows")
    return _plan(flow, version, zone)


def _plan(flow: Flow, version: int, zone: tzinfo) -> Plan:
    whole = laid_out(flow)
    index = {node.id: number for number, node in enumerate(whole.nodes)}
    targets: dict[str, dict[str, int]] = {node.id: {} for node in whole.nodes}
    for edge in whole.edges:
        targets[edge.source][edge.port] = index[edge.target]
    ways = {node: [whole.nodes[target].id for target in ports.values()] for node, ports in targets.items()}
    splits, joins = ([node.id for node in whole.nodes if node.kind == kind] for kind in (SPLIT, JOIN))
    meets = meeting_places(ways, splits, frozenset(joins))
    unseen = tuple(_policies(whole, targets, zone))
    index |= {node.id: number for number, node in enumerate(unseen, len(index))}
    drawn = (
        replace(
            _plan_node(node, targets[node.id], meets.get(node.id, frozenset()), index.get(policy_id(node.id)), zone),
            inside=index[inner_id(node.id, _start(node.inner))] if node.inner else None,
        )
        for node in whole.nodes
    )
    nodes = (*drawn, *unseen)
    return Plan(flow.key, version, fingerprint(flow.document), index[_start(flow)], nodes, index)


def _start(flow: Flow) -> str:
    return next(node.id for node in flow.nodes if node.type is not None and node.type.group == "start")


def _policies(whole: Flow, targets: Mapping[str, Mapping[str, int]], zone: tzinfo) -> Iterator[PlanNode]:
    """By its flow's one policy, an unseen retry behind every step with a failure way that leads nowhere.

    A retry that gives up is not tried once more: it goes to the failure list.
    """
    for node in whole.nodes:
        open_ways = any(port.failure and port.id not in targets[node.id] for port in node.ports)
        if node.failures is not None and node.kind != RETRY and open_ways:
            unseen = replace(node.failures, id=policy_id(node.id), name=node.name)
            yield _plan_node(unseen, {}, frozenset(), None, zone)


def _plan_node(
    node: FlowNode, ways: Mapping[str, int], meets: frozenset[str], policy: int | None, zone: tzinfo
) -> PlanNode:
    """`ways` are drawn; failures that have none go to `policy`, the place of the step's unseen retry, if it has one."""
    assert node.type is not None
    failures = frozenset(port.id for port in node.ports if port.failure)
    caught = {} if policy is None else dict.fromkeys(failures - ways.keys(), policy)
    return PlanNode(
        id=node.id,
        kind=node.kind,
        type=node.type,
        name=node.name,
        settings=compiled(node.kind, node.settings, zone),
        ports={port.id: port for port in node.ports},
        targets={**ways, **caught},
        connected=frozenset(ways),
        failure_ports=failures,
        meets=meets,
    )


# --- logic and layout -------------------------------------------------------------------------------------------------


def logic(document: Mapping[str, Any]) -> dict[str, Any]:
    """What a flow document means: all but where its nodes are drawn, the cases that try it, and what a template asks."""
    return {name: part for name, part in document.items() if name not in ("layout", "cases", "template")}


def layout(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Where the nodes are drawn."""
    drawn = document.get("layout")
    return drawn if isinstance(drawn, Mapping) else {}


def fingerprint(document: Mapping[str, Any]) -> str:
    """SHA-256 in hex over the logic of a flow document. Moving or reordering nodes, or redrawing an edge, is no change."""
    meaning = logic(document)
    meaning["nodes"] = sorted(document["nodes"], key=lambda node: str(node["id"]))
    meaning["edges"] = sorted([edge["from"], edge["port"], edge["to"]] for edge in document["edges"])
    text = json.dumps(meaning, sort_keys=True, separators=(",", ":"), default=float)
    return sha256(text.encode()).hexdigest()

"""The structure of a flow: every order must be able to arrive, and nobody may walk in a circle for ever."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

import networkx as nx

from nodes.contract import Port
from runtime.core.flow_nesting import laid_out
from runtime.core.flow_parts import Edge, Flow, FlowNode
from runtime.core.json_text import shown
from runtime.core.meeting import meeting_places
from runtime.core.problem import Problem
from runtime.core.shape import nearest

RETRY, SPLIT, JOIN = "retry", "split", "join"


def structure_problems(flow: Flow) -> tuple[Problem, ...]:
    """All that is wrong with how the nodes are put together."""
    drawing = _Drawing(flow)
    checks = (_twice, _starts, _edges, _open_ports, _unreached, _endless, _circles, _retries, _joins, _teams, _cases)
    return tuple(chain.from_iterable(check(drawing) for check in checks))


class _Drawing:
    """A flow's nodes by id, its sound edges by where they start, and the graph that they make.

    A retry leads back to the steps whose failures lead to it: these edges are nowhere drawn and stand in the graph.
    """

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.nodes: dict[str, FlowNode] = {}
        self.place: dict[str, str] = {}
        for number, node in enumerate(flow.nodes):
            self.nodes.setdefault(node.id, node)
            self.place.setdefault(node.id, f"nodes.{number}")
        self.ports = {id_: {port.id: port for port in node.ports} for id_, node in self.nodes.items()}
        self.out: dict[tuple[str, str], Edge] = {}
        for edge in flow.edges:
            if edge.source in self.nodes and edge.target in self.nodes:
                self.out.setdefault((edge.source, edge.port), edge)
        self.ways: dict[str, list[str]] = {}
        for edge in self.out.values():
            self.ways.setdefault(edge.source, []).append(edge.target)
        self.graph = self._graph()
        self.starts = [id_ for id_, node in self.nodes.items() if node.type and node.type.group == "start"]
        self.reached = self._reached()

    def _graph(self) -> "nx.DiGraph[str]":
        graph: nx.DiGraph[str] = nx.DiGraph()
        graph.add_nodes_from(self.nodes)
        for edge in self.out.values():
            graph.add_edge(edge.source, edge.target)
            if self.nodes[edge.target].kind == RETRY:
                graph.add_edge(edge.target, edge.source)
        return graph

    def _reached(self) -> set[str]:
        return set(self.starts).union(*(nx.descendants(self.graph, start) for start in self.starts))

    def of_kind(self, kind: str) -> list[str]:
        return [id_ for id_, node in self.nodes.items() if node.kind == kind]

    def open_ports(self, node: FlowNode) -> Iterator[Port]:
        """The ports from which an order would fall out of the flow."""
        for port in node.ports:
            if not (port.optional or port.failure) and (node.id, port.id) not in self.out:
                yield port

    def problem(self, code: str, node: str, level: Any = "error", **params: Any) -> Problem:
        return Problem(code, self.place[node], params, node, level)


def _twice(drawing: _Drawing) -> Iterator[Problem]:
    yield from _repeated("flow.node_twice", "nodes", "id", (node.id for node in drawing.flow.nodes))
    yield from _repeated("flow.edge_twice", "edges", "id", (edge.id for edge in drawing.flow.edges))
    teams = drawing.flow.document.get("teams")
    keys = [team.get("key") for team in teams if isinstance(team, Mapping)] if isinstance(teams, list) else []
    yield from _repeated("flow.team_twice", "teams", "key", keys)


def _repeated(code: str, where: str, name: str, ids: Iterable[Any]) -> Iterator[Problem]:
    seen: set[str] = set()
    for number, id_ in enumerate(ids):
        if not isinstance(id_, str):
            continue
        if id_ in seen:
            yield Problem(code, f"{where}.{number}.{name}", {"id": shown(id_)}, id_ if where == "nodes" else None)
        seen.add(id_)


def _starts(drawing: _Drawing) -> Iterator[Problem]:
    if not drawing.starts:
        yield Problem("flow.no_start", "nodes")
    for another in drawing.starts[1:]:
        yield drawing.problem("flow.two_starts", another, first=drawing.starts[0])
    if not any(node.type and node.type.group == "end" for node in drawing.nodes.values()):
        yield Problem("flow.no_end", "nodes")


def _edges(drawing: _Drawing) -> Iterator[Problem]:
    used: Counter[tuple[str, str]] = Counter()
    for number, edge in enumerate(drawing.flow.edges):
        where = f"edges.{number}"
        source, target = drawing.nodes.get(edge.source), drawing.nodes.get(edge.target)
        if source is None:
            yield Problem("flow.edge_node_unknown", f"{where}.from", {"id": shown(edge.source)})
        elif source.type is not None and edge.port not in drawing.ports[source.id]:
            yield _unknown_port(edge, drawing.ports[source.id], f"{where}.port")
        if target is None:
            yield Problem("flow.edge_node_unknown", f"{where}.to", {"id": shown(edge.target)})
        elif target.id in drawing.starts:
            yield Problem("flow.start_entered", f"{where}.to", {}, target.id)
        used[edge.source, edge.port] += 1
        if used[edge.source, edge.port] == 2:
            yield Problem("flow.port_twice", f"{where}.port", {"port": shown(edge.port)}, _known(drawing, edge.source))


def _unknown_port(edge: Edge, ports: Iterable[str], where: str) -> Problem:
    near = nearest(edge.port, ports)
    params = {"port": shown(edge.port), "node": edge.source, "ports": ", ".join(ports), "nearest": near or ""}
    return Problem("flow.port_unknown_near" if near else "flow.port_unknown", where, params, edge.source)


def _known(drawing: _Drawing, node: str) -> str | None:
    return node if node in drawing.nodes else None


def _open_ports(drawing: _Drawing) -> Iterator[Problem]:
    for node in drawing.nodes.values():
        for port in drawing.open_ports(node):
            yield drawing.problem("flow.port_open", node.id, port=_label(port))
        for port in node.ports:
            if port.advice and (node.id, port.id) not in drawing.out:
                yield drawing.problem(port.advice, node.id, "warning", port=_label(port))


def _label(port: Port) -> str:
    match port.name:
        case str():
            return port.name
        case Mapping():
            return str(next(iter(port.name.values()), port.id))
        case None:
            return port.id


def _unreached(drawing: _Drawing) -> Iterator[Problem]:
    if drawing.starts:
        for node in drawing.nodes:
            if node not in drawing.reached:
                yield drawing.problem("flow.unreached", node)


def _endless(drawing: _Drawing) -> Iterator[Problem]:
    """Nodes from which no order ever arrives. Where a way is still open or a kind unknown, that alone is told."""
    excused = {
        node.id
        for node in drawing.nodes.values()
        if node.type is None or node.type.group == "end" or not node.sound or any(drawing.open_ports(node))
    }
    arriving = set(excused)
    backwards = drawing.graph.reverse(copy=False)
    for layer in nx.bfs_layers(backwards, excused) if excused else ():
        arriving.update(layer)
    for node in drawing.nodes:
        if node in drawing.reached and node not in arriving:
            yield drawing.problem("flow.never_ends", node)


def _circles(drawing: _Drawing) -> Iterator[Problem]:
    # Systems may answer at once, and a retry may give up at once: only people and time let an order rest.
    hurried = {node.id for node in drawing.nodes.values() if node.type is not None and not _lets_rest(node)}
    ways: nx.DiGraph[str] = nx.DiGraph(
        [(source, target) for source, targets in drawing.ways.items() for target in targets]
    )
    for circle in _circles_of(ways.subgraph(hurried)):
        yield drawing.problem("flow.circle", circle[0], nodes=" → ".join((*circle, circle[0])))
    apart = drawing.graph.subgraph(set(drawing.nodes) - set(drawing.of_kind(JOIN)))
    knots = [knot for knot in nx.strongly_connected_components(apart) if _is_circle(apart, knot)]
    for split in drawing.of_kind(SPLIT):
        if any(split in knot for knot in knots):
            yield drawing.problem("flow.split_in_circle", split)


def _lets_rest(node: FlowNode) -> bool:
    """Whether every order rests at the step; at a sub-flow, on every way through it."""
    if node.inner is None:
        return node.type is not None and node.type.waits and node.type.group != "systems"
    drawing = _Drawing(node.inner)
    hurried = drawing.graph.subgraph([one.id for one in drawing.nodes.values() if not _lets_rest(one)])
    ahead = {id_ for start in drawing.starts for id_ in (start, *nx.descendants(hurried, start))}
    return not any(one.type and one.type.group == "end" for one in map(drawing.nodes.__getitem__, ahead))


def _circles_of(graph: "nx.DiGraph[str]") -> Iterator[list[str]]:
    """One circle out of every knot of them."""
    for knot in nx.strongly_connected_components(graph):
        if _is_circle(graph, knot):
            yield [source for source, *_ in nx.find_cycle(graph.subgraph(knot))]


def _is_circle(graph: "nx.DiGraph[str]", knot: set[str]) -> bool:
    return len(knot) > 1 or any(graph.has_edge(node, node) for node in knot)


def _retries(drawing: _Drawing) -> Iterator[Problem]:
    for (source, port), edge in drawing.out.items():
        known = drawing.ports[source].get(port)
        if drawing.nodes[edge.target].kind == RETRY and known is not None and not known.failure:
            yield drawing.problem("flow.retry_without_failure", edge.target, port=_label(known), source=source)


def _joins(drawing: _Drawing) -> Iterator[Problem]:
    splits, joins = drawing.of_kind(SPLIT), drawing.of_kind(JOIN)
    if not joins:
        return
    first = {target for split in splits for target in drawing.graph.successors(split)}
    behind = set(chain.from_iterable(nx.bfs_layers(drawing.graph, first))) if first else set()
    for join in joins:
        if join in drawing.reached and join not in behind:
            yield drawing.problem("flow.join_without_split", join, "warning")
    for split, places in meeting_places(drawing.ways, splits, frozenset(joins)).items():
        if len(places) > 1:
            yield drawing.problem("flow.branches_apart", split, "warning", joins=", ".join(sorted(places)))


def _teams(drawing: _Drawing) -> Iterator[Problem]:
    for node in drawing.nodes.values():
        if node.type is None or not node.sound:
            continue
        for team in node.type.teams(node.settings):
            if team not in drawing.flow.teams:
                yield drawing.problem("flow.team_unlisted", node.id, "warning", team=shown(team))
    for team in _policy_teams(drawing.flow):
        if team not in drawing.flow.teams:
            yield Problem("flow.team_unlisted", "failures", {"team": shown(team)}, level="warning")


def _policy_teams(flow: Flow) -> tuple[str, ...]:
    policy = flow.failures
    return policy.type.teams(policy.settings) if policy and policy.type and policy.sound else ()


def _cases(drawing: _Drawing) -> Iterator[Problem]:
    cases = drawing.flow.document.get("cases")
    known = {node.id for node in laid_out(drawing.flow).nodes} if cases else set()
    for number, case in enumerate(cases if isinstance(cases, list) else ()):
        for place, node in _named_in(case):
            if isinstance(node, str) and node not in known:
                where = f"cases.{number}.{place}"
                yield Problem("flow.case_node_unknown", where, {"id": shown(node)}, level="warning")


def _named_in(case: Any) -> Iterator[tuple[str, Any]]:
    """The node ids that a case names, with their places in it."""
    match case:
        case {"expect": {"path": [*path]}}:
            yield from ((f"expect.path.{number}", node) for number, node in enumerate(path))
    match case:
        case {"answers": [*answers]}:
            for number, answer in enumerate(answers):
                if isinstance(answer, Mapping):
                    yield f"answers.{number}.node", answer.get("node")

"""Flow documents for tests: small ones by hand, and random ones whose shape is right by the way they are drawn."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from hypothesis import strategies as st

from runtime.core.flow import compile_plan, read_flow
from runtime.core.plan import Plan

Document = dict[str, Any]


def document(
    nodes: Sequence[tuple[str, str, dict[str, Any]]], edges: Sequence[str], key: str = "trial", **more: Any
) -> Document:
    """A flow document from `(id, type, settings)` and edges written as `from.port>to`."""
    drawn = [{"id": node, "type": kind, "settings": settings} for node, kind, settings in nodes]
    lines = []
    for number, edge in enumerate(edges):
        start, target = edge.split(">")
        source, port = start.split(".")
        lines.append({"id": f"e{number}", "from": source, "port": port, "to": target})
    return {"format": "orderflow/1", "key": key, "name": "Trial", "nodes": drawn, "edges": lines, **more}


SHELF: dict[tuple[str, int], Document] = {}
"""The published versions that sub-flows of tests stand for. A random one is called by a digest of what it holds."""


def library(key: str, version: int) -> Document | None:
    """The shelf as the flows' readers want it."""
    return SHELF.get((key, version))


def published(drawn: Document, version: int = 1) -> dict[str, Any]:
    """Put a flow on the shelf; the settings of a sub-flow step that stands for it."""
    SHELF[drawn["key"], version] = drawn
    return {"flow": drawn["key"], "version": version}


def plan_of(drawn: Document) -> Plan:
    """The plan of a document that must be in order."""
    check = read_flow(drawn, library)
    assert not check.errors, check.errors
    return compile_plan(check)


def approval(team: str = "leads", **more: Any) -> dict[str, Any]:
    """Settings of an approval by a team."""
    return {"title": "Look at {id}", "who": {"kind": "team", "value": team}, **more}


def total_over(amount: str, currency: str = "CNY") -> dict[str, Any]:
    """The condition that the total is more than this."""
    return {"field": "total", "op": "gt", "value": {"amount": amount, "currency": currency}}


NOTIFY: dict[str, Any] = {"to": "sales", "text": "Order {id}"}
REQUEST: dict[str, Any] = {"system": "warehouse", "action": "reserve"}


# --- random flows ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Drawing:
    nodes: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    edges: list[str] = field(default_factory=list)
    loose: bool = False
    """Whether there is a split without a join of its own: one is enough, for each doubles what comes after it."""

    def node(self, kind: str, settings: dict[str, Any] | None = None, name: str = "") -> str:
        name = name or f"{kind}-{len(self.nodes)}"
        self.nodes.append((name, kind, settings or {}))
        return name

    def lead(self, ways: Sequence[str], target: str) -> None:
        self.edges += [f"{way}>{target}" for way in ways]


Ways = list[str]
"""Ports that do not lead anywhere yet, as `node.port`."""


@st.composite
def random_flows(draw: st.DrawFn) -> Document:
    """A flow of up to some twenty nodes in which splits and joins are nested rightly and nothing runs in circles."""
    drawing = _Drawing()
    ways = [f"{drawing.node('ingest')}.out"]
    ways = _stretch(draw, drawing, ways, depth=0)
    drawing.lead(ways, drawing.node("end"))
    return document(drawing.nodes, drawing.edges, **draw(_POLICIES))


@st.composite
def versions_of(draw: st.DrawFn, drawn: Document) -> Document:
    """Another version of a flow: one step is gone or new, a deadline or the failure policy is another."""
    nodes, edges = [dict(node) for node in drawn["nodes"]], [dict(edge) for edge in drawn["edges"]]
    for node in nodes:
        if node["type"] in ("approval", "hold") and draw(st.booleans()):
            other = draw(_SIGNED) if node["type"] == "approval" else {}
            node["settings"] = {**node["settings"], **other, "deadline_minutes": 5}
    lines = [edge for edge in edges if edge["port"] in ("out", "ok", "sent", "approved")]
    if draw(st.booleans()):
        line = draw(st.sampled_from(lines))
        nodes.append({"id": "asked-newly", "type": "approval", "settings": approval()})
        edges += [
            {"id": f"n-{port}", "from": "asked-newly", "port": port, "to": line["to"]}
            for port in ("approved", "rejected")
        ]
        line["to"] = "asked-newly"
    kept = {name: part for name, part in drawn.items() if name != "failures"}
    return {**kept, "nodes": nodes, "edges": edges, **draw(_POLICIES)}


_REMEDY = st.sampled_from(["retry", "wait", "person", "skip", "stop"])
_POLICY = st.fixed_dictionaries(
    {"error": _REMEDY, "refused": _REMEDY, "max_tries": st.integers(1, 3)},
    optional={"timeout": _REMEDY, "after_last": st.sampled_from(["person", "skip", "stop"])},
)
_POLICIES: st.SearchStrategy[dict[str, Any]] = st.one_of(st.just({}), st.fixed_dictionaries({"failures": _POLICY}))


def _stretch(draw: st.DrawFn, drawing: _Drawing, ways: Ways, depth: int) -> Ways:
    for _ in range(draw(st.integers(1, 3 if depth == 0 else 2))):
        kinds = [_approval, _hold, _request, _notify, _wait, _set, _route]
        if depth < 2:
            kinds += [_split, _split, _sub_flow]
        kind: Callable[..., Ways] = draw(st.sampled_from(kinds))
        ways = kind(draw, drawing, ways, depth)
    return ways


_PEOPLE = [{"who": {"kind": "person", "value": name}} for name in ("li", "wang", "zhao")]
_RULES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "rule": st.sampled_from(["any", "all", "vote", "sequence"]),
        "others": st.integers(1, 2).map(lambda n: _PEOPLE[1 : 1 + n]),
    }
)
_LADDER = [
    {"after_minutes": 3, "do": "remind"},
    {"after_minutes": 5, "do": "escalate", "to": _PEOPLE[2]["who"]},
    {"after_minutes": 7, "do": "hand_over", "to": _PEOPLE[1]["who"]},
    {"after_minutes": 12, "do": "approve"},
]
_LADDERS = st.sets(st.sampled_from(range(4))).map(lambda rungs: {"ladder": [_LADDER[rung] for rung in sorted(rungs)]})
_SIGNED = st.builds(lambda rule, ladder: {**_PEOPLE[0], **rule, **ladder}, _RULES, _LADDERS)


def _approval(draw: st.DrawFn, drawing: _Drawing, ways: Ways, depth: int) -> Ways:
    signed = draw(st.one_of(st.just({}), _SIGNED))
    node = drawing.node("approval", approval(deadline_minutes=10, **signed))
    drawing.lead(ways, node)
    after = [f"{node}.approved"]
    if draw(st.booleans()):
        after.append(f"{node}.late")
    match draw(st.sampled_from(["on", "end", "cancel"])):
        case "on":
            after.append(f"{node}.rejected")
        case "end":
            drawing.lead([f"{node}.rejected"], drawing.node("end"))
        case _:
            drawing.lead([f"{node}.rejected"], drawing.node("end", {"result": "cancelled", "reason": "no"}))
    return after


def _hold(draw: st.DrawFn, drawing: _Drawing, ways: Ways, depth: int) -> Ways:
    then = draw(st.sampled_from(["stay", "release", "cancel"]))
    node = drawing.node("hold", approval(deadline_minutes=10, then=then))
    drawing.lead(ways, node)
    if draw(st.booleans()):
        return [f"{node}.released", f"{node}.cancelled"]
    drawing.lead([f"{node}.cancelled"], drawing.node("end", {"result": "cancelled", "reason": "no"}))
    return [f"{node}.released"]


def _request(draw: st.DrawFn, drawing: _Drawing, ways: Ways, depth: int) -> Ways:
    node = drawing.node("request", dict(REQUEST, timeout_seconds=60))
    drawing.lead(ways, node)
    return [f"{node}.ok", *_after_failure(draw, drawing, [f"{node}.failed", f"{node}.timeout"])]


def _notify(draw: st.DrawFn, drawing: _Drawing, ways: Ways, depth: int) -> Ways:
    node = drawing.node("notify", dict(NOTIFY))
    drawing.lead(ways, node)
    return [f"{node}.sent", *_after_failure(draw, drawing, [f"{node}.failed"])]


def _after_failure(draw: st.DrawFn, drawing: _Drawing, failures: Ways) -> Ways:
    match draw(st.sampled_from(["list", "retry", "retry and on", "on"])):
        case "list":
            return []
        case "on":
            return failures
        case choice:
            retry = drawing.node("retry", {"first_delay_seconds": 30, **draw(_POLICY)})
            drawing.lead(failures, retry)
            return [f"{retry}.exhausted"] if choice == "retry and on" else []


def _wait(draw: st.DrawFn, drawing: _Drawing, ways: Ways, depth: int) -> Ways:
    node = drawing.node("wait", {"kind": "duration", "minutes": draw(st.integers(1, 90))})
    drawing.lead(ways, node)
    return [f"{node}.out"]


def _set(draw: st.DrawFn, drawing: _Drawing, ways: Ways, depth: int) -> Ways:
    name = draw(st.sampled_from(["colour", "shelf"]))
    node = drawing.node("set", {"changes": [{"field": f"attributes.{name}", "value": draw(st.integers(0, 9))}]})
    drawing.lead(ways, node)
    return [f"{node}.out"]


def _route(draw: st.DrawFn, drawing: _Drawing, ways: Ways, depth: int) -> Ways:
    node = drawing.node("route", {"rules": [{"id": "big", "when": total_over("100.00")}]})
    drawing.lead(ways, node)
    if depth >= 2:
        return [f"{node}.big", f"{node}.else"]
    return [*_stretch(draw, drawing, [f"{node}.big"], depth + 1), f"{node}.else"]


def _sub_flow(draw: st.DrawFn, drawing: _Drawing, ways: Ways, depth: int) -> Ways:
    """A flow of its own; it may hold one of the fields that it or the flow around it writes for itself."""
    inner = _Drawing(loose=True)
    after = _stretch(draw, inner, [f"{inner.node('ingest')}.out"], depth + 1)
    inner.lead(after, inner.node("end"))
    drawn = document(inner.nodes, inner.edges, **draw(_POLICIES))
    drawn["key"] = "sub-" + sha256(json.dumps(drawn, sort_keys=True).encode()).hexdigest()[:16]
    taken = draw(st.sampled_from([{}, {"inputs": [{"field": "attributes.shelf", "value": 10}]}]))
    kept = draw(st.sampled_from([{}, {"outputs": ["attributes.colour"]}]))
    node = drawing.node("sub-flow", {**published(drawn), **taken, **kept})
    drawing.lead(ways, node)
    return [f"{node}.done", f"{node}.cancelled"] if draw(st.booleans()) else [f"{node}.done"]


def _split(draw: st.DrawFn, drawing: _Drawing, ways: Ways, depth: int) -> Ways:
    count = draw(st.integers(2, 3))
    node = drawing.node("split", {"branches": [{"id": f"b{number}"} for number in range(count)]})
    drawing.lead(ways, node)
    after = [way for number in range(count) for way in _stretch(draw, drawing, [f"{node}.b{number}"], depth + 1)]
    if not drawing.loose and draw(st.integers(0, 3)) == 0:
        drawing.loose = True
        # The branches go on side by side: to the next steps, to an outer join, or to the end.
        return after
    join = drawing.node("join", name=f"join--{node}")
    drawing.lead(after, join)
    return [f"{join}.out"]

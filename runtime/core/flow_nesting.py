"""Sub-flows: steps that stand for a published version of another flow, and a flow with all of theirs laid beside its own."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from runtime.core.flow_parts import Edge, Flow, FlowNode
from runtime.core.plan import inner_id
from runtime.core.problem import Problem

SUB_FLOW: Final = "sub-flow"
DEEPEST: Final = 5
MOST_IN_ALL: Final = 5_000

Library = Callable[[str, int], Mapping[str, Any] | None]
"""Finds the document of a published version by the flow's key and the version's number; None where there is none."""


def no_library(key: str, version: int) -> None:
    """Nothing was ever published."""


def pinned(node: FlowNode) -> tuple[str, int] | None:
    """Which version a sub-flow step stands for; None for any other step, and while it does not say so."""
    return pinned_by(node.kind, node.settings)


def pinned_by(kind: Any, settings: Any) -> tuple[str, int] | None:
    """The same of a step as it stands in a document."""
    match settings:
        case {"flow": str(key), "version": int(version)} if kind == SUB_FLOW:
            return key, version
        case _:
            return None


def nesting_problem(key: str, version: int, around: str, inner: Flow | None, broken: bool) -> Problem | None:
    """What is wrong with a step that stands for this version, in a flow with the key `around`, told at its setting."""
    params: dict[str, Any] = {"flow": key, "version": version}
    if key == around:
        return Problem("flow.sub_itself", "flow", params)
    if inner is None:
        return Problem("flow.sub_unknown", "version", params)
    if any(one.key == around for one in inner_flows(inner)):
        return Problem("flow.sub_in_itself", "flow", params | {"around": around})
    if depth(inner) >= DEEPEST:
        return Problem("flow.sub_too_deep", "flow", params | {"most": DEEPEST})
    return Problem("flow.sub_broken", "version", params) if broken else None


def size(flow: Flow) -> int:
    """How many steps there are with those of all sub-flows."""
    return len(flow.nodes) + sum(size(node.inner) for node in flow.nodes if node.inner)


def depth(flow: Flow) -> int:
    """How many flows lie within each other, itself counted."""
    return 1 + max((depth(node.inner) for node in flow.nodes if node.inner), default=0)


def inner_flows(flow: Flow) -> Iterator[Flow]:
    """All flows inside, at any depth; one that is used twice comes twice."""
    for node in flow.nodes:
        if node.inner:
            yield node.inner
            yield from inner_flows(node.inner)


def laid_out(flow: Flow) -> Flow:
    """The flow with the steps of its sub-flows beside its own, each called `<step>/<node>`, with its flow's failure policy.

    A sub-flow without a policy goes by that of the flow around it.
    """
    nodes, edges = list[FlowNode](), list[Edge]()
    for node in flow.nodes:
        nodes.append(replace(node, failures=node.failures or flow.failures))
        if node.inner is None:
            continue
        inner = laid_out(replace(node.inner, failures=node.inner.failures or flow.failures))
        nodes += [replace(one, id=inner_id(node.id, one.id)) for one in inner.nodes]
        edges += [_inside(node.id, edge) for edge in inner.edges]
    # Its own come first: the first step of the whole is its own first step.
    own = {node.id for node in flow.nodes}
    ordered = sorted(nodes, key=lambda node: node.id not in own)
    return replace(flow, nodes=tuple(ordered), edges=(*flow.edges, *edges))


def _inside(step: str, edge: Edge) -> Edge:
    return Edge(inner_id(step, edge.id), inner_id(step, edge.source), edge.port, inner_id(step, edge.target))

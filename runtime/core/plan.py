"""A flow made ready to run: nodes as integers, conditions as closures, nothing left to look up by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nodes.contract import NodeType, Port, Words

# No id of a drawn node has these.
_UNSEEN = "~"
_INSIDE = "/"


def policy_id(node: str) -> str:
    """The id of the unseen plan node that takes a step's failures by the flow's one policy."""
    return _UNSEEN + node


def drawn_id(node: str) -> str:
    """The node that people see: for a step's unseen policy, that step."""
    return node.removeprefix(_UNSEEN)


def is_drawn(node: str) -> bool:
    """Whether people see the node in the drawing."""
    return not node.startswith(_UNSEEN)


def inner_id(step: str, node: str) -> str:
    """The id of a node of the flow that a sub-flow step stands for: `check/ask`."""
    return step + _INSIDE + node


def enclosing(node: str) -> str:
    """The sub-flow step inside which a node stands; empty for one of the flow itself."""
    return drawn_id(node).rpartition(_INSIDE)[0]


def depth(node: str) -> int:
    """In how many sub-flows a node lies."""
    return node.count(_INSIDE)


def outermost(node: str) -> str:
    """The node as the flow itself shows it: for one inside a sub-flow, the step of that."""
    return drawn_id(node).partition(_INSIDE)[0]


@dataclass(frozen=True, slots=True)
class PlanNode:
    """One node of a plan. `targets` leads from a connected port to the index of the next node.

    `meets` are the joins at which the branches of a split wait for each other. `inside` is the index of the node at which
    the flow begins that a sub-flow step stands for.
    `settings` are complete (defaults filled in) and hold a callable `(order) -> True | False | None` wherever the
    schema says `"format": "condition"`. `name` is the designer's own label: a text, a text a language, or None.
    """

    id: str
    kind: str
    type: NodeType
    name: Words | None
    settings: Mapping[str, Any]
    ports: Mapping[str, Port]
    targets: Mapping[str, int]
    connected: frozenset[str]
    failure_ports: frozenset[str]
    meets: frozenset[str] = frozenset()
    inside: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """One version of a flow, frozen. `start` is the index of its ingest node; `index` finds a node by its id."""

    key: str
    version: int
    fingerprint: str
    start: int
    nodes: tuple[PlanNode, ...]
    index: Mapping[str, int]


def ways_on(plan: Plan, node: str) -> tuple[str, ...]:
    """The connected ways out of a node that are no failure, in their order. None where the plan has no such node."""
    if node not in plan.index:
        return ()
    found = plan.nodes[plan.index[node]]
    return tuple(port for port in found.ports if port in found.connected and port not in found.failure_ports)

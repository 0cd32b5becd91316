"""A flow made ready to run: nodes as integers, conditions as closures, nothing left to look up by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nodes.contract import NodeType, Port, Words


@dataclass(frozen=True, slots=True)
class PlanNode:
    """One node of a plan. `targets` leads from a connected port to the index of the next node.

    `meets` are the joins at which the branches of a split wait for each other.
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


@dataclass(frozen=True, slots=True)
class Plan:
    """One version of a flow, frozen. `start` is the index of its ingest node; `index` finds a node by its id."""

    key: str
    version: int
    fingerprint: str
    start: int
    nodes: tuple[PlanNode, ...]
    index: Mapping[str, int]

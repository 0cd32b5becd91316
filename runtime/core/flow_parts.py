"""The parts of a flow as drawn, read from its document."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nodes.contract import NodeType, Port, Words


@dataclass(frozen=True, slots=True)
class FlowNode:
    """A node as drawn. `type` is None when nobody knows its kind; `ports` are those that its settings give it.

    `settings` are completed with the schema's defaults; `sound` says that nothing is wrong with them. `inner` is the flow
    that a sub-flow step stands for, `failures` the policy for its failure ways that lead nowhere, both where there is one.
    """

    id: str
    kind: str
    name: Words | None
    settings: Mapping[str, Any]
    type: NodeType | None
    ports: tuple[Port, ...]
    sound: bool
    inner: "Flow | None" = None
    failures: "FlowNode | None" = None


@dataclass(frozen=True, slots=True)
class Edge:
    """A line from a port of one node to another node."""

    id: str
    source: str
    port: str
    target: str


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow document whose key, name, nodes and edges could all be read. It may still have problems: a draft may.

    `failures` is the policy for all failure ways that lead nowhere, if the flow has one: a retry that stands nowhere.
    """

    key: str
    name: Words
    channels: tuple[str, ...]
    teams: Mapping[str, Words]
    nodes: tuple[FlowNode, ...]
    edges: tuple[Edge, ...]
    document: Mapping[str, Any]
    failures: FlowNode | None = None

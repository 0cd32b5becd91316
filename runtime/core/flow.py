"""The flow document: reading it, finding every problem at once, and telling its logic from its layout."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nodes.contract import NodeType, Port
from runtime.core.plan import Plan
from runtime.core.problem import Problem


@dataclass(frozen=True, slots=True)
class FlowNode:
    """A node as drawn. `type` is None when nobody knows its kind; `ports` are those that its settings give it."""

    id: str
    kind: str
    name: str | Mapping[str, str] | None
    settings: Mapping[str, Any]
    type: NodeType | None
    ports: tuple[Port, ...]


@dataclass(frozen=True, slots=True)
class Edge:
    """A line from a port of one node to another node."""

    id: str
    source: str
    port: str
    target: str


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow document whose shape is right. It may still have problems: a draft is allowed to."""

    key: str
    name: str | Mapping[str, str]
    channels: tuple[str, ...]
    teams: Mapping[str, str | Mapping[str, str]]
    nodes: tuple[FlowNode, ...]
    edges: tuple[Edge, ...]
    document: Mapping[str, Any]


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


def read_flow(document: Any) -> FlowCheck:
    """Check a flow document whole. Never raises, whatever was given."""
    raise NotImplementedError


def compile_plan(check: FlowCheck, version: int = 0) -> Plan:
    """The plan of a flow without errors. Raises ValueError when there are any."""
    raise NotImplementedError


def fingerprint(document: Mapping[str, Any]) -> str:
    """SHA-256 in hex over the logic of a flow document; moving nodes about does not change it."""
    raise NotImplementedError

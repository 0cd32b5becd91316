"""A flow version as people see it: what its steps and ways are called, and a picture of it with one order's way lit."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any, Final

import orjson
from sqlalchemy import Connection

from builder.i18n import words
from builder.labels import kind_name, port_name, rule_sentence
from builder.web import service
from nodes import node_types
from nodes.contract import Port
from runtime.core.flow_nesting import Library, no_library, pinned_by
from runtime.core.flow_settings import with_defaults
from runtime.core.plan import drawn_id, enclosing, inner_id, is_drawn
from runtime.store import queries

# The canvas draws cards of this size; the picture of an order's way must look like it.
CARD: Final = 232
HEAD: Final = 60
PORT_ROW: Final = 28
COLUMN: Final = 328
GAP: Final = 72
MARGIN: Final = 24


@dataclass(frozen=True, slots=True)
class Spot:
    """A node in the picture."""

    id: str
    kind: str
    name: str
    under: str
    x: int
    y: int
    height: int
    mark: str
    ports: tuple[tuple[str, int, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Way:
    """An edge in the picture: an SVG path, and whether the order took it."""

    path: str
    lit: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """A flow's picture: where it begins, how large it is, and what is in it."""

    x: int
    y: int
    width: int
    height: int
    spots: tuple[Spot, ...]
    ways: tuple[Way, ...]


@dataclass(frozen=True)
class DrawnFlow:
    """A flow document with its nodes found by id, those inside its sub-flows too (`check/ask`)."""

    document: Mapping[str, Any]
    number: int | None = None
    library: Library = no_library
    own: Mapping[str, Mapping[str, Any]] = field(init=False)
    inner: Mapping[str, "DrawnFlow"] = field(init=False)
    nodes: Mapping[str, Mapping[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        own = {node["id"]: node for node in self.document.get("nodes", ())}
        inner = dict(self._inner_flows(own))
        within = {inner_id(step, id_): node for step, flow in inner.items() for id_, node in flow.nodes.items()}
        for name, value in (("own", own), ("inner", inner), ("nodes", own | within)):
            object.__setattr__(self, name, value)

    def _inner_flows(self, own: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, "DrawnFlow"]]:
        for step, node in own.items():
            wanted = pinned_by(node.get("type"), node.get("settings"))
            document = self.library(*wanted) if wanted and wanted[0] != self.document.get("key") else None
            if document is not None and wanted is not None:
                yield step, DrawnFlow(document, wanted[1], self.library)

    @property
    def name(self) -> str:
        """The flow's name in the asker's language."""
        return words(self.document.get("name"))

    def kind(self, node_id: str) -> str:
        """The node's type; empty where the flow has no such node."""
        return str(self.nodes.get(node_id, {}).get("type", ""))

    def asking_kind(self, node_id: str) -> str:
        """The type that asks people at this step: where its own calls a system, the failure policy."""
        kind = self.kind(node_id)
        known = node_types().get(kind)
        return "retry" if known and known.group == "systems" else kind

    def most_tries(self, node_id: str) -> int:
        """How many tries there are in all, by this retry step or by the flow's own policy."""
        own = self.nodes.get(node_id, {}).get("settings", {})
        settings = own if is_drawn(node_id) else self._policy(drawn_id(node_id))
        return int(with_defaults("retry", settings)["max_tries"])

    def _policy(self, node_id: str) -> Mapping[str, Any]:
        """The failure policy that a node goes by: that of its own flow, or of the one around it."""
        step, inside, rest = node_id.partition("/")
        own: Mapping[str, Any] = self.document.get("failures") or {}
        return (inside and step in self.inner and self.inner[step]._policy(rest)) or own

    def node_name(self, node_id: str) -> str:
        """The designer's name of the node, else its type's; within a sub-flow, behind that step's name.

        A step's unseen policy is called like the step.
        """
        node_id = drawn_id(node_id)
        around = enclosing(node_id)
        node = self.nodes.get(node_id, {})
        name = words(node.get("name")) or kind_name(self.kind(node_id)) or node_id
        return f"{self.node_name(around)} › {name}" if around else name

    def port_name(self, node_id: str, port: str) -> str:
        """What the way out is called."""
        found = next((one for one in self.ports(node_id) if one.id == port), None)
        return port_name(self.kind(node_id), port, found.name if found else None)

    def ports(self, node_id: str) -> tuple[Port, ...]:
        """The ways out of the node."""
        node = self.nodes.get(node_id)
        kind = node_types().get(self.kind(node_id))
        return kind.ports(node.get("settings", {})) if node and kind else ()

    def ways_on(self, node_id: str) -> tuple[Port, ...]:
        """The connected ways out of the node that are no failure."""
        return tuple(port for port in self.ports(node_id) if not port.failure and (node_id, port.id) in self.targets)

    def rule(self, node_id: str, rule_id: str) -> Mapping[str, Any] | None:
        """A rule of a route node."""
        rules = self.nodes.get(node_id, {}).get("settings", {}).get("rules", ())
        return next((rule for rule in rules if rule.get("id") == rule_id), None)

    def rule_sentence(self, node_id: str, rule_id: str) -> str:
        """A rule's condition in words."""
        rule = self.rule(node_id, rule_id)
        return rule_sentence(rule["when"]) if rule and "when" in rule else ""

    @cached_property
    def targets(self) -> Mapping[tuple[str, str], str]:
        """Where each connected port leads."""
        within = {
            (inner_id(step, source), port): inner_id(step, target)
            for step, flow in self.inner.items()
            for (source, port), target in flow.targets.items()
        }
        return within | {(edge["from"], edge["port"]): edge["to"] for edge in self.document.get("edges", ())}

    def picture(self, lit: Iterable[tuple[str, str]] = (), marks: Mapping[str, str] | None = None) -> Picture:
        """The picture with these ways (node, port) lit. `marks` says how a node came out: done, waiting, failed."""
        taken, marks = frozenset(lit), marks or {}
        places = self._places()
        spots = tuple(self._spot(node_id, place, taken, marks) for node_id, place in places.items())
        by_id = {spot.id: spot for spot in spots}
        ways = [
            Way(self._curve(by_id[source], port, by_id[target]), (source, port) in taken)
            for (source, port), target in self.targets.items()
            if source in by_id and target in by_id
        ]
        left = min((spot.x for spot in spots), default=0) - MARGIN
        top = min((spot.y for spot in spots), default=0) - MARGIN
        right = max((spot.x + CARD for spot in spots), default=0) + MARGIN
        bottom = max((spot.y + spot.height for spot in spots), default=0) + MARGIN
        lit_last = tuple(sorted(ways, key=lambda way: way.lit))
        return Picture(left, top, right - left, bottom - top, spots, lit_last)

    def _spot(
        self,
        node_id: str,
        place: tuple[int, int],
        taken: frozenset[tuple[str, str]],
        marks: Mapping[str, str],
    ) -> Spot:
        ports = self.ports(node_id)
        rows = tuple(
            (self.port_name(node_id, port.id), HEAD + index * PORT_ROW + PORT_ROW // 2, (node_id, port.id) in taken)
            for index, port in enumerate(ports)
        )
        name, kind = self.node_name(node_id), kind_name(self.kind(node_id))
        return Spot(
            id=node_id,
            kind=self.kind(node_id),
            name=name,
            under=kind if kind != name else "",
            x=place[0],
            y=place[1],
            height=HEAD + len(ports) * PORT_ROW + 6 if len(ports) > 1 else HEAD,
            mark=marks.get(node_id, ""),
            ports=rows if len(ports) > 1 else (),
        )

    def _curve(self, source: Spot, port: str, target: Spot) -> str:
        index = next((i for i, one in enumerate(self.ports(source.id)) if one.id == port), 0)
        down = source.ports[index][1] if source.ports and index < len(source.ports) else HEAD // 2
        x1, y1 = source.x + CARD, source.y + down
        x2, y2 = target.x, target.y + HEAD // 2
        if x2 > x1:
            bend = max(24, (x2 - x1) // 2)
            return f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"
        # A way back runs under both cards.
        low = max(source.y + source.height, target.y + target.height) + 24
        return f"M{x1} {y1}C{x1 + 48} {y1} {x1 + 48} {low} {x1} {low}H{x2}C{x2 - 48} {low} {x2 - 48} {y2} {x2} {y2}"

    def _places(self) -> dict[str, tuple[int, int]]:
        told = self.document.get("layout", {}).get("nodes", {})
        if not all(node_id in told for node_id in self.own):
            return self._columns()
        places = {node_id: (int(told[node_id]["x"]), int(told[node_id]["y"])) for node_id in self.own}
        wide = _widening([x for x, _y in places.values()])
        return {node_id: (round(x * wide), y) for node_id, (x, y) in places.items()}

    def _columns(self) -> dict[str, tuple[int, int]]:
        """Places for a flow without a layout: a node stands one column right of the first that leads to it."""
        depth: dict[str, int] = {}
        heads = [node_id for node_id in self.own if self.kind(node_id) == "ingest"] or list(self.own)[:1]
        depth.update(dict.fromkeys(heads, 0))
        for source in heads:
            for (origin, _port), target in self.targets.items():
                if origin == source and target not in depth:
                    depth[target] = depth[source] + 1
                    heads.append(target)
        rows: dict[int, int] = {}
        places = {}
        for node_id in self.own:
            column = depth.get(node_id, 0)
            places[node_id] = (column * COLUMN, rows.get(column, 0))
            rows[column] = rows.get(column, 0) + HEAD + max(1, len(self.ports(node_id))) * PORT_ROW + MARGIN
        return places


def _widening(columns: list[int]) -> float:
    """How much wider the picture must be so that edges between its closest columns can be seen."""
    ranks = sorted(set(columns))
    gaps = [right - left for left, right in pairwise(ranks) if right - left > CARD // 2]
    return max(1.0, (CARD + GAP) / min(gaps)) if gaps else 1.0


def drawn_version(connection: Connection, version_id: str | None) -> DrawnFlow:
    """The published version with this id, which never changes. Without one: a flow without nodes."""
    if version_id is None:
        return DrawnFlow({})
    kept = _keep(version_id)
    if not kept:
        row = queries.version(connection, version_id)
        document = orjson.loads(row["document"]) if row else {}
        kept.append(DrawnFlow(document, row["number"] if row else None, service().flows.document))
    return kept[0]


@lru_cache(maxsize=256)
def _keep(version_id: str) -> list[DrawnFlow]:
    return []

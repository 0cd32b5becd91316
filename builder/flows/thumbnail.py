"""A flow as a small picture: where its steps stand and what they are, too small for names."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from builder.drawn import DrawnFlow, Picture

SCALE_X: Final = 0.19
SCALE_Y: Final = 0.3
CARD_WIDTH: Final = 38
CARD_HEIGHT: Final = 28
MARGIN: Final = 8

KIND_ICONS: Final[Mapping[str, str]] = {
    "ingest": "inbox",
    "pre-check": "search",
    "route": "split",
    "approval": "people",
    "hold": "pause",
    "notify": "mail",
    "wait": "hourglass",
    "set": "settings",
    "request": "plug",
    "retry": "retry",
    "split": "split",
    "join": "merge",
    "end": "check",
}


@dataclass(frozen=True, slots=True)
class Dot:
    """A step: its place, what it is called, and the icon of its type."""

    x: int
    y: int
    name: str
    icon: str
    tone: str


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """The small picture: its size, its steps, and the lines between them as SVG paths."""

    width: int
    height: int
    dots: tuple[Dot, ...]
    lines: tuple[str, ...]


def thumbnail(drawn: DrawnFlow) -> Thumbnail:
    """The flow in small, drawn from its layout."""
    picture = drawn.picture()
    dots = {spot.id: _dot(drawn, picture, spot.id, spot.kind, spot.x, spot.y) for spot in picture.spots}
    lines = tuple(
        _line(dots[source], dots[target])
        for (source, _port), target in drawn.targets.items()
        if source in dots and target in dots
    )
    right = max((dot.x for dot in dots.values()), default=0) + CARD_WIDTH
    bottom = max((dot.y for dot in dots.values()), default=0) + CARD_HEIGHT
    return Thumbnail(right + MARGIN, bottom + MARGIN, tuple(dots.values()), lines)


def _dot(drawn: DrawnFlow, picture: Picture, node_id: str, kind: str, x: int, y: int) -> Dot:
    cancelled = kind == "end" and drawn.nodes[node_id].get("settings", {}).get("result") == "cancelled"
    tone = {"approval": "people", "hold": "people", "ingest": "start"}.get(kind, kind)
    return Dot(
        x=MARGIN + round((x - picture.x) * SCALE_X),
        y=MARGIN + round((y - picture.y) * SCALE_Y),
        name=drawn.node_name(node_id),
        icon="cross" if cancelled else KIND_ICONS.get(kind, "dot"),
        tone="cancelled" if cancelled else tone,
    )


def _line(source: Dot, target: Dot) -> str:
    x1, y1 = source.x + CARD_WIDTH, source.y + CARD_HEIGHT // 2
    x2, y2 = target.x, target.y + CARD_HEIGHT // 2
    if x2 > x1:
        middle = (x1 + x2) // 2
        return f"M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}"
    low = max(source.y, target.y) + CARD_HEIGHT + 8
    return f"M{x1} {y1}C{x1 + 12} {y1} {x1 + 12} {low} {x1} {low}H{x2}C{x2 - 12} {low} {x2 - 12} {y2} {x2} {y2}"

"""Where the charts' bars, lines and marks lie. Plain numbers for inline SVG; colours and sizes are the style sheet's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from runtime.kpi import SECOND, Lengths, spread

WIDTH: Final = 600
TREND_HEIGHT: Final = 80
HALF: Final = 130
GAP: Final = 3
EDGES: Final = (0, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 86400, 172800)
"""Seconds at which a bar of the distribution begins."""


@dataclass(frozen=True, slots=True)
class Day:
    """A day of a trend: its figure (None: there was nothing), of how many, and where its bar lies."""

    day: date
    value: float | None
    number: int
    x: float
    width: float
    y: float
    height: float
    chosen: bool


@dataclass(frozen=True, slots=True)
class Trend:
    """Bars by day, the highest value, and the height of the baseline (None: nobody typed one in)."""

    days: tuple[Day, ...]
    top: float
    line: float | None
    width: int = WIDTH
    height: int = TREND_HEIGHT


def trend(values: Sequence[tuple[date, float | None, int]], first: date, baseline: float | None) -> Trend:
    """A bar for each day; those before `first` only show what was usual."""
    top = max([value for _day, value, _number in values if value] + [baseline or 0]) or 1
    wide = WIDTH / max(1, len(values))
    gap = min(GAP, wide / 4)
    days = []
    for place, (day, value, number) in enumerate(values):
        height = 0.0 if value is None else max(1.5 if number else 0, value / top * (TREND_HEIGHT - 4))
        days.append(
            Day(
                day,
                value,
                number,
                round(place * wide + gap / 2, 2),
                round(wide - gap, 2),
                round(TREND_HEIGHT - height, 2),
                round(height, 2),
                day >= first,
            )
        )
    line = None if baseline is None else round(TREND_HEIGHT - baseline / top * (TREND_HEIGHT - 4), 2)
    return Trend(tuple(days), top, line)


@dataclass(frozen=True, slots=True)
class Bin:
    """Orders whose handling took from `since` to before `until` seconds (None: or longer): on either side, and the bars."""

    since: int
    until: int | None
    before: int
    after: int
    x: float
    width: float
    before_height: float
    after_height: float
    before_share: float
    after_share: float


@dataclass(frozen=True, slots=True)
class Butterfly:
    """Two distributions back to back, each in shares of its own, with the place of its median and of its ninth tenth."""

    bins: tuple[Bin, ...]
    before_marks: tuple[float | None, float | None]
    after_marks: tuple[float | None, float | None]
    width: int = WIDTH
    half: int = HALF


def butterfly(before: Lengths, after: Lengths) -> Butterfly:
    """Before on top, after below."""
    counts = (spread(before, EDGES), spread(after, EDGES))
    shares = [
        [number / max(1, side.number) for number in row] for side, row in zip((before, after), counts, strict=True)
    ]
    top = max(*shares[0], *shares[1]) or 1
    wide = WIDTH / len(EDGES)
    bins = tuple(
        Bin(
            since,
            EDGES[place + 1] if place + 1 < len(EDGES) else None,
            counts[0][place],
            counts[1][place],
            round(place * wide + GAP / 2, 2),
            round(wide - GAP, 2),
            round(shares[0][place] / top * (HALF - 8), 2),
            round(shares[1][place] / top * (HALF - 8), 2),
            shares[0][place],
            shares[1][place],
        )
        for place, since in enumerate(EDGES)
    )
    return Butterfly(bins, _marks(before), _marks(after))


def _marks(lengths: Lengths) -> tuple[float | None, float | None]:
    half, ninth = (_place(lengths.reached(share)) for share in (0.5, 0.9))
    return half, ninth


def _place(micros: int | None) -> float | None:
    """Where a length lies on the axis, whose bars are all as wide."""
    if micros is None:
        return None
    seconds = micros / SECOND
    place = max(index for index, edge in enumerate(EDGES) if edge <= seconds)
    since = EDGES[place]
    until = EDGES[place + 1] if place + 1 < len(EDGES) else 2 * since
    within = min(1.0, (seconds - since) / (until - since))
    return round((place + within) * WIDTH / len(EDGES), 2)

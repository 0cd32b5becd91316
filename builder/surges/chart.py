"""A day of orders by the hour against what is usual, as rectangles for an inline SVG. Nothing here is styled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from fractions import Fraction

from runtime.core.surge import DAY_HOURS, HOUR, Baseline, baseline

WIDTH = 960
HEIGHT = 240
GAP = 8


@dataclass(frozen=True, slots=True)
class Bar:
    """An hour: what came, what is usual (None: not known), and where both are drawn."""

    hour: int
    came: int
    usual: float | None
    x: int
    width: int
    y: int
    height: int
    usual_y: int | None
    surge: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """The bars, the highest figure, and the height at which the marked hour trips (None: it cannot)."""

    bars: tuple[Bar, ...]
    top: int
    trips_at: int | None
    trips_y: int | None
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def labels(self) -> tuple[int, ...]:
        """The hours that are named below the bars: every sixth, and the last."""
        return tuple(bar.hour for bar in self.bars[::6])


def draw(
    counts: Mapping[int, int],
    first: int | None,
    last: int,
    marked: int,
    usual: Baseline | None,
    floor: int,
    zone: tzinfo,
) -> Chart:
    """The 24 hours up to `last`; `marked` is the hour of a surge, with the baseline by which it was judged.

    `floor` is how many orders the channel had to bring at least, whatever is usual.
    """
    hours = range(last - (DAY_HOURS - 1) * HOUR, last + HOUR, HOUR)
    means = {hour: _mean(baseline(counts, first, hour, zone)) for hour in hours}
    if usual is not None:
        means[marked] = usual.mean
    trips_at = max(usual.trips_at, floor) if usual and usual.trips_at else None
    top = max(
        1, trips_at or 0, *(counts.get(hour, 0) for hour in hours), *(-(-mean // 1) for mean in means.values() if mean)
    )
    width = WIDTH // DAY_HOURS
    bars = [
        _bar(hour, counts.get(hour, 0), means[hour], at * width + GAP // 2, width - GAP, int(top), hour == marked)
        for at, hour in enumerate(hours)
    ]
    return Chart(tuple(bars), int(top), trips_at, _y(trips_at, int(top)) if trips_at else None)


def compared_hours(last: int, compared: Sequence[int]) -> set[int]:
    """Every hour that `draw` looks at: the day, the day before it, and what the weeks' rule compares."""
    return {*compared, *range(last - 2 * DAY_HOURS * HOUR, last + HOUR, HOUR)}


def _bar(hour: int, came: int, mean: Fraction | None, x: int, width: int, top: int, surge: bool) -> Bar:
    y = _y(came, top)
    usual_y = None if mean is None else _y(mean, top)
    return Bar(hour, came, None if mean is None else float(mean), x, width, y, HEIGHT - y, usual_y, surge)


def _y(figure: int | Fraction, top: int) -> int:
    return HEIGHT - round(figure * HEIGHT / top)


def _mean(found: Baseline | None) -> Fraction | None:
    return found.mean if found else None

"""The rule of the surge breaker, the waves of a release, and when a channel has fallen silent. Pure.

Hours are clock hours in the zone of the business, told by their beginning in microseconds since the epoch. Counts are
orders of one channel by hour; an hour that is missing counts 0.

The rule: a channel trips when the orders of the running hour reach four times the baseline (+300 %) and the baseline is at
least 2. The baseline is the mean of the same weekday and hour of the last four weeks; while the channel's first order is
younger than that, the mean of the last 24 hours; while it is younger than a day, there is none, and nothing trips.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from fractions import Fraction
from typing import Literal

from runtime.core.moment import micros

HOUR = 3_600_000_000
WEEKS = 4
DAY_HOURS = 24
SURGE = 4
LEAST_MEAN = 2

REST_MICROS = 120 * 1_000_000
LEAST_FAILED = 2
MOST_FAILED = Fraction(1, 10)

SILENT_FROM = 5
SAME_HOUR_DAYS = 3

Rule = Literal["weeks", "day"]


@dataclass(frozen=True, slots=True)
class Baseline:
    """What an hour usually brings: `total` orders in `hours` compared hours, by one of the two rules."""

    rule: Rule
    total: int
    hours: int

    @property
    def mean(self) -> Fraction:
        """Orders an hour, exactly."""
        return Fraction(self.total, self.hours)

    @property
    def trips_at(self) -> int | None:
        """How many orders of the running hour are a surge; None: the baseline is too low to judge."""
        if self.mean < LEAST_MEAN:
            return None
        return -(-SURGE * self.total // self.hours)


def hour_of(at: int, zone: tzinfo) -> int:
    """The beginning of the clock hour in which a moment lies."""
    local = _local(at, zone)
    return at - ((local.minute * 60 + local.second) * 1_000_000 + local.microsecond)


def same_hours(hour: int, zone: tzinfo, days: int, times: int) -> tuple[int, ...]:
    """The same clock hour `days` days before, twice as many before, and so on, the nearest first."""
    wall = _local(hour, zone).replace(tzinfo=None)
    return tuple(
        hour_of(micros((wall - timedelta(days=days * back)).replace(tzinfo=zone)), zone) for back in range(1, times + 1)
    )


def weeks_baseline(counts: Mapping[int, int], hour: int, zone: tzinfo) -> Baseline:
    """The same weekday and hour of the last four weeks."""
    compared = same_hours(hour, zone, 7, WEEKS)
    return Baseline("weeks", sum(counts.get(one, 0) for one in compared), WEEKS)


def day_baseline(counts: Mapping[int, int], hour: int) -> Baseline:
    """The last 24 hours."""
    compared = range(hour - DAY_HOURS * HOUR, hour, HOUR)
    return Baseline("day", sum(counts.get(one, 0) for one in compared), DAY_HOURS)


def baseline(counts: Mapping[int, int], first: int | None, hour: int, zone: tzinfo) -> Baseline | None:
    """What this hour usually brings a channel whose first order came in the hour `first`. None: too young to tell."""
    if first is None or first > hour - DAY_HOURS * HOUR:
        return None
    if first <= same_hours(hour, zone, 7, WEEKS)[-1]:
        return weeks_baseline(counts, hour, zone)
    return day_baseline(counts, hour)


# --- release in waves -------------------------------------------------------------------------------------------------

LAST_WAVE = 3


def wave_size(wave: int, held: int) -> int:
    """How many of `held` orders a wave lets go: 5 % (at least one), a quarter, then all. Waves count from 1."""
    if wave >= LAST_WAVE:
        return held
    parts = 20 if wave == 1 else 4
    return min(held, -(-held // parts))


def too_many_fail(failed: int, released: int) -> bool:
    """Whether a wave goes wrong: more than 10 % of it failed, and at least 2."""
    return failed >= LEAST_FAILED and failed > MOST_FAILED * released


def has_rested(moving: int, since: int, now: int) -> bool:
    """Whether a wave was watched long enough: none of it moves any more, or two minutes are over."""
    return not moving or now - since >= REST_MICROS


# --- silence ----------------------------------------------------------------------------------------------------------


def expected_in(counts: Mapping[int, int], first: int | None, hour: int, zone: tzinfo) -> int | None:
    """How many orders at least were to come in an hour in which none came; None where silence is nothing strange.

    The same hour of the same weekday is compared over the last four weeks, for a younger channel the same hour of the last
    three days: each of them must have brought 5 orders or more. The mean of a whole day knows no night, so it is not asked.
    """
    weeks, days = same_hours(hour, zone, 7, WEEKS), same_hours(hour, zone, 1, SAME_HOUR_DAYS)
    compared = weeks if first is not None and first <= weeks[-1] else days
    if first is None or first > compared[-1]:
        return None
    least = min(counts.get(one, 0) for one in compared)
    return least if least >= SILENT_FROM else None


def _local(at: int, zone: tzinfo) -> datetime:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).astimezone(zone)

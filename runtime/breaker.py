"""The surge breaker at the door: counts what comes, and says how many orders of a channel may go on by themselves."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

import structlog
from sqlalchemy import Connection

from runtime.actor import SYSTEM
from runtime.core.moment import micros
from runtime.core.surge import DAY_HOURS, HOUR, WEEKS, Baseline, baseline, hour_of, same_hours
from runtime.store import surges, trail
from runtime.store.ids import new_id
from runtime.store.surges import Opening

log = structlog.get_logger()

KEPT_MICROS = 60 * 1_000_000


@dataclass(frozen=True, slots=True)
class _Known:
    """A channel's baseline of an hour, as it was read at a moment."""

    hour: int
    read_at: int
    usual: Baseline | None

    def holds_for(self, hour: int, at: int) -> bool:
        """Whether it still says what is usual: for its own hour, for a minute, and only if no clock was set back."""
        return hour == self.hour and 0 <= at - self.read_at < KEPT_MICROS


@dataclass(slots=True)
class Breaker:
    """Used by one commit at a time: who stores orders asks within the same transaction."""

    zone: tzinfo
    _known: dict[str, _Known] = field(default_factory=dict)

    def admit(self, connection: Connection, came: Mapping[str, int], now: datetime) -> dict[str, int]:
        """Count new orders by channel. How many of each channel go on, from the first; the rest is held.

        The order that reaches four times the baseline is the first that is held. IntegrityError where somebody else trips
        the same channel at the same moment: begin again.
        """
        hour = hour_of(micros(now), self.zone)
        totals = surges.add_arrivals(connection, came, hour)
        held = surges.holding(connection, came)
        return {
            channel: 0
            if channel in held
            else self._free(connection, channel, hour, totals[channel] - count, count, now)
            for channel, count in came.items()
        }

    def _free(self, connection: Connection, channel: str, hour: int, before: int, count: int, now: datetime) -> int:
        at, total = micros(now), before + count
        usual = self._usual(connection, channel, hour, at)
        if usual is None or usual.trips_at is None or total < usual.trips_at:
            return count
        floor = surges.floors(connection).get(channel, 0)
        if total < floor or at < surges.quiet_until(connection, channel):
            return count
        opening = Opening(channel, "surge", hour, total, usual, SYSTEM.name)
        surges.open_surge(connection, opening, new_id(now), at)
        figures = {"hour": hour, "came": total, "usual": float(usual.mean), "rule": usual.rule}
        trail.write(connection, SYSTEM, at, "surge.trip", channel, after=figures)
        log.warning("surge.tripped", channel=channel, came=total, usual=float(usual.mean), rule=usual.rule)
        return max(0, max(usual.trips_at, floor) - 1 - before)

    def _usual(self, connection: Connection, channel: str, hour: int, at: int) -> Baseline | None:
        known = self._known.get(channel)
        if known is None or not known.holds_for(hour, at):
            known = self._known[channel] = _Known(hour, at, usual_of(connection, channel, hour, self.zone))
        return known.usual


def usual_of(connection: Connection, channel: str, hour: int, zone: tzinfo) -> Baseline | None:
    """What the hour usually brings the channel, from what was counted. None: the channel is too young to tell."""
    compared = {*same_hours(hour, zone, 7, WEEKS), *range(hour - DAY_HOURS * HOUR, hour, HOUR)}
    counts = surges.arrived(connection, channel, compared)
    return baseline(counts, surges.first_hour(connection, channel), hour, zone)

"""Working time: the shifts of each weekday, and special days that are off or worked by way of exception.

A calendar's document, as it is stored:

    {"zone": "Asia/Shanghai",
     "week": {"mon": [["09:00", "18:00"]], …},          a weekday that is not named is off
     "days": {"2026-10-01": {"kind": "off"},
              "2026-10-10": {"kind": "works", "like": "mon"},
              "2026-10-11": {"kind": "works", "shifts": [["10:00", "16:00"]]}}}

A shift that does not end after it begins passes midnight and belongs to the day on which it begins; `24:00` is an end.
Minutes are those that pass, so that a night on which clocks are changed has as many as it has.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

FURTHEST_DAYS = 4_000
"""How many days ahead working time is looked for: a year of minutes in working weeks, and more."""

_DAY = 24 * 60
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Shift:
    """Working time of a day, in minutes on the clock after its midnight. What ends after 1440 ends on the next day."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Calendar:
    """When people work. `week` are the shifts from Monday on, `days` those of special days."""

    zone: ZoneInfo
    week: tuple[tuple[Shift, ...], ...]
    days: Mapping[date, tuple[Shift, ...]]

    def later(self, moment: datetime, minutes: int) -> datetime | None:
        """The first moment at which so many working minutes have passed since `moment`, in UTC.

        None: there are not so many in the next `FURTHEST_DAYS`.
        """
        left = timedelta(minutes=minutes)
        if not left:
            return moment
        for start, end in self._working(moment):
            if left <= end - start:
                return start + left
            left -= end - start
        return None

    def opens(self, moment: datetime) -> datetime | None:
        """`moment` itself if people work then, else when they begin to. None: not in the next `FURTHEST_DAYS`."""
        return next((start for start, _ in self._working(moment)), None)

    def works_at(self, moment: datetime) -> bool:
        """Whether people work at `moment`; no more at the very end of a shift."""
        return self.opens(moment) == moment

    def between(self, since: datetime, until: datetime) -> int:
        """The whole working minutes from `since` to `until`; none where `until` is not later."""
        passed = timedelta()
        for start, end in self._working(since, (until - since).days + 2):
            if start >= until:
                break
            passed += min(end, until) - start
        return passed // _MINUTE

    def shifts(self, day: date) -> tuple[Shift, ...]:
        """The shifts that begin on a day."""
        return self.days.get(day, self.week[day.weekday()])

    def _working(self, since: datetime, days: int = FURTHEST_DAYS) -> Iterator[tuple[datetime, datetime]]:
        """The stretches of working time after `since`, one after the other, in UTC. Shifts that overlap count once."""
        reached = since
        first = since.astimezone(self.zone).date().toordinal()
        for number in range(max(first - 1, 1), min(first + days, date.max.toordinal() - 2)):
            day = date.fromordinal(number)
            for shift in self.shifts(day):
                start, end = max(reached, self._moment(day, shift.start)), self._moment(day, shift.end)
                if start < end:
                    yield start, end
                    reached = end

    def _moment(self, day: date, minutes: int) -> datetime:
        """When the clocks first show so many minutes after midnight, or jump over them."""
        shown = datetime.combine(day, time()) + timedelta(minutes=minutes)
        early, late = sorted(shown.replace(tzinfo=self.zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        if early == late or early.astimezone(self.zone).replace(tzinfo=None) == shown:
            return early
        jump = range((late - early) // _MINUTE + 1)
        passed = bisect_left(
            jump,
            True,
            key=lambda minute: (early + minute * _MINUTE).astimezone(self.zone).replace(tzinfo=None) >= shown,
        )
        return early + passed * _MINUTE


def read_calendar(document: Mapping[str, Any]) -> Calendar:
    """The calendar of a document that was checked before."""
    week = {weekday: read_shifts(shifts) for weekday, shifts in document["week"].items()}
    return Calendar(
        ZoneInfo(document["zone"]),
        tuple(week.get(weekday, ()) for weekday in WEEKDAYS),
        {date.fromisoformat(day): _shifts_of(special, week) for day, special in document["days"].items()},
    )


def read_shifts(written: Sequence[Sequence[str]]) -> tuple[Shift, ...]:
    """Shifts that are written like `["09:00", "18:00"]`, in the order in which they begin."""
    return tuple(sorted((_shift(*map(_minutes, pair)) for pair in written), key=lambda shift: shift.start))


def _shift(start: int, end: int) -> Shift:
    return Shift(start, end if end > start else end + _DAY)


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _shifts_of(special: Mapping[str, Any], week: Mapping[str, tuple[Shift, ...]]) -> tuple[Shift, ...]:
    """The shifts of a special day: none, its own, or those of a weekday."""
    if special["kind"] == "off":
        return ()
    return read_shifts(special["shifts"]) if "shifts" in special else week.get(special["like"], ())

"""The period that is looked at, and the one before that it is compared with."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

from runtime.core.moment import micros
from runtime.store.kpi import Span

DAYS: Final[Mapping[str, int]] = {"today": 1, "7": 7, "30": 30, "90": 90}
USUAL: Final = "7"
LONGEST_DAYS: Final = 366
SHORTEST_TREND: Final = 7
FIRST_YEAR: Final = 2000


@dataclass(frozen=True, slots=True)
class Period:
    """A period by its days (both are in it), with its exact span and that of the one before, which is as long.

    The present day is in it up to now, and the day that it is compared with up to the same time of day.
    """

    name: str
    first: date
    last: date
    before_first: date
    before_last: date
    now: Span
    before: Span
    trend: Span
    trend_first: date


def chosen(asked: Mapping[str, str], at: datetime, zone: tzinfo) -> Period:
    """The period that an address asks for; what makes no sense is the last seven days."""
    local = at.astimezone(zone)
    name = asked.get("period", USUAL)
    if name == "days":
        days = _typed(asked, local.date())
        if days:
            return _period("days", *days, local)
    name = name if name in DAYS else USUAL
    return _period(name, local.date() - timedelta(days=DAYS[name] - 1), local.date(), local)


def _typed(asked: Mapping[str, str], today: date) -> tuple[date, date] | None:
    try:
        first, last = (date.fromisoformat(asked.get(end, "")) for end in ("first", "last"))
    except ValueError:
        return None
    first, last = min(first, last, today), min(max(first, last), today)
    if first.year < FIRST_YEAR:
        return None
    return max(first, last - timedelta(days=LONGEST_DAYS - 1)), last


def _period(name: str, first: date, last: date, local: datetime) -> Period:
    length = timedelta(days=(last - first).days + 1)
    until = _midnight(last + timedelta(days=1), local)
    missing = until - min(until, local)
    trend_first = min(first, last - timedelta(days=SHORTEST_TREND - 1))
    return Period(
        name=name,
        first=first,
        last=last,
        before_first=first - length,
        before_last=last - length,
        now=Span(micros(_midnight(first, local)), micros(until)),
        before=Span(micros(_midnight(first - length, local)), micros(_midnight(first, local) - missing)),
        trend=Span(micros(_midnight(trend_first, local)), micros(until)),
        trend_first=trend_first,
    )


def _midnight(day: date, local: datetime) -> datetime:
    return datetime.combine(day, time(), tzinfo=local.tzinfo)

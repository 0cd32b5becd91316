"""A year of a calendar as people look at it: twelve months, the special days in a list, and the week in one line."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby, pairwise
from typing import Any, Final, Literal

from babel.dates import format_date, get_day_names
from flask_babel import get_locale

from builder.i18n import language_tag, words
from builder.i18n.text import _
from runtime.calendars import Kept
from runtime.core.calendars import show_shifts
from runtime.core.working import WEEKDAYS

Document = Mapping[str, Any]
Mark = Literal["off", "works", "usual", "rest"]

# As calendars on walls show them: a letter each in English, 休 and 班 in Chinese.
_SIGNS: Final = {"en": {"off": "H", "works": "W"}, "zh-CN": {"off": "休", "works": "班"}}

SOON: Final = 60
"""So many days before the known holidays end, people are told."""


@dataclass(frozen=True, slots=True)
class Day:
    """A day of a month. `mark`: off or worked by way of exception, worked as usual, or never worked."""

    day: date
    mark: Mark
    told: str
    today: bool


@dataclass(frozen=True, slots=True)
class Month:
    """A month: its name, how many days of its first week belong to the one before, and its days."""

    name: str
    blank: int
    days: tuple[Day, ...]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Special days that follow each other and are alike."""

    first: date
    mark: Mark
    when: str
    told: str


def months(document: Document, year: int, today: date) -> list[Month]:
    """The twelve months of a year."""
    return [_month(document, date(year, number, 1), today) for number in range(1, 13)]


def stretches(document: Document, year: int) -> list[Stretch]:
    """The special days of a year, those together that follow each other and are alike."""
    days = [date.fromisoformat(text) for text in sorted(document["days"]) if text.startswith(f"{year}-")]
    told = {day: (day, document["days"][day.isoformat()]) for day in days}
    breaks = {after for before, after in pairwise(days) if after - before > timedelta(days=1)}
    changes = {after for before, after in pairwise(days) if told[before][1] != told[after][1]}
    run = 0
    numbered = []
    for day in days:
        run += day in breaks or day in changes
        numbered.append((run, day))
    return [_stretch(document, [day for _run, day in group]) for _, group in groupby(numbered, key=lambda one: one[0])]


def week_line(document: Document) -> str:
    """The shifts of the week in one line, weekdays together that are alike."""
    names = get_day_names("abbreviated", locale=get_locale())
    parts = []
    worked = [(number, show_shifts(document["week"].get(key, ()))) for number, key in enumerate(WEEKDAYS)]
    for shifts, group in groupby(worked, key=lambda one: one[1]):
        numbers = [number for number, _ in group]
        first, last = names[numbers[0]], names[numbers[-1]]
        if shifts:
            parts.append(f"{first if first == last else f'{first}–{last}'} {shifts}")
    return _("; ").join(parts)


def today_in(kept: Kept, at: datetime) -> date:
    """Which day it is where the calendar is."""
    return at.astimezone(kept.calendar.zone).date()


def days_known(document: Document, today: date) -> int | None:
    """For how many more days the holidays are known; negative: no more. None: nobody wrote until when."""
    known = document.get("known_until")
    return (date.fromisoformat(known) - today).days if known else None


def usual(document: Document, day: date) -> str:
    """What is worked on such a weekday."""
    return show_shifts(document["week"].get(WEEKDAYS[day.weekday()], ())) or _("off")


def day_line(document: Document, day: date) -> str:
    """What is so on a day, and why."""
    special = document["days"].get(day.isoformat())
    if special is None:
        return usual(document, day)
    name = words(special.get("name"))
    return f"{special_line(special)} · {name}" if name else special_line(special)


def special_line(special: Document) -> str:
    """What is so on a special day, without its name."""
    if special["kind"] == "off":
        return _("off")
    if "shifts" in special:
        return _("worked %(shifts)s", shifts=show_shifts(special["shifts"]))
    day = weekday_names("wide")[special["like"]]
    return _("worked like %(weekday)s", weekday=day)


def long_day(day: date) -> str:
    """The day in full, with its weekday."""
    return format_date(day, "EEEE, d MMMM y" if language_tag() == "en" else "y年M月d日 EEEE", locale=get_locale())


def short_day(day: date) -> str:
    """The day within its year."""
    return format_date(day, "d MMM" if language_tag() == "en" else "M月d日", locale=get_locale())


def full_date(text: str) -> str:
    """A date with its year, from ISO text."""
    pattern = "d MMMM y" if language_tag() == "en" else "y年M月d日"
    return format_date(date.fromisoformat(text), pattern, locale=get_locale())


def weekday_names(width: Literal["wide", "abbreviated", "narrow"]) -> dict[str, str]:
    """The weekdays by their key, from Monday on."""
    names = get_day_names(width, locale=get_locale())
    return {key: names[number] for number, key in enumerate(WEEKDAYS)}


def _month(document: Document, first: date, today: date) -> Month:
    name = format_date(first, "LLLL", locale=get_locale())
    return Month(name, first.weekday(), tuple(_day(document, day, today) for day in _days_of(first)))


def _days_of(first: date) -> Iterator[date]:
    day = first
    while day.month == first.month:
        yield day
        day += timedelta(days=1)


def _day(document: Document, day: date, today: date) -> Day:
    special = document["days"].get(day.isoformat())
    worked = WEEKDAYS[day.weekday()] in document["week"]
    mark: Mark = special["kind"] if special else "usual" if worked else "rest"
    return Day(day, mark, f"{long_day(day)}: {day_line(document, day)}", day == today)


def _stretch(document: Document, days: list[date]) -> Stretch:
    first, last = days[0], days[-1]
    special = document["days"][first.isoformat()]
    when = short_day(first) if first == last else f"{short_day(first)} – {short_day(last)}"
    return Stretch(first, special["kind"], when, day_line(document, first))


def sign(mark: str) -> str:
    """The sign of a special day, which tells it without its colour."""
    return _SIGNS[language_tag()][mark]


def next_opening(kept: Kept, at: datetime) -> tuple[bool, datetime | None]:
    """Whether people work now, else when they begin."""
    opening = kept.calendar.opens(at.astimezone(UTC))
    return opening == at, opening

"""What people write into a calendar: its document checked, and shifts and special days read as they type them.

The document's form is told by `runtime.core.working`. Each special day may have a name; beside `days` may stand
`known_until`, the last day until which the holidays are known, and `source`, who said so.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from unicodedata import normalize
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jsonschema import Draft202012Validator

from runtime.core.json_text import shown
from runtime.core.problem import Problem, joined
from runtime.core.shape import StrictValidator, shape_problems
from runtime.core.working import WEEKDAYS, read_shifts

Document = Mapping[str, Any]
Shifts = list[list[str]]

MOST_DAYS: Final = 2_000
MOST_LINES: Final = 500
LONGEST_STRETCH: Final = 60
LONGEST_NAME: Final = 100
LONGEST_LINE: Final = 400
_FIRST_YEAR, _LAST_YEAR = 2000, 2199

_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", re.ASCII)
_SHIFT = re.compile(r"(\d{1,2}):(\d{2})(?:-|–|—|~|至|到)(\d{1,2}):(\d{2})", re.ASCII)
_STRETCH = re.compile(r"\.\.|~|至|到")
_KINDS = {
    "off": "off",
    "休": "off",
    "休息": "off",
    "放假": "off",
    "works": "works",
    "班": "works",
    "上班": "works",
    "补班": "works",
    "调休上班": "works",
}
_WEEKDAYS = dict(zip(("周一", "周二", "周三", "周四", "周五", "周六", "周日"), WEEKDAYS, strict=True)) | {
    weekday: weekday for weekday in WEEKDAYS
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line that was typed: the special days that it tells (ISO date -> what is so on it), or what is wrong with it."""

    number: int
    text: str
    days: Mapping[str, Document]
    problem: Problem | None = None


# --- the document -----------------------------------------------------------------------------------------------------


def problems(document: Any) -> list[Problem]:
    """All that is wrong with a calendar's document: its form first, and only then what it says."""
    wrong = shape_problems(_validator(), document)
    return list(wrong) if wrong else [*_week_problems(document), *_day_problems(document), *_margin_problems(document)]


@cache
def _validator() -> Draft202012Validator:
    return StrictValidator(json.loads(Path(__file__).with_name("calendar.schema.json").read_text("utf-8")))


def _week_problems(document: Document) -> Iterator[Problem]:
    if not is_zone(document["zone"]):
        yield Problem("calendar.zone", "zone", {"zone": shown(document["zone"])})
    if not document["week"]:
        yield Problem("calendar.no_hours", "week")
    for weekday, shifts in document["week"].items():
        yield from _overlaps(shifts, joined("week", weekday))


def _day_problems(document: Document) -> Iterator[Problem]:
    if len(document["days"]) > MOST_DAYS:
        yield Problem("calendar.many_days", "days", {"most": MOST_DAYS})
    for day, special in document["days"].items():
        where = joined("days", shown(day))
        if not _is_date(day):
            yield Problem("calendar.date", where, {"date": shown(day)})
        else:
            yield from _special_problems(special, document["week"], where)


def _special_problems(special: Document, week: Document, where: str) -> Iterator[Problem]:
    told = [name for name in ("like", "shifts") if name in special]
    match special["kind"]:
        case "off" if told:
            yield Problem("calendar.off_works", where)
        case "works" if len(told) != 1:
            yield Problem("calendar.works_when", where)
        case "works" if "like" in special and special["like"] not in week:
            yield Problem("calendar.like_off", joined(where, "like"), {"weekday_kind": special["like"]})
        case "works" if "shifts" in special:
            yield from _overlaps(special["shifts"], joined(where, "shifts"))


def _margin_problems(document: Document) -> Iterator[Problem]:
    known = document.get("known_until")
    if known is not None and not _is_date(known):
        yield Problem("calendar.date", "known_until", {"date": shown(known)})


def _overlaps(shifts: Sequence[Sequence[str]], where: str) -> Iterator[Problem]:
    """Shifts of one day that run into each other: somebody mistyped, for no minute counts twice."""
    for before, after in pairwise(read_shifts(shifts)):
        if after.start < before.end:
            yield Problem("calendar.overlap", where, {"shifts": show_shifts(shifts)})
            return


def is_zone(name: str) -> bool:
    """Whether a time zone of this name is known."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _is_date(text: str) -> bool:
    found = read_date(text)
    return found is not None and found.isoformat() == text


# --- what is typed ------------------------------------------------------------------------------------------------------


def type_shifts(text: str) -> Shifts | None:
    """Shifts that somebody typed, like `09:00-12:00, 13:00-18:00`; none for an empty text, None for an unreadable one."""
    if len(text) > LONGEST_LINE:
        return None
    parts = re.split(r"[,;、\s]+", _tight(normalize("NFKC", text)).strip(" ,;、"))
    read = [_type_shift(part) for part in parts if part]
    return None if None in read else [shift for shift in read if shift]


def show_shifts(shifts: Sequence[Sequence[str]]) -> str:
    """Shifts as people type and read them."""
    return ", ".join(f"{start}–{end}" for start, end in shifts)


def read_date(text: str) -> date | None:
    """A day that somebody typed: `2027-02-06`, `2027/2/6` or `2027年2月6日`."""
    found = _DATE.fullmatch(text)
    if not found:
        return None
    try:
        day = date(*map(int, found.groups()))
    except ValueError:
        return None
    return day if _FIRST_YEAR <= day.year <= _LAST_YEAR else None


def type_days(text: str, week: Document) -> list[Line]:
    """Special days that somebody typed or pasted, a line each; empty lines are left out.

    `2027-02-06 off Spring Festival`, `2027-02-05..2027-02-11 off 春节`, `2027-02-14 works 调休`; behind `works` may stand
    the weekday that is worked (`fri`) or its own shifts (`10:00-16:00`), else it is the first weekday with shifts.
    """
    lines: list[Line] = []
    told: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        if len(lines) == MOST_LINES:
            return [*lines, Line(number, line.strip(), {}, Problem("calendar.many_lines", params={"most": MOST_LINES}))]
        read = _type_line(number, line.strip(), week)
        before = next((day for day in read.days if day in told), None)
        if before:
            again = Problem("calendar.twice", params={"date": before, "line": told[before]})
            read = replace(read, days={}, problem=again)
        told |= dict.fromkeys(read.days, number)
        lines.append(read)
    return lines


def _type_line(number: int, text: str, week: Document) -> Line:
    if len(text) > LONGEST_LINE:
        return Line(number, f"{text[:LONGEST_LINE]}…", {}, Problem("calendar.line_long", params={"most": LONGEST_LINE}))
    when, kind, rest = (*_tight(normalize("NFKC", text)).split(maxsplit=2), "", "", "")[:3]
    days = _stretch(when)
    special = _type_special(_KINDS.get(kind.lower()), rest, week)
    for wrong in (days, special):
        if isinstance(wrong, Problem):
            return Line(number, text, {}, wrong)
    assert not isinstance(days, Problem)
    assert not isinstance(special, Problem)
    return Line(number, text, dict.fromkeys(days, special))


def _stretch(when: str) -> list[str] | Problem:
    """The days from the first to the last that a line names; most name one."""
    ends = [read_date(part) for part in _STRETCH.split(when)]
    first, last = ends[0], ends[-1]
    if first is None or last is None or len(ends) > 2:
        return Problem("calendar.line_date", params={"date": shown(when)})
    length = (last - first).days + 1
    if not 1 <= length <= LONGEST_STRETCH:
        return Problem("calendar.line_stretch", params={"date": shown(when), "most": LONGEST_STRETCH})
    return [(first + timedelta(days=more)).isoformat() for more in range(length)]


def _type_special(kind: str | None, rest: str, week: Document) -> Document | Problem:
    if kind is None:
        return Problem("calendar.line_kind")
    when, name = _when_worked(rest, week) if kind == "works" else ({}, rest)
    if "like" in when and when["like"] not in week:
        return Problem("calendar.like_off", params={"weekday_kind": when["like"]})
    if len(name) > LONGEST_NAME:
        return Problem("calendar.line_name", params={"most": LONGEST_NAME})
    return {"kind": kind, **when, **({"name": name} if name else {})}


def _when_worked(rest: str, week: Document) -> tuple[Document, str]:
    """Which shifts a swapped day has, and what stands behind: its name."""
    first, _, name = rest.partition(" ")
    if first.lower() in _WEEKDAYS:
        return {"like": _WEEKDAYS[first.lower()]}, name.strip()
    shifts = type_shifts(first) if first else None
    if shifts:
        return {"shifts": shifts}, name.strip()
    return {"like": next((weekday for weekday in WEEKDAYS if weekday in week), WEEKDAYS[0])}, rest


def _tight(text: str) -> str:
    """Without the blanks around what joins two times or two shifts: `09:00 - 12:00 , 13:00` is one word so."""
    return re.sub(r"(?<=\d)\s*(-|–|—|~|至|到|\.\.|[,、])\s*(?=\d)", r"\1", text)


def _type_shift(text: str) -> list[str] | None:
    found = _SHIFT.fullmatch(text)
    if not found:
        return None
    hours, minutes, until_hours, until_minutes = map(int, found.groups())
    begins = hours < 24 and minutes < 60
    ends = (until_hours < 24 and until_minutes < 60) or (until_hours, until_minutes) == (24, 0)
    return [f"{hours:02}:{minutes:02}", f"{until_hours:02}:{until_minutes:02}"] if begins and ends else None

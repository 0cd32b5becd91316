"""The pages of the calendars: which there are, the year of each, its shifts, and special days one by one or pasted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from flask import Blueprint, abort, flash, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Connection

from builder.auth import requires
from builder.calendars import year as seen
from builder.i18n import words
from builder.i18n.text import _, ngettext
from builder.labels import told_problem
from builder.models import engine
from builder.web import asker, counting, go
from nodes.contract import Words
from runtime import calendars
from runtime.actor import Actor
from runtime.calendars import LONGEST_KEY, LONGEST_NAME, Kept
from runtime.clock import now
from runtime.core.calendars import LONGEST_NAME as LONGEST_DAY_NAME
from runtime.core.calendars import LONGEST_STRETCH, Line, read_date, show_shifts, type_days, type_shifts
from runtime.core.json_text import shown
from runtime.core.moment import micros
from runtime.core.problem import Problem
from runtime.core.working import WEEKDAYS
from runtime.store.database import begin, reading

pages = Blueprint("calendars", __name__)

Document = Mapping[str, Any]

FIRST_WEEK: Final = {weekday: [["09:00", "18:00"]] for weekday in WEEKDAYS[:5]}
ZONES: Final = (
    "Asia/Shanghai",
    "Asia/Hong_Kong",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/Los_Angeles",
)
LONGEST_TRIAL: Final = 99_999


@pages.get("/calendars")
@requires("calendars.see")
def list_page() -> ResponseReturnValue:
    """Every calendar: its week, until when its holidays are known, and how many flows count by it."""
    at = now()
    with reading(engine()) as connection:
        rows = [(kept, calendars.flows_with(connection, kept.key)) for kept in calendars.all_calendars(connection)]
    return render_template("calendars/list.html", rows=rows, at=at, seen=seen)


@pages.get("/calendars/new")
@requires("calendars.manage")
def new_page() -> ResponseReturnValue:
    """The form for one more calendar, new or copied."""
    return _new({"like": request.args.get("like", ""), "zone": ZONES[0]}, ())


@pages.post("/calendars/new")
@requires("calendars.manage")
def add() -> ResponseReturnValue:
    """Add a calendar: office hours without holidays, or a copy of another."""
    key = request.form.get("key", "").strip()
    with begin(engine(), durable=True) as connection:
        like = calendars.find(connection, request.form.get("like", ""))
        empty = {"zone": request.form.get("zone", "").strip(), "week": FIRST_WEEK, "days": {}}
        kept = Kept(key, _typed_name(key), like.document if like else empty)
        problems = calendars.problems_of(kept, new=True)
        if not problems and not calendars.add(connection, kept, _asker(), micros(now())):
            problems = [Problem("calendar.taken", "key", {"key": key})]
    if problems:
        return _new(request.form, problems), 422
    flash(_("Steps of flows can count by it now."), "good")
    return go("calendars.calendar_page", key=key)


@pages.get("/calendars/<key>")
@requires("calendars.see")
def calendar_page(key: str) -> ResponseReturnValue:
    """A calendar: the year, a day of it, its shifts, and what a deadline comes to."""
    with reading(engine()) as connection:
        return _page(_kept(connection, key))


@pages.post("/calendars/<key>")
@requires("calendars.manage")
def change(key: str) -> ResponseReturnValue:
    """Change name, zone, shifts of the week, and until when the holidays are known."""
    with begin(engine(), durable=True) as connection:
        before = _kept(connection, key)
        week, problems = _typed_week()
        margin = {name: request.form.get(name, "").strip() for name in ("zone", "known_until", "source")}
        filled = {name: text for name, text in margin.items() if text or name == "zone"}
        kept = replace(
            before,
            name=_typed_name(before.key),
            document={**filled, "week": week, "days": before.document["days"]},
            rev=counting(request.form.get("rev")) or 0,
        )
        problems = problems or calendars.problems_of(kept, new=False)
        stale = not problems and not calendars.change(connection, kept, _asker(), micros(now()))
        if stale:
            problems = [Problem("calendar.changed", "rev")]
        if problems:
            return _page(before, typed=request.form, problems=problems), 409 if stale else 422
    flash(_("Saved. Deadlines that are set from now on count by it."), "good")
    return go("calendars.calendar_page", key=key)


@pages.post("/calendars/<key>/days")
@requires("calendars.manage")
def change_days(key: str) -> ResponseReturnValue:
    """Say what is so on a day, or on all days up to a later one."""
    with begin(engine(), durable=True) as connection:
        kept = _kept(connection, key)
        typed = _typed_days(kept.document)
        if isinstance(typed, Problem):
            return _page(kept, typed=request.form, problems=(typed,)), 422
        days = {day: special for day, special in {**kept.document["days"], **typed}.items() if special}
        problems = _keep_days(connection, kept, days)
        if problems:
            return _page(kept, typed=request.form, problems=problems), 422
    flash(ngettext("%(num)s day changed.", "%(num)s days changed.", len(typed)), "good")
    first = next(iter(typed))
    return go("calendars.calendar_page", key=key, year=first[:4], day=first)


@pages.post("/calendars/<key>/lines")
@requires("calendars.manage")
def take_lines(key: str) -> ResponseReturnValue:
    """Look at pasted special days line by line, or take those over that can be read; the others stay to be mended."""
    text = request.form.get("lines", "")
    with begin(engine(), durable=True) as connection:
        kept = _kept(connection, key)
        lines = type_days(text, kept.document["week"])
        days = {day: special for line in lines for day, special in line.days.items()}
        if request.form.get("act") != "take" or not days:
            return _page(kept, pasted=Pasted.of(text, lines, kept.document))
        known = request.form.get("known_until", "").strip()
        until = {"known_until": known} if known else {}
        problems = _keep_days(connection, kept, {**kept.document["days"], **days}, **until)
        if problems:
            return _page(kept, pasted=Pasted.of(text, lines, kept.document), problems=problems), 422
        wrong = [line for line in lines if line.problem]
        if wrong:
            rest = "\n".join(line.text for line in wrong)
            again = type_days(rest, kept.document["week"])
            taken = _kept(connection, key)
            return _page(taken, pasted=Pasted.of(rest, again, taken.document, taken=len(days))), 422
    flash(ngettext("%(num)s day taken over.", "%(num)s days taken over.", len(days)), "good")
    return go("calendars.calendar_page", key=key, year=min(days)[:4])


@pages.post("/calendars/<key>/deletion")
@requires("calendars.manage")
def delete(key: str) -> ResponseReturnValue:
    """Forget a calendar by which no flow counts any more."""
    with begin(engine(), durable=True) as connection:
        kept = _kept(connection, key)
        users = calendars.flows_with(connection, key)
        if not users:
            calendars.drop(connection, key, _asker(), micros(now()))
    if users:
        return _page(kept, users=users), 409
    flash(_("%(calendar)s is forgotten.", calendar=words(kept.name)), "good")
    return go("calendars.list_page")


# --- pages ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pasted:
    """Pasted lines as the page shows them, with what each day is so far. `known_until` is proposed."""

    text: str
    lines: Sequence[Line]
    days: int
    replaced: frozenset[str]
    known_until: str
    taken: int = 0

    @classmethod
    def of(cls, text: str, lines: Sequence[Line], document: Document, taken: int = 0) -> "Pasted":
        """What was pasted, held against a calendar."""
        days = {day: special for line in lines for day, special in line.days.items()}
        replaced = {day for day, special in days.items() if document["days"].get(day, special) != special}
        years = {f"{day[:4]}-12-31" for day in days}
        known = max((*years, document.get("known_until", "")), default="")
        return cls(text, lines, len(days), frozenset(replaced), known, taken)


def _new(typed: Mapping[str, str], problems: Sequence[Problem]) -> str:
    with reading(engine()) as connection:
        kept = calendars.all_calendars(connection)
    limits = {"key": LONGEST_KEY, "name": LONGEST_NAME}
    told = _by_field(problems)
    return render_template("calendars/new.html", kept=kept, typed=typed, told=told, limits=limits, zones=ZONES)


def _page(
    kept: Kept,
    *,
    typed: Mapping[str, str] | None = None,
    problems: Sequence[Problem] = (),
    pasted: Pasted | None = None,
    users: Sequence[str] = (),
) -> str:
    at = now()
    today = seen.today_in(kept, at)
    day = _chosen_day()
    year = _chosen_year(day or today)
    works, opening = seen.next_opening(kept, at)
    return render_template(
        "calendars/calendar.html",
        kept=kept,
        document=kept.document,
        year=year,
        months=seen.months(kept.document, year, today),
        stretches=seen.stretches(kept.document, year),
        day=day,
        special=kept.document["days"].get(day.isoformat()) if day else None,
        known=seen.days_known(kept.document, today),
        works=works,
        opening=opening,
        typed=typed or _typed_before(kept),
        told=_by_field(problems),
        problems=[told_problem(problem) for problem in problems],
        pasted=pasted,
        users=users,
        trial=_trial(kept, at),
        limits={"name": LONGEST_NAME, "day_name": LONGEST_DAY_NAME, "stretch": LONGEST_STRETCH},
        zones=ZONES,
        weekdays=seen.weekday_names("wide"),
        letters=seen.weekday_names("narrow"),
        seen=seen,
        show_shifts=show_shifts,
        told_problem=told_problem,
    )


@dataclass(frozen=True, slots=True)
class Trial:
    """A deadline that somebody tries. `due` is None where it never comes."""

    since: str
    minutes: int
    due: datetime | None
    asked: bool


def _trial(kept: Kept, at: datetime) -> Trial:
    """When a deadline would be, as asked for: begun at `since` (by the calendar's clock), so many working minutes long."""
    zone = kept.calendar.zone
    since = (_read_clock(request.args.get("since", "")) or at.astimezone(zone)).replace(tzinfo=zone)
    minutes = min(max(request.args.get("minutes", 0, type=int), 0), LONGEST_TRIAL)
    due = kept.calendar.later(since, minutes) if minutes else None
    return Trial(since.strftime("%Y-%m-%dT%H:%M"), minutes, due and due.astimezone(zone), asked=minutes > 0)


def _read_clock(text: str) -> datetime | None:
    """Day and time of a `datetime-local` field."""
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        return None
    return told if read_date(told.date().isoformat()) else None


def _chosen_day() -> date | None:
    return read_date(request.values.get("day", ""))


def _chosen_year(near: date) -> int:
    year = request.args.get("year", near.year, type=int)
    return year if read_date(f"{year}-01-01") else near.year


def _kept(connection: Connection, key: str) -> Kept:
    kept = calendars.find(connection, key)
    if kept is None:
        abort(404)
    return kept


def _keep_days(connection: Connection, kept: Kept, days: Document, **margin: str) -> list[Problem]:
    """Store these special days, in their order; else why not."""
    document = {**kept.document, **margin, "days": dict(sorted(days.items()))}
    changed = replace(kept, document=document)
    problems = calendars.problems_of(changed, new=False)
    if problems or calendars.change(connection, changed, _asker(), micros(now())):
        return problems
    return [Problem("calendar.changed")]


def _asker() -> Actor:
    return asker(current_user.name)


def _by_field(problems: Sequence[Problem]) -> dict[str, tuple[str, str]]:
    return {problem.where: told_problem(problem) for problem in problems}


# --- what was typed ---------------------------------------------------------------------------------------------------


def _typed_name(key: str) -> Words:
    english, chinese = (request.form.get(name, "").strip() for name in ("name_en", "name_zh"))
    return {"en": english or chinese or key, "zh-CN": chinese or english or key}


def _typed_week() -> tuple[dict[str, list[list[str]]], list[Problem]]:
    """The shifts of the week from their seven fields; a weekday that is left empty is off."""
    week, problems = {}, []
    for weekday in WEEKDAYS:
        text = request.form.get(f"week.{weekday}", "")
        shifts = type_shifts(text)
        if shifts is None:
            problems.append(Problem("calendar.shifts", f"week.{weekday}", {"given": shown(text)}))
        elif shifts:
            week[weekday] = shifts
    return week, problems


def _typed_days(document: Document) -> dict[str, Document | None] | Problem:
    """What the form says of a day, and of those up to `until`; None: as usual."""
    first = _chosen_day()
    if first is None:
        abort(400)
    last = read_date(request.form["until"]) if request.form.get("until") else first
    length = (last - first).days + 1 if last else 0
    if not 1 <= length <= LONGEST_STRETCH:
        return Problem("calendar.last_day", "until", {"most": LONGEST_STRETCH})
    special = _typed_special(document["days"].get(first.isoformat(), {}))
    if isinstance(special, Problem):
        return special
    return {(first + timedelta(days=more)).isoformat(): special for more in range(length)}


def _typed_special(before: Document) -> Document | Problem | None:
    told = request.form
    name = _typed_day_name(before.get("name"))
    named = {"name": name} if name else {}
    match told.get("kind"):
        case "off":
            return {"kind": "off", **named}
        case "works":
            shifts = type_shifts(told.get("shifts", ""))
            if shifts is None:
                return Problem("calendar.shifts", "shifts", {"given": shown(told["shifts"])})
            when = {"shifts": shifts} if shifts else {"like": told.get("like", "")}
            return {"kind": "works", **when, **named}
        case _:
            return None


def _typed_day_name(before: Words | None) -> Words:
    """The name as it is told; where it was left as it stood, in all its languages."""
    name = request.form.get("name", "").strip()
    return before if before and name == words(before) else name


def _typed_before(kept: Kept) -> Mapping[str, str]:
    """What stands in the fields before anybody types."""
    names = {"en": kept.name, "zh-CN": kept.name} if isinstance(kept.name, str) else kept.name
    week = {f"week.{weekday}": show_shifts(kept.document["week"].get(weekday, ())) for weekday in WEEKDAYS}
    margin = {name: kept.document.get(name, "") for name in ("zone", "known_until", "source")}
    return {**week, **margin, "name_en": names.get("en", ""), "name_zh": names.get("zh-CN", ""), "rev": str(kept.rev)}

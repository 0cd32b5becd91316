"""Going away: for oneself, for people of one's teams, or for anybody as an administrator."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import orjson
from flask import Blueprint, abort, flash, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import get_timezone
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from sqlalchemy import Connection, RowMapping, select

from builder.auth import allows, may, requires
from builder.away.telling import aways
from builder.i18n.text import _
from builder.models import engine
from builder.orders.names import names
from builder.web import asker, go, service
from runtime import absences as acts
from runtime.clock import now
from runtime.core.moment import micros
from runtime.store import absences, screens
from runtime.store.database import reading
from runtime.store.tables import team_members

pages = Blueprint("away", __name__)

REFUSALS: Final[Mapping[str, str]] = {
    "unknown": _l("Choose who stands in."),
    "self": _l("Nobody stands in for themselves. Choose somebody else."),
    "left": _l("The stand-in does not work here any more. Choose somebody else."),
    "may_not": _l("The stand-in may not decide tasks. Choose somebody who may."),
    "backwards": _l("The last day lies before the first. Turn the two round."),
    "over": _l("These days are over. Choose days from today on."),
    "long": _l("An absence is a year at most."),
    "twice": _l("There is an absence in these days already. End it first, or choose other days."),
    "circle": _l("That would be a circle: the stand-in is away too, and in the end each would stand in for the other."),
}


@dataclass(frozen=True, slots=True)
class Told:
    """What the form says, as it was typed."""

    person: str
    stand_in: str = ""
    since: str = ""
    until: str = ""


@pages.app_context_processor
def _give_aways() -> dict[str, object]:
    return {"aways": aways}


@pages.get("/away")
@requires("start.see")
def page() -> ResponseReturnValue:
    """When one is away and who stands in; a lead and an administrator see and set it for others too."""
    person = request.args.get("person", current_user.name)
    today = datetime.now(get_timezone()).date().isoformat()
    return _page(Told(person, since=today))


@pages.post("/away")
@requires("start.see")
def go_away() -> ResponseReturnValue:
    """Be away from one day to another, both included."""
    form = request.form
    told = Told(
        form.get("person", current_user.name), form.get("stand_in", ""), form.get("since", ""), form.get("until", "")
    )
    if told.person not in _set_for():
        abort(403)
    since, until = _day(told.since), _day(told.until)
    if since is None or until is None:
        return _page(told, _("Say from which day to which."), 422)
    wish = acts.Wish(told.person, told.stand_in, _midnight(since), _midnight(until + timedelta(days=1)))
    refused = acts.go_away(engine(), wish, asker(current_user.name), micros(now()), _may_decide)
    if refused:
        return _page(told, str(REFUSALS[refused]), 409 if refused in ("twice", "circle") else 422)
    service().tell(("tasks",))
    service().effect_bell.ring()
    flash(_("Saved. Nothing has to be moved: what waits is asked of the stand-in too, and it ends by itself."), "good")
    return go("away.page", person=told.person if told.person != current_user.name else None)


@pages.post("/away/<absence_id>/end")
@requires("start.see")
def come_back(absence_id: str) -> ResponseReturnValue:
    """End an absence now, or take back one that has not begun."""
    with reading(engine()) as connection:
        row = next((row for row in absences.not_over(connection, micros(now())) if row["id"] == absence_id), None)
    if row is None:
        return _page(Told(current_user.name), _("This absence is over already."), 409)
    if row["person"] not in _set_for():
        abort(403)
    acts.come_back(engine(), absence_id, asker(current_user.name), micros(now()))
    service().tell(("tasks",))
    flash(_("Saved."), "good")
    return go("away.page")


def _page(told: Told, problem: str = "", status: int = 200) -> ResponseReturnValue:
    with reading(engine()) as connection:
        known = names(connection)
        people = _people(connection)
        page = render_template(
            "away/page.html",
            told=told,
            rows=absences.not_over(connection, micros(now())),
            names=known,
            set_for={name: known.person(name) for name in sorted(_set_for(), key=known.person)},
            deciders={row["name"]: row["display"] for row in people if _may_decide(_duties(row))},
            gone={row["name"] for row in screens.people_rows(connection) if not row["active"]},
            at=micros(now()),
            problem=problem,
        )
    return page, status


def _set_for() -> frozenset[str]:
    """For whom the person who asks may say that they are away."""
    with reading(engine()) as connection:
        if may("people.manage"):
            others = [row["name"] for row in _people(connection)]
        elif may("tasks.lead"):
            mine = select(team_members.c.team).where(team_members.c.user_name == current_user.name)
            together = select(team_members.c.user_name).where(team_members.c.team.in_(mine))
            others = list(connection.execute(together).scalars())
        else:
            others = []
    return frozenset([current_user.name, *others])


def _people(connection: Connection) -> list[RowMapping]:
    return [row for row in screens.people_rows(connection) if row["active"]]


def _duties(row: RowMapping) -> frozenset[str]:
    return frozenset(orjson.loads(row["duties"]))


def _may_decide(duties: frozenset[str]) -> bool:
    return allows(duties, "tasks.decide")


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year < 9000 else None


def _midnight(day: date) -> int:
    # By its name: the zone of flask-babel may be one that knows only the offset of long ago until it is asked.
    return micros(datetime.combine(day, time(), ZoneInfo(str(get_timezone()))))

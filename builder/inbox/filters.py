"""Filters of the inbox that a person keeps: shown with their counts, applied by a click or a key, kept in order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import orjson
from flask import Blueprint, abort, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Connection, RowMapping

from builder.auth import requires
from builder.i18n import words
from builder.i18n.text import _
from builder.inbox.board import Look, address, count_found, read_look, receivers
from builder.inbox.narrowing import KINDS
from builder.models import engine
from builder.navigation import DUTY_NAMES
from builder.orders.names import names
from builder.web import go
from runtime import filters as acts
from runtime.clock import now
from runtime.core.moment import micros
from runtime.store import screens
from runtime.store.database import reading

pages = Blueprint("filters", __name__)

MOST_COUNTED: Final = 999


@dataclass(frozen=True, slots=True)
class Kept:
    """A kept filter as the inbox shows it."""

    id: str
    name: str
    address: str
    count: int
    begins: bool
    current: bool


@pages.app_context_processor
def _give_filters() -> dict[str, object]:
    return {"kept_filters": kept_filters, "filter_choices": filter_choices}


def kept_filters(look: Look) -> list[Kept]:
    """The filters that the person who asks has kept, each with how many tasks it shows."""
    with reading(engine()) as connection:
        return [_kept(connection, row, look) for row in acts.of_person(connection, current_user.name)]


def filter_choices() -> dict[str, dict[str, str]]:
    """What the inbox can be narrowed by: flows, channels, and whom a task asks, each by key."""
    with reading(engine()) as connection:
        known, asked = names(connection), receivers(connection)
        teams = {f"team:{key}": known.asked("team", key) for key in asked["team"]}
        people = {f"person:{key}": name for key, name in asked["person"].items()}
        duties = {f"role:{key}": known.asked("role", key) for key in DUTY_NAMES}
        return {
            "flow": {key: words(name) or key for key, name in screens.flow_names(connection, published=True).items()},
            "channel": {name: name for name in screens.channel_names(connection)},
            "asks": {**teams, **people, **duties},
        }


def look_of(row: RowMapping) -> Look:
    """The look that a kept filter tells."""
    told: Mapping[str, str] = orjson.loads(row["look"])
    return read_look(told)


def first_look() -> str | None:
    """The address with which the inbox of the person who asks begins; None: it begins with everything."""
    if request.args:
        return None
    with reading(engine()) as connection:
        row = next((row for row in acts.of_person(connection, current_user.name) if row["begins"]), None)
    return address(look_of(row), None) if row is not None and look_of(row).query() else None


@pages.get("/inbox/filters")
@requires("tasks.see")
def page() -> ResponseReturnValue:
    """All kept filters: renamed, put in order, forgotten, and one to begin with."""
    return _page()


@pages.post("/inbox/filters")
@requires("tasks.see")
def keep() -> ResponseReturnValue:
    """Keep the filter of the address under a name."""
    look = read_look()
    if not look.query():
        return _page(_("Choose a filter or search for something first; then it can be kept."), 422)
    refused = acts.keep(engine(), current_user.name, request.form.get("name", ""), look.query(), micros(now()))
    if refused == "name":
        return _page(_("Give the filter a name."), 422)
    if refused == "full":
        return _page(_("You keep %(n)s filters already. Forget one first.", n=acts.MOST), 409)
    flash(_("The filter is kept."), "good")
    return redirect(address(look, None), code=303)


@pages.post("/inbox/filters/<filter_id>")
@requires("tasks.see")
def change(filter_id: str) -> ResponseReturnValue:
    """Rename a filter, move it, forget it, or let the inbox begin with it."""
    person = current_user.name
    match request.form.get("act", ""):
        case "rename":
            refused = acts.rename(engine(), person, filter_id, request.form.get("name", ""))
            if refused == "taken":
                return _page(_("Another filter is called so."), 409)
            if refused == "name":
                return _page(_("Give the filter a name."), 422)
            known = refused is None
        case "up":
            known = acts.move(engine(), person, filter_id, -1)
        case "down":
            known = acts.move(engine(), person, filter_id, 1)
        case "forget":
            known = acts.forget(engine(), person, filter_id)
        case "begin":
            known = acts.begin_with(engine(), person, filter_id)
        case "begin_with_all":
            known = acts.begin_with(engine(), person, None)
        case _:
            abort(400)
    if not known:
        abort(404)
    return go("filters.page")


def _page(problem: str = "", status: int = 200) -> ResponseReturnValue:
    with reading(engine()) as connection:
        rows = acts.of_person(connection, current_user.name)
        told = [(_kept(connection, row, None), look_words(connection, look_of(row))) for row in rows]
    return render_template("inbox/filters.html", rows=told, problem=problem), status


def look_words(connection: Connection, look: Look) -> str:
    """A look in words."""
    known, flows = names(connection), screens.flow_names(connection)
    kind, _colon, who = look.narrow.asks.partition(":")
    shows = {"mine": _("Mine"), "team": _("My teams"), "overdue": _("Overdue")}
    told = (
        shows.get(look.show, ""),
        f"“{look.text}”" if look.text else "",
        words(flows.get(look.narrow.flow)) or look.narrow.flow,
        look.narrow.channel,
        known.asked(kind, who) if kind in KINDS else "",
        _("from %(amount)s", amount=look.narrow.least) if look.narrow.least else "",
        _("up to %(amount)s", amount=look.narrow.most) if look.narrow.most else "",
    )
    return " · ".join(part for part in told if part)


def _kept(connection: Connection, row: RowMapping, look: Look | None) -> Kept:
    own = look_of(row)
    current = look is not None and own.query() == look.query()
    count = min(count_found(connection, own), MOST_COUNTED + 1)
    return Kept(row["id"], row["name"], address(own, None), count, row["begins"], current)

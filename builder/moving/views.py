"""Moves on screen: which orders go by old versions, what a move would change, doing it, its progress, and taking it back."""

from collections.abc import Sequence
from typing import Any, Final

import orjson
from flask import Blueprint, abort, flash, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Connection

from builder.auth import requires
from builder.drawn import drawn_version
from builder.i18n.text import _, ngettext
from builder.models import engine
from builder.moving.words import counts_at_steps, declined_words, told_group, unmoved_words
from builder.orders.names import names
from builder.web import asker, go, service
from runtime.clock import now
from runtime.moving import Begun, Choice, Group, Preview, Unmoved
from runtime.store import queries, versions
from runtime.store.database import reading
from runtime.store.ids import new_id

pages = Blueprint("moving", __name__)

PAGE: Final = 50
MOST_REASON: Final = 1000
STATES: Final = ("moved", "declined", "undone", "ready")


@pages.get("/flows/<key>/moves")
@requires("flows.see")
def list_page(key: str) -> ResponseReturnValue:
    """The orders that go by other versions, by version and step; and the moves that were made."""
    return _flow(key)


@pages.post("/flows/<key>/moves")
@requires("flows.publish")
def start(key: str) -> ResponseReturnValue:
    """Move the orders that are ticked, of the groups that are ticked, or all that can."""
    told = request.form
    chosen, groups = tuple(told.getlist("run")[:1000]), tuple(told.getlist("group")[:1000])
    if not (chosen or groups or told.get("all") == "1"):
        return _flow(key, problem=_("Tick the orders first."), status=422)
    begun = service().moving.start(
        _once(), key, _number("to") or 0, Choice(chosen, groups), _reason(), asker(current_user.name)
    )
    if isinstance(begun, Unmoved):
        return _flow(key, problem=_unmoved(begun), status=422 if begun.why == "reason" else 409)
    return _told(key, begun)


@pages.get("/flows/<key>/moves/<move_id>")
@requires("flows.see")
def move_page(key: str, move_id: str) -> ResponseReturnValue:
    """One move: how far it has come, which orders moved, which did not and why."""
    return _move(key, move_id)


@pages.post("/flows/<key>/moves/<move_id>/undo")
@requires("flows.publish")
def undo(key: str, move_id: str) -> ResponseReturnValue:
    """Take a move back, as a whole or for one order."""
    run_id = request.form.get("run") or None
    with reading(engine()) as connection:
        move = versions.move(connection, move_id)
    if move is None or move["flow_key"] != key:
        abort(404)
    begun = service().moving.undo(_once(), move_id, _reason(), asker(current_user.name), run_id)
    if isinstance(begun, Unmoved):
        return _move(key, move_id, problem=_unmoved(begun), status=422 if begun.why == "reason" else 409)
    return _told(key, begun)


@pages.get("/orders/<run_id>/move")
@requires("flows.see")
def order_page(run_id: str) -> ResponseReturnValue:
    """One order: what a move to a version would change for it."""
    with reading(engine()) as connection:
        order = queries.order(connection, run_id)
        if order is None or not order["flow_key"]:
            abort(404)
        known, number, preview = _look(connection, order["flow_key"], run_id)
        group = next(iter(preview.groups), None) if preview else None
        return render_template(
            "moving/order.html",
            order_row=order,
            versions=known,
            number=number,
            standing_number=drawn_version(connection, order["version_id"]).number,
            one=told_group(connection, group, drawn_version(connection, preview.to_version))
            if preview and group
            else None,
            once=new_id(now()),
        )


# --- what is shown ------------------------------------------------------------------------------------------------------


def _flow(key: str, *, problem: str = "", status: int = 200) -> ResponseReturnValue:
    with reading(engine()) as connection:
        known, number, preview = _look(connection, key)
        if preview is None:
            abort(404)
        target = drawn_version(connection, preview.to_version)
        opened = request.args.get("group", "")
        group = next((one for one in preview.groups if one.key == opened), None)
        counts = counts_at_steps(preview.groups)
        before = request.args.get("before", "")[:26]
        moves = versions.moves_of(connection, key, before=before or None, limit=PAGE + 1)
        page = render_template(
            "moving/group.html" if group else "moving/list.html",
            key=key,
            flow=target,
            versions=known,
            number=number,
            preview=preview,
            groups=[told_group(connection, one, target) for one in preview.groups],
            one=told_group(connection, group, target) if group else None,
            **(_orders_of(connection, group) if group else {}),
            total=sum(len(one.run_ids) for one in preview.groups),
            picture=target.picture(marks=dict.fromkeys(counts, "waiting")) if counts else None,
            counts=counts,
            moves=_told_moves(connection, moves[:PAGE]),
            older=moves[PAGE - 1]["id"] if len(moves) > PAGE else None,
            running=versions.running_move(connection, key),
            problem=problem,
            once=new_id(now()),
        )
    return page, status


def _look(connection: Connection, key: str, run_id: str | None = None) -> tuple[Sequence[Any], int, Preview | None]:
    """The versions of the flow, the one that is chosen (else the published one), and what a move to it would do."""
    known = versions.all_of(connection, key)
    number = _number("to") or (known[0]["number"] if known else 0)
    return known, number, service().moving.preview(connection, key, number, run_id)


def _orders_of(connection: Connection, group: Group) -> dict[str, Any]:
    """A page of a group's orders."""
    first = _number("page") or 0
    ids = group.run_ids[first * PAGE : (first + 1) * PAGE]
    rows = versions.order_lines(connection, ids)
    return {"rows": rows, "page": first, "more": len(group.run_ids) > (first + 1) * PAGE}


def _told_moves(connection: Connection, rows: Sequence[Any]) -> list[dict[str, Any]]:
    counts = versions.move_counts(connection, [row["id"] for row in rows])
    known = names(connection)
    return [
        {
            "row": row,
            "by": known.person(orjson.loads(row["actor"])["name"]),
            "to": drawn_version(connection, row["to_version"]).number if row["to_version"] else None,
            "from": versions.origins(connection, row["id"]),
            "counts": {state: counts.get(row["id"], {}).get(state, 0) for state in STATES},
        }
        for row in rows
    ]


def _move(key: str, move_id: str, *, problem: str = "", status: int = 200) -> ResponseReturnValue:
    shown, after = request.args.get("state", ""), request.args.get("after", "")[:26]
    with reading(engine()) as connection:
        row = versions.move(connection, move_id)
        if row is None or row["flow_key"] != key:
            abort(404)
        shown = shown if shown in STATES else ""
        found = versions.orders_of_move(connection, move_id, state=shown, after=after, limit=PAGE + 1)
        orders = [(one, declined_words(one, drawn_version(connection, one["from_version"]))) for one in found[:PAGE]]
        published = service().flows.published(connection, key)
        page = render_template(
            "moving/move.html",
            key=key,
            flow=drawn_version(connection, row["to_version"] or published),
            move=_told_moves(connection, [row])[0],
            orders=orders,
            shown=shown,
            more=found[PAGE - 1]["run_id"] if len(found) > PAGE else None,
            problem=problem,
            once=new_id(now()),
            numbers={one["id"]: one["number"] for one in versions.all_of(connection, key)},
        )
    return page, status


# --- what is asked ------------------------------------------------------------------------------------------------------


def _told(key: str, begun: Begun) -> ResponseReturnValue:
    if begun.moved + begun.declined == begun.total:
        if begun.moved:
            flash(ngettext("%(num)d order is moved.", "%(num)d orders are moved.", begun.moved), "good")
        if begun.declined:
            text = ngettext("%(num)d order stays where it is.", "%(num)d orders stay where they are.", begun.declined)
            flash(text, "bad")
    return go("moving.move_page", key=key, move_id=begun.move_id)


def _unmoved(unmoved: Unmoved) -> str:
    with reading(engine()) as connection:
        return unmoved_words(unmoved, names(connection))


def _once() -> str:
    once = request.form.get("once", "")
    if len(once) != 26 or not (once.isascii() and once.isalnum()):
        abort(400)
    return once


def _reason() -> str:
    return request.form.get("reason", "").strip()[:MOST_REASON]


def _number(name: str) -> int | None:
    given = request.values.get(name, "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 7 else None

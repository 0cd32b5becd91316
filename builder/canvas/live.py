"""The live canvas: where the orders of the published version stand, by which ways they went, and the way of one order."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final

import orjson
from flask import Blueprint, Response, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_timezone
from sqlalchemy import Connection, RowMapping, select

from builder.auth import may, requires
from builder.canvas.answers import answered
from builder.drawn import drawn_version
from builder.i18n import money
from builder.models import engine
from builder.navigation import state_name
from builder.orders.story import Visit, tell
from runtime.clock import now
from runtime.core.moment import micros
from runtime.store import live, queries, versions
from runtime.store.database import reading
from runtime.store.live import Crowd, Passages, Place
from runtime.store.tables import flow_versions, flows

pages = Blueprint("live", __name__)

SOON: Final = 10 * 60 * 1_000_000
PAGE: Final = 50
MOST_LOOKED_AT: Final = 10_000
MOST_FOUND: Final = 8
HOUR: Final = 3600 * 1_000_000
WINDOWS: Final = {"hour": HOUR, "day": 24 * HOUR, "week": 7 * 24 * HOUR}
KEPT_SECONDS: Final = {"hour": 5, "day": 15, "week": 60}


@dataclass(slots=True)
class _Counted:
    """Ways that were counted in this process lately: by version and window, with the time until which they are good."""

    found: dict[tuple[str, str], tuple[float, Passages]] = field(default_factory=dict)
    turn: Lock = field(default_factory=Lock)

    def passages(self, connection: Connection, key: str, version_id: str, window: str) -> Passages:
        """The ways of the window's orders. One who counts serves everybody for some seconds."""
        with self.turn:
            kept = self.found.get((version_id, window))
            if kept and time.monotonic() < kept[0]:
                return kept[1]
            self.found = {of: one for of, one in self.found.items() if time.monotonic() < one[0]}
            since = micros(now()) - WINDOWS[window]
            counted = live.passages(connection, key, version_id, since, MOST_LOOKED_AT)
            self.found[version_id, window] = (time.monotonic() + KEPT_SECONDS[window], counted)
            return counted


_COUNTED: Final = _Counted()


# --- the page -----------------------------------------------------------------------------------------------------------


@pages.get("/flows/<key>/live")
@requires("flows.see")
def page(key: str) -> ResponseReturnValue:
    """The page itself: a frame that the script fills. With `order` it shows the way of that order."""
    with reading(engine()) as connection:
        name = connection.execute(select(flows.c.name).where(flows.c.key == key)).scalar()
        published = live.published(connection, key) is not None
    if name is None:
        abort(404)
    order = request.args.get("order", "")[:26]
    return render_template(
        "canvas/live.html", key=key, name=name, published=published, order=order, zone=str(get_timezone())
    )


@pages.get("/flows/<key>/live/standing")
@requires("flows.see")
def standing(key: str) -> ResponseReturnValue:
    """How many orders of the published version stand where, and how many went by each way in the asked window.

    Times are milliseconds since the epoch. The answer carries an ETag and changes only when something moves or a
    deadline passes or comes near; `version` is null for a flow that was never published.
    """
    window = _window()
    at = micros(now())
    with reading(engine()) as connection:
        found = live.published(connection, key)
        if found is None:
            return _unless_known({"version": None})
        version_id, number = found
        crowds = live.crowds(live.places(connection, key, version_id, at + SOON), at)
        counted = _COUNTED.passages(connection, key, version_id, window)
        older = versions.counts_left_behind(connection, key).get(key, {})
    return _unless_known(
        {
            "version": number,
            "window": window,
            "nodes": {node: _told_crowd(crowd) for node, crowd in sorted(crowds.items())},
            "ways": [[node, port, len(passed)] for (node, port), passed in sorted(counted.ways.items())],
            "counted": counted.number,
            "cut": counted.cut,
            "older": {"orders": sum(older.values()), "address": url_for("moving.list_page", key=key)},
        }
    )


@pages.get("/flows/<key>/live/document")
@requires("flows.see")
def document(key: str) -> ResponseReturnValue:
    """The document of the published version, or of the version with this number."""
    with reading(engine()) as connection:
        found = live.published(connection, key)
        if found is None:
            abort(404)
        query = select(flow_versions.c.document).where(flow_versions.c.id == found[0])
        stored = connection.execute(query).scalar_one()
    return answered({"version": found[1], "document": orjson.loads(stored)})


# --- orders -------------------------------------------------------------------------------------------------------------


@pages.get("/flows/<key>/live/orders")
@requires("orders.see")
def orders_here(key: str) -> ResponseReturnValue:
    """The orders that stand at a node, the longest waiting first, or (with `port`) those that went by this way.

    `only` keeps those that are late, fall due soon, or rest for this reason. `after` is what the last page told.
    """
    told = request.args
    with reading(engine()) as connection:
        found = live.published(connection, key)
        if found is None:
            abort(404)
        if "port" in told:
            passed = _COUNTED.passages(connection, key, found[0], _window())
            return answered(_page_of_way(connection, passed.ways.get((told.get("node", ""), told["port"]), ())))
        at = micros(now())
        here = [one for one in live.places(connection, key, found[0], at + SOON) if _is_asked(one, at)]
        return answered(_page_of_places(connection, sorted(here, key=_turn)))


@pages.get("/flows/<key>/live/search")
@requires("orders.see")
def search(key: str) -> ResponseReturnValue:
    """Orders of this flow, by number, phone tail, trace code, SKU or buyer; the newest where nothing is asked for."""
    with reading(engine()) as connection:
        text = request.args.get("q", "").strip()[:128]
        rows = queries.find_orders(connection, text=text, flow_key=key, begun=True, limit=MOST_FOUND)
        return answered({"orders": [_told_order(row) for row in rows]})


@pages.get("/orders/<run_id>/journey")
@requires("orders.see")
def journey(run_id: str) -> ResponseReturnValue:
    """The way of one order, step by step, with the document of the version that it goes by."""
    with reading(engine()) as connection:
        order = queries.order(connection, run_id)
        if order is None or order["version_id"] is None:
            abort(404)
        story = tell(connection, order)
        flow = drawn_version(connection, order["version_id"])
        found = live.published(connection, order["flow_key"])
    return answered(
        {
            "order": _told_order(order),
            "version": flow.number,
            "is_published": bool(found and found[0] == order["version_id"]),
            "document": flow.document,
            "visits": [_told_visit(visit) for visit in story.visits],
            "standings": [{"node": one.node, "text": one.text, "remedy": one.remedy} for one in story.standings],
            "ended": _millis(order["ended_at"]),
        }
    )


# --- parts --------------------------------------------------------------------------------------------------------------


def _window() -> str:
    window = request.args.get("window", "")
    return window if window in WINDOWS else "day"


def _unless_known(value: Mapping[str, Any]) -> Response:
    """The answer, or 304 if the page that asks has it."""
    answer = answered(value)
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.add_etag()
    answer.make_conditional(request)
    return answer


def _told_crowd(crowd: Crowd) -> dict[str, Any]:
    return {
        "number": crowd.number,
        "rests": dict(sorted(crowd.rests.items())),
        "oldest": _millis(crowd.oldest),
        "median": _millis(crowd.median),
        "tenth": _millis(crowd.tenth),
        "late": crowd.late,
        "soon": crowd.soon,
    }


def _is_asked(place: Place, at: int) -> bool:
    if place.node != request.args.get("node", ""):
        return False
    match request.args.get("only", ""):
        case "":
            return True
        case "late":
            return place.due is not None and place.due <= at
        case "soon":
            return place.due is not None and place.due > at
        case rest:
            return place.rest == rest


def _turn(place: Place) -> tuple[int, str]:
    return place.since, place.run_id


def _page_of_places(connection: Connection, here: Sequence[Place]) -> dict[str, Any]:
    """A page of a node's orders. `after` is since.run of the last that was told."""
    since, _dot, run_id = request.args.get("after", "").partition(".")
    after = (int(since), run_id) if since.isascii() and since.isdigit() and len(since) < 20 else (-1, "")
    rest = [place for place in here if _turn(place) > after]
    shown = rest[:PAGE]
    lines = _lines(connection, [place.run_id for place in shown])
    told = [
        {**lines[one.run_id], "rest": one.rest, "since": _millis(one.since), "due": _millis(one.due)} for one in shown
    ]
    more = f"{shown[-1].since}.{shown[-1].run_id}" if len(rest) > PAGE else None
    return {"orders": told, "number": len(here), "more": more}


def _page_of_way(connection: Connection, passed: Sequence[str]) -> dict[str, Any]:
    """A page of the orders that went by a way, the newest first. `after` is the last that was told."""
    after = request.args.get("after", "")
    rest = [run_id for run_id in passed if not after or run_id < after]
    lines = _lines(connection, rest[:PAGE])
    more = rest[PAGE - 1] if len(rest) > PAGE else None
    return {"orders": [lines[run_id] for run_id in rest[:PAGE]], "number": len(passed), "more": more}


def _lines(connection: Connection, run_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    return {row["run_id"]: _told_order(row) for row in versions.order_lines(connection, run_ids)}


def _told_order(row: RowMapping) -> dict[str, Any]:
    return {
        "run": row["run_id"],
        "number": row["external_id"],
        "channel": row["channel"],
        "buyer": row["buyer"] or "",
        "total": money(row["total"], row["currency"]),
        "state": row["state"],
        "state_name": state_name(row["state"]),
        "received": _millis(row["received_at"]),
        "address": url_for("orders.order_page", run_id=row["run_id"]) if may("orders.see") else None,
    }


def _told_visit(visit: Visit) -> dict[str, Any]:
    return {
        "trace": visit.trace,
        "node": visit.node,
        "name": visit.name,
        "attempt": visit.attempt,
        "came": _millis(visit.came),
        "left": _millis(visit.left),
        "tone": visit.tone,
        "out": visit.out,
        "ports": visit.ports,
        "by": visit.by,
        "why": visit.why,
        "facts": visit.facts,
    }


def _millis(at: int | None) -> int | None:
    return None if at is None else at // 1000

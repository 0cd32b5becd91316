"""Moves of running orders to another version of their flow: looked at, done and taken back."""

from typing import Any

import orjson
from flask import Response, request
from sqlalchemy import Connection, RowMapping

from builder.api import reading, schemas
from builder.api.contract import caller, operation
from builder.api.problems import Refusal, json_answer, language
from builder.api.shapes import moment
from builder.drawn import DrawnFlow, drawn_version
from builder.models import engine
from builder.web import service
from runtime.clock import now
from runtime.core.json_text import shown
from runtime.core.plan import drawn_id
from runtime.core.problem import Problem
from runtime.core.words import text
from runtime.moving import Begun, Choice, Group, Unmoved
from runtime.store import versions
from runtime.store.database import reading as reading_from
from runtime.store.ids import new_id

MOST_VERSION = 1_000_000
MOST_NAMED = 1_000
STATES = ("ready", "moved", "declined", "undone")


@operation(
    "GET",
    "/flows/{key}/moves/preview",
    "flows.publish",
    "What a move to a version would do to each order that goes by another one, grouped by version and step.",
    query={
        "to": {**schemas.WHOLE, "description": "The version; the published one if it is not said."},
        "orders": {**schemas.TEXT, "description": "A group's key: its orders are listed, up to a thousand."},
    },
    answers={200: schemas.ref("MovePreview")},
    problems=(422,),
)
def preview_move(key: str) -> Response:
    """A preview."""
    with reading_from(engine()) as connection:
        number = _number(connection, key, request.args.get("to"))
        found = service().moving.preview(connection, key, number)
        if found is None:
            raise _no_version(number)
        opened = reading.argument("orders")
        groups = [_group(connection, one, with_orders=one.key == opened) for one in found.groups]
    return json_answer({"flow": key, "to": number, "movable": found.movable, "groups": groups})


@operation("GET", "/flows/{key}/moves", "flows.read", "The moves of a flow, the newest first.",
           query={"limit": schemas.WHOLE, "cursor": schemas.TEXT},
           answers={200: schemas.ref("MovePage")}, problems=(422,))  # fmt: skip
def list_moves(key: str) -> Response:
    """All moves."""
    size, place = reading.page_size(), reading.read_cursor((str,))
    with reading_from(engine()) as connection:
        _known(connection, key)
        rows = versions.moves_of(connection, key, before=place[0] if place else None, limit=size + 1)
        items = [_move(connection, row) for row in rows[:size]]
    return json_answer(
        {"items": items, "next": reading.write_cursor(rows[size - 1]["id"]) if len(rows) > size else None}
    )


@operation(
    "GET",
    "/flows/{key}/moves/{move_id}",
    "flows.read",
    "One move, with the orders that did not move and why.",
    answers={200: schemas.ref("WholeMove")},
)
def get_move(key: str, move_id: str) -> Response:
    """One move."""
    with reading_from(engine()) as connection:
        return json_answer(_whole_move(connection, key, move_id))


@operation(
    "POST",
    "/flows/{key}/moves",
    "flows.publish",
    "Move orders to a version: those named, those of groups of the preview, or all that can.",
    description="Up to a hundred are moved before the answer (201), more by a worker (202). Each is decided on what it is "
    "when its turn comes; those that cannot move any more are declined and named. One move of a flow runs at a time.",
    body=schemas.request_body(
        ("to", "reason"),
        to=schemas.WHOLE,
        reason={**schemas.TEXT, "minLength": 1, "maxLength": 1000},
        orders=schemas.array(schemas.ULID, maxItems=MOST_NAMED),
        groups=schemas.array(schemas.TEXT, maxItems=MOST_NAMED),
    ),
    answers={201: schemas.ref("WholeMove"), 202: schemas.ref("WholeMove")},
    problems=(400, 409, 422),
)
def start_move(key: str) -> Response:
    """A move."""
    body = reading.members(("to", "reason", "orders", "groups"))
    number = reading.number(body.get("to"), "to", 1, MOST_VERSION)
    choice = Choice(_names(body.get("orders"), "orders"), _names(body.get("groups"), "groups"))
    with reading_from(engine()) as connection:
        _known(connection, key)
    begun = service().moving.start(
        new_id(now()), key, number, choice, reading.text(body, "reason", 1000), caller().actor
    )
    return _begun(key, begun, number)


@operation(
    "POST",
    "/flows/{key}/moves/{move_id}/undo",
    "flows.publish",
    "Take a move back, as a whole or for one order: a move of its own.",
    body=schemas.request_body(
        ("reason",), reason={**schemas.TEXT, "minLength": 1, "maxLength": 1000}, order=schemas.or_null(schemas.ULID)
    ),
    answers={201: schemas.ref("WholeMove"), 202: schemas.ref("WholeMove")},
    problems=(400, 409, 422),
)
def undo_move(key: str, move_id: str) -> Response:
    """A move back."""
    body = reading.members(("reason", "order"))
    with reading_from(engine()) as connection:
        _whole_move(connection, key, move_id)
    one = reading.text(body, "order", 26) or None
    begun = service().moving.undo(new_id(now()), move_id, reading.text(body, "reason", 1000), caller().actor, one)
    return _begun(key, begun, 0)


# --- what is asked ----------------------------------------------------------------------------------------------------


def _number(connection: Connection, key: str, given: str | None) -> int:
    _known(connection, key)
    known = versions.all_of(connection, key)
    return reading.number(given, "to", 1, MOST_VERSION) if given or not known else known[0]["number"]


def _known(connection: Connection, key: str) -> None:
    if not versions.all_of(connection, key):
        raise Refusal(404, Problem("api.flow_unknown", "key", {"key": shown(key)}))


def _names(given: Any, name: str) -> tuple[str, ...]:
    if given is None:
        return ()
    if (
        not isinstance(given, list)
        or not all(isinstance(one, str) for one in given)
        or not 0 < len(given) <= MOST_NAMED
    ):
        raise Refusal(422, Problem("api.wants_names", name, {"field": name, "most": MOST_NAMED}))
    return tuple(given)


# --- what is answered -------------------------------------------------------------------------------------------------


def _begun(key: str, begun: Begun | Unmoved, number: int) -> Response:
    match begun:
        case Begun(move_id, total, moved, declined):
            with reading_from(engine()) as connection:
                return json_answer(_whole_move(connection, key, move_id), 201 if moved + declined == total else 202)
        case Unmoved("unknown"):
            raise _no_version(number)
        case Unmoved("reason"):
            raise Refusal(422, Problem("api.move_reason", "reason"))
        case Unmoved("running", by, at):
            raise Refusal(409, Problem("api.move_running", params={"by": by, "at": moment(at)}))
        case _:
            raise Refusal(409, Problem("api.move_nothing"))


def _no_version(number: int) -> Refusal:
    return Refusal(422, Problem("api.no_version", "to", {"number": number}))


def _group(connection: Connection, group: Group, *, with_orders: bool) -> dict[str, Any]:
    flow = drawn_version(connection, group.version_id)
    told = [(one.code, drawn_id(one.node), ", ".join(one.settings)) for one in group.changes]
    return {
        "key": group.key,
        "from": group.number,
        "standing": [{"node": drawn_id(node), "waits_for": rest} for node, rest in group.places],
        "count": len(group.run_ids),
        "states": dict(group.states),
        "changes": [_reason(code, node, flow, settings) for code, node, settings in told],
        "obstacles": [_reason(one.code, drawn_id(one.node), flow) for one in group.obstacles],
        "orders": list(group.run_ids[:MOST_NAMED]) if with_orders else None,
    }


def _reason(code: str, node: str, flow: DrawnFlow, settings: str = "") -> dict[str, Any]:
    name = flow.node_name(node) if node else ""
    message, remedy = text(code, {"step": name, "settings": settings}, language())
    return {"code": code, "node": node or None, "message": message, "remedy": remedy}


def _move(connection: Connection, row: RowMapping) -> dict[str, Any]:
    counts = versions.move_counts(connection, [row["id"]]).get(row["id"], {})
    return {
        "id": row["id"],
        "flow": row["flow_key"],
        "from": versions.origins(connection, row["id"]),
        "to": drawn_version(connection, row["to_version"]).number if row["to_version"] else None,
        "undoes": row["undoes"],
        "reason": row["reason"],
        "by": orjson.loads(row["actor"])["name"],
        "state": row["state"],
        "orders": row["total"],
        **{state: counts.get(state, 0) for state in STATES},
        "made_at": moment(row["made_at"]),
        "ended_at": moment(row["ended_at"]),
    }


def _whole_move(connection: Connection, key: str, move_id: str) -> dict[str, Any]:
    row = versions.move(connection, move_id)
    if row is None or row["flow_key"] != key:
        raise Refusal(404, Problem("api.not_found"))
    stayed = versions.orders_of_move(connection, move_id, state="declined", limit=MOST_NAMED)
    return {
        **_move(connection, row),
        "stayed": [
            {
                "trace": one["run_id"],
                "id": one["external_id"],
                "why": [
                    _reason(code, drawn_id(node), drawn_version(connection, one["from_version"]))
                    for code, node in orjson.loads(one["why"])
                ],
            }
            for one in stayed
        ],
    }

"""Failures: what waits to be mended and what was, and the acts that mend."""

from collections.abc import Mapping
from typing import Any

import orjson
from flask import Response
from sqlalchemy import Connection, RowMapping

from builder.api import reading, schemas
from builder.api.contract import caller, operation
from builder.api.problems import Refusal, json_answer, language
from builder.api.shapes import effect_line, moment
from builder.models import engine
from builder.web import service
from runtime.acts import Mend, Unmended
from runtime.core import json_text
from runtime.core.money import show_amount
from runtime.core.order import show_order
from runtime.core.plan import ways_on
from runtime.core.problem import Problem
from runtime.core.run import trace_code, with_changes
from runtime.core.words import text
from runtime.store import desk, queries
from runtime.store.database import reading as reading_from
from runtime.store.desk import Look

STATES = ("open", "mended")
KINDS = ("error", "timeout", "refused", "bad_answer")
_REASON = {"type": "string", "minLength": 1, "maxLength": 2000}


@operation(
    "GET",
    "/failures",
    "orders.read",
    "Failures, the newest first.",
    description="Each try that came to the failure list is one failure. Those of one `cause` are mended by one thing.",
    query={
        "state": {"type": "string", "enum": list(STATES), "description": "Open and mended ones where it is not said."},
        "cause": {**schemas.TEXT, "description": "As a failure's `cause` tells it."},
        "flow": schemas.TEXT,
        "channel": schemas.TEXT,
        "system": schemas.TEXT,
        "kind": {"type": "string", "enum": list(KINDS)},
        "search": {**schemas.TEXT, "description": "An order id, the beginning of a trace code, or words of the error."},
        "limit": {"type": "integer", "minimum": 1, "maximum": reading.MOST_ON_A_PAGE, "default": reading.ON_A_PAGE},
        "cursor": schemas.TEXT,
    },
    answers={200: schemas.ref("FailurePage")},
    problems=(422,),
)
def list_failures() -> Response:
    """One page of failures."""
    size, begin = reading.page_size(), reading.read_cursor((str,))
    state, kind = reading.chosen("state", STATES), reading.chosen("kind", KINDS)
    look = Look(
        state=state[0] if len(state) == 1 else "",
        kind=kind[0] if kind else "",
        text=reading.argument("search") or "",
        cause=reading.argument("cause") or "",
        flow=reading.argument("flow") or "",
        channel=reading.argument("channel") or "",
        system=reading.argument("system") or "",
    )
    with reading_from(engine()) as connection:
        rows = desk.find_failures(
            connection, look, channels=caller().channels, before=begin[0] if begin else None, limit=size + 1
        )
    items = [failure_line(row) for row in rows[:size]]
    return json_answer({"items": items, "next": reading.write_cursor(items[-1]["id"]) if len(rows) > size else None})


@operation(
    "GET",
    "/failures/{id}",
    "orders.read",
    "One failure: the order as it was, each call that the step made, and the ways by which it can be skipped.",
    answers={200: schemas.ref("WholeFailure")},
)
def get_failure(id: str) -> Response:
    """One failure."""
    return _answer(id)


@operation(
    "POST",
    "/failures/{id}/retry",
    "orders.mend",
    "Try the failed step again.",
    description="If it fails again, that is a failure of its own.",
    body=schemas.request_body(),
    optional_body=True,
    answers={200: schemas.ref("WholeFailure")},
    problems=(400, 409, 422),
)
def retry_failure(id: str) -> Response:
    """Another try."""
    reading.members((), optional=True)
    return _mended(id, Mend("retry"))


@operation(
    "POST",
    "/failures/{id}/skip",
    "orders.mend",
    "Let the order go on behind the failed step, with a reason.",
    description="Without `way` it goes on by the first of the failure's `ways`.",
    body=schemas.request_body(("reason",), reason=_REASON, way={"type": ["string", "null"]}),
    answers={200: schemas.ref("WholeFailure")},
    problems=(400, 409, 422),
)
def skip_failure(id: str) -> Response:
    """On behind it."""
    body = reading.members(("reason", "way"))
    return _mended(id, Mend("skip", _reason(body), reading.text(body, "way", 64)))


@operation(
    "POST",
    "/failures/{id}/closure",
    "orders.mend",
    "End the order for good, with a reason.",
    body=schemas.request_body(
        ("result", "reason"), result={"type": "string", "enum": ["done", "cancelled"]}, reason=_REASON
    ),
    answers={200: schemas.ref("WholeFailure")},
    problems=(400, 409, 422),
)
def close_failure(id: str) -> Response:
    """The end of the order."""
    body = reading.members(("result", "reason"))
    result = reading.choice(body, "result", ("done", "cancelled"))
    return _mended(id, Mend("done" if result == "done" else "cancelled", _reason(body)))


def failure_line(row: RowMapping) -> dict[str, Any]:
    """A failure as it stands in lists."""
    message, remedy = text(row["code"], orjson.loads(row["params"]), language())
    return {
        "id": row["id"],
        "trace": trace_code(row["run_id"], row["step"], row["attempt"]),
        "state": row["state"],
        "kind": row["kind"],
        "code": row["code"],
        "message": message,
        "remedy": remedy,
        "cause": row["cause"],
        "flow": row["flow_key"] or None,
        "node": row["node"] or None,
        "system": row["system"] or None,
        "automatic_tries": row["tries"],
        "tries_by_hand": row["by_hand"],
        "failed_at": moment(row["failed_at"]),
        "settled_at": moment(row["settled_at"]),
        "settled_by": row["settled_by"],
        "reason": row["reason"],
        "order": {
            "trace": row["run_id"],
            "id": row["external_id"],
            "channel": row["channel"],
            "state": row["order_state"],
            "total": show_amount(row["total"], row["currency"]),
            "currency": row["currency"],
            "buyer": row["buyer"],
            "received_at": moment(row["received_at"]),
        },
    }


def _answer(failure_id: str) -> Response:
    with reading_from(engine()) as connection:
        row = _row(connection, failure_id)
        of_step = [call for call in queries.effects_of(connection, row["run_id"]) if _step(call) == row["step"]]
        plan = service().flows.plan(connection, row["version_id"]) if row["version_id"] else None
        was = with_changes(orjson.loads(row["document"]), orjson.loads(row["changes"]))
        return json_answer(
            {
                **failure_line(row),
                "ways": list(ways_on(plan, row["node"])) if plan else [],
                "document": show_order(was),
                "calls": [{**effect_line(call), "content": orjson.loads(call["content"])} for call in of_step],
            }
        )


def _mended(failure_id: str, mend: Mend) -> Response:
    with reading_from(engine()) as connection:
        _row(connection, failure_id)
    unmended = service().acts.mend(failure_id, mend, caller().actor)
    match unmended:
        case None:
            return _answer(failure_id)
        case Unmended(why="unknown"):
            raise _unknown(failure_id)
        case Unmended(why="no_way_on"):
            raise Refusal(409, Problem("failure.no_way_on", "way"))
        case _:
            raise Refusal(409, Problem(f"failure.{unmended.how}", "id", {"who": unmended.by}))


def _row(connection: Connection, failure_id: str) -> RowMapping:
    """The failure, if the caller may see its channel; else there is none."""
    row, channels = desk.failure(connection, failure_id), caller().channels
    if row is None or (channels is not None and row["channel"] not in channels):
        raise _unknown(failure_id)
    return row


def _unknown(failure_id: str) -> Refusal:
    return Refusal(404, Problem("failure.unknown", "id", {"id": json_text.shown(failure_id)}))


def _reason(body: Mapping[str, Any]) -> str:
    reason = reading.text(body, "reason").strip()
    if not reason:
        raise Refusal(422, Problem("api.reason_missing", "reason"))
    return reason


def _step(call: RowMapping) -> int:
    return int(call["trace"].split(".")[1])

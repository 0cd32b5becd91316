"""How orders, tasks and flows read in answers."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, RowMapping

from builder.api.problems import language
from builder.i18n import words
from builder.web import service
from nodes.contract import Failure
from runtime.core.money import show_amount
from runtime.core.order import show_order
from runtime.core.plan import Plan, drawn_id
from runtime.core.problem import Problem
from runtime.core.run import Token, read_token, trace_code
from runtime.core.words import text
from runtime.store import queries

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(at: int | None) -> str | None:
    """Microseconds since the epoch as ISO text in UTC."""
    if at is None:
        return None
    return (_EPOCH + timedelta(microseconds=at)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def order_line(row: RowMapping) -> dict[str, Any]:
    """An order as it stands in lists."""
    return {
        "trace": row["run_id"],
        "id": row["external_id"],
        "channel": row["channel"],
        "state": row["state"],
        "state_words": _words(f"state.{row['state']}"),
        "reason": words(row["reason"], language()) or None,
        "flow": row["flow_key"],
        "total": show_amount(row["total"], row["currency"]),
        "currency": row["currency"],
        "buyer": row["buyer"],
        "received_at": moment(row["received_at"]),
        "ended_at": moment(row["ended_at"]),
    }


def whole_order(connection: Connection, row: RowMapping) -> dict[str, Any]:
    """An order with where it stands, its document, its whole trace and its outward calls."""
    run_id = row["run_id"]
    version = queries.version(connection, row["version_id"]) if row["version_id"] else None
    plan = service().flows.plan(connection, row["version_id"]) if version else None
    asked = {task["trace"]: task for task in queries.tasks_of(connection, run_id)}
    tokens = [read_token(token) for token in orjson.loads(row["tokens"])]
    return {
        **order_line(row),
        "version": version["number"] if version else None,
        "standing": [_standing(run_id, token, plan, asked) for token in tokens],
        "order": show_order(orjson.loads(row["document"])),
        "changes": orjson.loads(row["changes"]),
        "steps": list(_steps(run_id, queries.trace(connection, run_id))),
        "effects": [effect_line(effect) for effect in queries.effects_of(connection, run_id)],
    }


def task_line(row: RowMapping) -> dict[str, Any]:
    """A task with the order that it is about."""
    return {
        "trace": row["trace"],
        "title": words(row["title"], language()),
        "node": row["node"],
        "state": row["state"],
        "who": {"kind": row["who_kind"], "value": row["who"]},
        "reasons": [words(reason, language()) for reason in orjson.loads(row["reasons"])],
        "asked_at": moment(row["asked_at"]),
        "due_at": moment(row["due_at"]),
        "decision": row["decision"],
        "reason": row["reason"],
        "decided_by": row["decided_by"],
        "decided_at": moment(row["decided_at"]),
        "flow": row["flow_key"],
        "order": {
            "trace": row["run_id"],
            "id": row["external_id"],
            "channel": row["channel"],
            "total": show_amount(row["total"], row["currency"]),
            "currency": row["currency"],
            "buyer": row["buyer"],
            "received_at": moment(row["received_at"]),
        },
    }


def flow_problems(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """What is wrong with a flow, by node and field."""
    return [
        {
            "code": one.code,
            "level": one.level,
            "node": one.node,
            "where": one.where,
            "message": message,
            "remedy": remedy,
        }
        for one in problems
        for message, remedy in (text(one.code, one.params, language()),)
    ]


def _standing(run_id: str, token: Token, plan: Plan | None, asked: Mapping[str, RowMapping]) -> dict[str, Any]:
    trace = trace_code(run_id, token.step, token.attempt)
    seats = (trace_code(run_id, token.step, token.attempt, seat) for seat in token.seats)
    asks = [
        {"task": seat, "who": {"kind": asked[seat]["who_kind"], "value": asked[seat]["who"]}}
        for seat in seats
        if seat in asked and token.rest in ("person", "hold")
    ]
    node = plan.nodes[plan.index[token.node]] if plan and token.node in plan.index else None
    return {
        "trace": trace,
        "node": drawn_id(token.node),
        "type": node.kind if node else None,
        "name": node.name if node else None,
        "waits_for": token.rest,
        "words": _words(f"rest.{token.rest}"),
        "who": asks[0]["who"] if asks else None,
        "asks": asks,
        "since": moment(token.since),
        "until": moment(token.until),
        "tries": _tries(token),
        "try": token.origin.failure.attempt + 1 if token.origin and token.rest == "retry" else token.tries,
        "of": node.settings.get("max_tries") if node and token.rest == "retry" else None,
        "failure": _failure(token.failure or (token.origin.failure if token.origin else None)),
    }


def _tries(token: Token) -> dict[str, int]:
    """Of the step that stands there, or of the one that failed before a retry."""
    attempt, by_hand = (token.origin or token).attempt, (token.origin or token).by_hand
    return {"automatic": attempt - by_hand, "by_hand": by_hand}


def _failure(failure: Failure | None) -> dict[str, Any] | None:
    if failure is None:
        return None
    message, remedy = text(failure.code, failure.params, language())
    return {"kind": failure.kind, "code": failure.code, "message": message, "remedy": remedy}


def _steps(run_id: str, entries: Sequence[Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    """Every visit of every burst, the oldest first, with the event that set it off and who caused that."""
    for entry in entries:
        event, actor = entry["event"], entry.get("actor")
        for visit in entry["steps"]:
            known = {name: value for name, value in visit.items() if name not in ("step", "attempt", "node", "at")}
            if "reason" in known:
                known["reason"] = words(known["reason"], language())
            yield {
                "trace": trace_code(run_id, visit["step"], visit["attempt"]),
                "step": visit["step"],
                "attempt": visit["attempt"],
                "node": visit["node"],
                "at": moment(visit["at"]),
                "rev": entry["rev"],
                "event": event,
                "by": actor,
                "outcome": known,
            }
        if not entry["steps"]:
            yield {
                "trace": run_id,
                "step": None,
                "attempt": None,
                "node": None,
                "at": moment(entry["at"]),
                "rev": entry["rev"],
                "event": event,
                "by": actor,
                "outcome": {},
            }


def effect_line(row: RowMapping) -> dict[str, Any]:
    """An outward call with its answer."""
    return {
        "trace": row["trace"],
        "adapter": row["adapter"],
        "target": row["target"],
        "state": row["state"],
        "sends": row["sends"],
        "made_at": moment(row["made_at"]),
        "due_at": moment(row["due_at"]),
        "answered_at": moment(row["answered_at"]),
        "answer": orjson.loads(row["answer"]) if row["answer"] else None,
    }


def _words(code: str) -> str:
    return text(code, language=language())[0]

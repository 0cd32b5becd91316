"""Tasks: what people are asked, and their decisions."""

from flask import Response

from builder.api import reading, schemas
from builder.api.contract import caller, operation
from builder.api.problems import Refusal, json_answer
from builder.api.shapes import moment, task_line, whole_order
from builder.models import engine
from builder.web import service
from runtime.answering import Decline
from runtime.core.json_text import shown
from runtime.core.problem import Problem
from runtime.store import queries
from runtime.store.database import reading as reading_from

TASK_STATES = ("open", "decided", "withdrawn")


@operation(
    "GET",
    "/tasks",
    "tasks.read",
    "Tasks, the one due first on top.",
    query={
        "state": {"type": "string", "enum": list(TASK_STATES), "default": "open"},
        "search": {**schemas.TEXT, "description": "As for orders."},
        "limit": {"type": "integer", "minimum": 1, "maximum": reading.MOST_ON_A_PAGE, "default": reading.ON_A_PAGE},
        "cursor": schemas.TEXT,
    },
    answers={200: schemas.ref("TaskPage")},
    problems=(422,),
)
def list_tasks() -> Response:
    """One page of tasks."""
    size = reading.page_size()
    state = reading.choice({"state": reading.argument("state") or "open"}, "state", TASK_STATES)
    begin = reading.read_cursor((int, str))
    with reading_from(engine()) as connection:
        rows = queries.find_tasks(
            connection,
            None,
            state=state,
            text=reading.argument("search") or "",
            channels=caller().channels,
            after=(begin[0], begin[1]) if begin else None,
            limit=size + 1,
        )
    last = rows[size - 1] if len(rows) > size else None
    following = reading.write_cursor(last["place"], last["trace"]) if last else None
    return json_answer({"items": [task_line(row) for row in rows[:size]], "next": following})


@operation("GET", "/tasks/{trace}", "tasks.read", "One task, open or not.", answers={200: schemas.ref("Task")})
def get_task(trace: str) -> Response:
    """One task."""
    with reading_from(engine()) as connection:
        row = queries.task(connection, trace)
    if row is None or not _may_see(row["channel"]):
        raise _unknown(trace)
    return json_answer(task_line(row))


@operation(
    "POST",
    "/tasks/{trace}/decision",
    "tasks.decide",
    "Approve or reject; the first decision counts.",
    body=schemas.request_body(
        ("decision",),
        decision={"type": "string", "enum": ["approve", "reject"]},
        reason={"type": ["string", "null"], "maxLength": 2000, "description": "Wanted for a rejection."},
    ),
    answers={200: schemas.ref("WholeOrder")},
    problems=(400, 409, 422),
)
def decide_task(trace: str) -> Response:
    """A decision."""
    body = reading.members(("decision", "reason"))
    decision = reading.choice(body, "decision", ("approve", "reject"))
    reason = reading.text(body, "reason").strip()
    if decision == "reject" and not reason:
        raise Refusal(422, Problem("api.reason_missing", "reason"))
    with reading_from(engine()) as connection:
        row = queries.task(connection, trace)
    if row is None or not _may_see(row["channel"]):
        raise _unknown(trace)
    declined = service().decide_task(trace, "approve" if decision == "approve" else "reject", reason, caller().actor)
    if declined:
        raise _too_late(declined, trace)
    with reading_from(engine()) as connection:
        order = queries.order(connection, row["run_id"])
        assert order is not None, "a task's order is never deleted"
        return json_answer(whole_order(connection, order))


def _may_see(channel: str) -> bool:
    channels = caller().channels
    return channels is None or channel in channels


def _unknown(trace: str) -> Refusal:
    return Refusal(404, Problem("api.task_unknown", "trace", {"trace": shown(trace)}))


def _too_late(declined: Decline, trace: str) -> Refusal:
    if declined.why == "unknown":
        return _unknown(trace)
    if declined.why == "already_decided":
        at = moment(declined.at)
        problem = Problem("api.already_decided", "trace", {"by": declined.by, "at": at})
        return Refusal(409, problem, by=declined.by, at=at, decision=declined.decision)
    if declined.why == "claimed":
        problem = Problem("api.claimed", "trace", {"by": declined.by or ""})
        return Refusal(409, problem, by=declined.by, at=moment(declined.at))
    if declined.why == "one_voice":
        return Refusal(409, Problem("api.one_voice", "trace", {"by": declined.by}))
    return Refusal(409, Problem("api.withdrawn", "trace"))

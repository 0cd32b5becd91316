"""Flows: import, publication, and reading them."""

from typing import Any

import orjson
from flask import Response, request

from builder.api import reading, schemas
from builder.api.contract import caller, operation
from builder.api.problems import Refusal, json_answer
from builder.api.shapes import flow_problems, moment
from builder.models import engine
from builder.web import service
from runtime.core.flow import FlowCheck
from runtime.core.json_text import shown
from runtime.core.problem import Problem
from runtime.flows import Draft, Published
from runtime.store import queries
from runtime.store.database import reading as reading_from


@operation(
    "POST",
    "/flows",
    "flows.edit",
    "Import a flow document as the draft of its key, new or not.",
    description="A document with errors is refused and nothing is stored. Warnings are told, and the draft is stored.",
    body=schemas.ref("Flow"),
    answers={
        200: {**schemas.ref("FlowAnswer"), "description": "The draft of a known flow was replaced."},
        201: {**schemas.ref("FlowAnswer"), "description": "A new flow was stored."},
    },
    problems=(400, 413, 422),
)
def import_flow() -> Response:
    """An import."""
    document = reading.json_body(request.get_data(cache=False))
    check = service().flows.check(document)
    if check.flow is None or check.errors:
        raise _refused("api.flow_refused", check, key=check.flow.key if check.flow else None)
    known = service().flows.draft(check.flow.key)
    service().flows.add(document, caller().actor)
    version = known.version if known else None
    answer = {"key": check.flow.key, "version": version, "problems": flow_problems(check.problems)}
    return json_answer(answer, 200 if known else 201)


@operation("GET", "/flows", "flows.read", "Every flow.", answers={200: schemas.ref("FlowPage")})
def list_flows() -> Response:
    """All flows, by key."""
    with reading_from(engine()) as connection:
        rows = queries.all_flows(connection)
    items = [
        {
            "key": row["key"],
            "name": orjson.loads(row["name"]),
            "version": row["version"],
            "rev": row["draft_rev"],
            "changed_at": moment(row["draft_at"]),
            "changed_by": row["draft_by"],
        }
        for row in rows
    ]
    return json_answer({"items": items, "next": None})


@operation(
    "GET",
    "/flows/{key}",
    "flows.read",
    "One flow: its draft, its published version, and what is wrong with the draft.",
    answers={200: schemas.ref("WholeFlow")},
)
def get_flow(key: str) -> Response:
    """One flow."""
    draft = _draft(key)
    with reading_from(engine()) as connection:
        version_id = service().flows.published(connection, key)
        row = queries.version(connection, version_id) if version_id else None
    return json_answer(
        {
            "key": draft.key,
            "name": draft.document.get("name") or draft.key,
            "version": draft.version,
            "rev": draft.rev,
            "changed_at": moment(draft.at),
            "changed_by": draft.by,
            "document": draft.document,
            "published": orjson.loads(row["document"]) if row else None,
            "problems": flow_problems(service().flows.check(draft.document).problems),
        }
    )


@operation(
    "POST",
    "/flows/{key}/publication",
    "flows.publish",
    "Make the draft the version that new orders take.",
    body=schemas.request_body(note={"type": ["string", "null"], "maxLength": 2000}),
    optional_body=True,
    answers={201: schemas.ref("FlowAnswer")},
    problems=(400, 422),
)
def publish_flow(key: str) -> Response:
    """A publication."""
    note = reading.text(reading.members(("note",), optional=True), "note")
    outcome = service().flows.publish(key, note, caller().actor)
    if outcome is None:
        raise _unknown(key)
    if isinstance(outcome, Published):
        problems = flow_problems(outcome.problems)
        return json_answer({"key": key, "version": outcome.version, "problems": problems}, 201)
    raise _refused("api.flow_unpublished", outcome, key=key, version=_draft(key).version)


def _draft(key: str) -> Draft:
    draft = service().flows.draft(key)
    if draft is None:
        raise _unknown(key)
    return draft


def _unknown(key: str) -> Refusal:
    return Refusal(404, Problem("api.flow_unknown", "key", {"key": shown(key)}))


def _refused(code: str, check: FlowCheck, key: str | None, version: int | None = None) -> Refusal:
    told: dict[str, Any] = {"key": key, "version": version, "problems": flow_problems(check.problems)}
    first = check.errors[0]
    return Refusal(422, Problem(code, first.where, {"count": len(check.errors)}), **told)

"""The JSON Schemas of requests and answers. Components are named once here and referred to everywhere else."""

from collections.abc import Mapping
from typing import Any, Final, get_args

from runtime.core.flow import schema as flow_schema
from runtime.core.ledger import Kind
from runtime.core.order import ORDER_SCHEMA
from runtime.core.run import STATES, Rest

Schema = Mapping[str, Any]

TEXT: Final[Schema] = {"type": "string"}
WHOLE: Final[Schema] = {"type": "integer"}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
MOMENT: Final[Schema] = {"type": "string", "format": "date-time", "description": "UTC, ends in Z."}
ULID: Final[Schema] = {"type": "string", "pattern": "^[0-9A-HJKMNP-TV-Z]{26}$"}
OBJECT: Final[Schema] = {"type": "object"}


def ref(name: str) -> Schema:
    """A component by name."""
    return {"$ref": f"#/components/schemas/{name}"}


def closed(**properties: Schema) -> Schema:
    """An object with exactly these members."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def request_body(required: tuple[str, ...] = (), **properties: Schema) -> Schema:
    """An object with no other members than these."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def array(items: Schema, **rules: Any) -> Schema:
    """A list."""
    return {"type": "array", "items": items, **rules}


def or_null(schema: Schema) -> Schema:
    """The value, or null where it is not known or does not apply."""
    kind = schema.get("type")
    return {**schema, "type": [kind, "null"]} if isinstance(kind, str) else {"anyOf": [schema, {"type": "null"}]}


def page_of(items: Schema) -> Schema:
    """One page of a list; `next` is the cursor of the page after it, null on the last."""
    return closed(items=array(items), next=or_null(TEXT))


STATE: Final[Schema] = {"type": "string", "enum": list(STATES)}
_WHO: Final[Schema] = closed(kind={"type": "string", "enum": ["person", "team", "role"]}, value=TEXT)
_BALANCE: Final[dict[str, Schema]] = {
    "received": COUNT,
    **dict.fromkeys(STATES, COUNT),
    "difference": {**WHOLE, "description": "Received less all states: 0, or an incident."},
}
_ORDER_LINE: Final[dict[str, Schema]] = {
    "trace": ULID,
    "id": TEXT,
    "channel": TEXT,
    "state": STATE,
    "state_words": TEXT,
    "reason": or_null(TEXT),
    "flow": or_null(TEXT),
    "total": TEXT,
    "currency": TEXT,
    "buyer": or_null(TEXT),
    "received_at": MOMENT,
    "ended_at": or_null(MOMENT),
}
_EFFECT: Final[dict[str, Schema]] = {
    "trace": TEXT,
    "adapter": TEXT,
    "target": TEXT,
    "state": TEXT,
    "sends": COUNT,
    "made_at": MOMENT,
    "due_at": or_null(MOMENT),
    "answered_at": or_null(MOMENT),
    "answer": or_null(OBJECT),
}
_FAILURE: Final[dict[str, Schema]] = {
    "id": ULID,
    "trace": {**TEXT, "description": "The trace code of the try that failed."},
    "state": {"type": "string", "enum": ["open", "retried", "skipped", "closed"]},
    "kind": {"type": "string", "enum": ["error", "timeout", "refused", "bad_answer"]},
    "code": TEXT,
    "message": TEXT,
    "remedy": TEXT,
    "cause": TEXT,
    "flow": or_null(TEXT),
    "node": or_null(TEXT),
    "system": or_null(TEXT),
    "automatic_tries": COUNT,
    "tries_by_hand": COUNT,
    "failed_at": MOMENT,
    "settled_at": or_null(MOMENT),
    "settled_by": or_null(TEXT),
    "reason": or_null(TEXT),
    "order": closed(
        trace=ULID,
        id=TEXT,
        channel=TEXT,
        state=STATE,
        total=TEXT,
        currency=TEXT,
        buyer=or_null(TEXT),
        received_at=MOMENT,
    ),
}


_MOVE: Final[dict[str, Schema]] = {
    "id": ULID,
    "flow": TEXT,
    "from": array(WHOLE),
    "to": {**or_null(WHOLE), "description": "Null: each order goes back to where it came from."},
    "undoes": {**or_null(ULID), "description": "The move that this one takes back."},
    "reason": TEXT,
    "by": TEXT,
    "state": {"type": "string", "enum": ["running", "done"]},
    "orders": COUNT,
    "ready": COUNT,
    "moved": COUNT,
    "declined": COUNT,
    "undone": COUNT,
    "made_at": MOMENT,
    "ended_at": or_null(MOMENT),
}


def components() -> dict[str, Schema]:
    """Every named schema."""
    order = {name: part for name, part in ORDER_SCHEMA.items() if name != "$schema"}
    flow = {name: part for name, part in flow_schema().items() if name not in ("$schema", "$id")}
    return {
        "Order": order,
        "Flow": _inside(flow, "Flow"),
        "OrderError": closed(code=TEXT, where=TEXT, message=TEXT, remedy=TEXT),
        "IntakeResult": closed(
            id=or_null(TEXT),
            status={"type": "string", "enum": ["accepted", "duplicate", "refused"]},
            trace=or_null(ULID),
            errors=array(ref("OrderError")),
        ),
        "IntakeAnswer": closed(results=array(ref("IntakeResult"))),
        "OrderLine": closed(**_ORDER_LINE),
        "OrderPage": page_of(ref("OrderLine")),
        "Standing": closed(
            trace=TEXT,
            node=TEXT,
            type=or_null(TEXT),
            name={"type": ["string", "object", "null"]},
            waits_for={"type": "string", "enum": list(get_args(Rest))},
            words=TEXT,
            who={**or_null(_WHO), "description": "The first of those whom it asks."},
            asks={**array(closed(task=TEXT, who=_WHO)), "description": "All whom it asks now, each with their task."},
            since=MOMENT,
            until=or_null(MOMENT),
            tries=closed(automatic=WHOLE, by_hand=WHOLE),
            **{"try": WHOLE, "of": or_null(WHOLE)},
            failure=or_null(closed(kind=TEXT, code=TEXT, message=TEXT, remedy=TEXT)),
        ),
        "Step": closed(
            trace=TEXT,
            step=or_null(WHOLE),
            attempt=or_null(WHOLE),
            node=or_null(TEXT),
            at=MOMENT,
            rev=WHOLE,
            event=OBJECT,
            by=or_null(TEXT),
            outcome=OBJECT,
        ),
        "Effect": closed(**_EFFECT),
        "WholeOrder": closed(
            **_ORDER_LINE,
            version=or_null(WHOLE),
            standing=array(ref("Standing")),
            order=ref("Order"),
            changes=OBJECT,
            steps=array(ref("Step")),
            effects=array(ref("Effect")),
        ),
        "Task": closed(
            trace=TEXT,
            title=TEXT,
            node=TEXT,
            state={"type": "string", "enum": ["open", "decided", "withdrawn"]},
            who=_WHO,
            reasons=array(TEXT),
            asked_at=MOMENT,
            due_at=or_null(MOMENT),
            decision=or_null(TEXT),
            reason=or_null(TEXT),
            decided_by=or_null(TEXT),
            decided_at=or_null(MOMENT),
            flow=or_null(TEXT),
            order=closed(
                trace=ULID,
                id=TEXT,
                channel=TEXT,
                total=TEXT,
                currency=TEXT,
                buyer=or_null(TEXT),
                received_at=MOMENT,
            ),
        ),
        "Failure": closed(**_FAILURE),
        "FailurePage": page_of(ref("Failure")),
        "WholeFailure": closed(
            **_FAILURE,
            ways=array(TEXT, description="Ports by which the step can be skipped, the usual one first."),
            document=ref("Order"),
            calls=array(closed(**_EFFECT, content=OBJECT)),
        ),
        "TaskPage": page_of(ref("Task")),
        "FlowProblem": closed(
            code=TEXT,
            level={"type": "string", "enum": ["error", "warning"]},
            node=or_null(TEXT),
            where=TEXT,
            message=TEXT,
            remedy=TEXT,
        ),
        "FlowAnswer": closed(
            key=TEXT,
            version={**or_null(WHOLE), "description": "The published version; null before the first publication."},
            problems=array(ref("FlowProblem")),
        ),
        "FlowLine": closed(
            key=TEXT,
            name={"type": ["string", "object"]},
            version=or_null(WHOLE),
            rev=WHOLE,
            changed_at=MOMENT,
            changed_by=TEXT,
        ),
        "FlowPage": page_of(ref("FlowLine")),
        "WholeFlow": closed(
            key=TEXT,
            name={"type": ["string", "object"]},
            version=or_null(WHOLE),
            rev=WHOLE,
            changed_at=MOMENT,
            changed_by=TEXT,
            document=OBJECT,
            published=or_null(OBJECT),
            problems=array(ref("FlowProblem")),
        ),
        "MoveReason": closed(code=TEXT, node=or_null(TEXT), message=TEXT, remedy=TEXT),
        "MovePreview": closed(
            flow=TEXT,
            to=WHOLE,
            movable=COUNT,
            groups=array(
                closed(
                    key=TEXT,
                    **{"from": WHOLE},
                    standing=array(closed(node=TEXT, waits_for=TEXT)),
                    count=COUNT,
                    states={"type": "object", "additionalProperties": COUNT},
                    changes=array(ref("MoveReason")),
                    obstacles={**array(ref("MoveReason")), "description": "Why these cannot move; empty: they can."},
                    orders=or_null(array(ULID)),
                )
            ),
        ),
        "Move": closed(**_MOVE),
        "MovePage": page_of(ref("Move")),
        "WholeMove": closed(
            **_MOVE, stayed=array(closed(trace=ULID, id=TEXT, why=array(ref("MoveReason"))), maxItems=1000)
        ),
        "ChannelBalance": closed(**_BALANCE),
        "Balance": closed(
            **_BALANCE,
            channels={"type": "object", "additionalProperties": ref("ChannelBalance")},
            checked_at={**or_null(MOMENT), "description": "When orders were last compared with their journals."},
            incidents={**array(ref("Incident"), maxItems=500), "description": "What is not as the journal says."},
        ),
        "Incident": closed(
            kind={"type": "string", "enum": list(get_args(Kind))},
            id={**or_null(TEXT), "description": "The order's own id; null where nothing tells it."},
            trace=or_null(ULID),
            channel=TEXT,
            found_at=MOMENT,
        ),
        "Problem": {
            "type": "object",
            "description": "RFC 9457. Further members tell more about some problems.",
            "properties": {
                "type": {"type": "string", "format": "uri"},
                "title": TEXT,
                "status": WHOLE,
                "detail": TEXT,
                "where": {**TEXT, "description": "A path into what was sent, or the name of a header."},
                "remedy": TEXT,
                "code": TEXT,
                "problems": array(ref("FlowProblem")),
            },
            "required": ["type", "title", "status", "detail", "where", "remedy", "code"],
        },
    }


def _inside(part: Any, name: str) -> Any:
    """A schema that becomes a component: what it refers to inside itself is found under its new name."""
    if isinstance(part, Mapping):
        return {
            key: f"#/components/schemas/{name}{value[1:]}"
            if key == "$ref" and isinstance(value, str) and value.startswith("#")
            else _inside(value, name)
            for key, value in part.items()
        }
    return [_inside(one, name) for one in part] if isinstance(part, list) else part

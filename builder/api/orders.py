"""Orders: the intake, and what became of each."""

from collections.abc import Sequence
from hashlib import sha256

from flask import Response, request
from sqlalchemy import RowMapping

from builder.api import reading, schemas
from builder.api.access import Caller, Outdated, check_permission, known_caller
from builder.api.contract import caller, operation
from builder.api.problems import Refusal, json_answer, language
from builder.api.shapes import order_line, whole_order
from builder.ingest.checking import answer, check
from builder.models import engine
from builder.web import service
from runtime.answering import Decline
from runtime.core import json_text
from runtime.core.problem import Problem
from runtime.core.run import STATES
from runtime.intake import KEPT_BYTES, Answer, Arrival, Delivery, Key, Receipt, Refused, refuse
from runtime.store import queries
from runtime.store.database import reading as reading_from

MOST_BYTES = 8 * 1024 * 1024
LET_PASS = 4
LONGEST_KEY = 128
LINES = frozenset(("application/x-ndjson", "application/ndjson", "application/jsonl"))


@operation(
    "POST",
    "/orders",
    "orders.send",
    "Bring orders: one, a JSON array, or one a line (NDJSON); at most 1,000.",
    description=(
        "Each order is checked on its own. 202 as long as one was accepted or is a duplicate, 422 when all were refused; "
        "the answer has one result an order, in the order in which they were sent. Sending an order twice does no harm. "
        "Instead of a bearer token, an own shop may sign the raw body."
    ),
    own_check=True,
    signed=True,
    body={"anyOf": [schemas.ref("Order"), schemas.array(schemas.ref("Order"), maxItems=json_text.MOST_ORDERS)]},
    media=("application/json", "application/x-ndjson"),
    query={
        "channel": {**schemas.TEXT, "description": "For signed requests: the channel, where X-Channel is not sent."}
    },
    headers={
        "Idempotency-Key": {
            **schemas.TEXT,
            "maxLength": LONGEST_KEY,
            "description": "The same key with the same body is answered as before; with another body it is 422.",
        },
        "X-Signature": {
            **schemas.TEXT,
            "description": 't=SECONDS,v1=hex(HMAC-SHA256(secret, t + "." + body)); good for 5 minutes.',
        },
        "X-Channel": {**schemas.TEXT, "description": "For signed requests: the channel (default own-shop)."},
    },
    answers={202: schemas.ref("IntakeAnswer"), 422: {"anyOf": [schemas.ref("IntakeAnswer"), schemas.ref("Problem")]}},
    problems=(400, 413, 415),
)
def post_orders() -> Response:
    """Take what can be taken; keep what is refused."""
    # A token is checked before the body is read; a signature covers the body.
    known = None if "X-Signature" in request.headers else known_caller()
    body, size = _body()
    if size > MOST_BYTES:
        raise _turned_away(known, 413, Problem("intake.body_large", params={"most": MOST_BYTES}), body, size)
    try:
        known = known or known_caller(body)
    except Outdated as late:
        raise _turned_away(late.shop, 401, late.problem, body) from None
    if size < (request.content_length or 0):
        sizes = {"told": request.content_length, "came": size}
        raise _turned_away(known, 400, Problem("intake.cut_off", params=sizes), body)
    try:
        check_permission(known, "orders.send")
    except Refusal as refusal:
        raise _turned_away(known, 403, refusal.problem, body) from None
    return _take(known, body)


@operation(
    "GET",
    "/orders",
    "orders.read",
    "Orders, the newest first.",
    query={
        "state": {**schemas.STATE, "description": "May be said several times, or once with commas."},
        "channel": schemas.TEXT,
        "id": {**schemas.TEXT, "description": "The channel's own order id, exactly."},
        "flow": schemas.TEXT,
        "search": {
            **schemas.TEXT,
            "description": "An order id, the last four digits of a phone, the beginning of a trace code, a SKU, a buyer.",
        },
        "limit": {"type": "integer", "minimum": 1, "maximum": reading.MOST_ON_A_PAGE, "default": reading.ON_A_PAGE},
        "cursor": schemas.TEXT,
    },
    answers={200: schemas.ref("OrderPage")},
    problems=(422,),
)
def list_orders() -> Response:
    """One page of orders."""
    size = reading.page_size()
    begin = reading.read_cursor((str,))
    with reading_from(engine()) as connection:
        rows = queries.find_orders(
            connection,
            text=reading.argument("search") or "",
            states=reading.chosen("state", STATES),
            channel=reading.argument("channel"),
            channels=caller().channels,
            external_id=reading.argument("id"),
            flow_key=reading.argument("flow"),
            before=begin[0] if begin else None,
            limit=size + 1,
        )
    more = len(rows) > size
    items = [order_line(row) for row in rows[:size]]
    return json_answer({"items": items, "next": reading.write_cursor(items[-1]["trace"]) if more else None})


@operation(
    "GET",
    "/orders/{trace}",
    "orders.read",
    "One order: state, where it stands, its document, its whole trace, its outward calls.",
    description="`trace` is the trace code that the intake answered. By the channel's own id: /orders?channel=…&id=…",
    answers={200: schemas.ref("WholeOrder")},
)
def get_order(trace: str) -> Response:
    """One order."""
    return _order_answer(trace)


@operation(
    "POST",
    "/orders/{trace}/retry",
    "orders.mend",
    "Try a failed order again: one failed step, or all of them.",
    body=schemas.request_body(step={"type": ["integer", "null"], "minimum": 1}),
    optional_body=True,
    answers={200: schemas.ref("WholeOrder")},
    problems=(400, 409, 422),
)
def retry_order(trace: str) -> Response:
    """Another try."""
    body = reading.members(("step",), optional=True)
    step = None if body.get("step") is None else reading.number(body["step"], "step", 1, 10**9)
    _find(trace)
    _unless_declined(service().retry(trace, step, caller().actor), trace)
    return _order_answer(trace)


@operation(
    "POST",
    "/orders/{trace}/close",
    "orders.mend",
    "End an order by a person's word, with a reason.",
    body=schemas.request_body(
        ("result", "reason"),
        result={"type": "string", "enum": ["done", "cancelled"]},
        reason={"type": "string", "minLength": 1, "maxLength": 2000},
    ),
    answers={200: schemas.ref("WholeOrder")},
    problems=(400, 409, 422),
)
def close_order(trace: str) -> Response:
    """The end."""
    body = reading.members(("result", "reason"))
    result = reading.choice(body, "result", ("done", "cancelled"))
    reason = reading.text(body, "reason").strip()
    if not reason:
        raise Refusal(422, Problem("api.reason_missing", "reason"))
    _find(trace)
    _unless_declined(service().close(trace, "done" if result == "done" else "cancelled", reason, caller().actor), trace)
    return _order_answer(trace)


# --- the intake -----------------------------------------------------------------------------------------------------


def _body() -> tuple[bytes, int]:
    """The raw body and its size. One that is too large is read only as far as a refusal keeps it."""
    told = request.content_length
    # Our own limit is told by the size that is answered; the framework's would end the request before it is kept.
    request.max_content_length = 2**40
    body = request.stream.read(MOST_BYTES + 1)
    if len(body) <= MOST_BYTES:
        return body, len(body)
    # A sender that is still sending hears no answer: so much more is let pass.
    passed = sum(len(request.stream.read(MOST_BYTES)) for _ in range(LET_PASS))
    return body[:KEPT_BYTES], max(len(body) + passed, told or 0)


def _take(known: Caller, body: bytes) -> Response:
    sender = known.sender
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding.lower() != "identity":
        raise _turned_away(
            known, 415, Problem("intake.encoding", "Content-Encoding", {"encoding": encoding[:40]}), body
        )
    key = _key(known, body)
    batch = json_text.read_many(body, lines=True if request.mimetype in LINES else None)
    if batch.problems:
        first = batch.problems[0]
        raise _turned_away(known, 413 if first.code == "json.too_many" else 400, first, body)
    checked = [check(item, sender) for item in batch.items]
    spoken = language()

    def answered(receipts: Sequence[Receipt]) -> Answer:
        return answer(checked, receipts, spoken)

    arrivals = [one for one in checked if isinstance(one, Arrival)]
    refused = [one for one in checked if isinstance(one, Refused)]
    outcome = service().intake.take(Delivery(sender.name, arrivals, refused, answered, key))
    if isinstance(outcome, Answer):
        return Response(outcome.body, outcome.status, mimetype="application/json")
    digests = {"known_digest": outcome.digest, "digest": key.digest if key else ""}
    raise _turned_away(known, 422, Problem("intake.key_taken", "Idempotency-Key", digests), body)


def _key(known: Caller, body: bytes) -> Key | None:
    told = request.headers.get("Idempotency-Key")
    if told is None:
        return None
    if not 0 < len(told) <= LONGEST_KEY:
        raise _turned_away(known, 422, Problem("intake.key_form", "Idempotency-Key", {"most": LONGEST_KEY}), body)
    return Key(known.owner, told, sha256(body).hexdigest())


def _turned_away(known: Caller | None, status: int, problem: Problem, body: bytes, size: int | None = None) -> Refusal:
    """The refusal of the whole request. Of a caller that is known it is kept, so that it is never silent."""
    if known:
        service().intake.keep(known.name, [refuse(known.sender.ledger, None, [problem], body, size)])
    return Refusal(status, problem)


# --- what became of them --------------------------------------------------------------------------------------------


def _order_answer(trace: str) -> Response:
    with reading_from(engine()) as connection:
        return json_answer(whole_order(connection, _row(queries.order(connection, trace), trace)))


def _find(trace: str) -> None:
    with reading_from(engine()) as connection:
        _row(queries.order(connection, trace), trace)


def _row(row: RowMapping | None, trace: str) -> RowMapping:
    """The order, if the caller may see its channel; else there is none."""
    channels = caller().channels
    if row is None or (channels is not None and row["channel"] not in channels):
        raise Refusal(404, Problem("api.order_unknown", "trace", {"trace": json_text.shown(trace)}))
    return row


def _unless_declined(declined: Decline | None, trace: str) -> None:
    match declined:
        case None:
            return
        case Decline(why="unknown"):
            raise Refusal(404, Problem("api.order_unknown", "trace", {"trace": json_text.shown(trace)}))
        case Decline(why="not_failed"):
            raise Refusal(409, Problem("api.not_failed", "trace"))
        case _:
            raise Refusal(409, Problem("api.already_ended", "trace"))

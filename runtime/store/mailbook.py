"""What the pages show of messages: how ways do, and each try to bring something."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import Connection, RowMapping, func, or_, select

from runtime.store.tables import delivered_letters, deliveries, letters, messages, orders, person_ways, users

RESULTS: Final = ("ok", "out", "refused", "capped", "timeout", "error", "wrong_key")


@dataclass(frozen=True, slots=True)
class Counts:
    """Deliveries of a way since a time, letters that wait for it now, and the last that did not go (row or None)."""

    sent: int = 0
    failed: int = 0
    waiting: int = 0
    last: RowMapping | None = None
    last_failure: RowMapping | None = None


def counts(connection: Connection, ways: Sequence[str], since: int) -> dict[str, Counts]:
    """How each of these ways did since a time."""
    recent = (
        select(deliveries.c.way, deliveries.c.result, func.count())
        .where(deliveries.c.way.in_(ways), deliveries.c.at >= since)
        .group_by(deliveries.c.way, deliveries.c.result)
    )
    by_result: dict[tuple[str, str], int] = {(way, result): count for way, result, count in connection.execute(recent)}
    waits = (
        select(letters.c.way, func.count())
        .where(letters.c.way.in_(ways), letters.c.due_at.is_not(None))
        .group_by(letters.c.way)
    )
    waiting: dict[str, int] = {way: count for way, count in connection.execute(waits)}
    return {
        way: Counts(
            sent=by_result.get((way, "ok"), 0),
            failed=sum(count for (of, result), count in by_result.items() if of == way and result not in ("ok", "out")),
            waiting=waiting.get(way, 0),
            last=_last(connection, way, failed=False),
            last_failure=_last(connection, way, failed=True),
        )
        for way in ways
    }


def log(
    connection: Connection,
    *,
    way: str = "",
    result: str = "",
    text: str = "",
    before: str = "",
    limit: int = 50,
) -> Sequence[RowMapping]:
    """Deliveries, the newest first. `text` is an order's number or trace code, or a part of whom they went to."""
    query = select(deliveries).order_by(deliveries.c.id.desc()).limit(limit)
    if way:
        query = query.where(deliveries.c.way == way)
    if result:
        query = query.where(deliveries.c.result == result)
    if before:
        query = query.where(deliveries.c.id < before)
    if text:
        query = query.where(_found_by(connection, text))
    return connection.execute(query).mappings().all()


def delivery(connection: Connection, delivery_id: str) -> RowMapping | None:
    """One delivery."""
    return connection.execute(select(deliveries).where(deliveries.c.id == delivery_id)).mappings().first()


def messages_in(connection: Connection, delivery_id: str) -> Sequence[RowMapping]:
    """The messages of a delivery, the oldest first, each with the number of its order where it has one."""
    query = (
        select(messages, orders.c.external_id, letters.c.state, letters.c.recipient)
        .join(letters, letters.c.message_id == messages.c.id)
        .join(delivered_letters, delivered_letters.c.letter_id == letters.c.id)
        .outerjoin(orders, orders.c.run_id == messages.c.run_id)
        .where(delivered_letters.c.delivery_id == delivery_id)
        .order_by(letters.c.id)
    )
    return connection.execute(query).mappings().all()


def of_order(connection: Connection, run_id: str, limit: int = 50) -> Sequence[RowMapping]:
    """The letters about an order, the newest first: to whom, by which way, and how each stands."""
    query = (
        select(letters, messages.c.subject, messages.c.text)
        .join(messages, messages.c.id == letters.c.message_id)
        .where(messages.c.run_id == run_id, letters.c.state != "passed_on")
        .order_by(letters.c.id.desc())
        .limit(limit)
    )
    return connection.execute(query).mappings().all()


def choosers(connection: Connection, way: str) -> list[str]:
    """The people who chose to be told by a way."""
    chosen = select(users.c.display, person_ways.c.ways).join(person_ways, person_ways.c.user_name == users.c.name)
    return [display for display, ways in connection.execute(chosen.order_by(users.c.name)) if way in orjson.loads(ways)]


def numbers(connection: Connection, delivery_ids: Sequence[str]) -> Mapping[str, Any]:
    """The order that each of these deliveries is about, where it is about one: delivery -> (trace code, number)."""
    query = (
        select(delivered_letters.c.delivery_id, orders.c.run_id, orders.c.external_id)
        .join(orders, orders.c.run_id == delivered_letters.c.run_id)
        .where(delivered_letters.c.delivery_id.in_(delivery_ids))
    )
    return {delivery_id: (run_id, number) for delivery_id, run_id, number in connection.execute(query)}


def _last(connection: Connection, way: str, *, failed: bool) -> RowMapping | None:
    query = select(deliveries).where(deliveries.c.way == way, deliveries.c.result != "out")
    if failed:
        query = query.where(deliveries.c.result != "ok")
    return connection.execute(query.order_by(deliveries.c.at.desc()).limit(1)).mappings().first()


def _found_by(connection: Connection, text: str) -> Any:
    run_ids = select(orders.c.run_id).where(orders.c.external_id == text).limit(20)
    known = list(connection.execute(run_ids).scalars())
    about = select(delivered_letters.c.delivery_id).where(
        or_(delivered_letters.c.run_id.in_(known), delivered_letters.c.run_id == text[:26])
    )
    return or_(deliveries.c.id.in_(about), deliveries.c.recipient.contains(text, autoescape=True))

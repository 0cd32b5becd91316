"""Reads of flows' versions, of the orders that go by old ones, and of their moves."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, RowMapping, func, or_, select

from runtime.store.tables import flow_versions, flows, moved_runs, moves, orders, runs

OPEN = ("running", "waiting", "held", "failed")


def all_of(connection: Connection, key: str) -> Sequence[RowMapping]:
    """The versions of a flow without their documents, the newest first."""
    columns = [column for column in flow_versions.c if column.name != "document"]
    query = select(*columns).where(flow_versions.c.flow_key == key).order_by(flow_versions.c.number.desc())
    return connection.execute(query).mappings().all()


def published_flows(connection: Connection, most: int) -> list[tuple[str, str, list[tuple[int, str]]]]:
    """Every flow that was published: key, name (JSON) and its newest versions as (number, note)."""
    numbers = select(flow_versions.c.flow_key, flow_versions.c.number, flow_versions.c.note)
    newest = numbers.join(flows, flows.c.key == flow_versions.c.flow_key).where(
        flow_versions.c.number > flows.c.version - most
    )
    found: dict[str, list[tuple[int, str]]] = {}
    for key, number, note in connection.execute(newest.order_by(flow_versions.c.number.desc())):
        found.setdefault(key, []).append((number, note))
    named = connection.execute(select(flows.c.key, flows.c.name).order_by(flows.c.key))
    return [(key, name, found[key]) for key, name in named if key in found]


def documents_in_use(connection: Connection) -> Iterator[tuple[str, dict[str, Any]]]:
    """What orders go by or may go by soon, as (flow, document): drafts, published versions, those of orders that run."""
    running = select(runs.c.version_id).where(runs.c.ended_at.is_(None))
    alive = or_(flow_versions.c.id == flows.c.version_id, flow_versions.c.id.in_(running))
    published = select(flows.c.key, flow_versions.c.document).where(flow_versions.c.flow_key == flows.c.key, alive)
    for query in (select(flows.c.key, flows.c.draft), published):
        for key, document in connection.execute(query).all():
            if document:
                yield key, orjson.loads(document)


def numbered(connection: Connection, key: str, number: int) -> str | None:
    """The id of a version of a flow."""
    query = select(flow_versions.c.id).where(flow_versions.c.flow_key == key, flow_versions.c.number == number)
    found: str | None = connection.execute(query).scalar()
    return found


def published_for(connection: Connection, run_id: str) -> tuple[str, str | None]:
    """The flow of an order, and the id of its published version."""
    query = select(flows.c.key, flows.c.version_id).join(runs, runs.c.flow_key == flows.c.key)
    row = connection.execute(query.where(runs.c.id == run_id)).first()
    return (row.key, row.version_id) if row else ("", None)


def behind(connection: Connection, run_ids: Collection[str]) -> Sequence[RowMapping]:
    """Those of these orders that go by another version than their flow's published one.

    Rows of {id, flow_key, version_id, published}.
    """
    query = select(runs.c.id, runs.c.flow_key, runs.c.version_id, flows.c.version_id.label("published"))
    query = query.join(flows, flows.c.key == runs.c.flow_key).where(runs.c.id.in_(run_ids))
    return connection.execute(query.where(runs.c.version_id != flows.c.version_id)).mappings().all()


def left_behind(connection: Connection, key: str, target: str, run_id: str | None = None) -> Sequence[RowMapping]:
    """The open orders of a flow that have begun and go by another version than this, in the order of their ids."""
    query = select(runs).where(runs.c.flow_key == key, runs.c.version_id != target, *_begun())
    if run_id:
        query = query.where(runs.c.id == run_id)
    return connection.execute(query.order_by(runs.c.id)).mappings().all()


def counts_left_behind(connection: Connection, key: str | None = None) -> dict[str, dict[int, int]]:
    """How many begun orders go by which old versions, the newest first, by flow."""
    query = (
        select(runs.c.flow_key, flow_versions.c.number, func.count())
        .join(flows, flows.c.key == runs.c.flow_key)
        .join(flow_versions, flow_versions.c.id == runs.c.version_id)
        .where(runs.c.version_id != flows.c.version_id, *_begun())
        .group_by(runs.c.flow_key, flow_versions.c.number)
        .order_by(runs.c.flow_key, flow_versions.c.number.desc())
    )
    if key is not None:
        query = query.where(runs.c.flow_key == key)
    found: dict[str, dict[int, int]] = {}
    for of_flow, number, count in connection.execute(query):
        found.setdefault(of_flow, {})[number] = count
    return found


def order_lines(connection: Connection, run_ids: Sequence[str]) -> Sequence[RowMapping]:
    """Orders as lists show them, in the order of their ids."""
    columns = (
        orders.c.run_id,
        orders.c.external_id,
        orders.c.channel,
        orders.c.buyer,
        orders.c.total,
        orders.c.currency,
        orders.c.received_at,
        runs.c.state,
    )
    query = select(*columns).join(runs, runs.c.id == orders.c.run_id).where(orders.c.run_id.in_(run_ids))
    return connection.execute(query.order_by(orders.c.run_id)).mappings().all()


def move(connection: Connection, move_id: str) -> RowMapping | None:
    """A move, or None."""
    return connection.execute(select(moves).where(moves.c.id == move_id)).mappings().first()


def running_move(connection: Connection, key: str) -> RowMapping | None:
    """The move of a flow that is not over, or None."""
    query = select(moves).where(moves.c.flow_key == key, moves.c.state == "running")
    return connection.execute(query.limit(1)).mappings().first()


def moves_of(connection: Connection, key: str, *, before: str | None = None, limit: int = 50) -> Sequence[RowMapping]:
    """The moves of a flow, the newest first. `before` is the last id that was seen."""
    query = select(moves).where(moves.c.flow_key == key)
    if before:
        query = query.where(moves.c.id < before)
    return connection.execute(query.order_by(moves.c.id.desc()).limit(limit)).mappings().all()


def move_counts(connection: Connection, move_ids: Collection[str]) -> dict[str, dict[str, int]]:
    """How many orders of each move are ready, moved, declined and undone."""
    query = select(moved_runs.c.move_id, moved_runs.c.state, func.count()).where(moved_runs.c.move_id.in_(move_ids))
    found: dict[str, dict[str, int]] = {}
    for move_id, state, count in connection.execute(query.group_by(moved_runs.c.move_id, moved_runs.c.state)):
        found.setdefault(move_id, {})[state] = count
    return found


def origins(connection: Connection, move_id: str) -> list[int]:
    """The numbers of the versions that the orders of a move came from."""
    query = select(flow_versions.c.number).join(moved_runs, moved_runs.c.from_version == flow_versions.c.id)
    query = query.where(moved_runs.c.move_id == move_id).distinct().order_by(flow_versions.c.number)
    return list(connection.execute(query).scalars())


def ready(connection: Connection, move_id: str, limit: int) -> Sequence[RowMapping]:
    """Orders of a move whose turn has not come yet."""
    query = select(moved_runs).where(moved_runs.c.move_id == move_id, moved_runs.c.state == "ready")
    return connection.execute(query.order_by(moved_runs.c.run_id).limit(limit)).mappings().all()


def orders_of_move(
    connection: Connection, move_id: str, *, state: str = "", after: str = "", limit: int = 50
) -> Sequence[RowMapping]:
    """The orders of a move with what became of each, in the order of their ids. `after` is the last that was seen."""
    query = (
        select(
            moved_runs,
            orders.c.external_id,
            orders.c.channel,
            orders.c.buyer,
            runs.c.state.label("order_state"),
        )
        .join(orders, orders.c.run_id == moved_runs.c.run_id)
        .join(runs, runs.c.id == moved_runs.c.run_id)
        .where(moved_runs.c.move_id == move_id, moved_runs.c.run_id > after)
    )
    if state:
        query = query.where(moved_runs.c.state == state)
    return connection.execute(query.order_by(moved_runs.c.run_id).limit(limit)).mappings().all()


def _begun() -> tuple[ColumnElement[Any], ...]:
    """What has begun stands somewhere; what has not takes its version when it is let in."""
    return (runs.c.state.in_(OPEN), runs.c.tokens != "[]")

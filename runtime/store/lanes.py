"""The lanes of outward calls as they are stored, the same for every worker on every host.

Whoever lets calls out, or writes their answers down, holds the lane's row for the rest of the transaction.
"""

from collections.abc import Collection
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import orjson
from sqlalchemy import (
    BigInteger,
    Connection,
    Dialect,
    RowMapping,
    bindparam,
    exists,
    func,
    insert,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from runtime.core.lane import Lane, Limits, Open, Paused
from runtime.store.tables import effects, lanes

Target = tuple[str, str]
"""Adapter and target."""


def know(connection: Connection, targets: Collection[Target]) -> None:
    """Make the lanes of these targets that are not there yet."""
    known = _known_to(connection.dialect)
    strange = [target for target in sorted(targets) if target not in known]
    if not strange:
        return
    # What is found was committed by somebody, or is written by this transaction: only the former is remembered.
    found = {tuple(row) for row in connection.execute(_FIND, {"targets": strange})}
    known |= found
    new = [_row(Lane(*target)) for target in strange if target not in found]
    if new:
        connection.execute(_insert_missing(connection), new)


def know_all(connection: Connection) -> None:
    """Make the lanes of whatever waits to be sent. Looks through every call: to be said seldom."""
    missing = ~exists().where(lanes.c.adapter == effects.c.adapter, lanes.c.target == effects.c.target)
    waiting = select(effects.c.adapter, effects.c.target).distinct().where(effects.c.due_at.is_not(None), missing)
    new = [_row(Lane(adapter, target)) for adapter, target in connection.execute(waiting)]
    if new:
        connection.execute(_insert_missing(connection), new)


def with_work(connection: Connection, now: int) -> list[Lane]:
    """The lanes by which calls are due that may go out now, as far as breaker, minute and pauses know."""
    if connection.dialect.name in ("sqlite", "postgresql"):
        return [read_lane(row) for row in connection.execute(_WITH_WORK, {"now": now}).mappings()]
    # Asked for several lanes at once, MariaDB reads every effect that they ever had; asked for one, only what is due.
    free = [read_lane(row) for row in connection.execute(_MAY_GO, {"now": now}).mappings().all()]
    return [lane for lane in free if connection.execute(_FIRST_DUE, {**_named(lane), "now": now}).first()]


def lock(connection: Connection, target: Target) -> Lane:
    """A lane, held for the rest of the transaction; made if it is missing."""
    known = _locked(connection, target)
    if known is None:
        connection.execute(_insert_missing(connection), [_row(Lane(*target))])
        known = _locked(connection, target)
    assert known is not None
    return known


def out(connection: Connection, target: Target, now: int) -> int:
    """How many calls by this lane are out, of all workers. Those of senders taken for dead do not count."""
    adapter, name = target
    return connection.execute(_OUT, {"adapter": adapter, "target": name, "now": now}).scalar_one()


def save(connection: Connection, lane: Lane) -> None:
    """Store a lane that this transaction holds."""
    row = _row(lane)
    connection.execute(_SAVE, {**row, "of_adapter": row.pop("adapter"), "of_target": row.pop("target")})


def find(connection: Connection, target: Target) -> Lane:
    """A lane as it stands; one that was never used stands at its beginning."""
    row = connection.execute(select(lanes).where(*_is(target))).mappings().first()
    return read_lane(row) if row else Lane(*target)


def with_counts(connection: Connection, now: int) -> list[tuple[Lane, int, int]]:
    """Every lane, with how many calls wait and how many are out."""
    found = [read_lane(row) for row in connection.execute(select(lanes)).mappings().all()]
    return [
        (lane, _waiting(connection, lane, now), out(connection, (lane.adapter, lane.target), now)) for lane in found
    ]


def read_lane(row: RowMapping) -> Lane:
    """The lane of a row."""
    opened = row["opened_at"] is not None
    return Lane(
        adapter=row["adapter"],
        target=row["target"],
        limits=Limits(**{name: row[name] for name in _LIMITS}),
        paused=Paused(row["paused_by"], row["paused_at"], row["reason"]) if row["paused_at"] is not None else None,
        open=Open(row["opened_at"], row["open_until"], row["reason"], row["probe"], row["probe_until"])
        if opened
        else None,
        failures=row["failures"],
        openings=row["openings"],
        spent_until=row["spent_until"],
        wait_until=row["wait_until"],
        recent=tuple(orjson.loads(row["recent"])),
        last_result=row["last_result"],
        last_message=row["last_message"],
        last_at=row["last_at"],
    )


# --- statements -----------------------------------------------------------------------------------------------------

_LIMITS = ("timeout_seconds", "calls_at_once", "calls_per_minute", "trip_after", "pause_seconds")
_KEYS = ("adapter", "target")
_NOW = bindparam("now", type_=BigInteger)

_FIND = select(lanes.c.adapter, lanes.c.target).where(
    tuple_(lanes.c.adapter, lanes.c.target).in_(bindparam("targets", expanding=True))
)
_MAY_GO = select(lanes).where(lanes.c.next_at <= _NOW)
_WITH_WORK = _MAY_GO.where(
    exists().where(effects.c.adapter == lanes.c.adapter, effects.c.target == lanes.c.target, effects.c.due_at <= _NOW)
)
_MINE = (effects.c.adapter == bindparam("adapter"), effects.c.target == bindparam("target"))
_FIRST_DUE = select(effects.c.trace).where(*_MINE, effects.c.due_at <= _NOW).limit(1)
_WAITING = select(func.count()).select_from(effects).where(*_MINE, effects.c.due_at <= _NOW)
_OUT = select(func.count()).select_from(effects).where(*_MINE, effects.c.due_at > _NOW)
_SAVE = (
    update(lanes)
    .where(lanes.c.adapter == bindparam("of_adapter"), lanes.c.target == bindparam("of_target"))
    .values({column.name: bindparam(column.name) for column in lanes.c if column.name not in _KEYS})
)


def _waiting(connection: Connection, lane: Lane, now: int) -> int:
    return connection.execute(_WAITING, {**_named(lane), "now": now}).scalar_one()


def _named(lane: Lane) -> dict[str, Any]:
    return {"adapter": lane.adapter, "target": lane.target}


def _locked(connection: Connection, target: Target) -> Lane | None:
    row = connection.execute(select(lanes).where(*_is(target)).with_for_update()).mappings().first()
    return read_lane(row) if row else None


def _is(target: Target) -> tuple[Any, Any]:
    adapter, name = target
    return lanes.c.adapter == adapter, lanes.c.target == name


def _insert_missing(connection: Connection) -> Any:
    match connection.dialect.name:
        case "postgresql":
            return postgresql.insert(lanes).on_conflict_do_nothing()
        case "sqlite":
            return sqlite.insert(lanes).on_conflict_do_nothing()
        case _:
            return insert(lanes).prefix_with("IGNORE")


def _row(lane: Lane) -> dict[str, Any]:
    paused, opened = lane.paused, lane.open
    return {
        "adapter": lane.adapter,
        "target": lane.target,
        **{name: getattr(lane.limits, name) for name in _LIMITS},
        "next_at": lane.next_at,
        "paused_at": paused.at if paused else None,
        "paused_by": paused.by if paused else None,
        "opened_at": opened.since if opened else None,
        "open_until": opened.until if opened else None,
        "reason": paused.reason if paused else opened.reason if opened else "",
        "probe": opened.probe if opened else None,
        "probe_until": opened.probe_until if opened else 0,
        "failures": lane.failures,
        "openings": lane.openings,
        "spent_until": lane.spent_until,
        "wait_until": lane.wait_until,
        "recent": orjson.dumps(lane.recent).decode(),
        "last_result": lane.last_result,
        "last_message": lane.last_message,
        "last_at": lane.last_at,
    }


# --- what this process knows -----------------------------------------------------------------------------------------

_known: WeakKeyDictionary[Dialect, set[Target]] = WeakKeyDictionary()
_turn = Lock()


def _known_to(dialect: Dialect) -> set[Target]:
    """An engine has one dialect for all its life, also where its connections write with options of their own."""
    with _turn:
        return _known.setdefault(dialect, set())

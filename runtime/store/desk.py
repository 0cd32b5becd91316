"""Reads of the failure desk: what failed, with its order, one by one or by cause."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, func, or_, select, update

from runtime.store import queries
from runtime.store.tables import acts, failures, order_changes, orders, runs

Query = TypeVar("Query", bound="Select[*tuple[Any, ...]]")


@dataclass(frozen=True, slots=True)
class Look:
    """Which failures are looked at. `state` is open, mended or empty for all; `text` is an order, a trace or words.

    `since` and `until` are when they failed, in microseconds since the epoch; 0: whenever.
    """

    state: str = "open"
    cause: str = ""
    flow: str = ""
    channel: str = ""
    kind: str = ""
    text: str = ""
    system: str = ""
    since: int = 0
    until: int = 0

    def told(self) -> dict[str, str | int]:
        """The look without what is empty."""
        return {name: value for name, value in asdict(self).items() if value}


def find_failures(
    connection: Connection,
    look: Look,
    *,
    channels: Collection[str] | None = None,
    before: str | None = None,
    limit: int = 50,
) -> Sequence[RowMapping]:
    """Failures with their orders, the newest first. `before` is the last id that was seen.

    `channels` are those that the reader may see (None: all).
    """
    query = _looked_at(connection, _with_orders(), look)
    if channels is not None:
        query = query.where(failures.c.channel.in_(channels))
    if before:
        query = query.where(failures.c.id < before)
    return connection.execute(query.order_by(failures.c.id.desc()).limit(limit)).mappings().all()


def find_causes(
    connection: Connection, look: Look, *, offset: int = 0, limit: int = 50
) -> list[tuple[RowMapping, RowMapping]]:
    """Causes with the last failure of each: ({cause, count, first, last, newest}, failure); those of most failures first."""
    grouped = _looked_at(
        connection,
        select(
            failures.c.cause,
            func.count().label("number"),
            func.min(failures.c.failed_at).label("first"),
            func.max(failures.c.failed_at).label("last"),
            func.max(failures.c.id).label("newest"),
        ).join(orders, orders.c.run_id == failures.c.run_id),
        look,
    ).group_by(failures.c.cause)
    most_first = grouped.order_by(func.count().desc(), func.max(failures.c.id).desc())
    causes = connection.execute(most_first.offset(offset).limit(limit)).mappings().all()
    newest = select(failures).where(failures.c.id.in_([row["newest"] for row in causes]))
    samples = {row["id"]: row for row in connection.execute(newest).mappings()}
    return [(row, samples[row["newest"]]) for row in causes]


def count_failures(connection: Connection, look: Look) -> int:
    """How many failures there are."""
    query = select(func.count()).select_from(failures).join(orders, orders.c.run_id == failures.c.run_id)
    return connection.execute(_looked_at(connection, query, look)).scalar_one()


def enlist(connection: Connection, look: Look, ids: Sequence[str] | None, act_id: str) -> int:
    """Let an act on many take up all failures that are looked at (or only these), but for those of a running act.

    How many there are.
    """
    busy = select(acts.c.id).where(acts.c.state == "running", acts.c.id != act_id)
    free = or_(failures.c.act_id.is_(None), failures.c.act_id.not_in(busy))
    query = select(failures.c.id).join(orders, orders.c.run_id == failures.c.run_id).where(free)
    query = _looked_at(connection, query, look)
    if ids is not None:
        query = query.where(failures.c.id.in_(ids))
    found = connection.execute(query.order_by(failures.c.id)).scalars().all()
    for start in range(0, len(found), 500):
        some = failures.c.id.in_(found[start : start + 500])
        connection.execute(update(failures).where(some).values(act_id=act_id))
    return len(found)


def system_names(connection: Connection) -> list[str]:
    """The systems whose calls have failed."""
    query = select(failures.c.system).where(failures.c.system != "").distinct()
    return list(connection.execute(query.order_by(failures.c.system)).scalars())


def count_open(connection: Connection) -> int:
    """How many failures wait to be mended."""
    query = select(func.count()).select_from(failures).where(failures.c.state == "open")
    return connection.execute(query).scalar_one()


def failure(connection: Connection, failure_id: str) -> RowMapping | None:
    """One failure with its order, or None."""
    return connection.execute(_with_orders().where(failures.c.id == failure_id)).mappings().first()


def next_of_act(connection: Connection, act_id: str, after: str, limit: int) -> Sequence[RowMapping]:
    """The next failures of an act on many behind `after`, the oldest first, whatever became of them meanwhile."""
    query = _with_orders().where(failures.c.act_id == act_id, failures.c.id > after)
    return connection.execute(query.order_by(failures.c.id).limit(limit)).mappings().all()


def act(connection: Connection, act_id: str) -> RowMapping | None:
    """An act on many, or None."""
    return connection.execute(select(acts).where(acts.c.id == act_id)).mappings().first()


def running_acts(connection: Connection) -> Sequence[RowMapping]:
    """Acts on many that are not over, the oldest first."""
    return connection.execute(select(acts).where(acts.c.state == "running").order_by(acts.c.id)).mappings().all()


def changes_of(connection: Connection, run_id: str) -> Sequence[RowMapping]:
    """Every change of an order's content, the oldest first."""
    query = select(order_changes).where(order_changes.c.run_id == run_id)
    return connection.execute(query.order_by(order_changes.c.id)).mappings().all()


def last_change(connection: Connection, run_id: str) -> RowMapping | None:
    """The last change of an order's content, or None."""
    query = select(order_changes).where(order_changes.c.run_id == run_id)
    return connection.execute(query.order_by(order_changes.c.id.desc()).limit(1)).mappings().first()


def _with_orders() -> Select[Any]:
    return (
        select(
            failures,
            orders.c.external_id,
            orders.c.document,
            orders.c.total,
            orders.c.currency,
            orders.c.buyer,
            orders.c.received_at,
            runs.c.state.label("order_state"),
            runs.c.version_id.label("standing_version_id"),
        )
        .join(orders, orders.c.run_id == failures.c.run_id)
        .join(runs, runs.c.id == failures.c.run_id)
    )


def _looked_at(connection: Connection, query: Query, look: Look) -> Query:
    if look.state:
        query = query.where(failures.c.state == "open" if look.state == "open" else failures.c.state != "open")
    wanted = ((failures.c.cause, look.cause), (failures.c.flow_key, look.flow), (failures.c.kind, look.kind))
    for column, value in (*wanted, (failures.c.channel, look.channel), (failures.c.system, look.system)):
        if value:
            query = query.where(column == value)
    if look.since:
        query = query.where(failures.c.failed_at >= look.since)
    if look.until:
        query = query.where(failures.c.failed_at < look.until)
    return query.where(_matches(connection, look.text)) if look.text else query


def _matches(connection: Connection, text: str) -> ColumnElement[bool]:
    return or_(queries.matches(connection, text), failures.c.params.contains(text.strip(), autoescape=True))

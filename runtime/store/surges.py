"""How many orders came by channel and hour, which channels are held, and which have fallen silent."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    RowMapping,
    and_,
    bindparam,
    func,
    insert,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import mysql, postgresql, sqlite

from runtime.core.surge import Baseline
from runtime.store.tables import arrivals, choices, orders, runs, silences, surges

HELD_BY = "surge"
"""The reason of a run that is held because its channel is."""
FLOORS = "surge_floors"

SurgeState = Literal["open", "releasing", "stopped", "cancelling", "closed"]


# --- how many orders came ---------------------------------------------------------------------------------------------


def add_arrivals(connection: Connection, came: Mapping[str, int], hour: int) -> dict[str, int]:
    """Count new orders of an hour by channel, in one statement. How many each channel has in that hour now.

    The rows stay locked until the transaction ends: who counts the same channel waits, so that no order is missed.
    """
    rows = [{"channel": channel, "hour_at": hour, "came": count} for channel, count in sorted(came.items())]
    return {channel: total for channel, total in connection.execute(_ADD_ARRIVALS[connection.dialect.name], rows)}


def arrived(connection: Connection, channel: str, hours: Collection[int]) -> dict[int, int]:
    """How many orders came in these hours; those without any are left out."""
    return {hour: count for hour, count in connection.execute(_ARRIVED, {"channel": channel, "hours": list(hours)})}


def first_hour(connection: Connection, channel: str) -> int | None:
    """The hour of a channel's first order."""
    return connection.execute(_FIRST, {"channel": channel}).scalar()


def first_hours(connection: Connection) -> dict[str, int]:
    """The hour of the first order of every channel."""
    query = select(arrivals.c.channel, func.min(arrivals.c.hour_at)).group_by(arrivals.c.channel)
    return {channel: hour for channel, hour in connection.execute(query.order_by(arrivals.c.channel))}


def has_arrivals_since(connection: Connection, channel: str, hour: int) -> bool:
    """Whether an order came in this hour or later."""
    query = select(arrivals.c.came).where(arrivals.c.channel == channel, arrivals.c.hour_at >= hour).limit(1)
    return connection.execute(query).first() is not None


# --- which channels are held ------------------------------------------------------------------------------------------


def holding(connection: Connection, channels: Collection[str]) -> set[str]:
    """Those of the channels that are held. Until the transaction ends, none of these holds can be closed."""
    return set(connection.execute(_HOLDING, {"channels": list(channels)}).scalars())


def quiet_until(connection: Connection, channel: str) -> int:
    """Until when a person wished that the channel is not tripped again; 0: nobody did."""
    return connection.execute(_QUIET, {"channel": channel}).scalar() or 0


def floors(connection: Connection) -> dict[str, int]:
    """Below how many orders an hour a channel never trips, for those for which somebody said so."""
    stored = connection.execute(_FLOORS).scalar()
    return orjson.loads(stored) if stored else {}


def lock_floors(connection: Connection) -> dict[str, int] | None:
    """The floors, locked for the rest of the transaction. None: nobody ever kept any, and nothing is locked."""
    stored = connection.execute(_FLOORS.with_for_update()).scalar()
    return orjson.loads(stored) if stored else None


def set_floors(connection: Connection, wanted: Mapping[str, int], *, first: bool) -> None:
    """Keep these floors instead of those that were locked; as the `first`, IntegrityError where somebody was faster."""
    value = orjson.dumps(dict(wanted)).decode()
    if first:
        connection.execute(insert(choices).values(name=FLOORS, value=value))
    else:
        connection.execute(update(choices).where(choices.c.name == FLOORS).values(value=value))


@dataclass(frozen=True, slots=True)
class Opening:
    """A hold that begins: of which channel, why, and by whom. `came` orders in the hour against the usual."""

    channel: str
    kind: Literal["surge", "manual"]
    hour: int
    came: int
    usual: Baseline | None
    by: str
    reason: str = ""


def open_surge(connection: Connection, opening: Opening, surge_id: str, at: int) -> None:
    """Begin to hold a channel. IntegrityError when it is held already."""
    usual = opening.usual
    row = {
        "id": surge_id,
        "channel": opening.channel,
        "holds": opening.channel,
        "kind": opening.kind,
        "state": "open",
        "hour_at": opening.hour,
        "came": opening.came,
        "rule": usual.rule if usual else "",
        "usual": usual.total if usual else 0,
        "usual_hours": usual.hours if usual else 1,
        "reason": opening.reason,
        "opened_at": at,
        "opened_by": opening.by,
        "wave": 0,
        "wave_left": 0,
        "wave_released": 0,
        "released": 0,
        "cancelled": 0,
        "failed": 0,
        "stopped_by": "",
    }
    connection.execute(insert(surges), [row])


def lock(connection: Connection, surge_id: str) -> RowMapping | None:
    """A hold, locked for the rest of the transaction."""
    return connection.execute(select(surges).where(surges.c.id == surge_id).with_for_update()).mappings().first()


def change(connection: Connection, surge_id: str, **values: Any) -> None:
    """Write down how a hold, locked by the caller, goes on. The state `closed` opens the channel."""
    if values.get("state") == "closed":
        values["holds"] = null()
    connection.execute(update(surges).where(surges.c.id == surge_id).values(**values))


def moving(connection: Connection) -> list[str]:
    """The holds that the clock drives: those that are released or cancelled, the oldest first."""
    return list(connection.execute(_MOVING).scalars())


def held_runs(connection: Connection, channel: str, limit: int, until: str | None = None) -> list[str]:
    """Up to `limit` orders that the channel's hold keeps, the oldest first; none newer than `until`."""
    query = select(runs.c.id).where(*_held(channel))
    if until is not None:
        query = query.where(runs.c.id <= until)
    return list(connection.execute(query.order_by(runs.c.id).limit(limit)).scalars())


def count_held(connection: Connection, channel: str) -> int:
    """How many orders the channel's hold keeps."""
    return connection.execute(select(func.count()).select_from(runs).where(*_held(channel))).scalar_one()


def newest_held(connection: Connection, channel: str) -> str | None:
    """The newest order that the channel's hold keeps."""
    return connection.execute(select(func.max(runs.c.id)).where(*_held(channel))).scalar()


def count_failed(connection: Connection, surge: RowMapping) -> int:
    """How many orders of the running wave have failed."""
    return _count_in_wave(connection, surge, runs.c.state == "failed")


def count_stumbled(connection: Connection, surge: RowMapping) -> int:
    """How many orders of the running wave have failed, or stand where a failed step waits: for another try, or a person."""
    return _count_in_wave(connection, surge, or_(runs.c.state == "failed", _STUMBLED))


def count_moving(connection: Connection, surge: RowMapping) -> int:
    """How many orders of the running wave go on by themselves: they work, wait for a system, or for their next try."""
    return _count_in_wave(connection, surge, or_(runs.c.state == "running", and_(runs.c.state == "waiting", _ASKS)))


def _count_in_wave(connection: Connection, surge: RowMapping, which: ColumnElement[bool]) -> int:
    if surge["wave_from"] is None:
        return 0
    query = select(func.count()).select_from(runs).where(which, runs.c.channel == surge["channel"])
    return connection.execute(query.where(runs.c.id.between(surge["wave_from"], surge["wave_to"]))).scalar_one()


# --- what the pages show ----------------------------------------------------------------------------------------------


def surge(connection: Connection, surge_id: str) -> RowMapping | None:
    """A hold, or None."""
    return connection.execute(select(surges).where(surges.c.id == surge_id)).mappings().first()


def open_surges(connection: Connection) -> Sequence[RowMapping]:
    """Every hold that is not closed, the oldest first."""
    return connection.execute(select(surges).where(surges.c.holds.is_not(None)).order_by(surges.c.id)).mappings().all()


def count_open(connection: Connection) -> int:
    """How many channels are held."""
    return connection.execute(select(func.count()).select_from(surges).where(surges.c.holds.is_not(None))).scalar_one()


def find_surges(
    connection: Connection, *, channel: str | None = None, before: str | None = None, limit: int = 50
) -> Sequence[RowMapping]:
    """The holds that are over, the newest first. `before` is the last id seen."""
    query = select(surges).where(surges.c.state == "closed")
    if channel:
        query = query.where(surges.c.channel == channel)
    if before:
        query = query.where(surges.c.id < before)
    return connection.execute(query.order_by(surges.c.id.desc()).limit(limit)).mappings().all()


def newest_orders(connection: Connection, channel: str, limit: int) -> Sequence[RowMapping]:
    """The held orders that came last."""
    return connection.execute(_SHOWN.where(*_held(channel)).order_by(runs.c.id.desc()).limit(limit)).mappings().all()


def biggest_orders(connection: Connection, channel: str, limit: int) -> Sequence[RowMapping]:
    """The held orders with the highest totals."""
    query = _SHOWN.where(*_held(channel)).order_by(orders.c.total.desc(), runs.c.id)
    return connection.execute(query.limit(limit)).mappings().all()


def repeated(connection: Connection, channel: str, column: Literal["buyer", "phone_tail"], limit: int) -> Sequence[Any]:
    """Buyers (or phone tails) with several held orders: (which, how many), the most first."""
    of, number = orders.c[column], func.count()
    query = select(of, number).join(runs, runs.c.id == orders.c.run_id).where(*_held(channel), of.is_not(None))
    found = query.group_by(of).having(number > 1).order_by(number.desc(), of).limit(limit)
    return connection.execute(found).all()


# --- silence ----------------------------------------------------------------------------------------------------------


def open_silences(connection: Connection) -> Sequence[RowMapping]:
    """The channels that are silent now, the longest first."""
    query = select(silences).where(silences.c.ended_at.is_(None)).order_by(silences.c.since, silences.c.channel)
    return connection.execute(query).mappings().all()


def open_silence(connection: Connection, channel: str, since: int, expected: int) -> None:
    """Note that a channel is silent. IntegrityError when that is noted already."""
    connection.execute(insert(silences), [{"channel": channel, "since": since, "expected": expected}])


def end_silence(connection: Connection, channel: str, at: int) -> None:
    """Note that orders come again."""
    ended = update(silences).where(silences.c.channel == channel, silences.c.ended_at.is_(None))
    connection.execute(ended.values(ended_at=at))


# --- statements, built once -------------------------------------------------------------------------------------------


def _held(channel: str) -> tuple[Any, ...]:
    return (runs.c.state == "held", runs.c.channel == channel, runs.c.reason == HELD_BY)


def _adding(dialect: str) -> Any:
    """Add to the count of an hour, or begin it; gives the channel and its count after that."""
    if dialect in ("mysql", "mariadb"):
        row = mysql.insert(arrivals)
        summed: Any = row.on_duplicate_key_update(came=arrivals.c.came + row.inserted.came)
    else:
        told = (postgresql if dialect == "postgresql" else sqlite).insert(arrivals)
        more = {"came": arrivals.c.came + told.excluded.came}
        summed = told.on_conflict_do_update(index_elements=["channel", "hour_at"], set_=more)
    return summed.returning(arrivals.c.channel, arrivals.c.came)


_ADD_ARRIVALS = {dialect: _adding(dialect) for dialect in ("sqlite", "postgresql", "mysql", "mariadb")}
_ARRIVED = select(arrivals.c.hour_at, arrivals.c.came).where(
    arrivals.c.channel == bindparam("channel"),
    arrivals.c.hour_at.in_(bindparam("hours", expanding=True, type_=BigInteger)),
)
_FIRST = select(func.min(arrivals.c.hour_at)).where(arrivals.c.channel == bindparam("channel"))
_HOLDING = (
    select(surges.c.channel).where(surges.c.holds.in_(bindparam("channels", expanding=True))).with_for_update(read=True)
)
# Where an order stands is JSON: a word of it that no text of a person can hold unescaped.
_ASKS = or_(*(runs.c.tokens.contains(f'"rest":"{rest}"', autoescape=True) for rest in ("system", "retry")))
_STUMBLED = runs.c.tokens.contains('"origin":{"node":', autoescape=True)
_QUIET = select(func.max(surges.c.quiet_until)).where(surges.c.channel == bindparam("channel"))
_FLOORS = select(choices.c.value).where(choices.c.name == FLOORS)
_MOVING = select(surges.c.id).where(surges.c.state.in_(("releasing", "cancelling"))).order_by(surges.c.id)
_SHOWN = select(
    orders.c.run_id,
    orders.c.external_id,
    orders.c.received_at,
    orders.c.total,
    orders.c.currency,
    orders.c.buyer,
    orders.c.phone_tail,
).join(runs, runs.c.id == orders.c.run_id)

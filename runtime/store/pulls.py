"""Pulls as they are stored: which are due, who has one out, and how each went.

A pull that is out is a lease in its row: two workers never pull one channel at once, and who was taken for dead can store
nothing any more, for every write names its holder.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import BigInteger, Connection, RowMapping, and_, bindparam, exists, insert, null, or_, select, update

from runtime.core.problem import Problem
from runtime.store.tables import pull_turns, pulls, surges

LEASE_MICROS = 60_000_000
HOUR_MICROS = 3_600_000_000
LONGEST_WAIT_MICROS = 24 * 3_600_000_000


def all_pulls(connection: Connection) -> Sequence[RowMapping]:
    """Every pull, by channel."""
    return connection.execute(select(pulls).order_by(pulls.c.channel)).mappings().all()


def find(connection: Connection, channel: str) -> RowMapping | None:
    """How the orders of a channel are pulled; None: they are not."""
    return connection.execute(select(pulls).where(pulls.c.channel == channel)).mappings().first()


def due(connection: Connection, now: int) -> list[str]:
    """The channels that are to be pulled now, the longest waiting first. A channel that is held is not among them."""
    return list(connection.execute(_DUE, {"now": now}).scalars())


def claim(connection: Connection, channel: str, holder: str, now: int) -> RowMapping | None:
    """Have a channel's pull out, if it is due still. None: somebody was faster, or it is not to be pulled any more."""
    claimed = connection.execute(_CLAIM, {"of": channel, "by": holder, "lapses": now + LEASE_MICROS, "now": now})
    return find(connection, channel) if claimed.rowcount else None


def go_on(connection: Connection, channel: str, holder: str, values: Mapping[str, Any]) -> bool:
    """Write down how a pull goes that `holder` has out. False: it is somebody else's by now, or a person stopped it."""
    mine = (pulls.c.channel == channel, pulls.c.holder == holder)
    return bool(connection.execute(update(pulls).where(*mine).values(dict(values))).rowcount)


def fail(connection: Connection, row: RowMapping, failures: int, problem: Problem, next_at: int) -> bool:
    """Write down that a pull failed, now so often in a row, and when it is tried again. False: it is not ours any more."""
    error = orjson.dumps({"code": problem.code, "params": dict(problem.params)}, default=str).decode()
    told: dict[str, Any] = {"failures": failures, "error": error, "next_at": next_at, **NOBODY}
    return go_on(connection, row["channel"], row["holder"], told)


def count_turn(connection: Connection, channel: str, at: int, *, failed: bool) -> None:
    """Count a turn that ended. Only who has the pull out counts, after `go_on` or `fail`, so no two count at once."""
    hour_at = at - at % HOUR_MICROS
    row = (pull_turns.c.channel == channel, pull_turns.c.hour_at == hour_at)
    more = {"turns": pull_turns.c.turns + 1, "failed": pull_turns.c.failed + int(failed)}
    if not connection.execute(update(pull_turns).where(*row).values(more)).rowcount:
        first = {"channel": channel, "hour_at": hour_at, "turns": 1, "failed": int(failed)}
        connection.execute(insert(pull_turns).values(first))


def release(connection: Connection, holders: Collection[str], now: int) -> None:
    """Let pulls be taken up at once whose holders are dead."""
    connection.execute(update(pulls).where(pulls.c.holder.in_(holders)).values(lease_until=now))


def error_of(row: RowMapping | Mapping[str, Any]) -> Problem | None:
    """Why the last try failed; None: it did not."""
    if not row["error"]:
        return None
    told = orjson.loads(row["error"])
    return Problem(told["code"], params=told["params"])


NOBODY: Mapping[str, Any] = {"holder": null(), "lease_until": null()}
"""What stands in a pull that nobody has out."""

_NOW = bindparam("now", type_=BigInteger)
# A clock that was set back must not leave a pull to its old times: no lease is longer, and no wait.
_FREE = or_(pulls.c.lease_until.is_(None), pulls.c.lease_until <= _NOW, pulls.c.lease_until > _NOW + LEASE_MICROS)
_TIME = or_(pulls.c.next_at <= _NOW, pulls.c.next_at > _NOW + LONGEST_WAIT_MICROS)
_OPEN = ~exists().where(surges.c.holds == pulls.c.channel)
_IS_DUE = and_(pulls.c.state == "on", _TIME, _FREE, _OPEN)
_DUE = select(pulls.c.channel).where(_IS_DUE).order_by(pulls.c.next_at, pulls.c.channel)
_CLAIM = (
    update(pulls)
    .where(pulls.c.channel == bindparam("of"), _IS_DUE)
    .values(holder=bindparam("by"), lease_until=bindparam("lapses", type_=BigInteger))
)

"""Incidents of the order balance and the checks that find them: the reads, and the one writer of both tables."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson
from sqlalchemy import Connection, RowMapping, func, insert, null, select, update

from runtime.core.ledger import Finding
from runtime.store.tables import arrivals, checks, incidents, runs

Pace = Literal["full", "round"]


@dataclass(frozen=True, slots=True)
class Found:
    """A finding with what it is about: an order (`run_id`), or orders of a channel that nobody can name (None)."""

    finding: Finding
    subject: str
    channel: str = ""
    run_id: str | None = None
    external_id: str | None = None

    @property
    def open_as(self) -> str:
        """The same for the same trouble, so that it is listed once."""
        return f"{self.finding.kind}:{self.subject}"


# --- incidents --------------------------------------------------------------------------------------------------------


def open_ones(connection: Connection, limit: int = 500) -> Sequence[RowMapping]:
    """The incidents that are not over, the oldest first."""
    query = select(incidents).where(incidents.c.open_as.is_not(None)).order_by(incidents.c.id)
    return connection.execute(query.limit(limit)).mappings().all()


def count_open(connection: Connection, channels: Collection[str] | None = None) -> int:
    """How many incidents are not over; of these channels, or of all (None)."""
    query = select(func.count()).select_from(incidents).where(incidents.c.open_as.is_not(None))
    return connection.execute(
        query if channels is None else query.where(incidents.c.channel.in_(channels))
    ).scalar_one()


def over(connection: Connection, *, before: str | None = None, limit: int = 50) -> Sequence[RowMapping]:
    """The incidents that are over, the newest first. `before` is the last id seen."""
    query = select(incidents).where(incidents.c.open_as.is_(None))
    if before:
        query = query.where(incidents.c.id < before)
    return connection.execute(query.order_by(incidents.c.id.desc()).limit(limit)).mappings().all()


def open_of(connection: Connection, run_ids: Collection[str]) -> dict[str, str]:
    """The open incidents of these runs: what they are open as -> id."""
    query = select(incidents.c.open_as, incidents.c.id).where(
        incidents.c.open_as.is_not(None), incidents.c.run_id.in_(run_ids)
    )
    return {open_as: incident_id for open_as, incident_id in connection.execute(query)}


def open_between(connection: Connection, after: str, upto: str) -> dict[str, str]:
    """The open incidents of the runs behind `after` up to `upto`, as `open_of` gives them."""
    query = select(incidents.c.open_as, incidents.c.id).where(
        incidents.c.open_as.is_not(None), incidents.c.run_id > after, incidents.c.run_id <= upto
    )
    return {open_as: incident_id for open_as, incident_id in connection.execute(query)}


def open_of_no_run(connection: Connection) -> dict[str, str]:
    """The open incidents that are about no single order, as `open_of` gives them."""
    query = select(incidents.c.open_as, incidents.c.id).where(
        incidents.c.open_as.is_not(None), incidents.c.run_id.is_(None)
    )
    return {open_as: incident_id for open_as, incident_id in connection.execute(query)}


def add(connection: Connection, incident_id: str, found: Found, at: int) -> None:
    """Open an incident. IntegrityError when it is open already."""
    row = {
        "id": incident_id,
        "kind": found.finding.kind,
        "open_as": found.open_as,
        "run_id": found.run_id,
        "external_id": found.external_id,
        "channel": found.channel,
        "detail": orjson.dumps(dict(found.finding.params)).decode(),
        "found_at": at,
    }
    connection.execute(insert(incidents), [row])


def tell_anew(connection: Connection, incident_id: str, found: Found) -> None:
    """An open incident goes on, and this is how it stands now."""
    detail = orjson.dumps(dict(found.finding.params)).decode()
    changed = update(incidents).where(incidents.c.id == incident_id, incidents.c.detail != detail)
    connection.execute(changed.values(detail=detail))


def end(connection: Connection, incident_ids: Collection[str], at: int) -> None:
    """Close incidents: what they tell of is mended."""
    ended = update(incidents).where(incidents.c.id.in_(incident_ids), incidents.c.open_as.is_not(None))
    connection.execute(ended.values(open_as=null(), ended_at=at))


def counted_since(connection: Connection, hour: int) -> dict[int, int]:
    """How many orders the door counted in each clock hour from this one on, all channels together."""
    query = select(arrivals.c.hour_at, func.sum(arrivals.c.came)).where(arrivals.c.hour_at >= hour)
    return {at: int(came) for at, came in connection.execute(query.group_by(arrivals.c.hour_at))}


# --- checks -----------------------------------------------------------------------------------------------------------


def running(connection: Connection, pace: Pace) -> RowMapping | None:
    """The check of this pace that is not over."""
    query = select(checks).where(checks.c.kind == pace, checks.c.ended_at.is_(None)).order_by(checks.c.id).limit(1)
    return connection.execute(query).mappings().first()


def check(connection: Connection, check_id: str, *, over: bool = False) -> RowMapping | None:
    """A check; unless `over`, only while it is not over."""
    query = select(checks).where(checks.c.id == check_id)
    return connection.execute(query if over else query.where(checks.c.ended_at.is_(None))).mappings().first()


def last_full(connection: Connection) -> RowMapping | None:
    """The full check that began last."""
    query = select(checks).where(checks.c.kind == "full").order_by(checks.c.id.desc()).limit(1)
    return connection.execute(query).mappings().first()


def looked_at(connection: Connection) -> int | None:
    """When anything was last looked at."""
    return connection.execute(select(func.max(checks.c.looked_at)).where(checks.c.looked > 0)).scalar()


def begin_check(connection: Connection, check_id: str, pace: Pace, by: str, at: int) -> None:
    """Begin a check of all orders."""
    total = connection.execute(select(func.count()).select_from(runs)).scalar_one()
    row = {
        "id": check_id,
        "kind": pace,
        "asked_by": by,
        "place": "",
        "total": total,
        "looked": 0,
        "found": 0,
        "began_at": at,
        "looked_at": at,
    }
    connection.execute(insert(checks), [row])


def reach(connection: Connection, check: RowMapping, **reached: Any) -> bool:
    """Write down how far a check has come. False: somebody else went on with it meanwhile."""
    same = update(checks).where(
        checks.c.id == check["id"], checks.c.place == check["place"], checks.c.ended_at.is_(None)
    )
    return connection.execute(same.values(**reached)).rowcount == 1


def forget_rounds(connection: Connection, before: int) -> None:
    """Forget rounds that ended before; full checks stay."""
    old = checks.delete().where(checks.c.kind == "round", checks.c.ended_at < before)
    connection.execute(old)

"""Reads of what runs: where the open orders of a published version stand, and by which ways its orders went."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, Select, or_, select
from ulid import ULID

from runtime.core.plan import depth, outermost
from runtime.core.run import trace_code
from runtime.store.tables import flows, journal, runs, tasks
from runtime.store.versions import OPEN

FEWEST_FOR_QUANTILES = 3
NOT_BEGUN = "[]"


class Place(NamedTuple):
    """One place at which an open order stands. `node` is empty while it has not begun.

    `rest` is what it waits for, as in `runtime.core.run`, or `held` or `queued` while it has not begun. `since` and `due`
    (the deadline of whom it asks) are microseconds since the epoch.
    """

    run_id: str
    node: str
    rest: str
    since: int
    due: int | None


@dataclass(frozen=True, slots=True)
class Crowd:
    """The orders at one node: how many wait for what, since when, and how many are late or soon will be.

    `oldest` is since when the longest waiting one stands there. Half of them have stood there since `median` or longer, a
    tenth since `tenth` or longer; both are None for a few orders. Told as times, so that the answer stays the same while
    nothing moves.
    """

    rests: Mapping[str, int]
    oldest: int
    median: int | None
    tenth: int | None
    late: int
    soon: int

    @property
    def number(self) -> int:
        """How many stand there."""
        return sum(self.rests.values())


@dataclass(frozen=True, slots=True)
class Passages:
    """By which ways (node, port) the newest orders of a version went, each order once a way, the newest first.

    `number` orders were looked at; `cut` says that more came in the asked time than are looked at.
    """

    number: int
    cut: bool
    ways: Mapping[tuple[str, str], Sequence[str]]


def published(connection: Connection, key: str) -> tuple[str, int] | None:
    """Id and number of the published version of a flow."""
    row = connection.execute(select(flows.c.version_id, flows.c.version).where(flows.c.key == key)).first()
    return (row.version_id, row.version) if row and row.version_id else None


def places(connection: Connection, key: str, version_id: str, before: int) -> list[Place]:
    """Every place at which the open orders of a version stand. Deadlines are told if they lie before `before`."""
    due = _deadlines(connection, key, before)
    found: list[Place] = []
    for run_id, state, tokens, received_at in connection.execute(_open_runs(key, version_id)):
        if tokens == NOT_BEGUN:
            found.append(Place(run_id, "", "held" if state == "held" else "queued", received_at, None))
            continue
        found += _standing(run_id, orjson.loads(tokens), due)
    return found


def _standing(run_id: str, tokens: Sequence[Mapping[str, Any]], due: Mapping[str, int]) -> Iterator[Place]:
    """The places of one order. Inside a sub-flow it stands once at the step of that: where it needs help most."""
    inside: dict[str, Place] = {}
    for token in tokens:
        if token["rest"] == "inside":
            continue
        place = Place(run_id, outermost(token["node"]), token["rest"], token["since"], _first_due(run_id, token, due))
        if not depth(token["node"]):
            yield place
        elif place.node not in inside or _need(place) < _need(inside[place.node]):
            inside[place.node] = place
    yield from inside.values()


def _first_due(run_id: str, token: Mapping[str, Any], due: Mapping[str, int]) -> int | None:
    """The earliest deadline of those whom a token's step asks."""
    seats = token.get("seats", (0,)) if due else ()
    traces = (trace_code(run_id, token["step"], token.get("attempt", 1), seat) for seat in seats)
    return min((due[trace] for trace in traces if trace in due), default=None)


def _need(place: Place) -> tuple[bool, float, int]:
    return place.rest != "failed", inf if place.due is None else place.due, place.since


def crowds(found: Sequence[Place], at: int) -> dict[str, Crowd]:
    """What stands at each node at a moment. A deadline that is told and has not passed is one that falls due soon."""
    by_node: dict[str, list[Place]] = {}
    for place in found:
        by_node.setdefault(place.node, []).append(place)
    return {node: _crowd(here, at) for node, here in by_node.items()}


def passages(connection: Connection, key: str, version_id: str, since: int, most: int) -> Passages:
    """The ways of the orders that came in since then and go by this version: of at most the `most` newest."""
    ids = connection.execute(_newest(key, version_id, since, most + 1)).scalars().all()
    ways: dict[tuple[str, str], dict[str, None]] = {}
    looked = ids[:most]
    if looked:
        for run_id, entry in connection.execute(_entries(version_id, looked[-1])):
            for way in _ways(orjson.loads(entry)["steps"]):
                ways.setdefault(way, {})[run_id] = None
    return Passages(len(looked), len(ids) > most, {way: tuple(told) for way, told in ways.items()})


def _open_runs(key: str, version_id: str) -> Select[Any]:
    query = select(runs.c.id, runs.c.state, runs.c.tokens, runs.c.received_at)
    query = query.where(runs.c.flow_key == key, runs.c.state.in_(OPEN))
    return query.where(or_(runs.c.version_id == version_id, runs.c.tokens == NOT_BEGUN))


def _deadlines(connection: Connection, key: str, before: int) -> dict[str, int]:
    query = select(tasks.c.trace, tasks.c.due_at).join(runs, runs.c.id == tasks.c.run_id)
    query = query.where(tasks.c.state == "open", tasks.c.due_at < before, runs.c.flow_key == key)
    return {trace: due_at for trace, due_at in connection.execute(query)}


def _crowd(here: Sequence[Place], at: int) -> Crowd:
    rests: dict[str, int] = {}
    for place in here:
        rests[place.rest] = rests.get(place.rest, 0) + 1
    since = sorted(place.since for place in here)
    many = len(since) >= FEWEST_FOR_QUANTILES
    return Crowd(
        rests=rests,
        oldest=since[0],
        median=since[(len(since) - 1) // 2] if many else None,
        tenth=since[(len(since) - 1) // 10] if many else None,
        late=sum(place.due is not None and place.due <= at for place in here),
        soon=sum(place.due is not None and place.due > at for place in here),
    )


def _newest(key: str, version_id: str, since: int, limit: int) -> Select[Any]:
    """An order's id begins with the time at which it came in, so the primary key finds the newest."""
    first = str(ULID.from_datetime(datetime.fromtimestamp(since / 1_000_000, UTC)))[:10].ljust(26, "0")
    query = select(runs.c.id).where(runs.c.id >= first, runs.c.flow_key == key, runs.c.version_id == version_id)
    return query.order_by(runs.c.id.desc()).limit(limit)


def _entries(version_id: str, first: str) -> Select[Any]:
    query = select(journal.c.run_id, journal.c.entry).join(runs, runs.c.id == journal.c.run_id)
    return query.where(journal.c.run_id >= first, runs.c.version_id == version_id).order_by(journal.c.run_id.desc())


def _ways(steps: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for step in steps:
        if "port" in step and not step.get("policy"):
            yield step["node"], step["port"]
        for port in step.get("fork", ()):
            yield step["node"], port

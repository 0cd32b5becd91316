"""Orders at the door: what is taken, what is refused, and what a repeated request is answered.

All that one request brings is stored in one transaction: orders with their runs, refusals, and the answer under the asker's
key. Requests that come in while a commit runs share the next one.
"""

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import orjson
import structlog
from sqlalchemy import Connection, Engine, bindparam, delete, func, select, tuple_
from sqlalchemy.exc import DBAPIError, IntegrityError

from runtime import crash
from runtime.breaker import Breaker
from runtime.clock import Clock
from runtime.core.moment import micros
from runtime.core.problem import Problem
from runtime.core.run import Run
from runtime.flows import Taker, takers
from runtime.store import journal
from runtime.store.database import begin, stood_in_the_way
from runtime.store.ids import new_ids
from runtime.store.journal import Arrived
from runtime.store.surges import HELD_BY
from runtime.store.tables import orders, receipts, refusals

log = structlog.get_logger()

KEPT_BYTES = 64 * 1024
KEPT_DAYS = 30
BURST_MICROS = 10 * 60 * 1_000_000
DAY_MICROS = 24 * 60 * 60 * 1_000_000

MOST_SHARED = 2_000
MOST_RACES = 5


@dataclass(frozen=True, slots=True)
class Arrival:
    """An order at the door: checked, canonical (`runtime.core.order`), with the digest of that and what was sent."""

    channel: str
    order: Mapping[str, Any]
    digest: str
    raw: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an arrival. `conflict`: the id is known with other content, whose digest is `known_digest`."""

    status: Literal["accepted", "duplicate", "conflict"]
    run_id: str
    known_digest: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """What was sent and is not taken, and why. `raw` is cut at 64 KiB, `raw_size` is in bytes before the cut."""

    channel: str
    external_id: str | None
    problems: tuple[Problem, ...]
    raw: str
    raw_size: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What the asker is answered: an HTTP status and a body."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Key:
    """The asker's Idempotency-Key: `owner` is the token (or signer) that it belongs to, `digest` that of the body."""

    owner: str
    text: str
    digest: str


@dataclass(frozen=True, slots=True)
class KeyTaken:
    """The key came before with another body; nothing was stored."""

    digest: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """All that one request brings. `answer` makes its answer from one receipt an arrival, in their order.

    `along` writes what must stand or fall with the orders, in their transaction, which may be tried several times. When it
    raises, nothing of the delivery is stored.
    """

    sender: str
    arrivals: Sequence[Arrival]
    refused: Sequence[Refused]
    answer: Callable[[Sequence[Receipt]], Answer]
    key: Key | None = None
    along: Callable[[Connection, Sequence[Receipt]], None] | None = None


def refuse(
    channel: str, external_id: object, problems: Iterable[Problem], raw: bytes, size: int | None = None
) -> Refused:
    """What to keep of a refused order: ids only where they are fit to be stored, the raw bytes cut and made text."""
    text = raw[:KEPT_BYTES].decode("utf-8", "replace").replace("\0", "\u2400")
    return Refused(channel, fit_name(external_id, 128), tuple(problems), text, len(raw) if size is None else size)


def fit_name(given: object, most: int) -> str | None:
    """`given` if it is a text that a column of names can hold: neither empty nor too long, no NUL, no lone surrogate."""
    if not isinstance(given, str) or not 0 < len(given) <= most or "\0" in given:
        return None
    return None if any("\ud800" <= letter <= "\udfff" for letter in given) else given


def conflict(arrival: Arrival, receipt: Receipt) -> Problem:
    """Why an order whose id is known with other content is not taken."""
    params = {"known_digest": receipt.known_digest, "digest": arrival.digest, "trace": receipt.run_id}
    return Problem("intake.conflict", "id", params)


@dataclass(slots=True)
class _Waiting:
    delivery: Delivery
    outcome: Answer | KeyTaken | None = None
    broken: Exception | None = None
    done: bool = False


@dataclass(slots=True)
class Intake:
    """The door for orders. Safe to share between threads."""

    engine: Engine
    clock: Clock
    ring: Callable[[], None]
    breaker: Breaker
    _queue: deque[_Waiting] = field(default_factory=deque)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def receive(self, arrivals: Sequence[Arrival]) -> list[Receipt]:
        """Store orders, each with its run, and say what became of each. A known order id is never run twice."""
        found: list[Receipt] = []

        def answer(stored: Sequence[Receipt]) -> Answer:
            found[:] = stored
            return Answer(200, b"")

        self.take(Delivery("orderflow", arrivals, (), answer))
        return found

    def take(self, delivery: Delivery) -> Answer | KeyTaken:
        """Store a delivery and answer it when it is committed; the same key with the same body is answered as before."""
        waiting = _Waiting(delivery)
        self._queue.append(waiting)
        rings = False
        with self._turn:
            # Whoever held the turn before may have stored this one with its own.
            if not waiting.done:
                rings = self._commit(self._next(waiting))
        if rings:
            crash.at("intake.answered")
            self.ring()
        if waiting.broken:
            raise waiting.broken
        assert waiting.outcome is not None, "a delivery that is done has an outcome"
        return waiting.outcome

    def keep(self, sender: str, refused: Sequence[Refused]) -> None:
        """Keep refusals that came without any order to store."""
        with begin(self.engine, durable=True) as connection:
            _keep_refusals(connection, [(sender, one) for one in refused], self.clock())

    def tidy(self) -> None:
        """Forget refusals and answers that are older than 30 days."""
        before = micros(self.clock()) - KEPT_DAYS * DAY_MICROS
        with begin(self.engine, durable=False) as connection:
            connection.execute(delete(refusals).where(refusals.c.received_at < before))
            connection.execute(delete(receipts).where(receipts.c.made_at < before))

    # --- one commit for all that wait -------------------------------------------------------------------------------

    def _next(self, own: _Waiting) -> list[_Waiting]:
        shared: list[_Waiting] = []
        count = 0
        while self._queue and (count < MOST_SHARED or own not in shared):
            shared.append(self._queue.popleft())
            count += len(shared[-1].delivery.arrivals)
        return shared

    def _commit(self, shared: Sequence[_Waiting]) -> bool:
        """Store these deliveries together, or each alone when one of them breaks the others. Whether a run was made."""
        try:
            return self._store(shared)
        except Exception as broken:  # noqa: BLE001 - it is raised in the request that it belongs to
            if len(shared) == 1:
                shared[0].broken, shared[0].done = broken, True
                return False
            log.warning("intake.one_by_one", deliveries=len(shared), error=repr(broken))
            alone = [self._commit([one]) for one in shared]
            return any(alone)

    def _store(self, shared: Sequence[_Waiting]) -> bool:
        for race in range(MOST_RACES):
            try:
                with begin(self.engine, durable=True) as connection:
                    outcomes, rings = _store_all(
                        connection, self.breaker, [one.delivery for one in shared], self.clock()
                    )
                    crash.at("intake.stored")
            except DBAPIError as broken:
                # Somebody stored one of the same ids in between; now it is found as a duplicate.
                if race == MOST_RACES - 1 or not _lost_race(broken):
                    raise
                continue
            crash.at("intake.committed")
            for one, outcome in zip(shared, outcomes, strict=True):
                one.outcome, one.done = outcome, True
            return rings
        raise AssertionError("unreachable: the last race returns or raises")


def _lost_race(broken: DBAPIError) -> bool:
    """Whether the database says that somebody else was faster, or that we stood in each other's way."""
    return isinstance(broken, IntegrityError) or stood_in_the_way(broken)


def _store_all(
    connection: Connection, breaker: Breaker, deliveries: Sequence[Delivery], now: datetime
) -> tuple[list[Answer | KeyTaken], bool]:
    """Every delivery's outcome in their order, and whether an order was accepted."""
    answered = _answered_before(connection, [one.key for one in deliveries if one.key])
    fresh = _fresh(deliveries, answered)
    stored = iter(_store_orders(connection, breaker, [arrival for one in fresh for arrival in one.arrivals], now))
    kept: list[tuple[str, Refused]] = []
    rows: list[dict[str, Any]] = []
    answers: dict[int, Answer] = {}
    rings = False
    for one in fresh:
        own = [next(stored) for _ in one.arrivals]
        answer = answers[id(one)] = one.answer(own)
        rings = rings or any(receipt.status == "accepted" for receipt in own)
        kept.extend((one.sender, refused) for refused in (*one.refused, *_conflicts(one.arrivals, own)))
        if one.along:
            one.along(connection, own)
        if one.key:
            answered[one.key.owner, one.key.text] = (one.key.digest, answer)
            rows.append(_receipt_row(one.key, answer, micros(now)))
    if rows:
        connection.execute(receipts.insert(), rows)
    _keep_refusals(connection, kept, now)
    return [answers.get(id(one)) or _as_before(one.key, answered) for one in deliveries], rings


_Answered = dict[tuple[str, str], tuple[str, Answer]]
"""Owner and text of a key -> the digest of the body that it came with, and the answer."""


def _fresh(deliveries: Sequence[Delivery], answered: _Answered) -> list[Delivery]:
    """The deliveries whose key was never seen, each key once; those without a key always are."""
    fresh: list[Delivery] = []
    seen = set(answered)
    for one in deliveries:
        if one.key is None:
            fresh.append(one)
        elif (one.key.owner, one.key.text) not in seen:
            seen.add((one.key.owner, one.key.text))
            fresh.append(one)
    return fresh


def _as_before(key: Key | None, answered: _Answered) -> Answer | KeyTaken:
    assert key is not None, "a delivery without a key is always fresh"
    digest, answer = answered[key.owner, key.text]
    return answer if digest == key.digest else KeyTaken(digest)


def _answered_before(connection: Connection, keys: Sequence[Key]) -> _Answered:
    if not keys:
        return {}
    query = select(receipts).where(
        tuple_(receipts.c.token_id, receipts.c.key).in_([(key.owner, key.text) for key in keys])
    )
    return {
        (row["token_id"], row["key"]): (row["digest"], Answer(row["status"], row["answer"].encode()))
        for row in connection.execute(query).mappings()
    }


def _receipt_row(key: Key, answer: Answer, at: int) -> dict[str, Any]:
    return {
        "token_id": key.owner,
        "key": key.text,
        "digest": key.digest,
        "status": answer.status,
        "answer": answer.body.decode(),
        "made_at": at,
    }


# --- orders ---------------------------------------------------------------------------------------------------------


def _store_orders(
    connection: Connection, breaker: Breaker, arrivals: Sequence[Arrival], now: datetime
) -> list[Receipt]:
    if not arrivals:
        return []
    known = _known_orders(connection, arrivals)
    found: list[Receipt] = []
    new: list[tuple[str, Arrival]] = []
    for arrival, run_id in zip(arrivals, new_ids(now, len(arrivals)), strict=True):
        identity = (arrival.channel, arrival.order["id"])
        earlier = known.get(identity)
        if earlier is None:
            known[identity] = (run_id, arrival.digest)
            new.append((run_id, arrival))
            found.append(Receipt("accepted", run_id))
        elif earlier[1] == arrival.digest:
            found.append(Receipt("duplicate", earlier[0]))
        else:
            found.append(Receipt("conflict", earlier[0], earlier[1]))
    if new:
        journal.arrive(connection, _admitted(connection, breaker, new, now))
    return found


def _admitted(
    connection: Connection, breaker: Breaker, new: Sequence[tuple[str, Arrival]], now: datetime
) -> list[Arrived]:
    """New orders with their runs: those that the breaker lets go, and those that it holds."""
    at = micros(now)
    came = Counter(arrival.channel for _, arrival in new)
    taken_by = takers(connection, came.keys(), at)
    free = breaker.admit(connection, came, now)
    ready: list[Arrived] = []
    for run_id, arrival in new:
        free[arrival.channel] -= 1
        taker = taken_by.get(arrival.channel) if free[arrival.channel] >= 0 else None
        reason = "no_flow" if free[arrival.channel] >= 0 else HELD_BY
        ready.append(_arrived(arrival, run_id, taker, reason, at))
    return ready


def _known_orders(connection: Connection, arrivals: Sequence[Arrival]) -> dict[tuple[str, str], tuple[str, str]]:
    by_channel: dict[str, list[str]] = {}
    for arrival in arrivals:
        by_channel.setdefault(arrival.channel, []).append(arrival.order["id"])
    known: dict[tuple[str, str], tuple[str, str]] = {}
    for channel, ids in by_channel.items():
        for external_id, run_id, digest in connection.execute(_KNOWN_ORDERS, {"channel": channel, "ids": ids}):
            known[channel, external_id] = (run_id, digest)
    return known


# Built once: a statement that is built anew for each request costs as much as sending it.
_KNOWN_ORDERS = select(orders.c.external_id, orders.c.run_id, orders.c.digest).where(
    orders.c.channel == bindparam("channel"), orders.c.external_id.in_(bindparam("ids", expanding=True))
)


def _arrived(arrival: Arrival, run_id: str, taker: Taker | None, otherwise: str, at: int) -> Arrived:
    run = Run(run_id, "running", due_at=at) if taker else Run(run_id, "held", reason=otherwise)
    return Arrived(
        run=run,
        channel=arrival.channel,
        flow_key=taker.flow_key if taker else None,
        version_id=taker.version_id if taker else None,
        external_id=arrival.order["id"],
        digest=arrival.digest,
        order=arrival.order,
        raw=arrival.raw,
        received_at=at,
    )


# --- refusals -------------------------------------------------------------------------------------------------------


def _conflicts(arrivals: Sequence[Arrival], stored: Sequence[Receipt]) -> list[Refused]:
    return [
        refuse(arrival.channel, arrival.order["id"], [conflict(arrival, receipt)], arrival.raw.encode())
        for arrival, receipt in zip(arrivals, stored, strict=True)
        if receipt.status == "conflict"
    ]


def _keep_refusals(connection: Connection, kept: Sequence[tuple[str, Refused]], now: datetime) -> None:
    if not kept:
        return
    at = micros(now)
    quiet = _quiet_channels(connection, {refused.channel for _, refused in kept}, at)
    rows = []
    for (sender, refused), refusal_id in zip(kept, new_ids(now, len(kept)), strict=True):
        alarm = refused.channel in quiet
        if alarm:
            quiet.remove(refused.channel)
            codes = [problem.code for problem in refused.problems]
            log.warning("intake.refusals_begin", channel=refused.channel, sender=sender, problems=codes)
        rows.append(_refusal_row(refusal_id, sender, refused, at, alarm))
    connection.execute(refusals.insert(), rows)


def _quiet_channels(connection: Connection, names: set[str], at: int) -> set[str]:
    """Those channels on which nothing was refused in the last ten minutes: the next refusal is the first of a burst."""
    query = (
        select(refusals.c.channel, func.max(refusals.c.received_at))
        .where(refusals.c.channel.in_(names))
        .group_by(refusals.c.channel)
    )
    last: dict[str, int] = {channel: received_at for channel, received_at in connection.execute(query)}
    return {name for name in names if last.get(name, 0) < at - BURST_MICROS}


def _refusal_row(refusal_id: str, sender: str, refused: Refused, at: int, alarm: bool) -> dict[str, Any]:
    problems = [{"code": one.code, "where": one.where, "params": dict(one.params)} for one in refused.problems]
    return {
        "id": refusal_id,
        "channel": refused.channel,
        "external_id": refused.external_id,
        "token_name": sender[:64],
        "received_at": at,
        "problems": orjson.dumps(problems, default=str).decode(),
        "raw": refused.raw,
        "raw_size": refused.raw_size,
        "alarm": alarm,
    }

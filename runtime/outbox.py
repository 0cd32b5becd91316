"""What is to be called outside: claimed lane by lane, as many as each has room for, and answered whenever the answers come.

A claim is a lease. A call is made again only when its sender died between sending it and writing its answer down.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from sqlalchemy import Connection, Engine

from nodes.contract import Answered
from runtime import crash
from runtime.adapters.contract import Outlet
from runtime.clock import Clock
from runtime.core.lane import Lane, Mark, claimed, room
from runtime.core.moment import micros
from runtime.effects import Outlets, Sender, Told, perform
from runtime.in_hand import InHand
from runtime.store import journal, lanes
from runtime.store.database import begin, reading
from runtime.store.journal import ClaimedEffect

INSIDE_LEASE_MICROS = 10_000_000
LISTEN_SECONDS = 0.2


class Deliver(Protocol):
    """Writes answers down, lets their orders go on, and tells the lanes how their systems do."""

    def __call__(self, answers: Mapping[str, Answered], marks: Mapping[lanes.Target, Sequence[Mark]]) -> None: ...


class Post(Protocol):
    """Takes messages over in the transaction that claims them, and answers for them when they are delivered."""

    def take(self, connection: Connection, way: str, calls: Sequence[ClaimedEffect], at: int) -> None: ...


class Outbox:
    """The calls that wait in the database, and those that this process has out."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        outlets: Outlets,
        ring: Callable[[], None],
        deliver: Deliver,
        post: Post,
        in_hand: InHand | None = None,
    ) -> None:
        self.outlets = outlets
        self._engine = engine
        self._clock = clock
        self._ring = ring
        self._deliver = deliver
        self._post = post
        self._sender = Sender(self._record, self._ring_for_more)
        self._in_hand = in_hand

    def perform(self, limit: int) -> int:
        """Make the calls that are due, each by its lane, and deliver what is answered soon.

        What takes longer goes on behind, and is delivered when it is answered. How many calls were begun, or began a
        moment ago and are still out; 0 means dry. `limit` is for those that stay inside: they are made in one go.
        """
        found = [(lane, self.outlets.get((lane.adapter, lane.target))) for lane in self.due()]
        done = sum(self._go_by(lane, outlet, limit) for lane, outlet in found)
        return done + self._sender.wait_for_the_young(LISTEN_SECONDS)

    def take_up(self, claims: Mapping[str, int]) -> None:
        """Let calls be made again at once whose senders are dead: trace -> when their claim would lapse."""
        if claims:
            with begin(self._engine, durable=False) as connection:
                journal.release_claims(connection, claims, self._now())

    def due(self) -> list[Lane]:
        """The lanes by which calls are due that may go out now."""
        with reading(self._engine) as connection:
            return lanes.with_work(connection, self._now())

    def _go_by(self, lane: Lane, outlet: Outlet | None, limit: int) -> int:
        if outlet is None or outlet.inside:
            return self._perform_inside(lane, outlet, limit)
        return self._hand_over(lane, limit) if outlet.posted else self._begin(lane, outlet)

    def _hand_over(self, lane: Lane, limit: int) -> int:
        """Hand up to `limit` messages to the post. How many."""
        target = lane.adapter, lane.target
        with begin(self._engine, durable=False) as connection:
            at = self._now()
            claims = journal.claim_effects(connection, target, at, INSIDE_LEASE_MICROS, limit)
            self._post.take(connection, lane.target, claims, at)
            journal.leave_to_the_post(connection, [claim.trace for claim in claims])
        return len(claims)

    def _begin(self, lane: Lane, outlet: Outlet) -> int:
        """Let as many calls out by this lane as it has room for, here and everywhere. How many."""
        target = lane.adapter, lane.target
        with begin(self._engine, durable=False) as connection:
            lane = lanes.lock(connection, target)
            at, claimed_at = self._now(), time.monotonic()
            away = max(lanes.out(connection, target, at), self._sender.out(*target))
            free = min(room(lane, away, at), self._sender.room(*target))
            claims = self._claim(connection, target, at, lane.limits.lease, free) if free else []
            if claims and (lane.open or lane.limits.calls_per_minute):
                lanes.save(connection, claimed(lane, [effect.trace for effect in claims], at))
        if claims:
            crash.at("effect.claimed")
        return self._sender.begin(claims, outlet, lane.limits.timeout_seconds, claimed_at)

    def _perform_inside(self, lane: Lane, outlet: Outlet | None, limit: int) -> int:
        """Make up to `limit` calls that are answered at once. How many."""
        target = lane.adapter, lane.target
        with begin(self._engine, durable=False) as connection:
            claims = self._claim(connection, target, self._now(), INSIDE_LEASE_MICROS, limit)
        if claims:
            self._deliver({one.trace: perform(one, outlet, lane.limits.timeout_seconds) for one in claims}, {})
        return len(claims)

    def _claim(
        self, connection: Connection, target: lanes.Target, at: int, lease: int, limit: int
    ) -> list[ClaimedEffect]:
        """Claim effects, and write down first that this process has them."""
        claims = journal.claim_effects(connection, target, at, lease, limit)
        if self._in_hand and claims:
            self._in_hand.note({one.trace: at + lease for one in claims}, at)
        return claims

    def _record(self, told: Sequence[Told]) -> None:
        """Deliver what came behind."""
        marks: dict[lanes.Target, list[Mark]] = {}
        for one in told:
            marks.setdefault((one.effect.adapter, one.effect.target), []).append(one.mark)
        self._deliver({one.effect.trace: one.answer for one in told}, marks)
        crash.at("effect.recorded")

    def _ring_for_more(self) -> None:
        """Ring where a place in a lane is free now that others wait for."""
        if self.due():
            self._ring()

    def _now(self) -> int:
        return micros(self._clock())

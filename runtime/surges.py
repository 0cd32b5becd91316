"""Held channels: what people decide about them, the waves in which their orders go on, and channels that fall silent.

Everything stands in the tables, so a clock that is killed is followed by one that goes on where it was, and two clocks do
no harm: each act locks its hold first and looks again.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from types import MappingProxyType
from typing import Any, Literal

import structlog
from sqlalchemy import Connection, Engine, RowMapping
from sqlalchemy.exc import DBAPIError, IntegrityError

from runtime.actor import SYSTEM, Actor
from runtime.clock import Clock
from runtime.core.moment import micros
from runtime.core.run import Close, Run
from runtime.core.surge import (
    HOUR,
    LAST_WAVE,
    SAME_HOUR_DAYS,
    WEEKS,
    expected_in,
    has_rested,
    hour_of,
    same_hours,
    too_many_fail,
    wave_size,
)
from runtime.deciding import Decider
from runtime.flows import takers
from runtime.store import journal, surges, trail
from runtime.store.database import begin, letting_pass, reading, stood_in_the_way
from runtime.store.ids import new_id
from runtime.store.surges import HELD_BY, Opening

log = structlog.get_logger()

SLICE = 300
SLICES_A_TICK = 10
LOOK_MICROS = 60 * 1_000_000
MOST_FLOOR = 1_000_000

How = Literal["waves", "all"]
Quiet = Literal["none", "hour", "four_hours", "day"]

Step = Literal["again", "rest"]
"""Whether a hold can go on at once, or has to wait for the next tick."""


class Surges:
    """Holds of channels. Safe to share between threads; `tick` is the clock's alone."""

    def __init__(self, engine: Engine, clock: Clock, zone: tzinfo, decider: Decider, ring: Callable[[], None]) -> None:
        self.zone = zone
        self._engine = engine
        self._clock = clock
        self._decider = decider
        self._ring = ring
        self._watching_since: int | None = None
        self._looked_at: int | None = None

    # --- people decide --------------------------------------------------------------------------------------------------

    def hold(self, channel: str, reason: str, actor: Actor) -> str | None:
        """Hold a channel by hand: new orders are taken, stored and kept back. The hold's id; None: it is held already."""
        now = self._clock()
        surge_id, at = new_id(now), micros(now)
        opening = Opening(channel, "manual", hour_of(at, self.zone), 0, None, actor.name, reason)
        try:
            with begin(self._engine, durable=True) as connection:
                surges.open_surge(connection, opening, surge_id, at)
                trail.write(connection, actor, at, "surge.hold", channel, after={"reason": reason})
        except IntegrityError:
            return None
        self._ring()
        return surge_id

    def release(self, surge_id: str, how: How, quiet: Quiet, actor: Actor) -> bool:
        """Let the held orders go on, in waves or at once, and do not trip the channel again for the time chosen.

        A release that stopped goes on with its next wave. False: somebody decided before.
        """
        at = self._now()
        wave: dict[str, Any] = {} if how == "waves" else {"wave": LAST_WAVE, "wave_left": 0}
        values = dict(_NEW_WATCH) | wave | {"state": "releasing", "quiet_until": self.quiet_end(quiet, at)}
        return self._decide(surge_id, ("open", "stopped"), values, f"surge.release_{how}", actor, at)

    def keep(self, surge_id: str, actor: Actor) -> bool:
        """Go on holding: stop a release or cancelling that runs. False: there is none any more."""
        values = dict(_NEW_WATCH) | {"state": "open", "wave": 0, "wave_left": 0, "cancel_to": None}
        return self._decide(surge_id, ("releasing", "stopped", "cancelling"), values, "surge.keep", actor, self._now())

    def cancel(self, surge_id: str, reason: str, quiet: Quiet, actor: Actor) -> bool:
        """Cancel every order that is held now, with a reason. False: somebody decided before."""
        at = self._now()
        with reading(self._engine) as connection:
            row = surges.surge(connection, surge_id)
            newest = surges.newest_held(connection, row["channel"]) if row else None
        values: dict[str, Any] = {"state": "cancelling", "reason": reason, "cancel_to": newest or ""}
        values |= {"quiet_until": self.quiet_end(quiet, at)}
        return self._decide(surge_id, ("open", "stopped"), values, "surge.cancel", actor, at)

    def set_floor(self, channel: str, floor: int, actor: Actor) -> None:
        """Say below how many orders an hour the channel never trips; 0: the rule alone decides."""
        try:
            letting_pass(lambda: self._set_floor(channel, floor, actor))
        except IntegrityError:  # the first floor of the house, kept by two at once: now there is one to lock
            letting_pass(lambda: self._set_floor(channel, floor, actor))

    def _set_floor(self, channel: str, floor: int, actor: Actor) -> None:
        with begin(self._engine, durable=True) as connection:
            kept = surges.lock_floors(connection)
            before = kept or {}
            after = {name: least for name, least in (before | {channel: floor}).items() if least}
            surges.set_floors(connection, after, first=kept is None)
            was, new = {"floor": before.get(channel, 0)}, {"floor": floor}
            trail.write(connection, actor, self._now(), "surge.floor", channel, was, new)

    def quiet_end(self, quiet: Quiet, at: int) -> int:
        """The moment until which a decision of now keeps the channel from being tripped again."""
        hour = hour_of(at, self.zone)
        match quiet:
            case "none":
                return at
            case "hour":
                return hour + HOUR
            case "four_hours":
                return at + 4 * HOUR
            case "day":
                local = datetime.fromtimestamp(hour / 1e6, UTC).astimezone(self.zone)
                tomorrow = (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
                return micros(tomorrow)

    def _decide(
        self, surge_id: str, from_states: Sequence[str], values: Mapping[str, Any], action: str, actor: Actor, at: int
    ) -> bool:
        with begin(self._engine, durable=True) as connection:
            row = surges.lock(connection, surge_id)
            if row is None or row["state"] not in from_states:
                return False
            surges.change(connection, surge_id, **values, decided_at=at, decided_by=actor.name)
            after = {"surge": surge_id, **{name: values[name] for name in ("state", "quiet_until") if name in values}}
            trail.write(connection, actor, at, action, row["channel"], {"state": row["state"]}, after)
        self._ring()
        return True

    # --- the clock drives -----------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Bring every release a bit further; once a minute, look for channels that have fallen silent."""
        with reading(self._engine) as connection:
            moving = surges.moving(connection)
        for surge_id in moving:
            try:
                self._advance(surge_id)
            except DBAPIError as broken:
                if not stood_in_the_way(broken):
                    raise
                # An order that comes in at this very moment was let pass; the next tick goes on.
                log.info("surge.gave_way", surge=surge_id)
        at = self._now()
        if self._looked_at is None or not 0 <= at - self._looked_at < LOOK_MICROS:
            self._looked_at = at
            self._listen(at)

    def _advance(self, surge_id: str) -> None:
        for _ in range(SLICES_A_TICK):
            with begin(self._engine, durable=True) as connection:
                row = surges.lock(connection, surge_id)
                step = self._go_on(connection, row) if row else "rest"
            if step == "rest":
                return
            self._ring()

    def _go_on(self, connection: Connection, row: RowMapping) -> Step:
        """One step of a hold, in the transaction that has locked it."""
        match row["state"]:
            case "cancelling":
                return self._cancel_some(connection, row)
            case "releasing" if row["wave_left"] or row["wave"] == LAST_WAVE:
                return self._release_some(connection, row)
            case "releasing":
                return self._watch(connection, row)
            case _:
                return "rest"

    def _watch(self, connection: Connection, row: RowMapping) -> Step:
        """Look how the wave does that went; begin the next when it has come to rest."""
        at = self._now()
        if row["wave"]:
            failed = surges.count_failed(connection, row)
            if too_many_fail(failed, row["wave_released"]):
                return self._stop(connection, row, "failures", failed)
            since = row["wave_at"] if row["wave_at"] is not None else at
            if since > at:  # the clock was set back: two minutes from now on are enough
                surges.change(connection, row["id"], wave_at=at)
                return "rest"
            if not has_rested(surges.count_moving(connection, row), since, at):
                return "rest"
            # What would be tried again hides no longer that its step fails.
            stumbled = surges.count_stumbled(connection, row)
            if too_many_fail(stumbled, row["wave_released"]):
                return self._stop(connection, row, "failures", stumbled)
        wave = row["wave"] + 1
        held = surges.count_held(connection, row["channel"])
        left = 0 if wave == LAST_WAVE else wave_size(wave, held)
        surges.change(connection, row["id"], **_NEW_WATCH, wave=wave, wave_left=left)
        if not held and wave < LAST_WAVE:
            surges.change(connection, row["id"], wave=LAST_WAVE)
        return "again"

    def _release_some(self, connection: Connection, row: RowMapping) -> Step:
        """Let some hundreds of the wave go. The last wave goes on until nothing is held, and opens the channel."""
        at, channel = self._now(), row["channel"]
        last = row["wave"] == LAST_WAVE
        failed = surges.count_failed(connection, row) if last else 0
        if too_many_fail(failed, row["wave_released"]):
            return self._stop(connection, row, "failures", failed)
        ids = surges.held_runs(connection, channel, SLICE if last else min(SLICE, row["wave_left"]))
        if not ids:
            if last:
                return self._close(connection, row, at)
            surges.change(connection, row["id"], wave_left=0, wave_at=at)
            return "again"
        taker = takers(connection, {channel}, at).get(channel)
        if taker is None:
            return self._stop(connection, row, "no_flow", 0)
        freed = [run for run in (one.run for one in journal.lock(connection, ids)) if _is_held(run)]
        if freed:
            by = Actor(row["decided_by"] or SYSTEM.name)
            journal.release(connection, freed, taker.flow_key, taker.version_id, at, by)
        left = 0 if last else max(0, row["wave_left"] - len(ids))
        surges.change(
            connection,
            row["id"],
            wave_left=left,
            wave_released=row["wave_released"] + len(freed),
            wave_at=at,
            wave_from=row["wave_from"] or ids[0],
            wave_to=ids[-1],
            released=row["released"] + len(freed),
        )
        if not left:
            figures = {"surge": row["id"], "wave": row["wave"], "orders": row["wave_released"] + len(freed)}
            trail.write(connection, SYSTEM, at, "surge.wave", channel, after=figures)
        return "again"

    def _cancel_some(self, connection: Connection, row: RowMapping) -> Step:
        now = self._clock()
        at, channel = micros(now), row["channel"]
        ids = surges.held_runs(connection, channel, SLICE, until=row["cancel_to"])
        if not ids:
            if surges.count_held(connection, channel):
                # What came since is not part of the decision: a person looks again.
                surges.change(connection, row["id"], state="open", wave=0, cancel_to=None)
                return "rest"
            return self._close(connection, row, at)
        by = Actor(row["decided_by"] or SYSTEM.name)
        held = [one for one in journal.lock(connection, ids) if _is_held(one.run)]
        end = Close("cancelled", row["reason"])
        decisions = self._decider.decide_all(connection, [(one, end) for one in held], now)
        journal.save(connection, decisions, at, by)
        surges.change(connection, row["id"], cancelled=row["cancelled"] + len(decisions))
        figures = {"surge": row["id"], "orders": len(decisions), "reason": row["reason"]}
        trail.write(connection, by, at, "surge.cancelled", channel, after=figures)
        return "again"

    def _stop(self, connection: Connection, row: RowMapping, why: Literal["failures", "no_flow"], failed: int) -> Step:
        at = self._now()
        surges.change(connection, row["id"], state="stopped", stopped_by=why, failed=failed)
        after = {"surge": row["id"], "why": why, "failed": failed, "wave": row["wave"]}
        trail.write(connection, SYSTEM, at, "surge.stop", row["channel"], after=after)
        log.warning("surge.release_stopped", channel=row["channel"], why=why, failed=failed)
        return "rest"

    def _close(self, connection: Connection, row: RowMapping, at: int) -> Step:
        surges.change(connection, row["id"], state="closed", closed_at=at, wave_left=0)
        after = {"surge": row["id"], "released": row["released"], "cancelled": row["cancelled"]}
        trail.write(connection, SYSTEM, at, "surge.close", row["channel"], after=after)
        return "rest"

    # --- silence --------------------------------------------------------------------------------------------------------

    def _listen(self, at: int) -> None:
        """Note the channels whose last full hour brought nothing though it always does, and those that speak again.

        An hour that this clock has not seen whole is not judged: after a pause of our own, shops need a moment too.
        """
        if self._watching_since is None or at < self._watching_since:
            self._watching_since = at
        hour = hour_of(at, self.zone)
        last = hour_of(hour - 1, self.zone)
        with reading(self._engine) as connection:
            ended = [
                row["channel"]
                for row in surges.open_silences(connection)
                if surges.has_arrivals_since(connection, row["channel"], row["since"])
            ]
            begun = self._silent(connection, last) if self._watching_since <= last else {}
        for channel in ended:
            with begin(self._engine, durable=False) as connection:
                surges.end_silence(connection, channel, at)
        for channel, expected in begun.items():
            self._note_silence(channel, last, expected)

    def _silent(self, connection: Connection, last: int) -> dict[str, int]:
        """Channels that are silent since the hour `last` and not noted as such, and what it was to bring."""
        known = {row["channel"] for row in surges.open_silences(connection)}
        compared = {*same_hours(last, self.zone, 7, WEEKS), *same_hours(last, self.zone, 1, SAME_HOUR_DAYS)}
        found = {}
        for channel, first in surges.first_hours(connection).items():
            if channel in known or surges.has_arrivals_since(connection, channel, last):
                continue
            expected = expected_in(surges.arrived(connection, channel, compared), first, last, self.zone)
            if expected:
                found[channel] = expected
        return found

    def _note_silence(self, channel: str, since: int, expected: int) -> None:
        try:
            with begin(self._engine, durable=False) as connection:
                surges.open_silence(connection, channel, since, expected)
        except IntegrityError:  # another clock was faster
            return
        log.warning("channel.silent", channel=channel, expected=expected)

    def _now(self) -> int:
        return micros(self._clock())


_NEW_WATCH: Mapping[str, Any] = MappingProxyType(
    {"wave_released": 0, "wave_at": None, "wave_from": None, "wave_to": None, "failed": 0, "stopped_by": ""}
)


def _is_held(run: Run) -> bool:
    return run.state == "held" and not run.steps and run.reason == HELD_BY

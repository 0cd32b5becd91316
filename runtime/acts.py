"""What people do about failures: to one at once, to many in slices that a killed worker's successor goes on with."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Literal

import orjson
from sqlalchemy import Connection, Engine, RowMapping, select, update
from sqlalchemy.exc import IntegrityError

from runtime.actor import Actor
from runtime.clock import Clock
from runtime.core.decision import Decision
from runtime.core.moment import micros
from runtime.core.moving import Obstacle
from runtime.core.run import Close, Retry, RunEvent, Skip
from runtime.deciding import Decider
from runtime.moving import Moving
from runtime.store import desk, journal, trail
from runtime.store.database import begin, reading
from runtime.store.desk import Look
from runtime.store.journal import Loaded
from runtime.store.tables import acts, failures

SLICE = 100
Why = Literal["unknown", "mended", "no_way_on", "no_place"]
Do = Literal["retry", "skip", "done", "cancelled"]


@dataclass(frozen=True, slots=True)
class Mend:
    """What is done about a failure: try again, go on behind it by a way (empty: the first good one), or end the order.

    `published` has the order moved to its flow's published version before it is tried again.
    """

    do: Do
    reason: str = ""
    way: str = ""
    published: bool = False


@dataclass(frozen=True, slots=True)
class Unmended:
    """Why nothing was done: unknown, mended before (`by`, `at`, `how`), no way leads on behind the step, or the order cannot
    stand in the published version (`obstacles`).
    """

    why: Why
    by: str | None = None
    at: int | None = None
    how: str | None = None
    obstacles: tuple[Obstacle, ...] = ()


@dataclass(frozen=True, slots=True)
class _Mended:
    """What a slice came to: the decisions, and why which failures were left as they are."""

    followed: list[Decision]
    declined: Mapping[str, Why]
    obstacles: Mapping[str, tuple[Obstacle, ...]]


class Acts:
    """Acts on failures, one by one or many. Safe to share between threads."""

    def __init__(
        self,
        engine: Engine,
        decider: Decider,
        moving: Moving,
        clock: Clock,
        ring: Callable[[], None],
        ring_for: Callable[[Sequence[Decision]], None],
    ) -> None:
        self._engine = engine
        self._decider = decider
        self._moving = moving
        self._clock = clock
        self._ring = ring
        self._ring_for = ring_for

    # --- one ------------------------------------------------------------------------------------------------------------

    def mend(self, failure_id: str, mend: Mend, actor: Actor) -> Unmended | None:
        """Do this about one failure. None: it is done. Who comes second changes nothing and is told who was first."""
        now = self._clock()
        with begin(self._engine, durable=True) as connection:
            row = desk.failure(connection, failure_id)
            if row is None:
                return Unmended("unknown")
            mended = self._mend_all(connection, [row], mend, actor, now)
            if mended.obstacles:
                connection.rollback()
                return Unmended("no_place", obstacles=mended.obstacles[row["run_id"]])
            if mended.declined:
                return self._unmended(connection, failure_id)
        self._ring_for(mended.followed)
        return None

    def _unmended(self, connection: Connection, failure_id: str) -> Unmended:
        row = connection.execute(select(failures).where(failures.c.id == failure_id)).mappings().one()
        if row["state"] == "open":
            return Unmended("no_way_on")
        return Unmended("mended", row["settled_by"], row["settled_at"], row["state"])

    # --- many -----------------------------------------------------------------------------------------------------------

    def start(self, act_id: str, look: Look, ids: Sequence[str] | None, mend: Mend, actor: Actor) -> int:
        """Begin to do this about all open failures that are looked at (or only these). How many there are.

        Told twice with the same `act_id`, it begins once. What fails later is not touched, nor what a running act has.
        """
        at = micros(self._clock())
        look = replace(look, state="open")
        row = {
            "id": act_id,
            "kind": mend.do,
            "spec": _json({"mend": asdict(mend), "look": look.told(), "some": ids is not None}),
            "actor": _json(asdict(actor)),
            "state": "running",
            "place": "",
            "total": 0,
            "done": 0,
            "declined": 0,
            "reasons": "{}",
            "made_at": at,
        }
        with begin(self._engine, durable=True) as connection:
            try:
                with connection.begin_nested():
                    connection.execute(acts.insert(), row)
            except IntegrityError:
                known = desk.act(connection, act_id)
                return known["total"] if known else 0
            number = desk.enlist(connection, look, ids, act_id)
            begun = {"total": number} if number else {"state": "done", "ended_at": at}
            connection.execute(update(acts).where(acts.c.id == act_id).values(begun))
            after = {"number": number, **asdict(mend)}
            trail.write(connection, actor, at, f"failures.{mend.do}", act_id, after=after)
        self._ring()
        return number

    def stop(self, act_id: str, actor: Actor) -> bool:
        """End an act where it is; what is done stays done. False: it was over."""
        at = micros(self._clock())
        running = update(acts).where(acts.c.id == act_id, acts.c.state == "running")
        with begin(self._engine, durable=True) as connection:
            if connection.execute(running.values(state="stopped", ended_at=at)).rowcount != 1:
                return False
            trail.write(connection, actor, at, "failures.stop", act_id)
        return True

    def work(self, limit: int = SLICE) -> int:
        """Do the next slice of the oldest act, in one transaction with how far it has come. 0 means that none is left."""
        now = self._clock()
        with begin(self._engine, durable=True) as connection:
            act = connection.execute(_OLDEST).mappings().first()
            if act is None:
                return 0
            actor = Actor(**orjson.loads(act["actor"]))
            rows = desk.next_of_act(connection, act["id"], act["place"], limit)
            mended = self._mend_all(connection, rows, Mend(**orjson.loads(act["spec"])["mend"]), actor, now)
            over = len(rows) < limit
            reasons = Counter(orjson.loads(act["reasons"])) + Counter(mended.declined.values())
            reached = {
                "place": rows[-1]["id"] if rows else act["place"],
                "done": act["done"] + len(rows) - len(mended.declined),
                "declined": act["declined"] + len(mended.declined),
                "reasons": _json(dict(reasons)),
                "state": "done" if over else "running",
                "ended_at": micros(now) if over else None,
            }
            connection.execute(update(acts).where(acts.c.id == act["id"]).values(reached))
        self._ring_for(mended.followed)
        return max(len(rows), 1)

    def due(self) -> bool:
        """Whether an act is not over."""
        with reading(self._engine) as connection:
            return bool(desk.running_acts(connection))

    # --- deciding -------------------------------------------------------------------------------------------------------

    def _mend_all(
        self, connection: Connection, rows: Sequence[RowMapping], mend: Mend, actor: Actor, now: datetime
    ) -> _Mended:
        """What follows, saved. An order that failed at several places is decided once for each, one after the other."""
        at = micros(now)
        standing = _locked(connection, {row["run_id"] for row in rows})
        moved: list[Decision] = []
        stuck: Mapping[str, tuple[Obstacle, ...]] = {}
        if mend.published:
            failed = sorted({row["run_id"] for row in rows if _is_on_list(row, standing[row["run_id"]])})
            moved, stuck = self._moving.to_published(connection, failed, mend.reason, actor, now)
            standing |= _locked(connection, {decision.run.id for decision in moved})
        batches: list[list[Decision]] = []
        depths: Counter[str] = Counter()
        declined: dict[str, Why] = {}
        for row in rows:
            loaded = standing[row["run_id"]]
            if row["run_id"] in stuck:
                declined[row["id"]] = "no_place"
                continue
            event = self._event(connection, row, mend, loaded)
            if event == "mended" and depths[row["run_id"]]:
                # The end of the order for another failure of it took this one along.
                continue
            followed = event if isinstance(event, str) else self._decider.decide(connection, loaded, event, now)
            if not isinstance(followed, Decision):
                declined[row["id"]] = followed if isinstance(followed, str) else "mended"
                continue
            depth = depths[row["run_id"]]
            depths[row["run_id"]] += 1
            if depth == len(batches):
                batches.append([])
            batches[depth].append(followed)
            standing[row["run_id"]] = Loaded(followed.run, loaded.version_id, loaded.order)
            trail.write(connection, actor, at, f"failure.{mend.do}", row["run_id"], after=followed.entry["event"])
        for batch in batches:
            journal.save(connection, batch, at, actor)
        return _Mended(moved + [decision for batch in batches for decision in batch], declined, stuck)

    def _event(self, connection: Connection, row: RowMapping, mend: Mend, loaded: Loaded) -> RunEvent | Why:
        """The event for one failure; or why there is none."""
        if not _is_on_list(row, loaded):
            return "mended"
        match mend.do:
            case "retry":
                return Retry(row["step"])
            case "skip":
                ways = self._decider.ways_on(connection, loaded, row["node"])
                way = mend.way or next(iter(ways), "")
                return Skip(row["step"], way, mend.reason) if way in ways else "no_way_on"
            case "done" | "cancelled":
                return Close(mend.do, mend.reason)


# Whoever works on an act holds it; a second worker finds none and goes away.
_OLDEST = select(acts).where(acts.c.state == "running").order_by(acts.c.id).limit(1).with_for_update(skip_locked=True)


def _locked(connection: Connection, run_ids: set[str]) -> dict[str, Loaded]:
    return {one.run.id: one for one in journal.lock(connection, run_ids)}


def _is_on_list(row: RowMapping, loaded: Loaded) -> bool:
    place = (row["step"], row["attempt"])
    return any((token.step, token.attempt) == place for token in loaded.run.tokens if token.rest == "failed")


def _json(value: Mapping[str, Any]) -> str:
    return orjson.dumps(value).decode()

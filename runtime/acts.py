"""What people do about failures: to one at once, to many in slices that a killed worker's successor goes on with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Literal

import orjson
from sqlalchemy import Connection, Engine, RowMapping, select, update
from sqlalchemy.exc import IntegrityError

from runtime.actor import Actor
from runtime.clock import Clock
from runtime.core.decision import Decision, Stale
from runtime.core.engine import micros, ways_on
from runtime.core.run import Close, Retry, RunEvent, Skip
from runtime.deciding import Decider
from runtime.store import desk, journal, trail
from runtime.store.database import begin, reading
from runtime.store.desk import Look
from runtime.store.journal import Loaded
from runtime.store.tables import acts, failures

SLICE = 100
Do = Literal["retry", "skip", "done", "cancelled"]


@dataclass(frozen=True, slots=True)
class Mend:
    """What is done about a failure: try again, go on behind it by a way (empty: the first good one), or end the order."""

    do: Do
    reason: str = ""
    way: str = ""


@dataclass(frozen=True, slots=True)
class Unmended:
    """Why nothing was done: unknown, mended before (`by`, `at`, `how`), or no way leads on behind the step."""

    why: Literal["unknown", "mended", "no_way_on"]
    by: str | None = None
    at: int | None = None
    how: str | None = None


class Acts:
    """Acts on failures, one by one or many. Safe to share between threads."""

    def __init__(
        self,
        engine: Engine,
        decider: Decider,
        clock: Clock,
        ring: Callable[[], None],
        ring_for: Callable[[Sequence[Decision]], None],
    ) -> None:
        self._engine = engine
        self._decider = decider
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
            followed = self._mend_all(connection, [row], mend, actor, now)
            if not followed:
                return self._unmended(connection, failure_id)
        self._ring_for(followed)
        return None

    def _unmended(self, connection: Connection, failure_id: str) -> Unmended:
        row = connection.execute(select(failures).where(failures.c.id == failure_id)).mappings().one()
        if row["state"] == "open":
            return Unmended("no_way_on")
        return Unmended("mended", row["settled_by"], row["settled_at"], row["state"])

    # --- many -----------------------------------------------------------------------------------------------------------

    def start(self, act_id: str, look: Look, ids: Sequence[str] | None, mend: Mend, actor: Actor) -> int:
        """Begin to do this about all open failures that are looked at (or only these). How many there are.

        Told twice with the same `act_id`, it begins once. What fails later than now is not touched.
        """
        at = micros(self._clock())
        look = replace(look, state="open")
        with begin(self._engine, durable=True) as connection:
            number, newest = desk.extent(connection, look, ids)
            row = {
                "id": act_id,
                "kind": mend.do,
                "spec": _json({"mend": asdict(mend), "look": look.told(), "ids": None if ids is None else list(ids)}),
                "actor": _json(asdict(actor)),
                "state": "running" if number else "done",
                "place": "",
                "until": newest,
                "total": number,
                "done": 0,
                "declined": 0,
                "made_at": at,
                "ended_at": None if number else at,
            }
            try:
                with connection.begin_nested():
                    connection.execute(acts.insert(), row)
            except IntegrityError:
                known = desk.act(connection, act_id)
                return known["total"] if known else 0
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
            spec = orjson.loads(act["spec"])
            look, actor = Look(**{"state": "open"} | spec["look"]), Actor(**orjson.loads(act["actor"]))
            rows = desk.next_of_act(connection, look, spec["ids"], act["place"], act["until"], limit)
            followed = self._mend_all(connection, rows, Mend(**spec["mend"]), actor, now)
            done = len({row["id"] for row in rows} - self._still_open(connection, rows)) if rows else 0
            over = len(rows) < limit
            reached = {
                "place": rows[-1]["id"] if rows else act["place"],
                "done": act["done"] + done,
                "declined": act["declined"] + len(rows) - done,
                "state": "done" if over else "running",
                "ended_at": micros(now) if over else None,
            }
            connection.execute(update(acts).where(acts.c.id == act["id"]).values(reached))
        self._ring_for(followed)
        return max(len(rows), 1)

    def due(self) -> bool:
        """Whether an act is not over."""
        with reading(self._engine) as connection:
            return bool(desk.running_acts(connection))

    def _still_open(self, connection: Connection, rows: Sequence[RowMapping]) -> set[str]:
        ids = [row["id"] for row in rows]
        query = select(failures.c.id).where(failures.c.id.in_(ids), failures.c.state == "open")
        return set(connection.execute(query).scalars())

    # --- deciding -------------------------------------------------------------------------------------------------------

    def _mend_all(
        self, connection: Connection, rows: Sequence[RowMapping], mend: Mend, actor: Actor, now: datetime
    ) -> list[Decision]:
        """What follows, saved. An order that failed at several places is decided once for each, one after the other."""
        at = micros(now)
        standing = {one.run.id: one for one in journal.lock(connection, {row["run_id"] for row in rows})}
        batches: list[list[Decision]] = []
        depths: dict[str, int] = {}
        for row in rows:
            loaded = standing[row["run_id"]]
            event = self._event(connection, row, mend, loaded)
            followed = self._decider.decide(connection, loaded, event, now) if event else None
            if followed is None or isinstance(followed, Stale):
                continue
            depth = depths.get(row["run_id"], 0)
            depths[row["run_id"]] = depth + 1
            if depth == len(batches):
                batches.append([])
            batches[depth].append(followed)
            standing[row["run_id"]] = Loaded(followed.run, loaded.version_id, loaded.order)
            trail.write(connection, actor, at, f"failure.{mend.do}", row["run_id"], after=followed.entry["event"])
        for batch in batches:
            journal.save(connection, batch, at, actor)
        return [decision for batch in batches for decision in batch]

    def _event(self, connection: Connection, row: RowMapping, mend: Mend, loaded: Loaded) -> RunEvent | None:
        """The event for one failure; None where it is not on the list any more, or no way leads on."""
        place = (row["step"], row["attempt"])
        if not any((t.step, t.attempt) == place for t in loaded.run.tokens if t.rest == "failed"):
            return None
        match mend.do:
            case "retry":
                return Retry(row["step"])
            case "skip":
                ways = ways_on(self._decider.plan(connection, loaded), row["node"])
                way = mend.way or next(iter(ways), "")
                return Skip(row["step"], way, mend.reason) if way in ways else None
            case "done" | "cancelled":
                return Close(mend.do, mend.reason)


# Whoever works on an act holds it; a second worker finds none and goes away.
_OLDEST = select(acts).where(acts.c.state == "running").order_by(acts.c.id).limit(1).with_for_update(skip_locked=True)


def _json(value: Mapping[str, Any]) -> str:
    return orjson.dumps(value).decode()

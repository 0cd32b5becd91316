"""Running orders go on in another version of their flow: looked at first, done in slices, and taken back."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal

import orjson
from sqlalchemy import Connection, Engine, RowMapping, bindparam, select, update

from runtime.actor import Actor
from runtime.clock import Clock
from runtime.core.decision import Decision, Stale
from runtime.core.moment import micros
from runtime.core.moving import Change, Obstacle, changes, obstacles
from runtime.core.run import Move
from runtime.deciding import Decider
from runtime.store import journal, trail, versions
from runtime.store.database import begin, reading
from runtime.store.ids import new_id
from runtime.store.journal import Loaded
from runtime.store.tables import flows, moved_runs, moves

SLICE = 100


@dataclass(frozen=True, slots=True)
class Group:
    """Orders of one version that stand alike and would fare alike. `places` are their steps, each with what it waits for."""

    key: str
    version_id: str
    number: int
    places: tuple[tuple[str, str], ...]
    obstacles: tuple[Obstacle, ...]
    changes: tuple[Change, ...]
    states: Mapping[str, int]
    run_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a move to a version would do to each order of its flow that goes by another one."""

    to_version: str
    number: int
    groups: tuple[Group, ...]

    @property
    def movable(self) -> int:
        """How many orders can move."""
        return sum(len(group.run_ids) for group in self.groups if not group.obstacles)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which orders are to move: these, those of these groups of the preview, or (neither given) all that can."""

    run_ids: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Begun:
    """A move that is written down; a small one is done by now. `moved` and `declined` count what is done."""

    move_id: str
    total: int
    moved: int
    declined: int


@dataclass(frozen=True, slots=True)
class Unmoved:
    """Why nothing was moved. `by` and `at` tell who was first."""

    why: Literal["unknown", "reason", "running", "nothing"]
    by: str | None = None
    at: int | None = None


class Moving:
    """Moves of running orders. Safe to share between threads."""

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

    # --- looking ----------------------------------------------------------------------------------------------------------

    def preview(self, connection: Connection, key: str, number: int, run_id: str | None = None) -> Preview | None:
        """What a move to this version of the flow would do, for all its orders or for one. None: no such version."""
        target = versions.numbered(connection, key, number)
        if target is None:
            return None
        numbers = {row["id"]: row["number"] for row in versions.all_of(connection, key)}
        alike: dict[str, list[Group]] = {}
        for row in versions.left_behind(connection, key, target, run_id):
            group = self._group(connection, row, numbers.get(row["version_id"], 0), target)
            alike.setdefault(group.key, []).append(group)
        groups = sorted(map(_together, alike.values()), key=lambda one: (-one.number, -len(one.run_ids), one.key))
        return Preview(target, number, tuple(groups))

    def _group(self, connection: Connection, row: RowMapping, number: int, target: str) -> Group:
        run = journal.read_run(row)
        plan, before = (self._decider.flows.plan(connection, one) for one in (target, row["version_id"]))
        hindering = obstacles(plan, run, before)
        different = () if hindering else changes(plan, run, before)
        places = tuple(sorted((token.node, token.rest) for token in run.tokens if token.rest != "inside"))
        verdict = [row["version_id"], target, places, [*map(asdict, hindering), *map(asdict, different)]]
        key = sha256(orjson.dumps(verdict)).hexdigest()[:16]
        return Group(key, row["version_id"], number, places, hindering, different, {row["state"]: 1}, (row["id"],))

    # --- doing ------------------------------------------------------------------------------------------------------------

    def start(self, move_id: str, key: str, number: int, choice: Choice, reason: str, actor: Actor) -> Begun | Unmoved:
        """Begin to move orders to a version of their flow. Each is decided on what it is when its turn comes.

        Told twice with the same `move_id`, it begins once. One move of a flow runs at a time: the first wins.
        """
        if not reason.strip():
            return Unmoved("reason")
        with reading(self._engine) as connection:
            preview = self.preview(connection, key, number)
        if preview is None:
            return Unmoved("unknown")
        chosen = [
            (run_id, group.version_id, preview.to_version)
            for group in preview.groups
            for run_id in group.run_ids
            if _is_chosen(choice, group, run_id)
        ]
        return self._begin(move_id, key, preview.to_version, None, chosen, reason, actor)

    def undo(self, move_id: str, undone: str, reason: str, actor: Actor, run_id: str | None = None) -> Begun | Unmoved:
        """Let the orders of a move (or one of them) go back to the versions that they came from, by a move of its own."""
        if not reason.strip():
            return Unmoved("reason")
        with reading(self._engine) as connection:
            move = versions.move(connection, undone)
            if move is None:
                return Unmoved("unknown")
            query = select(moved_runs).where(moved_runs.c.move_id == undone, moved_runs.c.state == "moved")
            if run_id:
                query = query.where(moved_runs.c.run_id == run_id)
            rows = connection.execute(query.order_by(moved_runs.c.run_id)).mappings().all()
        chosen = [(row["run_id"], row["to_version"], row["from_version"]) for row in rows]
        return self._begin(move_id, move["flow_key"], None, undone, chosen, reason, actor)

    def to_published(
        self, connection: Connection, run_ids: Sequence[str], reason: str, actor: Actor, now: datetime
    ) -> tuple[list[Decision], dict[str, tuple[Obstacle, ...]]]:
        """Move orders to their flows' published versions in the caller's transaction, by one move a flow.

        What followed, and what keeps those that cannot. Who goes by the published version already is left as it is.
        """
        behind: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
        for row in versions.behind(connection, run_ids):
            of_flow = behind.setdefault((row["flow_key"], row["published"]), [])
            of_flow.append((row["id"], row["version_id"], row["published"]))
        followed: list[Decision] = []
        declined: dict[str, tuple[Obstacle, ...]] = {}
        for (key, target), chosen in behind.items():
            move_id = new_id(now)
            self._write(connection, move_id, key, target, None, chosen, reason, actor)
            moved, left = self._slice(connection, move_id, actor, now, len(chosen))
            followed += moved
            declined |= left
        return followed, declined

    def work(self, limit: int = SLICE) -> int:
        """Do the next slice of the oldest move, in one transaction with how far it has come. 0 means that none is left."""
        now = self._clock()
        with begin(self._engine, durable=True) as connection:
            move = connection.execute(_OLDEST).mappings().first()
            if move is None:
                return 0
            actor = Actor(**orjson.loads(move["actor"]))
            followed, declined = self._slice(connection, move["id"], actor, now, limit)
        self._ring_for(followed)
        return max(1, len(followed) + len(declined))

    def due(self) -> bool:
        """Whether a move is not over."""
        with reading(self._engine) as connection:
            return connection.execute(select(moves.c.id).where(moves.c.state == "running").limit(1)).first() is not None

    # --- in the transaction ------------------------------------------------------------------------------------------

    def _begin(
        self,
        move_id: str,
        key: str,
        target: str | None,
        undoes: str | None,
        chosen: Sequence[tuple[str, str, str]],
        reason: str,
        actor: Actor,
    ) -> Begun | Unmoved:
        now = self._clock()
        followed: list[Decision] = []
        with begin(self._engine, durable=True) as connection:
            # Whoever comes second waits here, and then finds the first one's move.
            connection.execute(select(flows.c.key).where(flows.c.key == key).with_for_update())
            if versions.move(connection, move_id) is None:
                running = versions.running_move(connection, key)
                if running:
                    return Unmoved("running", orjson.loads(running["actor"])["name"], running["made_at"])
                if not chosen:
                    return _nothing(connection, key)
                self._write(connection, move_id, key, target, undoes, chosen, reason, actor)
                if len(chosen) <= SLICE:
                    followed, _declined = self._slice(connection, move_id, actor, now)
            counts = versions.move_counts(connection, [move_id]).get(move_id, {})
        self._ring_for(followed)
        self._ring()
        moved = counts.get("moved", 0)
        return Begun(move_id, sum(counts.values()), moved, counts.get("declined", 0))

    def _write(
        self,
        connection: Connection,
        move_id: str,
        key: str,
        target: str | None,
        undoes: str | None,
        chosen: Sequence[tuple[str, str, str]],
        reason: str,
        actor: Actor,
    ) -> None:
        at = micros(self._clock())
        row = {
            "id": move_id,
            "flow_key": key,
            "to_version": target,
            "undoes": undoes,
            "reason": reason,
            "actor": orjson.dumps(asdict(actor)).decode(),
            "state": "running",
            "total": len(chosen),
            "made_at": at,
        }
        connection.execute(moves.insert(), row)
        connection.execute(
            moved_runs.insert(),
            [
                {"move_id": move_id, "run_id": run_id, "from_version": was, "to_version": to, "state": "ready"}
                for run_id, was, to in chosen
            ],
        )
        told = {"move": move_id, "to": target, "undoes": undoes, "orders": len(chosen), "reason": reason}
        trail.write(connection, actor, at, "flow.unmove" if undoes else "flow.move", key, after=told)

    def _slice(
        self, connection: Connection, move_id: str, actor: Actor, now: datetime, limit: int = SLICE
    ) -> tuple[list[Decision], dict[str, tuple[Obstacle, ...]]]:
        """The next orders of a move: what followed, and who was declined for what. The move ends with its last order."""
        at = micros(now)
        rows = versions.ready(connection, move_id, limit)
        standing = {one.run.id: one for one in journal.lock(connection, [row["run_id"] for row in rows])}
        followed: dict[str, list[Decision]] = {}
        declined: dict[str, tuple[Obstacle, ...]] = {}
        for row in rows:
            decided = self._decide(connection, row, standing.get(row["run_id"]), now)
            if isinstance(decided, Decision):
                followed.setdefault(row["to_version"], []).append(decided)
            else:
                declined[row["run_id"]] = decided
        for target, decisions in followed.items():
            journal.move(connection, decisions, target, at, actor)
        outcome = [_outcome(move_id, row["run_id"], declined.get(row["run_id"]), at) for row in rows]
        if outcome:
            connection.execute(_SETTLE, outcome)
        for row in rows:
            if row["run_id"] not in declined:
                was, to = {"version": row["from_version"]}, {"version": row["to_version"], "move": move_id}
                trail.write(connection, actor, at, "run.move", row["run_id"], was, to)
        self._close(connection, move_id, [row["run_id"] for row in rows if row["run_id"] not in declined], at)
        return [one for decisions in followed.values() for one in decisions], declined

    def _decide(
        self, connection: Connection, row: RowMapping, loaded: Loaded | None, now: datetime
    ) -> Decision | tuple[Obstacle, ...]:
        if loaded is None or loaded.run.ended_at is not None:
            return (Obstacle("move.ended", ""),)
        if loaded.version_id != row["from_version"]:
            return (Obstacle("move.moved_since", ""),)
        if not loaded.run.tokens:
            return (Obstacle("move.not_begun", ""),)
        hindering = self._obstacles(connection, loaded, row["to_version"])
        if hindering:
            return hindering
        followed = self._decider.decide(connection, loaded, Move(row["from_version"], row["to_version"]), now)
        return (Obstacle("move.defect", ""),) if isinstance(followed, Stale) else followed

    def _obstacles(self, connection: Connection, loaded: Loaded, target: str) -> tuple[Obstacle, ...]:
        return obstacles(
            self._decider.flows.plan(connection, target), loaded.run, self._decider.plan(connection, loaded)
        )

    def _close(self, connection: Connection, move_id: str, moved: Sequence[str], at: int) -> None:
        """Mark what a taken-back move has lost, and end the move when nobody is left."""
        undoes = connection.execute(select(moves.c.undoes).where(moves.c.id == move_id)).scalar()
        if undoes and moved:
            back = update(moved_runs).where(moved_runs.c.move_id == undoes, moved_runs.c.run_id.in_(moved))
            connection.execute(back.values(state="undone"))
        if not versions.ready(connection, move_id, 1):
            connection.execute(update(moves).where(moves.c.id == move_id).values(state="done", ended_at=at))


def _is_chosen(choice: Choice, group: Group, run_id: str) -> bool:
    """Orders that are named are tried, so that it is told why one cannot move; of groups, only those that can."""
    if choice.run_ids:
        return run_id in choice.run_ids
    return not group.obstacles and (not choice.groups or group.key in choice.groups)


def _together(alike: Sequence[Group]) -> Group:
    states = Counter(state for one in alike for state in one.states)
    return replace(alike[0], states=states, run_ids=tuple(run_id for one in alike for run_id in one.run_ids))


def _nothing(connection: Connection, key: str) -> Unmoved:
    """Nothing is left to move: who moved last."""
    last = next(iter(versions.moves_of(connection, key, limit=1)), None)
    return Unmoved("nothing", orjson.loads(last["actor"])["name"], last["made_at"]) if last else Unmoved("nothing")


def _outcome(move_id: str, run_id: str, hindering: tuple[Obstacle, ...] | None, at: int) -> dict[str, Any]:
    why = None if hindering is None else orjson.dumps([[one.code, one.node] for one in hindering]).decode()
    return {"of": move_id, "who": run_id, "became": "declined" if hindering else "moved", "because": why, "now": at}


# Whoever works on a move holds it; a second worker finds none and goes away.
_OLDEST = (
    select(moves).where(moves.c.state == "running").order_by(moves.c.id).limit(1).with_for_update(skip_locked=True)
)
_SETTLE = (
    update(moved_runs)
    .where(moved_runs.c.move_id == bindparam("of"), moved_runs.c.run_id == bindparam("who"))
    .values(state=bindparam("became"), why=bindparam("because"), at=bindparam("now"))
)

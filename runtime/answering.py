"""What people decide: stored at the click, one or many at once, and told to the order when it cannot be taken back any more.

Between the two a task counts as decided: nobody else decides it, and a deadline that passes finds the decision. Whoever
decides, undoes or delivers holds the locks of the runs, so that these never cross.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import orjson
from sqlalchemy import Connection, Engine, RowMapping, Update, func, or_, select, true, update

from nodes.contract import Decided, HandedOn, Joined
from runtime import crash
from runtime.actor import Actor
from runtime.clock import Clock
from runtime.core.decision import Decision, Stale
from runtime.core.moment import micros
from runtime.core.run import Reply, SentBack, read_seat, read_trace
from runtime.deciding import Decider
from runtime.store import journal, trail
from runtime.store.database import begin, letting_pass, reading
from runtime.store.journal import Loaded
from runtime.store.tables import journal as entries
from runtime.store.tables import tasks

Verdict = Literal["approve", "reject"]

MOST_CALLED_IN: Final = 20
"""So many may be called in at one step of an order, one by the other or all by one."""


@dataclass(frozen=True, slots=True)
class Decline:
    """Why an act of a person was not taken: nothing was changed.

    already_decided: `by` decided `decision` at `at` (microseconds). withdrawn: the order does not wait for this any more.
    claimed: `by` has taken it on at `at`, or nobody has (None) where it was to be let go. no_seats: its step asks one
    person only. no_way_back: its order cannot go back to that step. one_voice: where several sign, `by` is one of them
    already. full: nobody else can be called in.
    """

    why: Literal[
        "unknown",
        "already_decided",
        "withdrawn",
        "claimed",
        "no_seats",
        "no_way_back",
        "one_voice",
        "full",
        "not_failed",
        "already_ended",
    ]
    by: str | None = None
    at: int | None = None
    decision: str | None = None


class Answering:
    """Takes decisions and delivers them. Safe to share between threads."""

    def __init__(
        self, engine: Engine, decider: Decider, clock: Clock, ring_for: Callable[[Sequence[Decision]], None]
    ) -> None:
        self._engine = engine
        self._decider = decider
        self._clock = clock
        self._ring_for = ring_for

    def decide(
        self, traces: Collection[str], decision: Verdict, reason: str, actor: Actor, undo_seconds: int = 0
    ) -> dict[str, Decline]:
        """Decide these tasks alike; those that came too late, with why. The first decision of a task wins.

        With `undo_seconds` the orders hear of it only then.
        """
        late, followed = letting_pass(lambda: self._decide(traces, decision, reason, actor, undo_seconds))
        crash.at("reply.committed")
        self._ring_for(followed)
        return late

    def send_back(self, trace: str, to: str, note: str, actor: Actor, undo_seconds: int = 0) -> Decline | None:
        """Let the order go back to an earlier step at which people decided (`to`: its node), with a note for them."""
        late, followed = letting_pass(lambda: self._decide([trace], "send_back", note, actor, undo_seconds, to))
        self._ring_for(followed)
        return late.get(trace)

    def _decide(
        self,
        traces: Collection[str],
        decision: Verdict | Literal["send_back"],
        reason: str,
        actor: Actor,
        undo_seconds: int,
        to: str | None = None,
    ) -> tuple[dict[str, Decline], list[Decision]]:
        at = micros(self._clock())
        late: dict[str, Decline] = {}
        followed: list[Decision] = []
        with begin(self._engine, durable=True) as connection:
            asked = _run_ids(connection, traces)
            late |= {trace: Decline("unknown") for trace in traces if trace not in asked}
            loaded = _locked(connection, asked.values())
            behalf = _on_behalf(connection, asked, actor)
            several = _with_several_tasks(connection, asked.values())
            for trace in asked:
                if to is not None and to not in ways_back(loaded[asked[trace]], trace):
                    late[trace] = Decline("no_way_back")
                elif asked[trace] in several and _speaks_twice(connection, trace, actor.name):
                    late[trace] = Decline("one_voice", actor.name)
                elif journal.settle_task(
                    connection, trace, decision, reason, actor.name, at, at + undo_seconds * 1_000_000, to
                ):
                    after = {"reason": reason} | ({"to": to} if to else {}) | behalf.get(trace, {})
                    trail.write(connection, actor, at, f"task.{decision}", trace, after=after)
                else:
                    late[trace] = _too_late(connection, trace)
            crash.at("reply.settled")
            if not undo_seconds:
                settled = [trace for trace in asked if trace not in late]
                followed = self._deliver(connection, loaded, _waiting(connection, settled))
            crash.at("reply.saved")
        return late, followed

    def take_back(self, traces: Collection[str], actor: Actor) -> list[str]:
        """Open again what this person decided and the orders have not heard of. Those that are open again."""
        opened = letting_pass(lambda: self._take_back(traces, actor))
        self._ring_for([])
        return opened

    def _take_back(self, traces: Collection[str], actor: Actor) -> list[str]:
        at = micros(self._clock())
        opened = []
        with begin(self._engine, durable=True) as connection:
            asked = _run_ids(connection, traces)
            _locked(connection, asked.values())
            for trace in asked:
                own = update(tasks).where(
                    tasks.c.trace == trace, tasks.c.decided_by == actor.name, tasks.c.deliver_at > at
                )
                if connection.execute(own.values(state="open", **journal.UNDECIDED)).rowcount == 1:
                    trail.write(connection, actor, at, "task.undo", trace)
                    opened.append(trace)
        return opened

    # --- whose task it is -----------------------------------------------------------------------------------------------

    def claim(self, trace: str, actor: Actor) -> Decline | None:
        """Take an open task on, so that nobody else decides it. The first one has it."""
        at = micros(self._clock())
        free = update(tasks).where(tasks.c.trace == trace, tasks.c.state == "open", tasks.c.claimed_by.is_(None))
        return self._hand(trace, free.values(claimed_by=actor.name, claimed_at=at), "task.claim", actor, {})

    def let_go(self, trace: str, actor: Actor, *, anybodys: bool = False) -> Decline | None:
        """Give a claimed task back to all that are asked: one's own, or (for those who lead) anybody's."""
        taken = update(tasks).where(tasks.c.trace == trace, tasks.c.state == "open", tasks.c.claimed_by.is_not(None))
        mine = taken if anybodys else taken.where(tasks.c.claimed_by == actor.name)
        return self._hand(trace, mine.values(claimed_by=None, claimed_at=None), "task.let_go", actor, {})

    def transfer(
        self,
        trace: str,
        kind: Literal["person", "team"],
        who: str,
        note: str,
        actor: Actor,
        *,
        anybodys: bool = False,
    ) -> Decline | None:
        """Ask another person or team in place of those who were asked. The deadline stays, reminders begin anew.

        `anybodys`, for those who lead: also where somebody else has taken it on.
        """
        seated = HandedOn({"kind": kind, "value": who}, actor.name, note)
        declined = self._seat(trace, seated, "task.transfer", actor, anybodys=anybodys)
        if declined is None or declined.why != "no_seats":
            return declined
        free = true() if anybodys else or_(tasks.c.claimed_by.is_(None), tasks.c.claimed_by == actor.name)
        one = update(tasks).where(tasks.c.trace == trace, tasks.c.state == "open", free)
        told = {"who_kind": kind, "who": who}
        values = one.values(**told, claimed_by=None, claimed_at=None)
        return self._hand(trace, values, "task.transfer", actor, {**told, "note": note})

    def call_in(
        self,
        trace: str,
        kind: Literal["person", "team"],
        who: str,
        place: Literal["before", "after"],
        note: str,
        actor: Actor,
    ) -> Decline | None:
        """Let somebody else sign too: before whoever is asked, who is asked again then, or after them."""
        return self._seat(trace, Joined({"kind": kind, "value": who}, place, actor.name, note), "task.call_in", actor)

    def _seat(
        self, trace: str, wish: Joined | HandedOn, action: str, actor: Actor, *, anybodys: bool = False
    ) -> Decline | None:
        """Put somebody else at the table of an open task's step."""
        return letting_pass(lambda: self._seat_anew(trace, wish, action, actor, anybodys))

    def _seat_anew(
        self, trace: str, wish: Joined | HandedOn, action: str, actor: Actor, anybodys: bool
    ) -> Decline | None:
        now = self._clock()
        with begin(self._engine, durable=True) as connection:
            asked = _run_ids(connection, [trace])
            if not asked:
                return Decline("unknown")
            loaded = _locked(connection, asked.values())[asked[trace]]
            row = connection.execute(select(tasks).where(tasks.c.trace == trace).with_for_update()).mappings().one()
            if row["state"] != "open" or not (anybodys or row["claimed_by"] in (None, actor.name)):
                return _too_late(connection, trace)
            if declined := _no_seat_for(connection, trace, wish):
                return declined
            _, step, attempt, seat = read_seat(trace)
            followed = self._decider.decide(connection, loaded, Reply(step, attempt, replace(wish, seat=seat)), now)
            if isinstance(followed, Stale):
                return Decline("no_seats")
            journal.save(connection, [followed], micros(now), actor)
            was = {name: row[name] for name in ("who_kind", "who", "claimed_by") if row[name]}
            trail.write(connection, actor, micros(now), action, trace, was, followed.entry["event"])
        self._ring_for([followed])
        return None

    def _hand(self, trace: str, change: Update, action: str, actor: Actor, after: Mapping[str, str]) -> Decline | None:
        with begin(self._engine, durable=True) as connection:
            before = (
                connection.execute(select(tasks).where(tasks.c.trace == trace).with_for_update()).mappings().first()
            )
            if before is None:
                return Decline("unknown")
            if connection.execute(change).rowcount != 1:
                return _too_late(connection, trace)
            was = {name: before[name] for name in ("who_kind", "who", "claimed_by") if before[name]}
            trail.write(connection, actor, micros(self._clock()), action, trace, was, after or None)
        self._ring_for([])
        return None

    # --- orders hear of it ----------------------------------------------------------------------------------------------

    def due(self) -> bool:
        """Whether an order is to hear of a decision by now."""
        with reading(self._engine) as connection:
            return bool(_due(connection, micros(self._clock()), 1))

    def deliver(self, limit: int) -> int:
        """Tell orders what was decided and cannot be taken back any more. How many decisions there were."""
        with reading(self._engine) as connection:
            due = _due(connection, micros(self._clock()), limit)
        if due:
            self._ring_for(letting_pass(lambda: self._deliver_due(due)))
        return len(due)

    def _deliver_due(self, due: Mapping[str, str]) -> list[Decision]:
        with begin(self._engine, durable=False) as connection:
            loaded = _locked(connection, due.values())
            return self._deliver(connection, loaded, _waiting(connection, due))

    def deliver_first(self, connection: Connection, loaded: Sequence[Loaded]) -> dict[str, Decision]:
        """Before a deadline counts: tell these orders, locked by the caller, what was decided already. By run."""
        begun = [one.run.id for one in loaded if one.run.steps]
        if not begun:
            return {}
        undelivered = select(tasks).where(tasks.c.run_id.in_(begun), tasks.c.deliver_at.is_not(None))
        rows = connection.execute(undelivered.order_by(tasks.c.trace)).mappings().all()
        if not rows:
            return {}
        followed = self._deliver(connection, {one.run.id: one for one in loaded}, rows)
        return {decision.run.id: decision for decision in followed}

    def _deliver(self, connection: Connection, loaded: dict[str, Loaded], rows: Sequence[RowMapping]) -> list[Decision]:
        """Let the orders go on. Each person's decisions stand in the journal under their own name."""
        now = self._clock()
        followed: list[Decision] = []
        for name in dict.fromkeys(row["decided_by"] for row in rows):
            by_run: dict[str, list[Reply]] = {}
            for row in rows:
                if row["decided_by"] == name:
                    _, step, attempt, seat = read_seat(row["trace"])
                    by_run.setdefault(row["run_id"], []).append(Reply(step, attempt, _said(row, seat)))
            turns = self._decider.decide_in_turn(connection, [loaded[run_id] for run_id in by_run], by_run, now)
            for batch in turns:
                journal.save(connection, batch, micros(now), Actor(name))
                followed += batch
                for decision in batch:
                    before = loaded[decision.run.id]
                    loaded[decision.run.id] = Loaded(decision.run, before.version_id, before.order)
        told = update(tasks).where(tasks.c.trace.in_([row["trace"] for row in rows]))
        connection.execute(told.values(deliver_at=None))
        return followed


def give_back(connection: Connection, person: str, actor: Actor, at: int, team: str | None = None) -> None:
    """Let what a person had taken on ask everybody again, for they have left: the house, or this team."""
    held = select(tasks.c.trace).where(tasks.c.state == "open", tasks.c.claimed_by == person)
    if team is not None:
        held = held.where(tasks.c.who_kind == "team", tasks.c.who == team)
    for trace in connection.execute(held.order_by(tasks.c.trace).with_for_update()).scalars().all():
        connection.execute(update(tasks).where(tasks.c.trace == trace).values(claimed_by=None, claimed_at=None))
        trail.write(connection, actor, at, "task.let_go", trace, {"claimed_by": person})


def ways_back(loaded: Loaded, trace: str) -> tuple[str, ...]:
    """The nodes to which the order of a task can go back from it, in the order in which it came through."""
    _, step, attempt, _seat = read_seat(trace)
    here = (token for token in loaded.run.tokens if (token.step, token.attempt) == (step, attempt))
    return next((token.passed for token in here if token.rest == "person"), ())


def _said(row: RowMapping, seat: int) -> Decided | SentBack:
    """What somebody decided at a task, as the order hears it."""
    if row["decision"] == "send_back":
        return SentBack(row["sent_to"], row["reason"] or "", row["decided_by"], seat)
    return Decided(row["decision"], row["reason"] or "", row["decided_by"], seat)


def _run_ids(connection: Connection, traces: Collection[str]) -> dict[str, str]:
    query = select(tasks.c.trace, tasks.c.run_id).where(tasks.c.trace.in_(list(traces))).order_by(tasks.c.trace)
    return {trace: run_id for trace, run_id in connection.execute(query)}


def _on_behalf(connection: Connection, traces: Collection[str], actor: Actor) -> dict[str, dict[str, str]]:
    """Of the tasks that ask one other person, trace -> for whom the actor decides."""
    others = select(tasks.c.trace, tasks.c.who).where(tasks.c.who_kind == "person", tasks.c.who != actor.name)
    return {trace: {"for": who} for trace, who in connection.execute(others.where(tasks.c.trace.in_(list(traces))))}


def _with_several_tasks(connection: Connection, run_ids: Iterable[str]) -> set[str]:
    """Those of these runs of which several tasks are or were asked."""
    counted = select(tasks.c.run_id).where(tasks.c.run_id.in_(list(run_ids))).group_by(tasks.c.run_id)
    return set(connection.execute(counted.having(func.count() > 1)).scalars())


def _speaks_twice(connection: Connection, trace: str, name: str) -> bool:
    """Whether somebody would sign for another person where they sign already: each signature is another person's.

    One's own seats, by name or in a team, are one's own to sign.
    """
    rows = _beside(connection, trace)
    others = [row for row in rows if row["trace"] != trace]
    seat = next((row for row in rows if row["trace"] == trace and row["state"] == "open"), None)
    if seat is None:
        return False
    if _for_another(seat, name):
        return any(row["decided_by"] == name or _asks(row, name) for row in others)
    return any(row["decided_by"] == name and _for_another(row, name) for row in others)


def _no_seat_for(connection: Connection, trace: str, wish: Joined | HandedOn) -> Decline | None:
    """Why nobody new is put at the table: it is one of those who sit there already, or there are too many."""
    rows = _beside(connection, trace)
    person = wish.who["value"] if wish.who["kind"] == "person" else None
    if isinstance(wish, HandedOn):
        there = any(row["decided_by"] == person or _asks(row, person) for row in rows if row["trace"] != trace)
    else:
        there = any(row["state"] == "open" and _asks(row, person) for row in rows)
        if not there and _called_in(connection, trace) >= MOST_CALLED_IN:
            return Decline("full")
    return Decline("one_voice", person) if person and there else None


def _called_in(connection: Connection, trace: str) -> int:
    """How many people and teams were called in at a task's step."""
    run_id, *place = read_trace(trace)
    told = connection.execute(select(entries.c.entry).where(entries.c.run_id == run_id)).scalars()
    happened = (orjson.loads(entry)["event"] for entry in told)
    return sum(one["kind"] == "joined" and [one["step"], one["attempt"]] == place for one in happened)


def _beside(connection: Connection, trace: str) -> list[RowMapping]:
    """The tasks that a step asks or asked now, with this one: one for each seat."""
    run_id, *_place = read_trace(trace)
    asked = select(tasks).where(tasks.c.run_id == run_id, tasks.c.state.in_(("open", "decided")))
    rows = connection.execute(asked).mappings()
    return [row for row in rows if read_trace(row["trace"]) == read_trace(trace)]


def _asks(row: RowMapping, name: str | None) -> bool:
    return (str(row["who_kind"]), row["who"]) == ("person", name)


def _for_another(row: RowMapping, name: str) -> bool:
    return row["who_kind"] == "person" and not _asks(row, name)


def _locked(connection: Connection, run_ids: Iterable[str]) -> dict[str, Loaded]:
    return {one.run.id: one for one in journal.lock(connection, list(dict.fromkeys(run_ids)))}


def _waiting(connection: Connection, traces: Collection[str]) -> Sequence[RowMapping]:
    """The decisions among these that the orders have not heard of, as they are now that the runs are locked."""
    query = select(tasks).where(tasks.c.trace.in_(list(traces)), tasks.c.deliver_at.is_not(None))
    return connection.execute(query.order_by(tasks.c.trace).with_for_update()).mappings().all()


def _due(connection: Connection, at: int, limit: int) -> dict[str, str]:
    query = select(tasks.c.trace, tasks.c.run_id).where(tasks.c.deliver_at <= at).order_by(tasks.c.deliver_at)
    return {trace: run_id for trace, run_id in connection.execute(query.limit(limit))}


def _too_late(connection: Connection, trace: str) -> Decline:
    task = connection.execute(select(tasks).where(tasks.c.trace == trace)).mappings().one()
    if task["state"] == "decided":
        return Decline("already_decided", task["decided_by"], task["decided_at"], task["decision"])
    if task["state"] == "open":
        return Decline("claimed", task["claimed_by"], task["claimed_at"])
    return Decline("withdrawn")

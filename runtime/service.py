"""The door to everything durable: orders come in, replies are delivered, effects go out.

Each call is one transaction for its whole batch: lock, decide, save, commit; then the bell is rung.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import structlog
from sqlalchemy import Connection, Engine, select

from nodes.contract import Answered, Decided, Need
from runtime import doorbell
from runtime.actor import Actor
from runtime.clock import Clock
from runtime.core.engine import NO_PLAN, Decision, Stale, break_off, decide, micros
from runtime.core.plan import Plan
from runtime.core.run import Close, Due, Reply, Retry, RunEvent, Start, read_trace
from runtime.effects import Outlets, perform_all
from runtime.facts import gather
from runtime.flows import Flows
from runtime.intake import Arrival, Intake, Receipt
from runtime.store import journal, trail
from runtime.store.database import begin, reading
from runtime.store.journal import Loaded
from runtime.store.tables import effects, runs, tasks

log = structlog.get_logger()

DRAIN_BATCH = 300
EFFECT_BATCH = 200
EFFECT_LEASE_MICROS = 60_000_000
TIDY_MICROS = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Decline:
    """Why a person's act had no effect: nothing was changed. `by` and `at` say who was first."""

    why: Literal["unknown", "already_decided", "withdrawn", "not_failed", "already_ended", "not_held"]
    by: str | None = None
    at: int | None = None
    decision: str | None = None


class Service:
    """The runtime's one door. Safe to share between threads."""

    def __init__(
        self,
        engine: Engine,
        run_bell: doorbell.Doorbell,
        effect_bell: doorbell.Doorbell,
        clock: Clock,
        outlets: Outlets,
    ) -> None:
        self.engine = engine
        self.run_bell = run_bell
        self.effect_bell = effect_bell
        self.clock = clock
        self.flows = Flows(engine, clock)
        self.intake = Intake(engine, clock, run_bell.ring)
        self._outlets = outlets
        self._tidy_at = 0

    # --- orders come in -------------------------------------------------------------------------------------------------

    def receive(self, arrivals: Sequence[Arrival]) -> list[Receipt]:
        """Store orders, each with its run, and say what became of each. A known order id is never run twice."""
        return self.intake.receive(arrivals)

    # --- orders go on ---------------------------------------------------------------------------------------------------

    def drain(self, limit: int = DRAIN_BATCH) -> int:
        """Move up to `limit` orders that can go on by themselves. How many there were; 0 means dry."""
        now = self.clock()
        at = micros(now)
        with begin(self.engine, durable=False) as connection:
            loaded = journal.lock_due(connection, at, limit)
            events: list[tuple[Loaded, RunEvent]] = [(one, Due() if one.run.steps else Start()) for one in loaded]
            decisions = self._decide_all(connection, events, now)
            journal.save(connection, decisions, at)
        self._ring_for(decisions)
        return len(loaded)

    def perform(self, limit: int = EFFECT_BATCH) -> int:
        """Make up to `limit` outward calls that are due and deliver their answers. How many there were; 0 means dry."""
        at = self._now()
        with begin(self.engine, durable=False) as connection:
            claimed = journal.claim_effects(connection, at, EFFECT_LEASE_MICROS, limit)
        for answers in perform_all(claimed, self._outlets) if claimed else ():
            self.deliver_answers(answers)
        return len(claimed)

    def deliver_answers(self, answers: Mapping[str, Answered]) -> None:
        """Write down what systems answered (by trace code) and let their orders go on. Late answers change nothing."""
        now = self.clock()
        at = micros(now)
        by_run: dict[str, list[Reply]] = {}
        for trace, answer in answers.items():
            run_id, step, attempt = read_trace(trace)
            by_run.setdefault(run_id, []).append(Reply(step, attempt, answer))
        with begin(self.engine, durable=False) as connection:
            loaded = journal.lock(connection, by_run)
            journal.settle_effects(connection, answers, at)
            decisions = self._decide_in_turn(connection, loaded, by_run, now)
            for batch in decisions:
                journal.save(connection, batch, at)
        self._ring_for([decision for batch in decisions for decision in batch])

    def tick(self) -> None:
        """Ring for what is due and for which the first ring may have been lost; once an hour, forget what is too old."""
        at = self._now()
        if at >= self._tidy_at:
            self._tidy_at = at + TIDY_MICROS
            self.intake.tidy()
        with reading(self.engine) as connection:
            due_run = connection.execute(select(runs.c.id).where(runs.c.due_at <= at).limit(1)).first()
            due_effect = connection.execute(select(effects.c.trace).where(effects.c.due_at <= at).limit(1)).first()
        if due_run:
            self.run_bell.ring()
        if due_effect:
            self.effect_bell.ring()

    # --- people act -----------------------------------------------------------------------------------------------------

    def decide_task(
        self, trace: str, decision: Literal["approve", "reject"], reason: str, actor: Actor
    ) -> Decline | None:
        """Deliver a person's decision. None: it counts, and the order has gone on. The first one wins."""
        now = self.clock()
        at = micros(now)
        with begin(self.engine, durable=True) as connection:
            task = connection.execute(select(tasks).where(tasks.c.trace == trace)).mappings().first()
            if task is None:
                return Decline("unknown")
            loaded = journal.lock(connection, [task["run_id"]])
            if not journal.settle_task(connection, trace, decision, reason, actor.name, at):
                return _late(connection, trace)
            _, step, attempt = read_trace(trace)
            event = Reply(step, attempt, Decided(decision, reason, actor.name))
            followed = self._decide_safely(connection, loaded[0], event, now)
            if isinstance(followed, Stale):
                raise RuntimeError(f"task {trace} was open, but its run does not wait for it")
            journal.save(connection, [followed], at, actor)
            trail.write(connection, actor, at, f"task.{decision}", trace, after={"reason": reason})
        self._ring_for([followed])
        return None

    def retry(self, run_id: str, step: int | None, actor: Actor) -> Decline | None:
        """Try a failed step again, or all of the order's failed steps. None: it is on its way."""
        return self._act(run_id, Retry(step), actor, "run.retry", "not_failed")

    def close(self, run_id: str, result: Literal["done", "cancelled"], reason: str, actor: Actor) -> Decline | None:
        """End an order by a person's word. None: it has ended."""
        return self._act(run_id, Close(result, reason), actor, f"run.close_{result}", "already_ended")

    def release(self, run_ids: Sequence[str], flow_key: str, actor: Actor) -> int:
        """Let held orders start in this flow's published version. How many were released."""
        at = self._now()
        with begin(self.engine, durable=True) as connection:
            version_id = self.flows.published(connection, flow_key)
            if version_id is None:
                return 0
            held = [one.run for one in journal.lock(connection, run_ids) if one.run.state == "held"]
            if held:
                journal.release(connection, held, flow_key, version_id, at, actor)
            for run in held:
                trail.write(connection, actor, at, "run.release", run.id, after={"flow": flow_key})
        self.run_bell.ring()
        return len(held)

    def _act(
        self,
        run_id: str,
        event: Retry | Close,
        actor: Actor,
        action: str,
        otherwise: Literal["not_failed", "already_ended"],
    ) -> Decline | None:
        now = self.clock()
        at = micros(now)
        with begin(self.engine, durable=True) as connection:
            loaded = journal.lock(connection, [run_id])
            if not loaded:
                return Decline("unknown")
            followed = self._decide_safely(connection, loaded[0], event, now)
            if isinstance(followed, Stale):
                return Decline(otherwise, at=loaded[0].run.ended_at)
            journal.save(connection, [followed], at, actor)
            trail.write(connection, actor, at, action, run_id, after=followed.entry["event"])
        self._ring_for([followed])
        return None

    # --- deciding -------------------------------------------------------------------------------------------------------

    def _decide_all(
        self, connection: Connection, events: Sequence[tuple[Loaded, RunEvent]], now: datetime
    ) -> list[Decision]:
        decided = [self._decide_safely(connection, loaded, event, now) for loaded, event in events]
        return [one for one in decided if isinstance(one, Decision)]

    def _decide_in_turn(
        self, connection: Connection, loaded: Sequence[Loaded], by_run: Mapping[str, Sequence[Reply]], now: datetime
    ) -> list[list[Decision]]:
        """Several replies to one order are decided one after the other; the n-th of every order make the n-th batch."""
        batches: list[list[Decision]] = []
        for one in loaded:
            current = one
            depth = 0
            for reply in by_run[one.run.id]:
                followed = self._decide_safely(connection, current, reply, now)
                if isinstance(followed, Stale):
                    continue
                if depth == len(batches):
                    batches.append([])
                batches[depth].append(followed)
                depth += 1
                current = Loaded(followed.run, one.version_id, one.order)
        return batches

    def _decide_safely(
        self, connection: Connection, loaded: Loaded, event: RunEvent, now: datetime
    ) -> Decision | Stale:
        """A defect in one order's burst puts that order on the failure list; its neighbours go on."""
        try:
            return self._decide_one(connection, loaded, event, now)
        except Exception as defect:
            log.exception("burst.defect", run=loaded.run.id)
            return break_off(loaded.run, event, f"{type(defect).__name__}: {defect}", now)

    def _decide_one(self, connection: Connection, loaded: Loaded, event: RunEvent, now: datetime) -> Decision | Stale:
        # An end needs no flow, so an order can be closed whose version cannot be read.
        plan = NO_PLAN if isinstance(event, Close) else self._plan(connection, loaded)
        facts: dict[str, Any] = {}
        while True:
            followed = decide(plan, loaded.run, loaded.order, event, facts, now)
            if not isinstance(followed, Need):
                return followed
            facts |= gather(connection, followed.facts)

    def _plan(self, connection: Connection, loaded: Loaded) -> Plan:
        return self.flows.plan(connection, loaded.version_id) if loaded.version_id else NO_PLAN

    def _ring_for(self, decisions: Sequence[Decision]) -> None:
        if any(decision.effects for decision in decisions):
            self.effect_bell.ring()

    def _now(self) -> int:
        return micros(self.clock())


def _late(connection: Connection, trace: str) -> Decline:
    task = connection.execute(select(tasks).where(tasks.c.trace == trace)).mappings().one()
    if task["state"] == "decided":
        return Decline("already_decided", task["decided_by"], task["decided_at"], task["decision"])
    return Decline("withdrawn")

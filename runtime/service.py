"""The door to everything durable: orders come in, replies are delivered, effects go out.

Each call is one transaction for its whole batch: lock, decide, save, commit; then the bell is rung.
"""

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from types import MappingProxyType
from typing import Literal

import structlog
from sqlalchemy import Engine, select

from nodes.contract import Answered
from runtime import crash, doorbell
from runtime.actor import Actor
from runtime.acts import Acts
from runtime.answering import Answering, Decline, Verdict
from runtime.breaches import Breaches
from runtime.breaker import Breaker
from runtime.clock import Clock
from runtime.core.decision import Decision, Stale
from runtime.core.lane import Mark, answered
from runtime.core.moment import BUSINESS_ZONE, micros
from runtime.core.run import Close, Due, Reply, Retry, RunEvent, Start, read_trace
from runtime.deciding import Decider
from runtime.drafts import Drafts
from runtime.effects import Outlets
from runtime.flows import Flows
from runtime.in_hand import InHand
from runtime.intake import Arrival, Intake, Receipt
from runtime.mending import Mending
from runtime.moving import Moving
from runtime.outbox import Outbox
from runtime.post import Post
from runtime.pulling import Pulling
from runtime.pushing import Tell, tell_nobody, topics_of
from runtime.reconcile import Reconciler
from runtime.store import journal, lanes, trail
from runtime.store.database import begin, reading
from runtime.store.journal import Loaded
from runtime.store.surges import HELD_BY
from runtime.store.tables import runs
from runtime.surges import Surges

log = structlog.get_logger()

DRAIN_BATCH = 300
EFFECT_BATCH = 200
TIDY_MICROS = 3_600_000_000


class Service:
    """The runtime's one door. Safe to share between threads."""

    def __init__(
        self,
        engine: Engine,
        run_bell: doorbell.Doorbell,
        effect_bell: doorbell.Doorbell,
        act_bell: doorbell.Doorbell,
        pull_bell: doorbell.Doorbell,
        clock: Clock,
        outlets: Outlets,
        zone: tzinfo = BUSINESS_ZONE,
        in_hand: InHand | None = None,
        secret_key: str = "",
        tell: Tell = tell_nobody,
    ) -> None:
        self.engine = engine
        self.run_bell = run_bell
        self.effect_bell = effect_bell
        self.act_bell = act_bell
        self.pull_bell = pull_bell
        self.clock = clock
        self.tell = tell
        self.flows = Flows(engine, clock, tell, zone)
        self.drafts = Drafts(engine, clock, self.flows)
        self.decider = Decider(self.flows)
        self.moving = Moving(engine, self.decider, clock, act_bell.ring, self.ring_for)
        self.acts = Acts(engine, self.decider, self.moving, clock, act_bell.ring, self.ring_for)
        self.answering = Answering(engine, self.decider, clock, self._tasks_moved)
        self.mending = Mending(engine, self.decider, clock)
        self.intake = Intake(engine, clock, self._orders_came, Breaker(zone))
        self.surges = Surges(engine, clock, zone, self.decider, self._surge_moved)
        self.post = Post(engine, clock, zone, secret_key, self.deliver_answers, effect_bell.ring)
        self.outbox = Outbox(engine, clock, outlets, effect_bell.ring, self.deliver_answers, self.post, in_hand)
        self.pulling = Pulling(engine, clock, self.intake, pull_bell.ring, secret_key, in_hand)
        self.reconciler = Reconciler(engine, clock, zone)
        self.breaches = Breaches(engine, clock)
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
            crash.at("drain.locked")
            heard = self.answering.deliver_first(connection, loaded)
            events: list[tuple[Loaded, RunEvent]] = [
                (one, Due() if one.run.steps else Start()) for one in loaded if one.run.id not in heard
            ]
            decisions = self.decider.decide_all(connection, events, now)
            crash.at("drain.decided")
            journal.save(connection, decisions, at)
            crash.at("drain.saved")
        crash.at("drain.committed")
        self.ring_for([*decisions, *heard.values()])
        # People's decisions have had half a minute's time: behind a full batch they wait for the next.
        return len(loaded) if len(loaded) == limit else len(loaded) + self.answering.deliver(limit)

    def perform(self, limit: int = EFFECT_BATCH) -> int:
        """Make the calls that are due (see `Outbox`) and bring messages on their way (see `Post`). 0 means dry."""
        return self.outbox.perform(limit) + self.post.work()

    def deliver_answers(
        self, answers: Mapping[str, Answered], marks: Mapping[lanes.Target, Sequence[Mark]] = MappingProxyType({})
    ) -> None:
        """Write down what systems answered (by trace code) and let their orders go on. Late answers change nothing.

        `marks` tell the lanes how their systems do.
        """
        now = self.clock()
        at = micros(now)
        by_run: dict[str, list[Reply]] = {}
        for trace, answer in answers.items():
            run_id, step, attempt = read_trace(trace)
            by_run.setdefault(run_id, []).append(Reply(step, attempt, answer))
        with begin(self.engine, durable=False) as connection:
            loaded = journal.lock(connection, by_run)
            journal.settle_effects(connection, answers, at)
            decisions = self.decider.decide_in_turn(connection, loaded, by_run, now)
            for batch in decisions:
                journal.save(connection, batch, at)
            for target, of_target in sorted(marks.items()):
                lanes.save(connection, answered(lanes.lock(connection, target), of_target, at))
        self.ring_for([decision for batch in decisions for decision in batch])

    def tick(self) -> None:
        """Ring for what is due and for which the first ring may have been lost; once an hour, forget what is too old."""
        crash.at("tick.begun")
        at = self._now()
        if at >= self._tidy_at:
            self._tidy_at = at + TIDY_MICROS
            self.intake.tidy()
            self.post.tidy()
            with begin(self.engine, durable=False) as connection:
                lanes.know_all(connection)
        with reading(self.engine) as connection:
            due_run = connection.execute(select(runs.c.id).where(runs.c.due_at <= at).limit(1)).first()
        crash.at("tick.looked")
        if due_run or self.answering.due():
            self.run_bell.ring()
        if self.outbox.due() or self.post.due():
            self.effect_bell.ring()
        if self.acts.due() or self.moving.due():
            self.act_bell.ring()
        if self.pulling.due():
            self.pull_bell.ring()
        self.surges.tick()
        self.breaches.tick()
        self.reconciler.tick()

    # --- people act -----------------------------------------------------------------------------------------------------

    def decide_task(self, trace: str, decision: Verdict, reason: str, actor: Actor) -> Decline | None:
        """Decide a task and let its order go on at once (see `Answering`). None: it counts. The first one wins."""
        return self.answering.decide([trace], decision, reason, actor).get(trace)

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
            locked = [one.run for one in journal.lock(connection, run_ids)]
            # What stands on hold in the middle of its flow is released by the answer to its task, and what a held channel
            # keeps by the decision about the channel.
            held = [run for run in locked if run.state == "held" and not run.steps and run.reason != HELD_BY]
            if held:
                journal.release(connection, held, flow_key, version_id, at, actor)
            for run in held:
                trail.write(connection, actor, at, "run.release", run.id, after={"flow": flow_key})
        self._orders_came()
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
            followed = self.decider.decide(connection, loaded[0], event, now)
            if isinstance(followed, Stale):
                return Decline(otherwise, at=loaded[0].run.ended_at)
            journal.save(connection, [followed], at, actor)
            trail.write(connection, actor, at, action, run_id, after=followed.entry["event"])
        self.ring_for([followed])
        return None

    def ring_for(self, decisions: Sequence[Decision]) -> None:
        """Ring for the calls that these decisions, now committed, asked for; tell browsers what has changed with them."""
        if any(decision.effects for decision in decisions):
            self.effect_bell.ring()
        self.tell(topics_of(decisions))

    def _tasks_moved(self, decisions: Sequence[Decision]) -> None:
        self.ring_for(decisions)
        self.tell(("tasks",))

    def _orders_came(self) -> None:
        self.run_bell.ring()
        self.tell(("orders", "balance"))

    def _surge_moved(self) -> None:
        self._orders_came()
        self.tell(("surges",))

    def _now(self) -> int:
        return micros(self.clock())

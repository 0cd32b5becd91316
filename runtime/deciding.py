"""Decides what is stored: finds each run's plan, fetches the facts that it asks for, and keeps a defect to its own order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Connection

from nodes.contract import Need
from runtime.core.decision import Decision, Stale
from runtime.core.engine import NO_PLAN, break_off, decide
from runtime.core.plan import Plan, ways_on
from runtime.core.run import Close, Move, Reply, RunEvent
from runtime.facts import gather
from runtime.flows import Flows
from runtime.store.journal import Loaded

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Decider:
    """Decides for runs that the caller has locked, in the caller's transaction. Nothing is stored here."""

    flows: Flows

    def decide_all(
        self, connection: Connection, events: Sequence[tuple[Loaded, RunEvent]], now: datetime
    ) -> list[Decision]:
        """What follows from each event; what comes too late is left out."""
        decided = [self.decide(connection, loaded, event, now) for loaded, event in events]
        return [one for one in decided if isinstance(one, Decision)]

    def decide_in_turn(
        self, connection: Connection, loaded: Sequence[Loaded], by_run: Mapping[str, Sequence[Reply]], now: datetime
    ) -> list[list[Decision]]:
        """Several replies to one order are decided one after the other; the n-th of every order make the n-th batch."""
        batches: list[list[Decision]] = []
        for one in loaded:
            current = one
            depth = 0
            for reply in by_run[one.run.id]:
                followed = self.decide(connection, current, reply, now)
                if isinstance(followed, Stale):
                    continue
                if depth == len(batches):
                    batches.append([])
                batches[depth].append(followed)
                depth += 1
                current = Loaded(followed.run, one.version_id, one.order)
        return batches

    def decide(self, connection: Connection, loaded: Loaded, event: RunEvent, now: datetime) -> Decision | Stale:
        """What follows from one event. A defect in one order's burst puts that order on the failure list.

        An order that hits a defect while it is moved to another version stays where it is.
        """
        try:
            return self._decide(connection, loaded, event, now)
        except Exception as defect:
            log.exception("burst.defect", run=loaded.run.id)
            if isinstance(event, Move):
                return Stale(event)
            return break_off(loaded.run, event, f"{type(defect).__name__}: {defect}", now)

    def _decide(self, connection: Connection, loaded: Loaded, event: RunEvent, now: datetime) -> Decision | Stale:
        # An end needs no flow, so an order can be closed whose version cannot be read.
        match event:
            case Close():
                plan = NO_PLAN
            case Move():
                plan = self.flows.plan(connection, event.to_version)
            case _:
                plan = self.plan(connection, loaded)
        facts: dict[str, Any] = {}
        while True:
            followed = decide(plan, loaded.run, loaded.order, event, facts, now)
            if not isinstance(followed, Need):
                return followed
            facts |= gather(connection, followed.facts)

    def ways_on(self, connection: Connection, loaded: Loaded, node: str) -> tuple[str, ...]:
        """The ways by which a run may go on behind a node (see `engine.ways_on`); none where its flow cannot be read."""
        try:
            return ways_on(self.plan(connection, loaded), node)
        except Exception:
            log.exception("plan.defect", run=loaded.run.id)
            return ()

    def plan(self, connection: Connection, loaded: Loaded) -> Plan:
        """The plan that a run goes by."""
        return self.flows.plan(connection, loaded.version_id) if loaded.version_id else NO_PLAN

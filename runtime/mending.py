"""How the content of an order changes: by `propose_change` alone, whoever asks and wherever."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import orjson
from sqlalchemy import Connection, Engine

from runtime.actor import Actor
from runtime.clock import Clock
from runtime.core.amending import Amendment, amended
from runtime.core.decision import Stale
from runtime.core.moment import micros
from runtime.core.order import digest
from runtime.core.problem import Problem
from runtime.core.run import Amend, with_changes
from runtime.deciding import Decider
from runtime.store import desk, journal, trail
from runtime.store.database import begin
from runtime.store.ids import new_id
from runtime.store.journal import Loaded
from runtime.store.tables import order_changes

MAY_AMEND: Final = frozenset(("after_sales", "lead", "admin"))
"""The duties that may change an order's content."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """A change that is written down: what it was and what it is, by field path. Not `applied`: it waits for confirmation."""

    change_id: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    applied: bool


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Why nothing was changed. For `meanwhile`, `by` and `at` tell the last change, where a person made it."""

    why: Literal["unknown", "ended", "duty", "reason", "nothing", "meanwhile"]
    by: str | None = None
    at: int | None = None


@dataclass(frozen=True, slots=True)
class Unfit:
    """The changed order would not be an order: everything that is wrong with it."""

    problems: tuple[Problem, ...]


class Mending:
    """Changes of orders' content. Safe to share between threads."""

    def __init__(self, engine: Engine, decider: Decider, clock: Clock) -> None:
        self._engine = engine
        self._decider = decider
        self._clock = clock

    def propose_change(
        self, run_id: str, patch: Mapping[str, Any], duty: str, reason: str, actor: Actor, seen: str = ""
    ) -> Proposed | Unchanged | Unfit:
        """Change an order's content (see `runtime.core.amending` for patches) with a duty that may, and a reason.

        `seen` is the digest of the order that the asker looked at: if it is another one by now, nothing is changed.
        Journal, record of the change, lists and audit trail are written in one transaction.
        """
        if duty not in MAY_AMEND:
            return Unchanged("duty")
        if not reason.strip():
            return Unchanged("reason")
        now = self._clock()
        with begin(self._engine, durable=True) as connection:
            loaded = next(iter(journal.lock(connection, [run_id])), None)
            if loaded is None:
                return Unchanged("unknown")
            if loaded.run.ended_at is not None:
                return Unchanged("ended", at=loaded.run.ended_at)
            standing = with_changes(loaded.order, loaded.run.changes)
            if seen and seen != digest(standing):
                return _meanwhile(connection, run_id)
            amendment = amended(standing, patch)
            if not isinstance(amendment, Amendment):
                return Unfit(amendment)
            if not amendment.changes:
                return Unchanged("nothing")
            return self._apply(connection, loaded, amendment, duty, reason, actor, now)

    def _apply(
        self,
        connection: Connection,
        loaded: Loaded,
        amendment: Amendment,
        duty: str,
        reason: str,
        actor: Actor,
        now: datetime,
    ) -> Proposed | Unchanged:
        run_id, at = loaded.run.id, micros(now)
        followed = self._decider.decide(connection, loaded, Amend(amendment.changes, reason), now)
        if isinstance(followed, Stale):
            return Unchanged("ended", at=loaded.run.ended_at)
        journal.save(connection, [followed], at, actor)
        journal.list_anew(connection, run_id, amendment.order)
        change_id = new_id(now)
        row = {
            "id": change_id,
            "run_id": run_id,
            "proposed_at": at,
            "proposed_by": actor.name,
            "duty": duty,
            "reason": reason,
            "before": orjson.dumps(dict(amendment.before)).decode(),
            "after": orjson.dumps(dict(amendment.after)).decode(),
            "applied_at": at,
        }
        connection.execute(order_changes.insert(), row)
        trail.write(connection, actor, at, "run.amend", run_id, amendment.before, amendment.after)
        return Proposed(change_id, amendment.before, amendment.after, applied=True)


def _meanwhile(connection: Connection, run_id: str) -> Unchanged:
    last = desk.last_change(connection, run_id)
    return Unchanged("meanwhile", last["proposed_by"], last["proposed_at"]) if last else Unchanged("meanwhile")

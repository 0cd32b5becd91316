"""What the page is made of, read once and kept for a while where reading takes long."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from typing import Final, TypeVar

from sqlalchemy import Engine

from builder.kpi.periods import Period
from runtime import kpi
from runtime.store import kpi as store
from runtime.store.database import reading

SLOW_SECONDS: Final = 0.2
KEPT_TIMES: Final = 30
MOST_KEPT: Final = 8
NEWCOMER_DAYS: Final = 180

Row = TypeVar("Row", store.OrderCount, store.OrderDay, store.WorkedCount, store.TaskCount, store.TaskDay)


@dataclass(frozen=True, slots=True)
class Counts:
    """Everything of a period that does not depend on the language, and when it was counted."""

    at: int
    orders: Sequence[store.OrderCount]
    order_days: Sequence[store.OrderDay]
    worked: Mapping[str, Sequence[store.WorkedCount]]
    tasks: Sequence[store.TaskCount]
    task_days: Sequence[store.TaskDay]
    missed: dict[str, store.Missed]
    turns: dict[str, store.ChannelTurns]
    failures: dict[str, int]
    newcomers: Sequence[kpi.Newcomer]

    def of(self, flow: str, channel: str) -> "Counts":
        """Only of this flow and this channel; an empty name means all."""
        if not flow and not channel:
            return self

        def fits(row: Row) -> bool:
            return (not flow or row.flow == flow) and (not channel or row.channel == channel)

        return replace(
            self,
            orders=[row for row in self.orders if fits(row)],
            order_days=[row for row in self.order_days if fits(row)],
            worked={aspect: [row for row in rows if fits(row)] for aspect, rows in self.worked.items()},
            tasks=[row for row in self.tasks if fits(row)],
            task_days=[row for row in self.task_days if fits(row)],
            missed={name: one for name, one in self.missed.items() if channel in ("", name)},
            turns={name: one for name, one in self.turns.items() if channel in ("", name)},
        )


def count(engine: Engine, period: Period, zone: tzinfo, at: int) -> Counts:
    """Read everything of a period, in one view of the database."""
    with reading(engine) as connection:
        since = at - NEWCOMER_DAYS * store.DAY
        deciders = store.decider_days(connection, store.Span(since, at), zone)
        newcomers = kpi.newcomers(deciders, store.teams_of(connection))
        whose = {
            "team": store.TEAM,
            "person": store.PERSON,
            "newcomer": store.newcomer([one.name for one in newcomers]),
        }
        # First what the door counted, then the orders: who comes in between is not told as missing.
        missed = store.missed(connection, period.now)
        return Counts(
            at=at,
            orders=store.order_counts(connection, period.before, period.now),
            order_days=store.order_days(connection, period.trend, zone),
            worked={
                aspect: store.worked_counts(connection, period.before, period.now, who) for aspect, who in whose.items()
            },
            tasks=store.task_counts(connection, period.before, period.now, at),
            task_days=store.task_days(connection, period.trend, zone, at),
            missed=missed,
            turns=store.channel_turns(connection, period.now),
            failures=store.failure_kinds(connection, period.now),
            newcomers=newcomers,
        )


@dataclass(slots=True)
class Kept:
    """Counts that took long serve everybody for thirty times as long; who asks meanwhile waits for the one who counts."""

    found: dict[str, tuple[float, Counts]] = field(default_factory=dict)
    turn: threading.Lock = field(default_factory=threading.Lock)

    def get(self, key: str, make: Callable[[], Counts]) -> Counts:
        """The counts of this key, made now or a little before."""
        with self.turn:
            began = time.monotonic()
            until, counts = self.found.get(key, (0.0, None))
            if counts is not None and began < until:
                return counts
            made = make()
            took = time.monotonic() - began
            if took > SLOW_SECONDS:
                while len(self.found) >= MOST_KEPT:
                    del self.found[next(iter(self.found))]
                self.found[key] = (began + took * (KEPT_TIMES + 1), made)
            return made

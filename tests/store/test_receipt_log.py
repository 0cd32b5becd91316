"""A real process log, replayed case by case on a virtual clock: its late cases are those that the engine finds late.

The receipt phase of an environmental permit application (CoSeLoG, receipt.csv.gz): 1,434 cases with channel and deadline.
Each case is an order whose approval is due at the case's deadline. Whoever is asked decides at the case's last event; the
clock decides before that where the deadline comes first.
"""

import csv
import gzip
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from runtime.actor import Actor
from runtime.core.moment import BUSINESS_ZONE
from runtime.reconcile import Reconciler
from runtime.store import live, queries
from runtime.store.database import reading
from runtime.store.tables import tasks
from tests.core.flow_documents import approval, document
from tests.olist.mapping import folder
from tests.store.conftest import House
from tests.trade import arrival, order, publish

CASES, LATE = 1_434, 92
CLERK = Actor("clerk")
BEGINNING = datetime(2009, 1, 1, tzinfo=UTC)

# An approval counts from the moment at which it asks. To be due at the deadline of its case to the minute, it asks so many
# days before: the fewest of these with which it asks before the case's first event.
LENGTHS = (28, 56, 98, 365)

# The clock goes from day to day, and from hour to hour for the cases that ended within two days of their deadline. None
# ended within 2 h 26 min of it, so that what happens in one hour may happen at its end.
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Case:
    """A case of the log. `asked` is when its approval asks, `days` how long that one allows."""

    name: str
    channel: str
    deadline: datetime
    last: datetime
    days: int
    asked: datetime

    def told(self, moment: datetime) -> datetime:
        """When the clock of the replay tells what happened at a moment."""
        step = HOUR if abs(self.last - self.deadline) < 2 * DAY else DAY
        return moment - (moment - BEGINNING) % step + step


def read_cases(path: Path) -> list[Case]:
    events: dict[str, list[dict[str, str]]] = {}
    with gzip.open(path, "rt", encoding="utf-8") as log:
        for row in csv.DictReader(log):
            events.setdefault(row["case:concept:name"], []).append(row)
    return [read_case(name, rows) for name, rows in events.items()]


def read_case(name: str, rows: list[dict[str, str]]) -> Case:
    moments = [datetime.fromisoformat(row["time:timestamp"]).astimezone(UTC) for row in rows]
    deadline = datetime.fromisoformat(rows[0]["case:deadline"]).astimezone(UTC)
    first, last = min(moments), max(moments)
    days = next((one for one in LENGTHS if deadline - timedelta(days=one) <= first), LENGTHS[-1])
    # Four deadlines are further off than an approval may allow: those ask at the first event, and are due a year later.
    asked = min(deadline - timedelta(days=days), first)
    return Case(name, rows[0]["case:channel"].lower(), deadline, last, days, asked)


def flow(channels: list[str]) -> dict[str, Any]:
    """By how long it allows, one of four approvals; who comes too late decides at a desk for that."""
    longest = f"ask{LENGTHS[-1]}"
    rules = [{"id": f"d{days}", "when": allows(days)} for days in LENGTHS[:-1]]
    asks = [(f"ask{days}", "approval", approval("clerks", deadline_minutes=days * 24 * 60)) for days in LENGTHS]
    return document(
        [
            ("in", "ingest", {}),
            ("way", "route", {"rules": rules}),
            *asks,
            ("desk", "approval", approval("clerks", title="Too late: {id}")),
            ("end", "end", {}),
            ("no", "end", {"result": "cancelled", "reason": "rejected"}),
        ],
        [
            "in.out>way",
            f"way.else>{longest}",
            *(f"way.d{days}>ask{days}" for days in LENGTHS[:-1]),
            *(way for ask, _, _ in asks for way in (f"{ask}.approved>end", f"{ask}.rejected>no", f"{ask}.late>desk")),
            "desk.approved>end",
            "desk.rejected>no",
        ],
        key="receipt",
        channels=channels,
        teams=[{"key": "clerks", "name": "Clerks"}],
    )


def allows(days: int) -> dict[str, Any]:
    return {"field": "attributes.days", "op": "eq", "value": days}


def moments(cases: list[Case]) -> Iterator[tuple[datetime, list[Case], list[Case]]]:
    """Every moment at which something is told: which cases are asked then, and which are decided."""
    asked = [(case.told(case.asked), 0, case) for case in cases]
    decided = [(case.told(case.last), 1, case) for case in cases]
    for at, group in groupby(sorted([*asked, *decided], key=lambda one: one[0]), key=lambda one: one[0]):
        now = list(group)
        yield at, [case for _, what, case in now if what == 0], [case for _, what, case in now if what == 1]


def replay(house: House, cases: list[Case]) -> None:
    runs: dict[str, str] = {}
    for at, asked, decided in moments(cases):
        house.watch.now = at
        if asked:
            receipts = house.service.receive([arrival(order_of(case), case.channel) for case in asked])
            runs |= {case.name: receipt.run_id for case, receipt in zip(asked, receipts, strict=True)}
        house.service.drain()
        if decided:
            open_tasks = traces(house, [runs[case.name] for case in decided])
            assert len(open_tasks) == len(decided)
            assert house.service.answering.decide(open_tasks, "approve", "", CLERK) == {}


def order_of(case: Case) -> dict[str, Any]:
    return order(1, id=case.name, created_at=case.asked.isoformat(), attributes={"days": case.days}, payments=[])


def traces(house: House, run_ids: list[str]) -> list[str]:
    with reading(house.service.engine) as connection:
        query = select(tasks.c.trace).where(tasks.c.run_id.in_(run_ids), tasks.c.state == "open")
        return list(connection.execute(query).scalars())


def test_the_engine_finds_late_what_the_log_says_was_late(sqlite_url: str) -> None:
    path = folder() / "process-logs" / "receipt.csv.gz"
    if not path.is_file():
        pytest.skip(f"no process log at {path}: say by DATA where the data lie")
    cases = read_cases(path)
    assert len(cases) == CASES
    house = House(sqlite_url)
    channels = sorted({case.channel for case in cases})
    version = publish(house.service, flow(channels))
    for channel in channels:
        house.service.surges.set_floor(channel, CASES, CLERK)  # a day's cases that come at once are no surge
    replay(house, cases)

    with reading(house.service.engine) as connection:
        assert queries.state_counts(connection)["done"] == CASES
        ways = live.passages(connection, "receipt", version, 0, CASES).ways
        late = {run for (_, port), found in ways.items() if port == "late" for run in found}
        of_channels = Counter(
            row["channel"] for row in queries.find_orders(connection, limit=CASES) if row["run_id"] in late
        )
    assert len(late) == LATE
    assert of_channels == Counter(case.channel for case in cases if case.last > case.deadline)
    assert Reconciler(house.service.engine, house.watch, BUSINESS_ZONE).check_all("clerk").found == ()
    house.service.engine.dispose()

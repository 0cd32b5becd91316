"""The figures against a counting that knows nothing of ours: plain loops over some hundred orders as they were made up."""

import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from math import ceil
from typing import Any, Final

import pytest
from sqlalchemy import insert, select
from ulid import ULID

from builder.kpi.figures import length, percent
from runtime.store import tables
from runtime.store.database import begin, reading
from tests.web.conftest import House
from tests.web.test_kpi import failure, file_rows, micros

MONDAY: Final = datetime(2026, 3, 8, 16, tzinfo=UTC)  # the midnight that begins 9 March in Shanghai
WEEK: Final = timedelta(days=7)
MINUTE: Final = timedelta(minutes=1)
ASKED: Final = "?period=days&first=2026-03-09&last=2026-03-15"
PEOPLE: Final = ("zhao", "wang", "chen")
TEAMS: Final = {"leads": "Supervisors", "night": "night", "person": "asked as persons"}
FAR: Final = timedelta(days=365 * 50)


@dataclass(frozen=True)
class Asked:
    """Somebody was asked so long after the order came in; who answered (empty: nobody), after how long, and until when."""

    at: timedelta
    who: str
    by: str
    after: timedelta
    deadline: timedelta | None
    given_up: timedelta | None
    taken_on: str

    @property
    def dated(self) -> bool:
        """There was a deadline, and it has come or somebody answered."""
        if self.deadline is None:
            return False
        return bool(self.by) or (self.deadline != FAR and (self.given_up is None or self.given_up >= self.deadline))

    @property
    def late(self) -> bool:
        """The deadline came before the answer."""
        return self.dated and (not self.by or self.after > (self.deadline or FAR))


@dataclass(frozen=True)
class Fact:
    """An order as it happened."""

    came: datetime
    channel: str
    version: str | None
    took: timedelta | None
    failures: int
    asked: list[Asked] = field(default_factory=list)

    @property
    def now(self) -> bool:
        """It came in the period, and not in the one before."""
        return self.came >= MONDAY


def a_question(dice: random.Random) -> Asked:
    by = dice.choice([*PEOPLE, ""])
    deadline = dice.choice([None, 10 * MINUTE, 30 * MINUTE, FAR])
    # Where nobody answers, some questions are still open, some are given up before their deadline, some at it.
    at_deadline = deadline if deadline and deadline != FAR else 5 * MINUTE
    given_up = None if by else dice.choice([None, at_deadline, 5 * MINUTE])
    after = dice.randrange(1, 50) * MINUTE
    taken_on = "" if by else dice.choice(["", "wang"])
    who = dice.choice(["leads", "night", "person"])
    return Asked(dice.randrange(5) * MINUTE, who, by, after, deadline, given_up, taken_on)


def some_hundred_orders(versions: list[str]) -> list[Fact]:
    dice = random.Random(20260309)
    return [
        Fact(
            came=MONDAY + timedelta(seconds=dice.randrange(-7 * 86_400, 7 * 86_400)),
            channel=dice.choice(["taobao", "jd", "own-shop"]),
            version=dice.choice([*versions, None]),
            took=dice.choice([None, *(timedelta(seconds=dice.randrange(1, 20_000)) for _ in range(4))]),
            failures=dice.choice([0, 0, 0, 1, 2]),
            asked=[a_question(dice) for _ in range(dice.randrange(4))],
        )
        for _number in range(300)
    ]


def store(house: House, facts: Iterable[Fact]) -> None:
    runs, tasks, failed = [], [], []
    for fact in facts:
        run_id = str(ULID.from_datetime(fact.came))
        runs.append(
            {
                "id": run_id,
                "channel": fact.channel,
                "version_id": fact.version,
                "state": "done" if fact.took else "waiting",
                "tokens": "[]",
                "changes": "{}",
                "steps": 1,
                "rev": 1,
                "received_at": micros(fact.came),
                "ended_at": micros(fact.came + fact.took) if fact.took else None,
            }
        )
        tasks += [task_row(run_id, number, fact.came, one) for number, one in enumerate(fact.asked, 2)]
        failed += [failure(run_id, fact.came + number * MINUTE, fact.channel) for number in range(fact.failures)]
    with begin(house.service.engine, durable=False) as connection:
        for table, rows in ((tables.runs, runs), (tables.tasks, tasks), (tables.failures, failed)):
            connection.execute(insert(table), rows)


def task_row(run_id: str, step: int, came: datetime, one: Asked) -> dict[str, Any]:
    asked = came + one.at

    def moment(after: timedelta | None) -> int | None:
        return None if after is None else micros(asked + after)

    return {
        "trace": f"{run_id}.{step}.1",
        "run_id": run_id,
        "node": "ask",
        "title": "Check it",
        "who_kind": "person" if one.who == "person" else "team",
        "who": "chen" if one.who == "person" else one.who,
        "reasons": "[]",
        "state": "decided" if one.by else "withdrawn" if one.given_up else "open",
        "asked_at": moment(timedelta(0)),
        "due_at": moment(one.deadline),
        "decided_at": moment(one.after) if one.by else None,
        "decided_by": one.by or None,
        "withdrawn_at": moment(one.given_up),
        "claimed_by": one.taken_on or None,
    }


@pytest.fixture
def facts(house: House) -> Iterator[list[Fact]]:
    with reading(house.service.engine) as connection:
        versions = list(connection.execute(select(tables.flow_versions.c.id).limit(2)).scalars())
    made = some_hundred_orders(versions)
    store(house, made)
    yield made


# --- counted by plain loops -------------------------------------------------------------------------------------------


def orders_counted(facts: Iterable[Fact]) -> dict[str, float | None]:
    facts = list(facts)
    lengths = sorted(fact.took.total_seconds() for fact in facts if fact.took)
    return {
        "Orders received": len(facts),
        "Orders ended": len(lengths),
        "Mean handling time, seconds": sum(lengths) / len(lengths) if lengths else None,
        "Handling time of 9 in 10 orders, seconds": lengths[ceil(0.9 * len(lengths)) - 1] if lengths else None,
        "Orders touched by people": sum(any(one.by for one in fact.asked) for fact in facts),
        "Orders that failed": sum(fact.failures > 0 for fact in facts),
        "Share that failed": sum(fact.failures > 0 for fact in facts) / len(facts) if facts else None,
    }


def tasks_counted(asked: Iterable[Asked]) -> dict[str, float | None]:
    asked = list(asked)
    lengths = sorted(one.after.total_seconds() for one in asked if one.by)
    dated, late = sum(one.dated for one in asked), sum(one.late for one in asked)
    return {
        "Decisions of people": len(lengths),
        "Mean time of a decision, seconds": sum(lengths) / len(lengths) if lengths else None,
        "People's time for 9 in 10 decisions, seconds": lengths[ceil(0.9 * len(lengths)) - 1] if lengths else None,
        "Tasks with a deadline": dated,
        "Tasks past their deadline": late,
        "Share past their deadline": late / dated if dated else None,
    }


def owner(one: Asked) -> str:
    return one.by or one.taken_on or ("chen" if one.who == "person" else "")


def differences(row: dict[str, str], counted: dict[str, float | None]) -> list[str]:
    """Counts and means agree to the last digit, 9 in 10 to its step: at most 5 percent or a second too low."""
    wrong = []
    for name, value in counted.items():
        told = float(row[name]) if row[name] else None
        if value is None or told is None:
            agrees = told == value
        elif "9 in 10" in name:
            agrees = min(value * 0.95, value - 1) <= told <= value
        else:
            agrees = abs(told - value) < 0.001
        wrong += [] if agrees else [f"{row['By']} {row['Name']} {row['First day']}: {name} {told}, counted {value}"]
    return wrong


def sides(rows: list[dict[str, str]], by: str, name: str = "") -> list[tuple[bool, dict[str, str]]]:
    found = [row for row in rows if (row["By"], row["Name"]) == (by, name)]
    assert len(found) == 2, (by, name)
    return [(row["First day"] == "2026-03-09", row) for row in found]


def everybody(_one: Asked) -> str:
    return ""


def team_of(one: Asked) -> str:
    return one.who


def test_every_figure_of_the_file_is_what_plain_loops_count(house: House, facts: list[Fact]) -> None:
    rows, wrong = file_rows(house, ASKED), []
    people = [("Person", name.title(), name, owner) for name in PEOPLE]
    teams = [("Team", name, key, team_of) for key, name in TEAMS.items()]
    for by, name, key, whose in [("All", "", "", everybody), *people, *teams]:
        for is_now, row in sides(rows, by, name):
            own = [fact for fact in facts if fact.now is is_now]
            orders = [fact for fact in own if by == "All" or key in {whose(one) for one in fact.asked if one.by}]
            asked = [one for fact in own for one in fact.asked if whose(one) == key]
            wrong += differences(row, orders_counted(orders) | tasks_counted(asked))
    assert wrong == []


def test_a_channel_counts_alone_as_it_does_beside_the_others(house: House, facts: list[Fact]) -> None:
    of_channel = [fact for fact in facts if fact.channel == "jd"]
    wrong = []
    for rows, by, name in (
        (file_rows(house, ASKED), "Channel", "jd"),
        (file_rows(house, f"{ASKED}&channel=jd"), "All", ""),
    ):
        for is_now, row in sides(rows, by, name):
            own = [fact for fact in of_channel if fact.now is is_now]
            counted = orders_counted(own) | tasks_counted(one for fact in own for one in fact.asked)
            wrong += differences(row, counted)
    assert wrong == []


def test_two_versions_and_a_baseline_are_in_the_file_with_the_numbers_of_the_page(
    house: House, facts: list[Fact]
) -> None:
    one, other = sorted({fact.version for fact in facts if fact.version})
    zhao = house.enter("zhao")
    zhao.get("/performance/typed")
    zhao.post("/performance/baselines", {"overdue.value": "62,5", "overdue.period": "2025"})
    query = f"{ASKED}&one={one}&other={other}"
    rows = file_rows(house, query)
    compared = [row for row in rows if row["By"] == "Before and after"]
    assert [int(row["Orders received"]) for row in compared] == [
        sum(fact.version == version for fact in facts) for version in (one, other)
    ]
    (baseline,) = (row for row in rows if row["By"] == "Before Orderflow")
    assert (baseline["Share past their deadline"], baseline["Period"]) == ("0.625", "2025")
    page = zhao.get(f"/performance{query}")
    (told,) = re.findall(r'<th scope="row">Handling time of 9 in 10 orders</th>(.*?)</tr>', page)
    with house.app.test_request_context():
        shown = [length(int(float(row["Handling time of 9 in 10 orders, seconds"]) * 1_000_000)) for row in compared]
    assert [unescape(value) for value in re.findall(r'label="[^"]*">([^<]+) <span', told)] == shown


def test_what_a_page_shows_large_stands_in_its_file(house: House, facts: list[Fact]) -> None:
    page = house.enter("zhao").get(f"/performance{ASKED}")
    (row,) = (row for is_now, row in sides(file_rows(house, ASKED), "All") if is_now)
    shown = re.findall(r'class="kpi-big">([^<]+) <span', page)

    def as_length(name: str) -> str:
        return length(int(float(row[name]) * 1_000_000))

    with house.app.test_request_context():
        assert shown == [
            as_length("Handling time of 9 in 10 orders, seconds"),
            as_length("Mean handling time, seconds"),
            as_length("People's time for 9 in 10 decisions, seconds"),
            percent(float(row["Share touched by people"])),
            percent(float(row["Share that failed"])),
            percent(float(row["Share past their deadline"])),
        ]


def test_missed_orders_and_failed_pulls_are_what_the_door_and_the_pulls_wrote_down(
    house: House, facts: list[Fact]
) -> None:
    stored = sum(fact.channel == "jd" and fact.now for fact in facts)
    hour = micros(MONDAY)
    with begin(house.service.engine, durable=False) as connection:
        for at, came in ((hour, stored), (hour + 3_600_000_000, 3), (hour - 3_600_000_000, 50)):
            connection.execute(insert(tables.arrivals), {"channel": "jd", "hour_at": at, "came": came})
        for at, turns, failed in ((hour, 40, 3), (hour - 3_600_000_000, 9, 9)):
            row = {"channel": "jd", "hour_at": at, "turns": turns, "failed": failed}
            connection.execute(insert(tables.pull_turns), row)
    page = house.enter("zhao").get(f"/performance{ASKED}")
    missed = re.sub(r"<[^>]+>", " ", page[page.index("missed-title") : page.index("sync-title")])
    assert re.search(rf"jd\s+{stored + 3}\s+{stored}\s+3\s", missed), missed
    synced = re.sub(r"<[^>]+>", " ", page[page.index("sync-title") : page.index("cost-title")])
    assert re.search(r"jd\s+7\.5%\s+3 of 40", synced), synced

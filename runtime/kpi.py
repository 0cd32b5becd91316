"""The figures of the performance page, added up from what the database has counted. Pure: rows in, figures out.

All times are microseconds, all shares are between 0 and 1. A figure over nothing is None, never zero.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import ceil, sqrt
from statistics import median
from typing import Final, Literal, TypeVar

from runtime.store.kpi import DeciderDay, OrderCount, OrderDay, TaskCount, TaskDay, WorkedCount

SECOND: Final = 1_000_000
ENOUGH: Final = 30
"""Below so many on either side nothing is claimed of a difference."""
SAME: Final = 0.05
"""Lengths of time that differ by less than this share count as the same."""
SURE: Final = 1.96
"""Standard errors between two shares from which on they differ (two-proportion z test, 95 %)."""
WEEK: Final = 7
SETTLED_DAYS: Final = 3
"""On so many of seven days a newcomer must have decided before the pace counts."""

Turn = Literal["fell", "rose", "same", "few"]
Key = TypeVar("Key", bound=Hashable)
OrderRow = TypeVar("OrderRow", OrderCount, OrderDay, WorkedCount)
TaskRow = TypeVar("TaskRow", TaskCount, TaskDay)


@dataclass(slots=True)
class Lengths:
    """A distribution of lengths of time, in the steps in which the database counted them (`store.kpi.STEPS`)."""

    number: int = 0
    micros: int = 0
    seconds: dict[int, int] = field(default_factory=dict)

    def add(self, seconds: int, number: int, micros: int) -> None:
        """So many more of this length."""
        self.number += number
        self.micros += micros
        self.seconds[seconds] = self.seconds.get(seconds, 0) + number

    @property
    def mean(self) -> int | None:
        """The exact mean."""
        return self.micros // self.number if self.number else None

    def reached(self, share: float) -> int | None:
        """The length within which this share of them was over (nearest rank), to the step below."""
        wanted = ceil(share * self.number)
        for seconds in sorted(self.seconds):
            wanted -= self.seconds[seconds]
            if wanted <= 0:
                return seconds * SECOND
        return None


@dataclass(slots=True)
class Orders:
    """Orders that came in: how many ended, were touched by people, failed; and how long they took."""

    received: int = 0
    touched: int = 0
    failed: int = 0
    handling: Lengths = field(default_factory=Lengths)

    def add(self, row: OrderCount | OrderDay | WorkedCount) -> None:
        """So many more."""
        counts = isinstance(row, OrderDay)
        self.received += row.number
        self.touched += row.touched if counts else row.number * row.touched
        self.failed += row.failed if counts else row.number * row.failed
        if row.seconds is not None:
            self.handling.add(row.seconds, row.number, row.micros)


@dataclass(slots=True)
class Decisions:
    """Decisions of people and how long each took; and of the tasks with a deadline, how many nobody decided before it."""

    number: int = 0
    dated: int = 0
    late: int = 0
    handling: Lengths = field(default_factory=Lengths)

    def add(self, row: TaskCount | TaskDay) -> None:
        """So many more."""
        counts = isinstance(row, TaskDay)
        self.dated += row.dated if counts else row.number * row.dated
        self.late += row.late if counts else row.number * row.late
        if row.seconds is not None:
            self.number += row.number
            self.handling.add(row.seconds, row.number, row.micros)


def share(part: int, whole: int) -> float | None:
    """`part` of `whole`; None where there is no whole."""
    return part / whole if whole else None


def orders_by(rows: Iterable[OrderRow], key: Callable[[OrderRow], Key]) -> dict[Key, Orders]:
    """The orders, added up by whatever `key` says of a row."""
    found: dict[Key, Orders] = {}
    for row in rows:
        found.setdefault(key(row), Orders()).add(row)
    return found


def decisions_by(rows: Iterable[TaskRow], key: Callable[[TaskRow], Key]) -> dict[Key, Decisions]:
    """The decisions, added up by whatever `key` says of a row."""
    found: dict[Key, Decisions] = {}
    for row in rows:
        found.setdefault(key(row), Decisions()).add(row)
    return found


def turn_of_length(before: int | None, after: int | None, fewest: int) -> Turn:
    """How a length of time changed; `fewest` is the smaller number of the two sides."""
    if before is None or after is None or fewest < ENOUGH:
        return "few"
    if abs(after - before) <= SAME * max(before, after):
        return "same"
    return "fell" if after < before else "rose"


def turn_of_share(before: tuple[int, int], after: tuple[int, int]) -> Turn:
    """How a share (part, whole) changed, by the two-proportion z test."""
    (part_a, whole_a), (part_b, whole_b) = before, after
    if min(whole_a, whole_b) < ENOUGH:
        return "few"
    pooled = (part_a + part_b) / (whole_a + whole_b)
    error = sqrt(pooled * (1 - pooled) * (1 / whole_a + 1 / whole_b))
    apart = part_b / whole_b - part_a / whole_a
    if not error or abs(apart) < SURE * error:
        return "same"
    return "fell" if apart < 0 else "rose"


# --- newcomers --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody who began to decide lately: since when, the pace now and the team's, and after how many days it was reached.

    A pace is orders a day on which the person decided anything. `days` None: not yet.
    """

    name: str
    first: date
    pace: float
    team_pace: float
    days: int | None
    decided: int


def newcomers(rows: Iterable[DeciderDay], teams: Mapping[str, frozenset[str]]) -> list[Newcomer]:
    """Who began at least a week after the first of the peers, the newest first.

    Peers are those who share a team with the person; without a team, everybody else. The team's pace is the median of the
    peers' paces.
    """
    days: dict[str, dict[date, int]] = {}
    for row in rows:
        days.setdefault(row.name, {})[row.day] = row.number
    paces = {name: sum(counts.values()) / len(counts) for name, counts in days.items()}
    found = []
    for name, counts in days.items():
        peers = [other for other in days if other != name and _together(name, other, teams)]
        first = min(counts)
        if not peers or (first - min(min(days[peer]) for peer in peers)).days < WEEK:
            continue
        goal = median(paces[peer] for peer in peers)
        found.append(
            Newcomer(name, first, _pace(counts, max(counts)) or 0, goal, _reached(counts, goal), sum(counts.values()))
        )
    return sorted(found, key=lambda one: (one.first, one.name), reverse=True)


def _together(name: str, other: str, teams: Mapping[str, frozenset[str]]) -> bool:
    own = teams.get(name, frozenset())
    return not own or bool(own & teams.get(other, frozenset()))


def _reached(counts: Mapping[date, int], goal: float) -> int | None:
    """The day, counted from the first, on which the pace of the last seven days reached the goal."""
    first = min(counts)
    for day in sorted(counts):
        pace = _pace(counts, day)
        if pace is not None and pace >= goal:
            return (day - first).days + 1
    return None


def _pace(counts: Mapping[date, int], upto: date) -> float | None:
    """Orders a day over the seven days up to this one; None while too few of them are worked."""
    week = [number for day, number in counts.items() if 0 <= (upto - day).days < WEEK]
    return sum(week) / len(week) if len(week) >= SETTLED_DAYS else None


def spread(lengths: Lengths, edges: Sequence[int]) -> list[int]:
    """How many lie between each two edges (seconds); the last takes all that is longer."""
    counts = [0] * len(edges)
    for seconds, number in lengths.seconds.items():
        place = sum(edge <= seconds for edge in edges[1:])
        counts[place] += number
    return counts

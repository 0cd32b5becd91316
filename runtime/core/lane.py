"""How calls to one system or notifier go out: how many at once, how many a minute, and when none at all. Pure.

A lane's breaker opens after so many failures in a row and stays open for a pause. Then one call is let through as a probe:
its answer closes the breaker, or opens it for a pause twice as long. Times are microseconds since the epoch.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Final, Literal

from nodes.contract import FailureKind

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
LONGEST_PAUSE: Final = 600 * SECOND
LONGEST_WAIT: Final = 3_600 * SECOND
# What a sender may take beyond the call's own time, to begin it and to write its answer down.
MARGIN: Final = 10 * SECOND
REMEMBERED: Final = 40

Result = Literal["ok"] | FailureKind
Breaker = Literal["closed", "open", "half_open"]

# What says that a system is ill. A refusal is about the order: whoever refuses is well.
ILL: Final[frozenset[Result]] = frozenset(("error", "timeout", "bad_answer"))


@dataclass(frozen=True, slots=True)
class Limits:
    """What an administrator sets. `calls_per_minute` 0: as many as come."""

    timeout_seconds: int = 10
    calls_at_once: int = 8
    calls_per_minute: int = 0
    trip_after: int = 5
    pause_seconds: int = 30

    @property
    def lease(self) -> int:
        """How long a call is its sender's; after that the sender is taken for dead, and the call is made again."""
        return self.timeout_seconds * SECOND + MARGIN

    @property
    def burst(self) -> int:
        """How many calls may follow each other without a gap: a sixth of the minute's."""
        return max(1, self.calls_per_minute // 6)

    @property
    def interval(self) -> int:
        """The gap between calls after the burst, such that no minute ever sees more than `calls_per_minute`."""
        return -(-MINUTE // (self.calls_per_minute - self.burst + 1)) if self.calls_per_minute else 0


RANGES: Final = {
    "timeout_seconds": (1, 300),
    "calls_at_once": (1, 100),
    "calls_per_minute": (0, 6_000),
    "trip_after": (1, 100),
    "pause_seconds": (1, 600),
}
"""The least and the most that each limit may be."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What a call told about its system. `wait_seconds`: the system asked to be left alone so long."""

    trace: str
    result: Result
    message: str
    millis: int
    wait_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Paused:
    """A person stopped the calls; they go on when a person says so."""

    by: str
    at: int
    reason: str


@dataclass(frozen=True, slots=True)
class Open:
    """The breaker is open until a time. `probe` is the trace code of the one call that was let through since."""

    since: int
    until: int
    reason: str = ""
    probe: str | None = None
    probe_until: int = 0


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane as it stands. `failures` and `openings` are counted in a row; `spent_until` is where the minute's calls end."""

    adapter: str
    target: str
    limits: Limits = Limits()
    paused: Paused | None = None
    open: Open | None = None
    failures: int = 0
    openings: int = 0
    spent_until: int = 0
    wait_until: int = 0
    recent: tuple[int, ...] = field(default=())
    last_result: Result | None = None
    last_message: str = ""
    last_at: int | None = None

    def breaker(self, now: int) -> Breaker:
        """How the breaker stands."""
        if self.open is None:
            return "closed"
        return "open" if now < self.open.until else "half_open"

    @property
    def next_at(self) -> int | None:
        """From when on calls may go out; None: when a person says so. Calls that are out are not looked at."""
        if self.paused:
            return None
        by_rate = (
            self.spent_until - (self.limits.burst - 1) * self.limits.interval if self.limits.calls_per_minute else 0
        )
        by_breaker = max(self.open.until, self.open.probe_until) if self.open else 0
        return max(by_rate, by_breaker, self.wait_until)

    @property
    def usual_millis(self) -> int | None:
        """How long half of the last answers took at the most."""
        return round(median(self.recent)) if self.recent else None


def room(lane: Lane, out: int, now: int) -> int:
    """How many more calls may go out now, while `out` are out."""
    opens = lane.next_at
    if opens is None or now < opens:
        return 0
    free = max(0, lane.limits.calls_at_once - out)
    if lane.open:
        return min(1, free)
    return min(free, _left_of_the_minute(lane, now))


def claimed(lane: Lane, traces: Sequence[str], now: int) -> Lane:
    """The lane after these calls were let out."""
    if not traces:
        return lane
    spent = max(lane.spent_until, now) + len(traces) * lane.limits.interval if lane.limits.calls_per_minute else 0
    opened = lane.open and replace(lane.open, probe=traces[0], probe_until=now + lane.limits.lease)
    return replace(lane, spent_until=spent, open=opened)


def answered(lane: Lane, marks: Sequence[Mark], now: int) -> Lane:
    """The lane after these answers, in their order."""
    for mark in marks:
        lane = _answered(lane, mark, now)
    return lane


def opened(lane: Lane, now: int, reason: str = "") -> Lane:
    """The breaker opens; each time in a row for twice as long."""
    pause = min(lane.limits.pause_seconds * SECOND << min(lane.openings, 16), LONGEST_PAUSE)
    since = lane.open.since if lane.open else now
    return replace(lane, open=Open(since, now + pause, reason), openings=lane.openings + 1)


def closed(lane: Lane) -> Lane:
    """The breaker closes, and nothing is held against the system any more."""
    return replace(lane, open=None, failures=0, openings=0, wait_until=0)


def _answered(lane: Lane, mark: Mark, now: int) -> Lane:
    ill = mark.result in ILL
    wait = now + min(mark.wait_seconds * SECOND, LONGEST_WAIT) if mark.wait_seconds else 0
    lane = replace(
        lane,
        failures=lane.failures + 1 if ill else 0,
        wait_until=max(lane.wait_until, wait),
        recent=(*lane.recent, mark.millis)[-REMEMBERED:],
        last_result=mark.result,
        last_message=mark.message,
        last_at=now,
    )
    if lane.open:
        # Calls that went out before it opened say nothing about how the system is now.
        return lane if mark.trace != lane.open.probe else opened(lane, now) if ill else closed(lane)
    return opened(lane, now) if lane.failures >= lane.limits.trip_after else lane


def _left_of_the_minute(lane: Lane, now: int) -> int:
    limits = lane.limits
    if not limits.calls_per_minute:
        return limits.calls_at_once
    return (now + limits.burst * limits.interval - max(lane.spent_until, now)) // limits.interval

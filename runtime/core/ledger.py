"""An order's account, folded from its journal alone, and how what is stored differs from it.

This knows the journal's shape (events and steps) and nothing of the engine, so that a defect of the engine, of the writer
or of a disk cannot be wrong in the same way twice.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Place = tuple[int, int]
"""Step and attempt."""

Asked = tuple[int, int, int]
"""Step, attempt and seat: one of several people may be asked at a place."""

Kind = Literal[
    "run_missing",
    "order_missing",
    "journal_orphan",
    "journal_gap",
    "rev_differs",
    "state_differs",
    "timer_differs",
    "task_missing",
    "task_left",
    "call_missing",
    "call_left",
    "failure_missing",
    "failure_left",
    "not_stored",
]

ASKING = ("person", "hold")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as the journal says. `params` are what the sentence about it tells."""

    kind: Kind
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a journal: what happened, and the visits that followed."""

    rev: int
    event: Mapping[str, Any]
    steps: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Rest:
    """What a token waits for at its place, and until when (microseconds since the epoch)."""

    rest: str
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """Where an order stands by its journal. `ended` is the result of an end that took everything along."""

    standing: Mapping[Place, Rest]
    begun: bool = False
    released: bool = False
    ended: str | None = None

    @property
    def states(self) -> tuple[str, ...]:
        """The states that agree with the journal: one, or two for an order that has not begun."""
        if self.ended:
            return (self.ended,)
        if not self.begun:
            return ("running",) if self.released else ("running", "held")
        rests = {one.rest for one in self.standing.values()}
        return ("failed" if "failed" in rests else "held" if "hold" in rests else "waiting" if rests else "done",)

    @property
    def due_at(self) -> int | None:
        """When it goes on by itself."""
        limits = (one.until for one in self.standing.values() if one.rest != "failed" and one.until is not None)
        return min(limits, default=None)

    def places(self, *rests: str) -> set[Place]:
        """The places at which it waits for one of these."""
        return {place for place, one in self.standing.items() if one.rest in rests}


@dataclass(frozen=True, slots=True)
class Stored:
    """What the other tables say of the same order. `tasks` are open, `calls` not answered, `failures` open.

    `seats` are those that a place waits for, where it is not the first alone.
    """

    state: str
    rev: int
    due_at: int | None
    standing: Mapping[Place, str]
    tasks: Collection[Asked] = ()
    calls: Collection[Place] = ()
    failures: Collection[Place] = ()
    seats: Mapping[Place, Collection[int]] = field(default_factory=dict)


def fold(entries: Sequence[Entry]) -> Account:
    """The account of a whole journal, the oldest entry first."""
    folding = _Folding()
    for entry in entries:
        folding.take(entry)
    return Account(folding.standing, folding.begun, folding.released, folding.ended)


def missing_revs(entries: Sequence[Entry], rev: int) -> list[int]:
    """Which entries are not there, of those up to the run's rev."""
    known = {entry.rev for entry in entries}
    return [number for number in range(1, max(rev, *known, 0) + 1 if known else rev + 1) if number not in known]


def differences(entries: Sequence[Entry], stored: Stored) -> list[Finding]:
    """All in which an order is stored otherwise than its journal says."""
    if gaps := missing_revs(entries, stored.rev):
        # What is folded from a journal with a hole would only accuse the tables that are right.
        return [Finding("journal_gap", {"missing": gaps[:20], "count": len(gaps)})]
    last = entries[-1].rev if entries else 0
    if last != stored.rev:
        return [Finding("rev_differs", {"journal": last, "stored": stored.rev})]
    account = fold(entries)
    return [*_state(account, stored), *_timer(account, stored), *_asked(account, stored)]


def _state(account: Account, stored: Stored) -> list[Finding]:
    by_journal = {place: one.rest for place, one in account.standing.items()}
    if stored.state in account.states and by_journal == dict(stored.standing):
        return []
    params = {
        "journal": account.states[0],
        "stored": stored.state,
        "journal_at": _told(by_journal),
        "stored_at": _told(stored.standing),
    }
    return [Finding("state_differs", params)]


def _timer(account: Account, stored: Stored) -> list[Finding]:
    if stored.state not in account.states:
        return []
    if not account.begun and not account.ended:
        # It is due as soon as it may begin; on hold nothing calls it.
        agrees = (stored.due_at is not None) == (stored.state == "running")
    else:
        agrees = stored.due_at == account.due_at
    return [] if agrees else [Finding("timer_differs", {"journal": account.due_at, "stored": stored.due_at})]


def _asked(account: Account, stored: Stored) -> list[Finding]:
    asking = {(*place, seat) for place in account.places(*ASKING) for seat in stored.seats.get(place, (0,))}
    pairs: tuple[tuple[Kind, Kind, set[Any], Collection[Any]], ...] = (
        ("task_missing", "task_left", asking, stored.tasks),
        ("call_missing", "call_left", account.places("system"), stored.calls),
        ("failure_missing", "failure_left", account.places("failed"), stored.failures),
    )
    found = []
    for missing, left, wanted, there in pairs:
        if lacking := sorted(wanted - set(there)):
            found.append(Finding(missing, {"at": [list(place) for place in lacking]}))
        if over := sorted(set(there) - wanted):
            found.append(Finding(left, {"at": [list(place) for place in over]}))
    return found


def _told(standing: Mapping[Place, str]) -> list[str]:
    return [f"{step}.{attempt} {rest}" for (step, attempt), rest in sorted(standing.items())]


@dataclass(slots=True)
class _Folding:
    """The work area of one fold."""

    standing: dict[Place, Rest] = field(default_factory=dict)
    begun: bool = False
    released: bool = False
    ended: str | None = None

    def take(self, entry: Entry) -> None:
        match entry.event["kind"]:
            case "release":
                self.released = True
            case "close":
                self._end(entry.event["result"])
            case "retry":
                self._take_up(entry.event["step"])
            case "start":
                self.begun = True
        left: list[int] = []
        for visit in entry.steps:
            self.begun = True
            self._visit(visit, left, entry.event)

    def _end(self, result: str) -> None:
        self.standing.clear()
        self.ended = result

    def _take_up(self, step: int | None) -> None:
        failed = [place for place, one in self.standing.items() if one.rest == "failed" and step in (None, place[0])]
        for place in failed:
            del self.standing[place]

    def _visit(self, visit: Mapping[str, Any], left: list[int], event: Mapping[str, Any]) -> None:
        place = (visit["step"], visit["attempt"])
        if "rest" in visit:
            self.standing[place] = Rest(visit["rest"], visit.get("until"))
        elif "failed" in visit:
            self._fail(place, left, event, visit["at"])
        else:
            left.append(place[0])
            self.standing.pop(place, None)
            for step in (*visit.get("met", ()), *visit.get("ended", ())):
                self._leave(step)
            if visit.get("finish") == "cancelled":
                self._end("cancelled")

    def _fail(self, place: Place, left: Sequence[int], event: Mapping[str, Any], at: int) -> None:
        """Put a step on the failure list. A retry that gives up tells the step that it was to repeat."""
        gave_up = bool(left) and (place[0] in left or left[-1] > place[0])
        if place not in self.standing and not gave_up:
            # The retry broke off in the middle, and is itself gone without a word: what just happened tells which.
            later = [
                one for one, rest in self.standing.items() if one[0] > place[0] and _concerned(one, rest, event, at)
            ]
            if later:
                del self.standing[min(later)]
        self.standing[place] = Rest("failed")

    def _leave(self, step: int) -> None:
        for place in [place for place in self.standing if place[0] == step]:
            del self.standing[place]


def _concerned(place: Place, rest: Rest, event: Mapping[str, Any], at: int) -> bool:
    """Whether a token that may stand at a retry is one that an event was about."""
    if rest.rest not in ("retry", *ASKING):
        return False
    if event["kind"] == "due":
        return rest.until is not None and rest.until <= at
    if event["kind"] in ("retry", "skip"):
        # They are about what is on the failure list.
        return False
    return "attempt" not in event or place == (event["step"], event["attempt"])

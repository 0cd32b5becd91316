"""What a node type is, what it may know, and the closed list of what it may say.

A node type is pure: it sees one `Step` and returns one `Outcome`. It never fetches, stores, sends or reads a clock;
what it lacks it asks for with `Need`, what must leave the process it returns as an `Effect`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, Literal

EMPTY: Mapping[str, Any] = MappingProxyType({})


Words = str | Mapping[str, str]
"""A text, or a text a language (`{"en": …, "zh-CN": …}`)."""


def _empty() -> Any:
    return field(default_factory=lambda: EMPTY)


class Absent(Enum):
    """What a field holds of which nothing was told."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT

FailureKind = Literal["error", "timeout", "refused", "bad_answer"]
Result = Literal["done", "cancelled"]
Group = Literal["start", "decide", "people", "systems", "time", "order", "end"]


@dataclass(frozen=True, slots=True)
class Port:
    """One way out of a node. `name` is the designer's own label (text, or a text a language), if there is one.

    A `failure` port may lead to a retry node; left unconnected, its order goes to the failure list.
    An `optional` port may stay unconnected; if that deserves a warning, `advice` is the warning's message code.
    """

    id: str
    name: Words | None = None
    failure: bool = False
    optional: bool = False
    advice: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A setting that fits the schema and is still wrong. `field` is its path in the settings, like `rules.2.when`."""

    code: str
    field: str
    params: Mapping[str, Any] = _empty()
    level: Literal["error", "warning"] = "error"


@dataclass(frozen=True, slots=True)
class FieldOf:
    """An order's field that a setting names. `read` gives its canonical value (None: known to be empty, ABSENT: not told),

    `tell` what a person or another system is told: money as decimal text, hidden values as their mask.
    """

    path: str
    read: Callable[[Mapping[str, Any]], Any]
    tell: Callable[[Mapping[str, Any]], Any]


@dataclass(frozen=True, slots=True)
class RangeOf:
    """The values that a setting allows for an order's field. `below` and `above` answer True, False or None (not told)."""

    path: str
    below: Callable[[Mapping[str, Any]], bool | None]
    above: Callable[[Mapping[str, Any]], bool | None]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a step failed: the kind that retry rules name, a message code with its parameters, and which try it was."""

    kind: FailureKind
    code: str
    params: Mapping[str, Any] = _empty()
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Step:
    """One visit of an order to a node: all that a node may know.

    `settings` are the checked settings, defaults filled in. By the `format` that the schema gives a setting, it has
    become: condition, a callable `(order) -> True | False | None` (None: cannot be told); template, a callable
    `(order) -> Words`; field, a `FieldOf`; range, a `RangeOf`; who, its dict with a `FieldOf` as value where it names a
    field. `order` is the canonical order with the run's own changes laid over it. `now` is UTC. `connected` are the
    ports that have an edge. `failure` is what led here through a failure port. `memory` is what the step itself kept when
    it last asked people (`AskPeople`). `decided_by` is the person who decided last on the way here.
    """

    node: str
    settings: Mapping[str, Any]
    order: Mapping[str, Any]
    now: datetime
    trace: str
    attempt: int
    connected: frozenset[str]
    facts: Mapping[str, Any] = _empty()
    failure: Failure | None = None
    memory: Mapping[str, Any] = _empty()
    decided_by: str | None = None


# --- what comes back to a step that waits -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Decided:
    """A person's decision on the step's task at `seat`. `by` is the user's name."""

    decision: Literal["approve", "reject"]
    reason: str
    by: str
    seat: int = 0


@dataclass(frozen=True, slots=True)
class Joined:
    """Who sits at `seat` wants somebody else (`who` as in `TaskAsk`) to sign too: before them, or after them."""

    who: Mapping[str, Any]
    place: Literal["before", "after"]
    by: str
    note: str = ""
    seat: int = 0


@dataclass(frozen=True, slots=True)
class HandedOn:
    """The task at `seat` now asks somebody else (`who` as in `TaskAsk`)."""

    who: Mapping[str, Any]
    by: str
    note: str = ""
    seat: int = 0


@dataclass(frozen=True, slots=True)
class Answered:
    """A system's or sender's answer to the step's effect. `result` is ok or the kind of failure."""

    result: Literal["ok"] | FailureKind
    content: Mapping[str, Any] = _empty()
    message: str = ""


@dataclass(frozen=True, slots=True)
class TimeUp:
    """The time that the step waited for has come."""


Event = Decided | Joined | HandedOn | Answered | TimeUp


@dataclass(frozen=True, slots=True)
class Returned:
    """The flow that the step stands for has ended so. `changes` (field path -> value) were laid over the order inside."""

    result: Result
    reason: Words
    changes: Mapping[str, Any]


# --- what a node may say ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Effect:
    """One call that leaves the process: `adapter` is `notifier` or `system`, `target` its folder name or system name.

    A message's `subject` and `text` are Words: who shows or sends it chooses the reader's language.
    """

    adapter: Literal["notifier", "system"]
    target: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TaskAsk:
    """A question for a person. `who` is `{"kind": "person" | "team" | "role", "value": …}`; `reasons` are offered as chips.

    `due` is when the answer is overdue, for the eye; what wakes the step by itself is `AskPerson.until`. `tell`: whoever
    is asked gets a message too, because somebody or the time calls for them.
    """

    title: Words
    who: Mapping[str, Any]
    reasons: tuple[Words, ...] = ()
    due: datetime | None = None
    tell: bool = False


@dataclass(frozen=True, slots=True)
class Leave:
    """Go on through `port`. `changes` (field path -> value) are laid over the order; `note` goes into the trace.

    Leaving through a failure port names the `failure`.
    """

    port: str
    changes: Mapping[str, Any] = _empty()
    note: Mapping[str, Any] = _empty()
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class AskPerson:
    """Wait for a person's decision, at the longest until `until` (then `TimeUp` comes)."""

    task: TaskAsk
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AskPeople:
    """Wait for the decisions of several people, or of one who may call in others; at the longest until `until`.

    Each has a seat: `seats` are those that are open from now on, in order; `tasks` are asked now, by seat, and a seat that
    was open already is asked anew. Whoever sits at one of `remind` is reminded. `memory` (JSON) comes back with the step.
    `note` goes into the trace.
    """

    seats: tuple[int, ...]
    tasks: Mapping[int, TaskAsk]
    memory: Mapping[str, Any]
    until: datetime | None = None
    remind: tuple[int, ...] = ()
    note: Mapping[str, Any] = _empty()


@dataclass(frozen=True, slots=True)
class Hold:
    """Keep the order on hold until a person releases it (decision `approve`) or turns it down, or until `until`."""

    task: TaskAsk
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AskSystem:
    """Wait for the answer to `effect`, at the longest until `until` (then `TimeUp` comes)."""

    effect: Effect
    until: datetime


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wait until a time comes."""

    until: datetime
    note: Mapping[str, Any] = _empty()


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Go back to the step that failed, as its next try. Only for the retry type.

    `by_hand`: a person asked for it, so it does not count as an automatic try.
    """

    by_hand: bool = False
    note: Mapping[str, Any] = _empty()


@dataclass(frozen=True, slots=True)
class PassOver:
    """Go on behind the step that failed as if it had succeeded, by its first good way. Only for the retry type."""

    note: Mapping[str, Any] = _empty()


@dataclass(frozen=True, slots=True)
class Fork:
    """Go on through all of these ports at once."""

    ports: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Meet:
    """Wait here for the other branches of the same split."""


@dataclass(frozen=True, slots=True)
class GoInside:
    """Go through the flow that the step stands for. `changes` are laid over the order as long as it is in there."""

    changes: Mapping[str, Any] = _empty()


@dataclass(frozen=True, slots=True)
class Finish:
    """The order has arrived. `cancelled` ends its other branches too."""

    result: Result
    reason: Words = ""


@dataclass(frozen=True, slots=True)
class Need:
    """More must be known first: names of facts, such as `person:li.wei`. The step is entered again with them."""

    facts: tuple[str, ...]


Outcome = (
    Leave
    | AskPerson
    | AskPeople
    | Hold
    | AskSystem
    | Sleep
    | TryAgain
    | PassOver
    | Fork
    | Meet
    | GoInside
    | Finish
    | Need
)


def _resumes_nothing(step: Step, event: Event) -> Outcome:
    raise AssertionError(f"{step.node} does not wait and was resumed with {event}")


def _returns_nowhere(step: Step, returned: Returned) -> Outcome:
    raise AssertionError(f"{step.node} stands for no flow, and one ended there with {returned}")


def _finds_nothing(settings: Mapping[str, Any]) -> tuple[Finding, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class NodeType:
    """A node type. `kind` is its folder's name; the rest of the folder (schema, icon, help, messages) is read beside it.

    `waits` says that an order may rest here for people, time or systems. A circle of nodes needs one that waits for people
    or time: systems may answer at once, again and again.
    `check` finds what the schema cannot say. `resume` is called for the events of a step that waits, `come_back` when the
    flow that it stands for has ended. `seats`: people at its tasks may call in others, and hand theirs on through it.
    """

    kind: str
    group: Group
    ports: Callable[[Mapping[str, Any]], tuple[Port, ...]]
    enter: Callable[[Step], Outcome]
    resume: Callable[[Step, Event], Outcome] = _resumes_nothing
    come_back: Callable[[Step, Returned], Outcome] = _returns_nowhere
    check: Callable[[Mapping[str, Any]], tuple[Finding, ...]] = _finds_nothing
    waits: bool = False
    seats: bool = False
    teams: Callable[[Mapping[str, Any]], tuple[str, ...]] = field(default=lambda settings: ())


def branch_ports(branches: Any) -> tuple[Port, ...]:
    """A port for each of a designer's own branches (`{"id", "name"?}`), in order. What is unfinished is left out."""
    if not isinstance(branches, list | tuple):
        return ()
    return tuple(
        Port(branch["id"], branch.get("name"))
        for branch in branches
        if isinstance(branch, Mapping) and isinstance(branch.get("id"), str)
    )

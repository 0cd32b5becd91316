"""A run: where one order stands in its flow, as frozen values that are stored as JSON.

A run holds a set of tokens, one for each place at which the order stands (several after a split). Every visit to a node
is a step with a number; a step may be tried more than once. Run, step and attempt make the trace code: the idempotency key
outward, the unique key inward, and the code that people see and search.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal

from nodes.contract import Event, Failure, Words

RunState = Literal["running", "waiting", "held", "failed", "done", "cancelled", "merged"]
STATES: tuple[str, ...] = ("running", "waiting", "held", "failed", "done", "cancelled", "merged")

Rest = Literal["go", "person", "hold", "system", "time", "retry", "join", "inside", "failed"]


Group = tuple[int, str]
"""One passing of a split or one stay inside a sub-flow: its step number and its node."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The failed step that led a token to a retry node: what is tried again, and why it failed.

    `by_hand` is the failed token's own.
    """

    node: str
    step: int
    attempt: int
    failure: Failure
    by_hand: int = 0


@dataclass(frozen=True, slots=True)
class Token:
    """One place at which an order stands.

    `rest` says what it waits for (`go`: nothing; `inside`: the end of the sub-flow that it stands for, with `changes` laid
    over the order in there). `until` and `since` are microseconds since the epoch. `tries` counts the tries since a person
    last asked for one, so that a manual try does not use up the automatic ones; `by_hand` counts the tries that people
    asked for. `groups` are the splits that it came through and the sub-flows that it is in, outermost first.
    `seats` are the open seats of a step that asks several people, `memory` is what that step keeps. `decided_by` is the
    person who decided last on its way. `passed` are the steps at which people decided since it was last split, joined or
    let into a sub-flow, in order: it can be sent back to them.
    """

    node: str
    step: int
    attempt: int = 1
    tries: int = 1
    by_hand: int = 0
    rest: Rest = "go"
    since: int = 0
    until: int | None = None
    groups: tuple[Group, ...] = ()
    origin: Origin | None = None
    failure: Failure | None = None
    changes: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    seats: tuple[int, ...] = (0,)
    memory: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    decided_by: str | None = None
    passed: tuple[str, ...] = ()

    @property
    def automatic(self) -> int:
        """All tries that nobody asked for by hand, the first one too."""
        return self.attempt - self.by_hand


@dataclass(frozen=True, slots=True)
class Run:
    """`steps` is the number of the last step entered; `rev` counts saves and numbers the journal's entries.

    `reason` is what an end, a person or a failure said: words, or the code of a failure.
    """

    id: str
    state: RunState
    tokens: tuple[Token, ...] = ()
    changes: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    steps: int = 0
    rev: int = 0
    reason: Words | None = None
    due_at: int | None = None
    ended_at: int | None = None


# --- what may happen to a run -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Start:
    """The order has come in."""


@dataclass(frozen=True, slots=True)
class Due:
    """Time has passed: every token whose `until` has come goes on."""


@dataclass(frozen=True, slots=True)
class SentBack:
    """A person who is asked sends the order back to an earlier step at which people decided, with a note."""

    to: str
    note: str
    by: str
    seat: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a step that waits. It counts only for exactly this step and attempt."""

    step: int
    attempt: int
    event: Event | SentBack


@dataclass(frozen=True, slots=True)
class Retry:
    """A person asks for another try of what failed: of one step, or of all (None)."""

    step: int | None = None


@dataclass(frozen=True, slots=True)
class Close:
    """A person ends the order, with a reason."""

    result: Literal["done", "cancelled"]
    reason: str


@dataclass(frozen=True, slots=True)
class Skip:
    """A person lets the order go on behind a failed step, by this way out of it, with a reason."""

    step: int
    port: str
    reason: str


@dataclass(frozen=True, slots=True)
class Amend:
    """The order's content was changed: field path -> canonical value, laid over the order."""

    changes: Mapping[str, Any]
    reason: str


@dataclass(frozen=True, slots=True)
class Move:
    """The order is to go on in another version of its flow: the plan that it is decided with. Both are version ids."""

    from_version: str
    to_version: str


RunEvent = Start | Due | Reply | Retry | Close | Skip | Amend | Move


def trace_code(run_id: str, step: int, attempt: int, seat: int = 0) -> str:
    """`<run ULID>.<step>.<attempt>`; of a task at another seat than the first, `.<seat>` behind it."""
    return f"{run_id}.{step}.{attempt}" + (f".{seat}" if seat else "")


def read_trace(trace: str) -> tuple[str, int, int]:
    """The run's id, step and attempt. ValueError if `trace` is not a whole trace code."""
    return read_seat(trace)[:3]


def read_seat(trace: str) -> tuple[str, int, int, int]:
    """The run's id, step, attempt and seat. ValueError if `trace` is not a whole trace code."""
    run_id, step, attempt, *seat = trace.split(".")
    if len(run_id) != 26 or len(seat) > 1:
        raise ValueError(f"not a trace code: {trace}")
    return run_id, int(step), int(attempt), int(seat[0]) if seat else 0


# --- stored form ------------------------------------------------------------------------------------------------------


def token_row(token: Token) -> dict[str, Any]:
    """The token as JSON, without what is as in every token."""
    row: dict[str, Any] = {"node": token.node, "step": token.step, "rest": token.rest, "since": token.since}
    plain = {name: getattr(token, name) for name in _PLAIN if getattr(token, name) != _PLAIN[name]}
    parts = {
        "origin": token.origin and _origin_row(token.origin),
        "failure": token.failure and failure_row(token.failure),
        "changes": dict(token.changes),
        "memory": dict(token.memory),
    }
    return row | plain | {name: part for name, part in parts.items() if part}


def _origin_row(origin: Origin) -> dict[str, Any]:
    row = {
        "node": origin.node,
        "step": origin.step,
        "attempt": origin.attempt,
        "failure": failure_row(origin.failure),
    }
    return row | ({"by_hand": origin.by_hand} if origin.by_hand else {})


_PLAIN: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "attempt": 1,
        "tries": 1,
        "by_hand": 0,
        "until": None,
        "groups": (),
        "seats": (0,),
        "decided_by": None,
        "passed": (),
    }
)
"""What a token holds as plain JSON, with what it mostly is."""


def read_token(row: Mapping[str, Any]) -> Token:
    """The token of a row made by `token_row`."""
    origin = row.get("origin")
    failure = row.get("failure")
    return Token(
        node=row["node"],
        step=row["step"],
        attempt=row.get("attempt", 1),
        tries=row.get("tries", 1),
        by_hand=row.get("by_hand", 0),
        rest=row["rest"],
        since=row["since"],
        until=row.get("until"),
        groups=tuple((step, node) for step, node in row.get("groups", ())),
        origin=origin and _read_origin(origin),
        failure=failure and read_failure(failure),
        changes=row.get("changes", {}),
        seats=tuple(row.get("seats", (0,))),
        memory=row.get("memory", {}),
        decided_by=row.get("decided_by"),
        passed=tuple(row.get("passed", ())),
    )


def _read_origin(row: Mapping[str, Any]) -> Origin:
    return Origin(row["node"], row["step"], row["attempt"], read_failure(row["failure"]), row.get("by_hand", 0))


def failure_row(failure: Failure) -> dict[str, Any]:
    """The failure as JSON."""
    return {
        "kind": failure.kind,
        "code": failure.code,
        "params": dict(failure.params),
        "attempt": failure.attempt,
    }


def read_failure(row: Mapping[str, Any]) -> Failure:
    """The failure of a row made by `failure_row`."""
    return Failure(row["kind"], row["code"], row["params"], row["attempt"])


def with_changes(order: Mapping[str, Any], changes: Mapping[str, Any]) -> Mapping[str, Any]:
    """The order with a run's changes (field path -> value) laid over it. Neither is altered."""
    if not changes:
        return order
    laid = dict(order)
    for path, value in changes.items():
        head, _, rest = path.partition(".")
        laid[head] = {**(laid.get(head) or {}), rest: value} if rest else value
    return laid

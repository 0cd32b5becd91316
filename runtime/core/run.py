"""A run: where one order stands in its flow, as frozen values that are stored as JSON.

A run holds a set of tokens, one for each place at which the order stands (several after a split). Every visit to a node
is a step with a number; a step may be tried more than once. Run, step and attempt make the trace code: the idempotency key
outward, the unique key inward, and the code that people see and search.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

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
class Reply:
    """The answer to a step that waits. It counts only for exactly this step and attempt."""

    step: int
    attempt: int
    event: Event


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


def trace_code(run_id: str, step: int, attempt: int) -> str:
    """`<run ULID>.<step>.<attempt>`."""
    return f"{run_id}.{step}.{attempt}"


def read_trace(trace: str) -> tuple[str, int, int]:
    """The run's id, step and attempt. ValueError if `trace` is not a whole trace code."""
    run_id, step, attempt = trace.split(".")
    if len(run_id) != 26:
        raise ValueError(f"not a trace code: {trace}")
    return run_id, int(step), int(attempt)


# --- stored form ------------------------------------------------------------------------------------------------------


def token_row(token: Token) -> dict[str, Any]:
    """The token as JSON, without what is empty."""
    row: dict[str, Any] = {"node": token.node, "step": token.step, "rest": token.rest, "since": token.since}
    if token.attempt != 1:
        row["attempt"] = token.attempt
    if token.tries != 1:
        row["tries"] = token.tries
    if token.by_hand:
        row["by_hand"] = token.by_hand
    if token.until is not None:
        row["until"] = token.until
    if token.groups:
        row["groups"] = list(token.groups)
    if token.origin is not None:
        origin = token.origin
        row["origin"] = {
            "node": origin.node,
            "step": origin.step,
            "attempt": origin.attempt,
            "failure": failure_row(origin.failure),
        }
        if origin.by_hand:
            row["origin"]["by_hand"] = origin.by_hand
    if token.failure is not None:
        row["failure"] = failure_row(token.failure)
    if token.changes:
        row["changes"] = dict(token.changes)
    return row


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

"""What an outlet (a notifier or a system) is: it takes one call and says what came of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nodes.contract import Answered, Words


@dataclass(frozen=True, slots=True)
class Call:
    """One call outward. `key` is the trace code and the idempotency key: the same key again is the same call again.

    After `timeout_seconds` nobody waits for the answer any more.
    """

    key: str
    content: Mapping[str, Any]
    timeout_seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class Outlet:
    """`send` answers with the kind of failure where it can, and raises only by a defect.

    `label` is a text a language. `simulated` outlets never leave this machine. What is `inside` answers at once and cannot
    fail, so that it needs neither limits nor a breaker: many calls are made in one go.

    An error whose content has `retry_after_seconds` asks that no call be made for so long.
    """

    label: Words
    send: Callable[[Call], Answered]
    simulated: bool = False
    inside: bool = False

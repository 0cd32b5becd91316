"""What an outlet (a notifier or a system) is: it takes one call and says what came of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nodes.contract import Answered


@dataclass(frozen=True, slots=True)
class Call:
    """One call outward. `key` is the trace code and the idempotency key: the same key again is the same call again."""

    key: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outlet:
    """`send` answers with the kind of failure where it can, and raises only by a defect.

    `label` is a text a language. `simulated` outlets never leave this machine.
    """

    label: Mapping[str, str]
    send: Callable[[Call], Answered]
    simulated: bool = False

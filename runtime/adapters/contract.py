"""What an outlet (a notifier or a system) is: it takes one call and says what came of it.

And what a source is: it is asked for orders, page by page.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nodes.contract import Answered, Words
from runtime.core.json_text import Item
from runtime.core.problem import Problem
from runtime.outgoing import Allowed


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


@dataclass(frozen=True, slots=True)
class Asked:
    """What a source is asked for: the orders behind `cursor`, an opaque text of the source's own; None: from the beginning.

    `secret` proves who asks. Nothing but what `allowed` allows may be called, for at most `timeout_seconds`.
    """

    address: str
    secret: str = field(repr=False)
    cursor: str | None
    limit: int
    timeout_seconds: float
    allowed: Allowed


@dataclass(frozen=True, slots=True)
class Page:
    """Orders in our own document, each with its raw bytes, and the cursor behind them. `more`: others wait already.

    A page with orders has a cursor other than the one that was asked with; without orders it may be the same, or None.
    """

    orders: tuple[Item, ...]
    cursor: str | None
    more: bool


@dataclass(frozen=True, slots=True)
class NoPage:
    """Why there is no page. The source asks not to be asked again for so many seconds."""

    problem: Problem
    wait_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """`fetch` stores nothing and changes nothing there: the same question may be asked again. It raises only by a defect."""

    label: Words
    fetch: Callable[[Asked], Page | NoPage]

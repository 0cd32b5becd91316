"""What an outlet (a notifier or a system) is: it takes one call and says what came of it.

And what a source is: it is asked for orders, page by page. And what a messenger is: it carries messages to people.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ssl import SSLContext
from typing import Any, Literal

from nodes.contract import Answered, Words
from runtime.core.json_text import Item
from runtime.core.problem import Problem
from runtime.core.words import Language
from runtime.outgoing import Allowed, Resolver, resolve

Contact = Literal["", "email", "phone", "wecom", "dingtalk", "feishu"]
"""By what a messenger knows a person: an address, a phone number, or the person's id there; "" by nothing."""

Undelivered = Literal["refused", "capped", "timeout", "error", "wrong_key"]


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

    What is `posted` is not called: messages by it are handed to `runtime.post`, which answers for them.

    An error whose content has `retry_after_seconds` asks that no call be made for so long.
    """

    label: Words
    send: Callable[[Call], Answered]
    simulated: bool = False
    inside: bool = False
    posted: bool = False


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


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be told. `key` is the idempotency key: the same key again is the same message again.

    `to` are those whom it is for, as the messenger's `contact` says, at most its `most_to`; in a room those who are
    mentioned (`@all` everybody), who may be none. `link` opens a page and decides nothing.
    """

    key: str
    to: tuple[str, ...]
    subject: str
    text: str
    urgent: bool = False
    language: Language = "en"
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Conveyance:
    """By what a message travels. `settings` fit the messenger's schema without the secret ones, which are in `secrets`.

    `at` is when it is sent, in seconds since the epoch, and what signatures tell. Nothing but what `allowed` allows is
    called, for at most `timeout_seconds` altogether. `tls` None: whom the machine trusts.
    """

    settings: Mapping[str, Any]
    secrets: Mapping[str, str] = field(repr=False)
    allowed: Allowed
    timeout_seconds: float
    at: float
    resolver: Resolver = resolve
    tls: SSLContext | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Delivered:
    """The provider took it. `receipt` is its name for it, `missed` are those of `to` whom it does not reach."""

    receipt: str = ""
    missed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotDelivered:
    """Why it did not go. `problem` says it in every language, and holds no secret.

    refused: it would be refused again. capped: too much was sent; not before `retry_after_seconds`. wrong_key: no message
    goes by these settings before an administrator mends them. timeout: it may have arrived. error: the provider is ill.
    """

    kind: Undelivered
    problem: Problem
    retry_after_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Cap:
    """At most so many messages in any so many seconds, of the whole channel or for each addressee.

    Who goes beyond is not heard for `muted_seconds`, or until the window has passed where that is 0.
    """

    most: int
    seconds: int
    each: Literal["channel", "addressee"] = "channel"
    muted_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Longest:
    """How much text a message holds. The messenger itself cuts what is longer, and the link stays whole."""

    most: int
    unit: Literal["bytes", "characters"]


@dataclass(frozen=True, slots=True)
class Messenger:
    """A way to people. `send` raises only by a defect, and sends once each time that it is called.

    `settings` is a JSON schema of one object of texts, numbers and choices. A `title` is a code of `runtime.core.words`:
    its text the label, its remedy the help; the words of choices are `<title>.<choice>`. What has `x-secret` is kept
    sealed. `room`: messages go to a room and not to people. `caps` are the published limits; the messenger keeps none.
    """

    label: Words
    settings: Mapping[str, Any]
    send: Callable[[Message, Conveyance], Delivered | NotDelivered]
    contact: Contact = ""
    room: bool = False
    most_to: int = 1
    caps: tuple[Cap, ...] = ()
    longest: Longest = Longest(4_000, "characters")

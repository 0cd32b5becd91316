"""Asking a provider over the web: by the guard, within one time, and without a secret in what is told of it.

Redirects are not followed: what proves who sends stands in addresses, bodies and headers of many names.
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson

from runtime import outgoing
from runtime.adapters.contract import Conveyance, NotDelivered, Undelivered
from runtime.adapters.web import HIDDEN, LONGEST_MESSAGE, seconds_to_wait, status_words
from runtime.core.problem import Problem
from runtime.outgoing import Refused, Response, TooLate, Unanswered

# Shorter than this, a secret may well be a word of the answer.
SHORTEST_HIDDEN: Final = 6
# What of an address with a key in it may be its key.
_KEY_IN_AN_ADDRESS: Final = re.compile(r"[\w-]{16,}")
SECONDS_WHEN_CAPPED: Final = 60

_NOT_BEFORE_MENDED: Final = (401, 403, 404, 405, 410)
_ILL_OR_EARLY: Final = (408, 425)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a provider answered: a JSON object."""

    status: int
    headers: Mapping[str, str]
    content: Mapping[str, Any]

    @property
    def fine(self) -> bool:
        """Whether the status speaks for success."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Line:
    """Calls for one message, all of them before `until`. `name` is the messenger's, whose words are told."""

    name: str
    by: Conveyance
    until: float

    @classmethod
    def open(cls, name: str, by: Conveyance) -> "Line":
        """A line whose time begins now."""
        return cls(name, by, time.monotonic() + by.timeout_seconds)

    def knowing(self, secret: str) -> "Line":
        """The same line, with one more secret that was come by on the way and is not told."""
        return replace(self, by=replace(self.by, secrets={**self.by.secrets, "": secret}))

    def post(self, url: str, content: Any, headers: Mapping[str, str] | None = None) -> Reply | NotDelivered:
        """Send a JSON value and read the JSON object that answers it."""
        sent = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
        return self.send(url, orjson.dumps(content), sent)

    def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply | NotDelivered:
        """Send a body and read the JSON object that answers it."""
        response = self.answer(url, body, headers)
        return response if isinstance(response, NotDelivered) else self.read(response)

    def get(self, url: str) -> Reply | NotDelivered:
        """Ask for a JSON object."""
        response = self.answer(url, None, {})
        return response if isinstance(response, NotDelivered) else self.read(response)

    def answer(self, url: str, body: bytes | None, headers: Mapping[str, str]) -> Response | NotDelivered:
        """What is answered, whatever it is, or why nothing is."""
        by, sent = self.by, {"Accept": "application/json", "User-Agent": "orderflow", **headers}
        seconds = max(self.until - time.monotonic(), 0.001)
        try:
            if body is None:
                return outgoing.get(url, sent, seconds, by.allowed, resolver=by.resolver, tls=by.tls)
            return outgoing.post(url, body, sent, seconds, by.allowed, follow=False, resolver=by.resolver, tls=by.tls)
        except Refused as refused:
            kind: Undelivered = "error" if refused.code == "outgoing.moved" else "wrong_key"
            return NotDelivered(kind, Problem(refused.code, params=self._told(refused.params)))
        except TooLate:
            return NotDelivered("timeout", Problem("messenger.late", params={"seconds": round(by.timeout_seconds)}))
        except Unanswered as broken:
            return NotDelivered("error", Problem("messenger.unanswered", params=self._told({"why": str(broken)})))
        except ValueError:  # a header that cannot be sent
            return NotDelivered("wrong_key", Problem("messenger.unsendable"))

    def fault_in(
        self, reply: Reply, kinds: Mapping[int | str, Undelivered], code: str, said: str, fine: int | str = 0
    ) -> NotDelivered | None:
        """Why a provider did not take it, by the members of its answer that hold code and words; None: it did."""
        told, words = reply.content.get(code), reply.content.get(said)
        if not isinstance(told, int | str):
            return self.nonsense(reply.status) if reply.fine else self.by_status(reply)
        if told == fine:
            return None if reply.fine else self.by_status(reply)
        kind = kinds.get(told, "error" if reply.status >= 500 else "refused")
        return self.failed(kind, f"{told} {words}", SECONDS_WHEN_CAPPED if kind == "capped" else 0)

    def by_status(self, response: Response | Reply, said: str = "") -> NotDelivered:
        """Why a provider does not take it, as the status says."""
        status, told = response.status, f"{status_words(response.status)} {said}"
        if status in _NOT_BEFORE_MENDED:
            return self.failed("wrong_key", told)
        if status == 429:
            wait = seconds_to_wait(response.headers.get("retry-after", ""), datetime.fromtimestamp(self.by.at, UTC))
            return self.failed("capped", told, wait or SECONDS_WHEN_CAPPED)
        if 400 <= status < 500 and status not in _ILL_OR_EARLY:
            return self.failed("refused", told)
        return self.failed("error", told)

    def nonsense(self, status: int) -> NotDelivered:
        """The provider, or somebody in between, answered what cannot be read."""
        return NotDelivered("error", Problem("messenger.nonsense", params={"said": status_words(status)}))

    def failed(self, kind: Undelivered, said: str, wait: int = 0) -> NotDelivered:
        """A failure, with what the provider says of it. For a wrong key each messenger has a remedy of its own."""
        code = f"{self.name}.wrong_key" if kind == "wrong_key" else f"messenger.{kind}"
        return NotDelivered(kind, Problem(code, params=self._told({"said": said})), wait)

    def read(self, response: Response) -> Reply | NotDelivered:
        """The JSON object that a response is."""
        try:
            content = orjson.loads(response.body or b"")
        except orjson.JSONDecodeError:
            content = None
        if isinstance(content, dict):
            return Reply(response.status, response.headers, content)
        if 200 <= response.status < 300:
            return self.nonsense(response.status)
        return self.by_status(response)

    def _told(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        return {name: told(value, self.by) if isinstance(value, str) else value for name, value in params.items()}


def told(text: str, by: Conveyance) -> str:
    """What a provider says, short, in signs that can be seen, and without what it was told to know us by."""
    for secret in sorted(_known(by), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return "".join(sign for sign in text if sign.isprintable()).strip()[:LONGEST_MESSAGE]


def _known(by: Conveyance) -> set[str]:
    """Every secret, and the keys within those that are addresses."""
    found: set[str] = set()
    for secret in by.secrets.values():
        found.add(secret)
        if "://" in secret:
            parts = urlsplit(secret)
            found |= set(_KEY_IN_AN_ADDRESS.findall(unquote(parts.path)))
            found |= {value for _, value in parse_qsl(parts.query)}
    return {secret for secret in found if len(secret) >= SHORTEST_HIDDEN}

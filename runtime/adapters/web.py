"""A system on the web: takes a JSON document by POST and answers with one.

The idempotency key goes along as `Idempotency-Key`. What the system answers decides what the order does: a JSON object is
its answer; 4xx refuses the order; anything else says that the system is ill, and the call may be tried again.
"""

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final, Literal

import orjson

from nodes.contract import Answered
from runtime.adapters.contract import Call
from runtime.outgoing import Allowed, Refused, Resolver, Response, TooLate, Unanswered, post, resolve

Proof = Literal["none", "bearer", "signature"]

# 4xx that speak of the system, not of the order: it was too slow, too early, or has too much to do.
ASKS_TO_WAIT: Final = (408, 425, 429)
LONGEST_MESSAGE: Final = 300
# Shorter than this, a secret may well be a word of the answer.
SHORTEST_HIDDEN: Final = 6
HIDDEN: Final = "***"


@dataclass(frozen=True, slots=True)
class WebSystem:
    """Where a system is, how a call proves who sends it, and what may be called at all."""

    url: str
    proof: Proof
    secret: str
    allowed: Callable[[], Allowed]
    resolver: Resolver = resolve

    def send(self, call: Call) -> Answered:
        """Make the call."""
        body = orjson.dumps(dict(call.content))
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "User-Agent": "orderflow",
            "Idempotency-Key": call.key,
            **self._proof(body, int(time.time())),
        }
        try:
            response = post(self.url, body, headers, call.timeout_seconds, self.allowed(), resolver=self.resolver)
        except Refused as refused:
            return Answered("refused", message=self._without_secret(str(refused)))
        except TooLate as late:
            return Answered("timeout", message=str(late))
        except Unanswered as broken:
            return Answered("error", message=self._without_secret(str(broken)))
        if response.body is not None:
            response = replace(response, body=self._without_secret_in_json(response.body))
        return read_answer(response, datetime.now(UTC))

    def _without_secret(self, text: str) -> str:
        """What a system says, where it repeats what it was told to know us by."""
        return text.replace(self.secret, HIDDEN) if len(self.secret) >= SHORTEST_HIDDEN else text

    def _without_secret_in_json(self, body: bytes) -> bytes:
        written = orjson.dumps(self.secret)[1:-1]
        return body.replace(written, HIDDEN.encode()) if len(self.secret) >= SHORTEST_HIDDEN else body

    def _proof(self, body: bytes, at: int) -> Mapping[str, str]:
        match self.proof:
            case "none":
                return {}
            case "bearer":
                return {"Authorization": f"Bearer {self.secret}"}
            case "signature":
                signed = hmac.new(self.secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
                return {"X-Signature": f"t={at},v1={signed}"}


def read_answer(response: Response, now: datetime) -> Answered:
    """What a response means for the order, and for the lane."""
    status = response.status
    if 400 <= status < 500 and status not in ASKS_TO_WAIT:
        return Answered("refused", message=said(response))
    if not 200 <= status < 300:
        wait = seconds_to_wait(response.headers.get("retry-after", ""), now)
        return Answered("error", {"retry_after_seconds": wait} if wait else {}, said(response))
    if response.body is None:
        return Answered("bad_answer", message="the answer is larger than 1 MiB")
    content = _json_object(response.body)
    if content is None:
        return Answered("bad_answer", message=f"{status_words(status)}: the answer is not a JSON object")
    return Answered("ok", content)


def _json_object(body: bytes) -> dict[str, Any] | None:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return content if isinstance(content, dict) else None


def said(response: Response) -> str:
    """The status, and what the body says of it where that is text that people can read."""
    said = (_json_object(response.body or b"") or {}).get("message")
    text = (
        f"{status_words(response.status)}: {said}" if isinstance(said, str) and said else status_words(response.status)
    )
    return "".join(sign for sign in text if sign.isprintable())[:LONGEST_MESSAGE]


def status_words(status: int) -> str:
    """A status with what it is called."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def seconds_to_wait(told: str, now: datetime) -> int:
    """`Retry-After`: seconds, or a date; 0 where it says neither."""
    if told.isascii() and told.isdigit():
        return int(told[:9])
    try:
        return max(0, round((parsedate_to_datetime(told) - now).total_seconds()))
    except (ValueError, TypeError, OverflowError):
        return 0

"""Providers that only pretend, on this machine: they check who sends, keep what came, keep their limits, and break on order.

What they check they check by code of their own: nothing here knows how a messenger signs.
"""

import json
import socket
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import Any, Final, Literal
from urllib.parse import parse_qsl, urlsplit

Clock = Callable[[], float]
"""The time in seconds since the epoch."""

Fault = Literal["down", "slow", "nonsense", "cut", "moved", "lapsed"]
"""Answers 503, answers never, answers what cannot be read, hangs up, sends elsewhere, or forgets the tokens that it gave."""

ELSEWHERE: Final = "http://169.254.169.254/latest/meta-data/"
# The newest that are kept for somebody to look at.
MOST_KEPT: Final = 1_000
LARGEST_BODY: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Received:
    """A message that a provider took. `shown` False: it answered that all was well, and let it drop."""

    at: float
    to: tuple[str, ...]
    subject: str
    text: str
    key: str = ""
    shown: bool = True


@dataclass(frozen=True, slots=True)
class Asked:
    """A request. `headers` by lower-case name."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def question(self) -> dict[str, str]:
        """The query's members."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    def json(self) -> Any:
        """The body as JSON; None where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered: a JSON value."""

    content: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class Window:
    """At most so many in any so many seconds, for each name."""

    def __init__(self, most: int, seconds: float) -> None:
        self.most, self.seconds = most, seconds
        self._times: dict[str, deque[float]] = {}

    def is_full(self, at: float, name: str = "") -> bool:
        """Whether one more would be too many."""
        times = self._times.setdefault(name, deque())
        while times and times[0] <= at - self.seconds:
            times.popleft()
        return len(times) >= self.most

    def count(self, at: float, name: str = "") -> None:
        """One more."""
        self._times.setdefault(name, deque()).append(at)


class Provider:
    """What every simulated provider keeps. A provider says in `answer` what it thinks of a request.

    `settings` and `secrets` are those with which its messenger reaches it, once it is at an `address`.
    """

    messenger: str = ""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.address = ""
        self.received: deque[Received] = deque(maxlen=MOST_KEPT)
        self.closing = threading.Event()
        self._faults: deque[Fault] = deque()
        self._standing: Fault | None = None
        self._lock = threading.Lock()

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that are no secret."""
        return {}

    @property
    def secrets(self) -> dict[str, str]:
        """The secret settings."""
        return {}

    def fail(self, fault: Fault | None, times: int | None = None) -> None:
        """Break for the next requests, or until told otherwise; None: mend."""
        self._faults.clear()
        self._standing = fault if times is None else None
        if fault and times:
            self._faults.extend([fault] * times)

    def next_fault(self) -> Fault | None:
        """What goes wrong with the request that comes now."""
        with self._lock:
            return self._faults.popleft() if self._faults else self._standing

    def forget_tokens(self) -> None:
        """What was given out as proof is good no more; most providers give out none."""

    def ask(self, asked: Asked) -> Answer:
        """Answer a request, one after the other."""
        with self._lock:
            return self.answer(asked)

    def answer(self, asked: Asked) -> Answer:
        """What this provider thinks of a request."""
        raise NotImplementedError

    def take(self, to: tuple[str, ...], subject: str, text: str, key: str = "", *, shown: bool = True) -> None:
        """Keep a message."""
        self.received.append(Received(self.clock(), to, subject, text, key, shown))


class Loopback(ThreadingMixIn, TCPServer):
    """A server on a free port of this machine."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who hangs up early is no error here."""


class Visit(BaseHTTPRequestHandler):
    """One request at a web desk."""

    protocol_version = "HTTP/1.1"
    server: "WebDesk"

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "0")
        self._answer(self.rfile.read(min(int(length) if length.isdigit() else 0, LARGEST_BODY)))

    def do_GET(self) -> None:
        self._answer(b"")

    def log_message(self, *_words: Any) -> None:
        """Addresses hold keys: nothing is written down."""

    def _answer(self, body: bytes) -> None:
        provider = self.server.provider
        match provider.next_fault():
            case "cut":
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
            case "slow":
                provider.closing.wait()
                self.close_connection = True
            case "down":
                self._say(503, b'{"message": "down for a while"}')
            case "nonsense":
                self._say(200, b"<html>Sign in to this network</html>")
            case "moved":
                self._say(307, b"", {"Location": ELSEWHERE})
            case "lapsed":
                provider.forget_tokens()
                self._say_what_it_thinks(body)
            case None:
                self._say_what_it_thinks(body)

    def _say_what_it_thinks(self, body: bytes) -> None:
        parts = urlsplit(self.path)
        headers = {name.lower(): text for name, text in self.headers.items()}
        answer = self.server.provider.ask(Asked(self.command, parts.path, parts.query, headers, body))
        self._say(answer.status, json.dumps(answer.content, ensure_ascii=False).encode(), answer.headers)

    def _say(self, status: int, text: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        told = {"Content-Type": "application/json", "Content-Length": str(len(text)), **(headers or {})}
        for name, value in told.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)


class WebDesk(Loopback):
    """A web server at which a provider can be asked. It listens, and answers when it is served."""

    def __init__(self, provider: Provider, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Visit)
        self.provider = provider
        provider.address = f"http://127.0.0.1:{self.server_address[1]}"

"""A shop's feed on this machine: gives its orders page by page, checks who asks, and can be made slow, broken or a liar."""

import hashlib
import hmac
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

SECRET = "shop-and-orderflow-know-this"

Answer = tuple[int, dict[str, str], bytes]
"""Status, headers and body."""


@dataclass(slots=True)
class Shop:
    """What the shop sells, and what it was asked. A cursor is the number of orders before it, as text."""

    orders: list[dict[str, Any]] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    # Takes the place of the honest answer to a question.
    lies: Callable[[dict[str, str]], Answer] | None = None
    # Who asks waits until this is set.
    answers: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    def __post_init__(self) -> None:
        self.answers.set()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/orders?shop=7"

    def page(self, question: dict[str, str]) -> bytes:
        """The honest answer."""
        start, limit = int(question.get("after", 0)), int(question["limit"])
        end = min(len(self.orders), start + limit)
        return orjson.dumps({"orders": self.orders[start:end], "cursor": str(end), "more": end < len(self.orders)})

    def answer(self, question: dict[str, str], path: str, signature: str) -> Answer:
        self.asked.append(question)
        assert self.answers.wait(60)
        if self.lies:
            return self.lies(question)
        if not _is_signed(path, signature):
            return 401, {}, b'{"message": "who are you?"}'
        return 200, {}, self.page(question)


def _is_signed(path: str, signature: str) -> bool:
    at, _, told = signature.removeprefix("t=").partition(",v1=")
    return hmac.compare_digest(told, hmac.new(SECRET.encode(), f"{at}.{path}".encode(), hashlib.sha256).hexdigest())


@contextmanager
def selling(orders: list[dict[str, Any]] | None = None) -> Iterator[Shop]:
    """A shop that sells these orders."""
    shop = Shop(orders or [])

    class Counter(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            question = {name: texts[0] for name, texts in parse_qs(urlsplit(self.path).query).items()}
            status, headers, body = shop.answer(question, self.path, self.headers.get("X-Signature", ""))
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            try:
                self.wfile.write(body)
            except OSError:
                """Whoever asked was killed."""

        def log_message(self, *_words: Any) -> None:
            """Tests are quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_words: Any) -> None:
            """Whoever asked was killed."""

    server = Server(("127.0.0.1", 0), Counter)
    shop.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield shop
    finally:
        shop.answers.set()
        server.shutdown()
        thread.join()
        server.server_close()

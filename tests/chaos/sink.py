"""A system that Orderflow calls: a real HTTP server on loopback that keeps a log of all it got and turns nothing away."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson

from tests.chaos.history import Call

ANSWER_SECONDS = 0.03


@dataclass(slots=True)
class Sink:
    """`calls` grows while it listens. `seconds` is how long it thinks before it answers."""

    url: str
    calls: list[Call] = field(default_factory=list)
    seconds: float = ANSWER_SECONDS

    def keys(self) -> set[str]:
        return {call.key for call in self.calls}


@contextmanager
def listening() -> Iterator[Sink]:
    """A sink on a free port of this machine."""
    server = _Server(("127.0.0.1", 0), _Answering)
    sink = server.sink = Sink(f"http://127.0.0.1:{server.server_port}/calls")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield sink
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    sink: Sink

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that was killed hangs up in the middle: that is what this is for."""


class _Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def do_POST(self) -> None:
        at = time.time()
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        sink = self.server.sink
        sink.calls.append(Call(self.headers.get("Idempotency-Key", ""), at))
        time.sleep(sink.seconds)
        body = orjson.dumps({"receipt": len(sink.calls)})
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """The log is `Sink.calls`."""

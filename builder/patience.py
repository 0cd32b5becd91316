"""Slow senders: bodies that trickle in must not hold all the threads that answer everybody.

The web server gives a request to a thread as soon as its head is there, and reading the body waits for the sender without
an end: the server has no limit for it, and a read that waits cannot be broken off. So a quarter of the threads never waits
for bodies. Pages and health are answered whatever comes in; a body that finds no seat is told to come again.
"""

import threading
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.exceptions import ServiceUnavailable

SEAT_SECONDS = 0.5
COME_AGAIN_SECONDS = 5

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Patience:
    """The application behind a door that waits for a bounded number of bodies at once."""

    def __init__(self, application: Application, threads: int) -> None:
        self._application = application
        self._seats = threading.BoundedSemaphore(max(1, threads * 3 // 4))

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        environ["wsgi.input"] = Body(environ["wsgi.input"], self._seats)
        return self._application(environ, start)


class Body:
    """A request's body. 503 where too many senders are waited for already."""

    def __init__(self, stream: Any, seats: threading.BoundedSemaphore) -> None:
        self._stream = stream
        self._seats = seats

    def read(self, size: int = -1) -> bytes:
        """So many bytes, or less at the end; all of them without a size."""
        if not self._seats.acquire(timeout=SEAT_SECONDS):
            raise ServiceUnavailable("Too many slow senders at once.", retry_after=COME_AGAIN_SECONDS)
        try:
            piece: bytes = self._stream.read(size)
            return piece
        finally:
            self._seats.release()

"""A push process and the Redis that it hears, each in a process of its own that a test can kill and start again."""

import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree
from typing import Any
from urllib.parse import urlencode

import pytest
from redis import Redis
from redis.exceptions import RedisError

from builder.push.passes import Passes
from runtime import redis_server
from runtime.pushing import channel_of
from runtime.service import Service

SECRET_KEY = "a secret of the tests, long enough for all"
ORIGIN = "http://shop.test:8000"
PATIENCE = 60.0  # seconds; more than a busy machine needs


@dataclass(slots=True)
class Pusher:
    """`home` holds Redis' socket and data, and what the process said."""

    home: Path
    port: int
    redis: "subprocess.Popen[bytes]" = field(init=False)
    process: "subprocess.Popen[bytes]" = field(init=False)

    @property
    def redis_url(self) -> str:
        return f"unix://{self.home / 'r' / 's'}"

    def start_redis(self) -> None:
        program = redis_server.find_program()
        if program is None:
            pytest.skip(redis_server.NOT_FOUND)
        at = self.home / "r" / "s"
        self.redis = subprocess.Popen(redis_server.command(program, self.home / "data", at))
        wait_for(lambda: redis_server.answers(at))

    def start(self) -> None:
        """Starts the process and waits until it takes browsers in."""
        told = {
            "ORDERFLOW_HOME": str(self.home),
            "ORDERFLOW_PUSH_PORT": str(self.port),
            "ORDERFLOW_REDIS_URL": self.redis_url,
            "ORDERFLOW_SECRET_KEY": SECRET_KEY,
        }
        with (self.home / "said").open("ab") as said:
            command = [sys.executable, "-m", "builder.cli", "push"]
            self.process = subprocess.Popen(command, env=clean_environment() | told, stdout=said, stderr=said)
        wait_for(lambda: self.health()[0] == 200)

    def kill(self, process: "subprocess.Popen[bytes]") -> None:
        process.kill()
        process.wait()

    def health(self) -> tuple[int, Any]:
        """Status and JSON of what it says of itself; status 0 where nobody answers."""
        try:
            status, _headers, body = self.ask("/healthz")
        except (OSError, http.client.HTTPException):
            return 0, None
        return status, json.loads(body)

    def streams(self) -> int:
        """How many browsers listen."""
        return int(self.health()[1]["streams"])

    def ask(self, path: str, **headers: str) -> tuple[int, http.client.HTTPMessage, str]:
        """A whole answer, for what is no stream."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            line.request("GET", path, headers=headers)
            answer = line.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            line.close()

    def path(self, topics: str = "tasks", *, own: str | None = None, person: str = "lin", **more: str) -> str:
        """The path of a stream, with a good pass or with this one."""
        told = {"pass": Passes(SECRET_KEY).make(person, ORIGIN, time.time()) if own is None else own, "topics": topics}
        return f"/events?{urlencode(told | more)}"

    def tell(self, *topics: str) -> None:
        """Publishes topics as a worker does."""
        with Redis.from_url(self.redis_url) as redis:
            redis.publish(channel_of(0), " ".join(topics))

    def end(self) -> None:
        for process in (getattr(self, "process", None), getattr(self, "redis", None)):
            if process is not None:
                self.kill(process)
        rmtree(self.home, ignore_errors=True)


class Ear:
    """One open stream, read event by event."""

    def __init__(self, port: int, path: str) -> None:
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self._line.request("GET", path, headers={"Origin": ORIGIN})
        self.answer = self._line.getresponse()
        assert self.answer.status == 200, self.answer.read()
        self.mark = ""
        assert self.next() == ("here", "1")

    def next(self) -> tuple[str, str]:
        """Name and content of the next event; an end without a word is told as "gone"."""
        name, content = "message", ""
        for line in self._lines():
            field_, _colon, value = line.partition(": ")
            match field_:
                case "event":
                    name = value
                case "data":
                    content = value
                case "id":
                    self.mark = value
                case "" if content:
                    return name, content
        return "gone", ""

    def close(self) -> None:
        self.answer.close()
        self._line.close()

    def _lines(self) -> Iterator[str]:
        try:
            while line := self.answer.readline():
                yield line.decode().rstrip("\n")
        except (OSError, http.client.HTTPException):
            return


def clean_environment() -> dict[str, str]:
    """The variables of this process, without settings."""
    return {name: text for name, text in os.environ.items() if not name.startswith("ORDERFLOW_")}


def wait_for(true: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not _holds(true):
        assert time.monotonic() < until, "it never became true"
        time.sleep(0.02)


def wait_for_silence() -> None:
    """Whoever tells browsers something in this process has told it."""
    for thread in threading.enumerate():
        if thread.name == "tidings":
            thread.join(PATIENCE)
            assert not thread.is_alive()


def close(service: Service) -> None:
    """Ends what a service of this process holds open: its bells and its tidings share one line to Redis."""
    wait_for_silence()
    service.engine.dispose()
    service.run_bell._redis.close()


def _holds(true: Callable[[], bool]) -> bool:
    try:
        return true()
    except (OSError, RedisError, TypeError):
        return False


@contextmanager
def pushing() -> Iterator[Pusher]:
    """A Redis and a push process that hears it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        made = Pusher(Path(tempfile.mkdtemp(prefix="of-")), int(probe.getsockname()[1]))
    try:
        made.start_redis()
        made.start()
        yield made
    finally:
        made.end()

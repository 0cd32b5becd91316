"""The whole product as people run it: `orderflow up` in a home of its own, spoken to over HTTP on loopback."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import Any
from urllib.parse import urlsplit

import psutil
from sqlalchemy import Engine

from builder.auth import add_token
from runtime.store.database import begin, connect

READY_SECONDS = 90


@dataclass(frozen=True, slots=True)
class Live:
    """A running Orderflow: its process, its address, a token that may do everything, and its database for looking."""

    process: psutil.Process
    host: str
    port: int
    token: str
    engine: Engine
    home: Path

    def line(self) -> "Line":
        """One more kept-open connection."""
        return Line(self.host, self.port, self.token)

    def processes(self) -> list[psutil.Process]:
        """Supervisor, web server, workers, clock and Redis."""
        return [self.process, *self.process.children(recursive=True)]

    def workers(self) -> list[psutil.Process]:
        """The worker processes."""
        return [one for one in self.process.children() if "worker" in one.cmdline()]


@contextmanager
def running(database_url: str | None = None, **variables: str) -> Iterator[Live]:
    """Start everything with an empty live home; end it politely."""
    home = Path(tempfile.mkdtemp(prefix="of-"))
    names = {key: value for key, value in os.environ.items() if not key.startswith("ORDERFLOW_")}
    names |= {
        "ORDERFLOW_HOME": str(home),
        "ORDERFLOW_PORT": str(_free_port()),
        "ORDERFLOW_DEMO": "0",
        "ORDERFLOW_UNDO_SECONDS": "1",
        **variables,
    }
    if database_url:
        names["ORDERFLOW_DATABASE_URL"] = database_url
    log = home / "log"
    with log.open("wb") as written:
        started = subprocess.Popen(
            [sys.executable, "-m", "builder.cli", "up"],
            env=names,
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
        )
    try:
        address = urlsplit(_address(started, home / "live" / "running", log))
        assert address.hostname is not None and address.port is not None
        engine = connect(database_url or f"sqlite:///{home / 'live' / 'orderflow.db'}")
        with begin(engine, durable=True) as connection:
            token = add_token(connection, "tests", "admin", None)
        yield Live(psutil.Process(started.pid), address.hostname, address.port, token, engine, home)
        engine.dispose()
    except BaseException:
        print(f"Orderflow said: {log.read_text('utf-8', 'replace')[-3000:]}", file=sys.stderr)
        raise
    finally:
        started.terminate()
        started.wait()
        rmtree(home, ignore_errors=True)


def _address(started: "subprocess.Popen[bytes]", told: Path, log: Path) -> str:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until and started.poll() is None:
        try:
            address: str = json.loads(told.read_text("utf-8"))["address"]
        except (OSError, ValueError):
            address = ""
        if address:
            return address
        time.sleep(0.05)
    raise RuntimeError(f"Orderflow did not start: {log.read_text('utf-8', 'replace')[-3000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Line:
    """A kept-open HTTP connection that does no more than it must, so that a test measures the server."""

    def __init__(self, host: str, port: int, token: str) -> None:
        self._socket = socket.create_connection((host, port), timeout=120)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._heads = f"Host: {host}:{port}\r\nAuthorization: Bearer {token}\r\n"

    def post(self, path: str, body: bytes, media: str = "application/json") -> tuple[int, bytes]:
        """Status and body of the answer."""
        head = f"POST {path} HTTP/1.1\r\n{self._heads}Content-Type: {media}\r\nContent-Length: {len(body)}\r\n\r\n"
        self._socket.sendall(head.encode() + body)
        return self._answer()

    def get(self, path: str) -> Any:
        """The answer's JSON, which must be a success."""
        self._socket.sendall(f"GET {path} HTTP/1.1\r\n{self._heads}\r\n".encode())
        status, body = self._answer()
        assert status == 200, (status, body[:500])
        return json.loads(body)

    def tell(self, path: str, document: Mapping[str, Any]) -> Any:
        """Post a document that must be taken; the answer's JSON."""
        status, body = self.post(path, json.dumps(document).encode())
        assert status < 300, (status, body[:2000])
        return json.loads(body)

    def close(self) -> None:
        self._socket.close()

    def _answer(self) -> tuple[int, bytes]:
        received = bytearray()
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._more()
        head = bytes(received[:end]).lower()
        length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        while len(received) < end + 4 + length:
            received += self._more()
        return int(head[9:12]), bytes(received[end + 4 : end + 4 + length])

    def _more(self) -> bytes:
        more = self._socket.recv(262_144)
        if not more:
            raise ConnectionError("the server closed the connection")
        return more

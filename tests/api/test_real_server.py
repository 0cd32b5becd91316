"""The API behind the real web server, with many askers at once."""

import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import orjson
import pytest

from builder.auth import add_token
from runtime.store.database import begin, connect
from tests.trade import order

PATIENCE_SECONDS = 30


class House:
    """One running `orderflow web`."""

    def __init__(self, port: int, token: str) -> None:
        self.port = port
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, Any]:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)) as line:
            line.request(method, path, body, self.headers, **more)
            answer = line.getresponse()
            return answer.status, orjson.loads(answer.read())


@pytest.fixture
def house(sqlite_url: str, redis_url: str, tmp_path: Path) -> Iterator[House]:
    engine = connect(sqlite_url)
    with begin(engine, durable=True) as connection:
        token = add_token(connection, "shop", "admin")
    engine.dispose()
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = {
        "ORDERFLOW_HOME": str(tmp_path),
        "ORDERFLOW_DATABASE_URL": sqlite_url,
        "ORDERFLOW_REDIS_URL": redis_url,
        "ORDERFLOW_PORT": str(port),
        "ORDERFLOW_LOG_LEVEL": "error",
    }
    outside = {name: value for name, value in os.environ.items() if not name.startswith("ORDERFLOW_")}
    server = subprocess.Popen([sys.executable, "-m", "builder.cli", "web"], env=outside | variables)
    try:
        found = House(port, token)
        _wait_for(found)
        yield found
    finally:
        server.terminate()
        assert server.wait(PATIENCE_SECONDS) == 0


def _wait_for(house: House) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        try:
            if house.ask("GET", "/healthz")[0] == 200:
                return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError("the web server does not answer")


def test_orders_from_many_askers_at_once_are_all_taken_once(house: House) -> None:
    found: list[str] = []

    def send(asker: int) -> None:
        for number in range(10):
            # Every second order is sent by two askers.
            shared = number if number % 2 else 1000 + asker * 100 + number
            status, answer = house.ask("POST", "/api/v1/orders", orjson.dumps(order(shared)))
            assert status == 202
            found.append(answer["results"][0]["status"])

    askers = [threading.Thread(target=send, args=(asker,)) for asker in range(8)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert (found.count("accepted"), found.count("duplicate")) == (45, 35)
    assert house.ask("GET", "/api/v1/balance")[1]["received"] == 45


def test_bodies_of_every_kind_are_answered(house: House) -> None:
    one = orjson.dumps(order(1))
    assert house.ask("POST", "/api/v1/orders", iter([one[:100], one[100:]]), encode_chunked=True)[0] == 202
    large = b" " * (9 * 1024 * 1024)
    assert house.ask("POST", "/api/v1/orders", large)[0] == 413
    parts = (large[:100_000] for _ in range(90))
    assert house.ask("POST", "/api/v1/orders", parts, encode_chunked=True)[0] == 413
    assert house.ask("POST", "/api/v1/orders", b"{")[0] == 400
    assert house.ask("GET", "/readyz")[0] == 200
    assert house.ask("GET", "/api/v1/balance")[1]["received"] == 1


@pytest.fixture
def tricklers(house: House) -> Iterator[list[socket.socket]]:
    """Forty senders, more than there are threads, that give a byte of a large body now and then."""
    head = f"POST /api/v1/orders HTTP/1.1\r\nHost: x\r\nAuthorization: {house.headers['Authorization']}\r\n"
    lines = [socket.create_connection(("127.0.0.1", house.port)) for _ in range(40)]
    over = threading.Event()

    def trickle() -> None:
        while not over.wait(0.2):
            for line in lines:
                with suppress(OSError):
                    line.send(b" ")

    for line in lines:
        line.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 500000\r\n\r\n[".encode())
    sender = threading.Thread(target=trickle)
    sender.start()
    yield lines
    over.set()
    sender.join()
    for line in lines:
        line.close()


def test_slow_senders_leave_the_pages_open_and_others_are_told_to_come_again(
    house: House, tricklers: list[socket.socket]
) -> None:
    began = time.monotonic()
    assert house.ask("GET", "/healthz")[0] == 200
    assert house.ask("GET", "/api/v1/orders")[0] == 200
    assert time.monotonic() - began < PATIENCE_SECONDS / 3
    status, told = house.ask("POST", "/api/v1/orders", orjson.dumps(order(1)))
    assert (status, told["code"]) == (503, "api.senders_slow")
    for line in tricklers:
        with suppress(OSError):  # those that were turned away are closed already
            line.shutdown(socket.SHUT_RDWR)
    until = time.monotonic() + PATIENCE_SECONDS
    while house.ask("POST", "/api/v1/orders", orjson.dumps(order(1)))[0] != 202:
        assert time.monotonic() < until

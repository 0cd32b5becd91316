"""Real workers and a real system on this machine: whoever dies with a call out, it is answered once or made again."""

import json
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from sqlalchemy import select, update

from runtime import systems
from runtime.core.lane import Limits
from runtime.sealing import Seal
from runtime.store import lanes
from runtime.store.database import begin, reading
from runtime.store.tables import effects
from runtime.systems import System
from tests.core.flow_documents import document
from tests.jobs.conftest import Yard, wait_until
from tests.trade import MANAGER, SIX_STEPS, arrival, arrivals, order, publish

pytestmark = pytest.mark.redis

CALLS = document(
    [("in", "ingest", {}), ("call", "request", {"system": "erp", "action": "book"}), ("end", "end", {})],
    ["in.out>call", "call.ok>end"],
    key="calls",
    channels=["erp-shop"],
)


@dataclass(slots=True)
class Erp:
    """A system that answers when it is told to, and keeps the keys that it was asked with."""

    keys: list[str] = field(default_factory=list)
    answers: threading.Event = field(default_factory=threading.Event)
    ill: bool = False


@pytest.fixture
def erp(yard: Yard) -> Iterator[Erp]:
    """Set up in the yard, with a minute's time for an answer."""
    erp = Erp()

    class Desk(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            erp.keys.append(self.headers["Idempotency-Key"])
            erp.answers.wait(60)
            told = json.dumps({"receipt": len(erp.keys)}).encode()
            self.send_response(503 if erp.ill else 200)
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *_words: Any) -> None:
            """Tests are quiet."""

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *_words: Any) -> None:
            """A worker that was killed hung up."""

    server = Quiet(("127.0.0.1", 0), Desk)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    with begin(yard.service.engine, durable=True) as connection:
        system = System("erp", "ERP", f"http://127.0.0.1:{server.server_port}/")
        systems.keep(connection, system, Limits(timeout_seconds=60), Seal("k" * 40), MANAGER, 1)
        systems.allow(connection, ["127.0.0.1/32"], MANAGER, 1)
    publish(yard.service, CALLS)
    yield erp
    erp.answers.set()
    server.shutdown()
    thread.join()
    server.server_close()


def take(yard: Yard, count: int) -> None:
    yard.service.receive([arrival(order(number), "erp-shop") for number in range(count)])


def sends(yard: Yard) -> list[tuple[int, str]]:
    with reading(yard.service.engine) as connection:
        rows = connection.execute(select(effects.c.sends, effects.c.state).where(effects.c.target == "erp"))
        return [(row.sends, row.state) for row in rows]


def test_one_worker_goes_on_with_other_orders_while_a_system_hangs(yard: Yard, erp: Erp) -> None:
    publish(yard.service, SIX_STEPS)
    yard.start_worker()
    take(yard, 100)
    wait_until(lambda: len(erp.keys) == 8)
    yard.service.receive(arrivals(range(1_000, 1_200)))
    wait_until(lambda: yard.states().get("done") == 200, seconds=10)
    assert len(erp.keys) == 8, "no more than its limit"
    erp.answers.set()
    wait_until(lambda: yard.states() == {"done": 300})
    assert sorted(sends(yard)) == [(1, "answered")] * 100


def test_what_waits_for_an_ill_system_goes_on_by_itself_soon_after_it_is_well(yard: Yard, erp: Erp) -> None:
    with begin(yard.service.engine, durable=True) as connection:
        ill = Limits(calls_at_once=1, trip_after=2, pause_seconds=1)
        systems.limit(connection, ("system", "erp"), ill, MANAGER, 1)
    erp.ill = True
    erp.answers.set()
    yard.start_worker()
    take(yard, 20)

    def ticked(orders: dict[str, int]) -> bool:
        yard.service.tick()
        return yard.states() == orders

    wait_until(lambda: ticked({"failed": 3, "waiting": 17}))
    erp.ill = False
    well_at = time.monotonic()
    wait_until(lambda: ticked({"failed": 3, "done": 17}))
    assert time.monotonic() - well_at < 5, "the second pause is two seconds, then a probe, then the rest"
    assert len(erp.keys) == 20, "two that opened the breaker, a probe that failed, and each of the rest once"


def test_a_polite_end_waits_for_the_calls_that_are_out(yard: Yard, erp: Erp) -> None:
    worker = yard.start_worker()
    take(yard, 2)
    wait_until(lambda: len(erp.keys) == 2)
    worker.send_signal(signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        worker.wait(2)
    erp.answers.set()
    assert worker.wait(20) == 0
    assert (yard.states(), sends(yard)) == ({"done": 2}, [(1, "answered")] * 2)


def test_a_call_whose_worker_was_killed_is_made_again_by_another_with_the_same_key(yard: Yard, erp: Erp) -> None:
    killed = yard.start_worker()
    take(yard, 1)
    wait_until(lambda: erp.keys)
    killed.kill()
    killed.wait()
    with begin(yard.service.engine, durable=False) as connection:
        [trace] = connection.execute(select(effects.c.trace)).scalars().all()
        until = connection.execute(select(effects.c.due_at)).scalar_one()
        claimed_at = until - lanes.find(connection, ("system", "erp")).limits.lease
        assert 0 < yard.service._now() - claimed_at < 30_000_000, "claimed for its time and a margin, no longer"
        # The rest of that time is cut short here.
        connection.execute(update(effects).values(due_at=0))
    erp.answers.set()
    yard.start_worker()

    def ticked() -> bool:
        yard.service.tick()
        return yard.states() == {"done": 1}

    wait_until(ticked)
    assert erp.keys == [trace, trace]
    assert sends(yard) == [(2, "answered")]

"""Redis is away for long: it hangs, dies as often as it is started again, or (where it is the house's own) is ended.

Orders are acknowledged all the while, and once Redis answers everything goes on by itself.
"""

import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree
from statistics import median
from subprocess import DEVNULL, Popen
from typing import Any, Literal

import psutil
from sqlalchemy import Engine, func, select

from runtime import redis_server
from runtime.store.database import reading
from runtime.store.tables import effects, journal, runs
from tests import databases, live
from tests.chaos import sink as calls
from tests.chaos.history import Seen, Verdict, judge
from tests.chaos.people import SYSTEM, Heard, People, numbered, real_orders
from tests.chaos.storm import address_of, furnish, left_in, living
from tests.chaos.yard import SECRET, wait_until
from tests.live import Live

How = Literal["hung", "killed", "ended"]
HOWS: tuple[How, ...] = ("hung", "killed", "ended")
MICROS = 1_000_000
PAUSE = 0.2
PATIENCE_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Outage:
    """What an outage did. `answers` are the seconds that each request waited; the rest counts from when Redis answered."""

    kind: str
    how: How
    seconds: float
    answers: Sequence[float]
    heard: Heard
    verdict: Verdict
    new_order: float
    all_orders: float

    def rows(self) -> Iterator[tuple[str, str]]:
        """The figures as they are told."""
        judged = self.verdict
        yield "Redis away", f"{self.seconds:.0f} s, {self.how}"
        yield "acknowledged meanwhile", f"{len(self.answers)} orders, p50 {_ms(median(self.answers))}"
        yield "the slowest of them", _ms(max(self.answers))
        yield "orders ended once, lost", f"{judged.ended} of {judged.orders}, {judged.lost}"
        yield "calls made again", str(judged.repeats)
        yield "other broken promises", str(len(judged.faults))
        yield "a new order moved", f"{self.new_order:.2f} s after Redis answered"
        yield "all that waited moved", f"{self.all_orders:.2f} s after Redis answered"

    def __str__(self) -> str:
        lines = [self.kind, *(f"  {name:<26}{told}" for name, told in self.rows())]
        return "\n".join([*lines, *(f"  BROKEN {fault}" for fault in self.verdict.faults[:20])])


def outage(kind: str, how: How, seconds: float) -> Outage:
    """Take Redis away from a whole house for so long while orders come in, and judge what became of them."""
    with (
        databases.empty(kind) as database,
        calls.listening() as sink,
        _redis(how) as redis,
        live.running(database.url, ORDERFLOW_SECRET_KEY=SECRET, **redis.variables) as house,
    ):
        furnish(house, sink)
        people, orders = People(lambda: address_of(house), seed=1), numbered(real_orders())
        people.start_operator()
        people.send([next(orders)])
        wait_until(lambda: left_in(house) == 0, "the house works", PATIENCE_SECONDS)
        gone = time.time()
        with redis.away(house):
            answers = _send_for(seconds, people, orders)
        back = time.time()
        people.send([next(orders)])
        sent = time.time()
        with suppress(AssertionError):  # what never ends is told by the judge, order by order
            wait_until(lambda: left_in(house) == 0, "every order has ended", PATIENCE_SECONDS)
        people.go_home()
        url = house.engine.url.render_as_string(hide_password=False)
        verdict = judge(url, Seen(people.heard.acknowledged, people.heard.decided, SYSTEM, tuple(sink.calls)))
        new, waited = _moved(house.engine, back, sent), _moved(house.engine, gone, back)
    return Outage(kind, how, seconds, answers, people.heard, verdict, new - back, max(0.0, waited - back))


def _send_for(seconds: float, people: People, orders: Iterator[Any]) -> list[float]:
    """Send orders one by one for so long; how long each waited until it was acknowledged."""
    answers: list[float] = []
    until = time.monotonic() + seconds
    while (began := time.monotonic()) < until:
        people.send([next(orders)])
        answers.append(time.monotonic() - began)
        time.sleep(PAUSE)
    return answers


def _moved(engine: Engine, since: float, until: float) -> float:
    """When the last of the orders that came in between had begun to move, and the last call that waited at their end
    was answered."""
    came = runs.c.received_at.between(int(since * MICROS), int(until * MICROS))
    begun = select(func.min(journal.c.at).label("at")).join(runs, runs.c.id == journal.c.run_id)
    begins = begun.where(came).group_by(journal.c.run_id).subquery()
    waited = effects.c.made_at.between(int(since * MICROS), int(until * MICROS))
    with reading(engine) as connection:
        moved = connection.execute(select(func.max(begins.c.at))).scalar()
        called = connection.execute(select(func.max(effects.c.answered_at)).where(waited)).scalar()
    return max((at / MICROS for at in (moved, called) if at), default=float("inf"))


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


# --- the Redis that goes ------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Own:
    """The Redis that `orderflow up` brings along: it hangs, or is killed as often as it is started again."""

    how: How
    variables: dict[str, str] = field(default_factory=dict)

    def away(self, house: Live) -> AbstractContextManager[None]:
        """Until the end of it; afterwards it answers."""
        return _hung(house) if self.how == "hung" else _killed(house)


@dataclass(slots=True)
class Separate:
    """A Redis of the house's own, named by ORDERFLOW_REDIS_URL and started by whoever cares for it."""

    folder: Path
    process: "Popen[bytes] | None" = None

    @property
    def variables(self) -> dict[str, str]:
        """How the house is told of it."""
        return {"ORDERFLOW_REDIS_URL": f"unix://{self._socket}"}

    @contextmanager
    def away(self, house: Live) -> Iterator[None]:
        """Ended politely, and started again."""
        self.end()
        yield
        self.start()

    def start(self) -> None:
        """Until it answers."""
        program = redis_server.find_program()
        assert program is not None, redis_server.NOT_FOUND
        command = redis_server.command(program, self.folder / "data", self._socket)
        self.process = Popen(command, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL)
        wait_until(lambda: redis_server.answers(self._socket), "Redis answers")

    def end(self) -> None:
        """Until it is gone."""
        if self.process:
            self.process.terminate()
            self.process.wait()

    @property
    def _socket(self) -> Path:
        return self.folder / "s"


@contextmanager
def _redis(how: How) -> Iterator[Own | Separate]:
    if how != "ended":
        yield Own(how)
        return
    separate = Separate(Path(tempfile.mkdtemp(prefix="of-")))
    try:
        separate.start()
        yield separate
    finally:
        separate.end()
        rmtree(separate.folder, ignore_errors=True)


@contextmanager
def _hung(house: Live) -> Iterator[None]:
    [redis] = living(house, "redis")
    redis.suspend()
    try:
        yield
    finally:
        redis.resume()


@contextmanager
def _killed(house: Live) -> Iterator[None]:
    over = threading.Event()

    def kill_again_and_again() -> None:
        while not over.wait(0.02):
            for redis in living(house, "redis"):
                with suppress(psutil.NoSuchProcess):
                    redis.kill()

    killer = threading.Thread(target=kill_again_and_again)
    killer.start()
    try:
        yield
    finally:
        over.set()
        killer.join()
    listen_at = Path(house.home / "live" / "redis.sock")
    wait_until(lambda: redis_server.answers(listen_at), "Redis answers", PATIENCE_SECONDS)

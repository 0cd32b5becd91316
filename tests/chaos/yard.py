"""An Orderflow whose every process the test starts and ends itself, and a system for it to call."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import Engine, func, select

from builder.auth import add_token
from runtime import crash, redis_server, systems
from runtime.actor import Actor
from runtime.core.lane import Limits
from runtime.sealing import Seal
from runtime.store.database import begin, connect, reading
from runtime.store.tables import effects, runs, tasks
from tests.chaos import sink as calls
from tests.chaos.history import Death, Seen, Verdict, judge
from tests.chaos.people import FLOW, SYSTEM, Address, People
from tests.chaos.sink import Sink

PATIENCE_SECONDS = 60
LOOK_SECONDS = 0.02
SECRET = "chaos" * 8
TESTS = Actor("tests")

# Wide enough that no call of a test is refused for want of room, and no breaker opens.
LIMITS = Limits(timeout_seconds=2, calls_at_once=32, trip_after=100)


def wait_until(
    ready: Callable[[], object], what: str, seconds: float = PATIENCE_SECONDS, every: float = LOOK_SECONDS
) -> None:
    """Look again and again until it is so."""
    until = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < until, f"waited in vain until {what}"
        time.sleep(every)


def free_port() -> int:
    """A port of loopback that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def end_family(started: "subprocess.Popen[bytes]") -> None:
    """kill -9 to a process that we started, and to what it started."""
    try:
        family = [*psutil.Process(started.pid).children(recursive=True), psutil.Process(started.pid)]
    except psutil.NoSuchProcess:
        family = []
    for member in family:
        with suppress(psutil.NoSuchProcess):
            member.kill()
    started.wait()


@dataclass(slots=True)
class Yard:
    """Parts by name, such as `web` and `worker 1`, and who was killed. `people` send and decide through the web server."""

    url: str
    home: Path
    sink: Sink
    port: int
    token: str
    engine: Engine
    people: People = field(init=False)
    parts: "dict[str, subprocess.Popen[bytes]]" = field(default_factory=dict)
    deaths: list[Death] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.people = People(self.address, seed=1)

    def address(self) -> Address:
        return "127.0.0.1", self.port, self.token

    # --- processes ----------------------------------------------------------------------------------------------------

    def start(self, *names: str) -> None:
        """Start these parts; a web server answers and a Redis takes commands before this is over."""
        for name in names:
            with self._log(name).open("ab") as log:
                self.parts[name] = subprocess.Popen(
                    self._command(name), env=self._variables(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
                )
        if "redis" in names:
            wait_until(lambda: redis_server.answers(self.socket), "Redis answers")
        if "web" in names:
            wait_until(self._serves, "the web server answers")

    def kill(self, name: str) -> None:
        """kill -9."""
        self.parts[name].kill()
        self._bury(name)

    def end(self, name: str, seconds: float = 15) -> int:
        """Ask a part politely to end; its exit code."""
        part = self.parts.pop(name)
        part.terminate()
        return part.wait(seconds)

    def freeze(self, name: str) -> None:
        self.parts[name].send_signal(signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        self.parts[name].send_signal(signal.SIGCONT)

    def lay_trap(self, name: str, place: crash.Place, times: int = 1) -> None:
        """Let a part kill itself when it passes a place for that many times."""
        laid = self._wish(name).with_suffix(".new")
        laid.write_text(f"{place} {times}", "utf-8")
        laid.rename(self._wish(name))

    def wait_for_death(self, name: str) -> None:
        """Until a part has walked into its trap."""
        wait_until(lambda: self.parts[name].poll() is not None, f"{name} dies at {self.waiting_trap(name)}")
        self._bury(name)

    def waiting_trap(self, name: str) -> str:
        """The trap that nobody has walked into yet."""
        return self._wish(name).read_text("utf-8") if self._wish(name).exists() else ""

    def close(self) -> None:
        """End whatever lives, without a word."""
        for part in self.parts.values():
            end_family(part)
        self.engine.dispose()

    @property
    def socket(self) -> Path:
        return self.home / "r" / "s"

    def said(self, name: str) -> str:
        """What a part has logged."""
        return self._log(name).read_text("utf-8", "replace")

    def _bury(self, name: str) -> None:
        part = self.parts.pop(name)
        part.wait()
        self.deaths.append(Death(name.partition(" ")[0], part.pid, time.time()))

    def _command(self, name: str) -> list[str]:
        part = name.partition(" ")[0]
        if part == "redis":
            program = redis_server.find_program()
            assert program is not None, redis_server.NOT_FOUND
            return list(redis_server.command(program, self.home / "redis", self.socket))
        return [sys.executable, "-m", "tests.chaos.part", str(self._wish(name)), part]

    def _variables(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("ORDERFLOW_")}
        return kept | {
            "ORDERFLOW_HOME": str(self.home),
            "ORDERFLOW_DATABASE_URL": self.url,
            "ORDERFLOW_REDIS_URL": f"unix://{self.socket}",
            "ORDERFLOW_PORT": str(self.port),
            "ORDERFLOW_SECRET_KEY": SECRET,
        }

    def _wish(self, name: str) -> Path:
        return self.home / f"{name.replace(' ', '-')}.wish"

    def _log(self, name: str) -> Path:
        return self.home / f"{name.replace(' ', '-')}.log"

    def _serves(self) -> bool:
        try:
            with self.people.line() as line:
                return bool(line.get("/healthz"))
        except OSError:
            return False

    # --- work -----------------------------------------------------------------------------------------------------------

    def works(self, document: Mapping[str, Any], seconds: float = PATIENCE_SECONDS) -> None:
        """Send an order and wait until it has moved."""
        self.people.send([document], seconds)
        run_id = self.people.heard.acknowledged[document["id"]]
        query = select(runs.c.rev).where(runs.c.id == run_id)

        def moved() -> bool:
            with reading(self.engine) as connection:
                return bool(connection.execute(query).scalar_one())

        wait_until(moved, "an order moves", seconds)

    def settle(self, seconds: float = PATIENCE_SECONDS) -> None:
        """Until nothing is left to do."""
        wait_until(lambda: self._left() == 0, "every order has ended", seconds)

    def verdict(self, *, at_rest: bool = True) -> Verdict:
        """What the judge says of all that happened here."""
        heard = self.people.heard
        told = dict(heard.acknowledged), dict(heard.decided)
        seen = Seen(*told, SYSTEM, tuple(self.sink.calls), tuple(self.deaths))
        return judge(self.url, seen, at_rest=at_rest)

    def _left(self) -> int:
        with reading(self.engine) as connection:
            moving = select(func.count()).select_from(runs).where(runs.c.ended_at.is_(None))
            calling = select(func.count()).select_from(effects).where(effects.c.state.in_(("ready", "claimed")))
            asking = select(func.count()).select_from(tasks).where(tasks.c.state == "open")
            return sum(connection.execute(query).scalar_one() for query in (moving, calling, asking))


@contextmanager
def opened(url: str, *parts: str) -> Iterator[Yard]:
    """A yard on a migrated database, its flow published and its system known, with these parts running."""
    home = Path(tempfile.mkdtemp(prefix="of-"))
    with calls.listening() as sink:
        engine = connect(url)
        with begin(engine, durable=True) as connection:
            token = add_token(connection, "tests", "admin", None)
            systems.allow(connection, ["127.0.0.1/32"], TESTS, 1)
            known = systems.System(SYSTEM, "Sink", sink.url)
            systems.keep(connection, known, LIMITS, Seal(SECRET), TESTS, 1)
        yard = Yard(url, home, sink, free_port(), token, engine)
        try:
            yard.start("redis", "web", *(part for part in parts if part not in ("redis", "web")))
            with yard.people.line() as line:
                line.tell("/api/v1/flows", FLOW)
                line.tell("/api/v1/flows/chaos/publication", {"note": "chaos"})
            yield yard
        except BaseException:
            for name in ("web", *parts):
                print(f"--- {name} said: {yard.said(name)[-1500:]}", file=sys.stderr)
            raise
        finally:
            yard.close()
            shutil.rmtree(home, ignore_errors=True)

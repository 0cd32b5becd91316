"""The supervisor itself is killed while orders come in: its parts end, and the next `orderflow up` goes on with all data."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from tests import databases, live
from tests.chaos import sink as calls
from tests.chaos.history import Seen, Verdict, judge
from tests.chaos.people import SYSTEM, Heard, People, numbered, real_orders
from tests.chaos.storm import address_of, furnish, left_in, living
from tests.chaos.yard import SECRET, wait_until
from tests.live import Live

SHOPS = 2
PAUSE = 0.1
WORK_SECONDS = 2.0
PATIENCE_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Beheadings:
    """What the kills of a supervisor did. Seconds from each kill until its parts had ended, and from the next start until
    it answered."""

    kind: str
    ended: tuple[float, ...]
    again: tuple[float, ...]
    heard: Heard
    verdict: Verdict

    def rows(self) -> Iterator[tuple[str, str]]:
        """The figures as they are told."""
        judged = self.verdict
        yield "`up` killed (kill -9)", f"{len(self.ended)} times"
        yield "its parts had ended", f"max {max(self.ended):.2f} s after the kill"
        yield "the next `up` answers", f"max {max(self.again):.2f} s after its start"
        yield "orders acknowledged", str(len(self.heard.acknowledged))
        yield "orders ended once, lost", f"{judged.ended} of {judged.orders}, {judged.lost}"
        yield "calls made again", str(judged.repeats)
        yield "other broken promises", str(len(judged.faults))

    def __str__(self) -> str:
        lines = [self.kind, *(f"  {name:<26}{told}" for name, told in self.rows())]
        return "\n".join([*lines, *(f"  BROKEN {fault}" for fault in self.verdict.faults[:20])])


def behead(kind: str, times: int) -> Beheadings:
    """Kill the supervisor of a house so often while orders come in, start it again each time, and judge."""
    ended, again = [], []
    with (
        databases.empty(kind) as database,
        calls.listening() as sink,
        live.running(database.url, ORDERFLOW_SECRET_KEY=SECRET) as house,
        ExitStack() as at_the_end,
    ):
        furnish(house, sink)
        heard = Heard()
        shops, operator = (People(lambda: address_of(house), seed, heard) for seed in (1, 2))
        for people in (shops, operator):
            at_the_end.callback(people.leave)
        shops.start(numbered(real_orders()), shops=SHOPS, pause=PAUSE)
        operator.start_operator()
        for _ in range(times):
            time.sleep(WORK_SECONDS)
            variables = house.process.environ()
            ended.append(_kill(house))
            began = time.monotonic()
            house = at_the_end.enter_context(_started(house, variables))
            again.append(time.monotonic() - began)
        time.sleep(WORK_SECONDS)
        shops.go_home()
        with suppress(AssertionError):  # what never ends is told by the judge, order by order
            wait_until(lambda: left_in(house) == 0, "every order has ended", PATIENCE_SECONDS)
        operator.go_home()
        url = house.engine.url.render_as_string(hide_password=False)
        # The parts end politely: nobody has an excuse to repeat a call.
        verdict = judge(url, Seen(heard.acknowledged, heard.decided, SYSTEM, tuple(sink.calls)))
    return Beheadings(kind, tuple(ended), tuple(again), heard, verdict)


def _kill(house: Live) -> float:
    """kill -9 to the supervisor. The seconds until its parts had ended; its Redis stays for the next start to end."""
    redis = living(house, "redis")
    parts = [one for one in house.process.children(recursive=True) if one not in redis]
    house.process.kill()
    began = time.monotonic()
    _, alive = psutil.wait_procs(parts, PATIENCE_SECONDS)
    assert not alive, alive
    return time.monotonic() - began


@contextmanager
def _started(house: Live, variables: dict[str, str]) -> Iterator[Live]:
    """`orderflow up` once more in the home of one that was killed."""
    told = house.home / "live" / "running"
    before = told.read_bytes()
    with (house.home / "log").open("ab") as log:
        up = subprocess.Popen(
            [sys.executable, "-m", "builder.cli", "up"],
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        wait_until(lambda: _address(told, before), "the next start has told its address", PATIENCE_SECONDS)
        address = urlsplit(_address(told, before))
        assert address.hostname is not None and address.port is not None
        yield replace(house, process=psutil.Process(up.pid), host=address.hostname, port=address.port)
    finally:
        up.terminate()
        up.wait()


def _address(told: Path, before: bytes) -> str:
    """The address that the one that runs now has told; empty while it has not."""
    written = told.read_bytes()
    try:
        return str(json.loads(written).get("address") or "") if written != before else ""
    except ValueError:
        return ""

"""A storm: parts of a whole `orderflow up` are killed at random while real orders come in, and it must bring them back."""

import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import median

import psutil
from sqlalchemy import func, select

from runtime import systems
from runtime.sealing import Seal
from runtime.store.database import begin, reading
from runtime.store.tables import effects, journal, runs
from tests import databases, live
from tests.chaos import sink as calls
from tests.chaos.history import Death, Seen, Verdict, judge
from tests.chaos.people import FLOW, SYSTEM, Address, Heard, People, real_orders
from tests.chaos.sink import Sink
from tests.chaos.yard import LIMITS, SECRET, TESTS, wait_until
from tests.live import Live

VICTIMS = ("web", "web", "worker", "worker", "worker", "clock", "redis")
LONGEST_CALM = 4.0
BOTH_AT_ONCE = 0.2
SHOPS = 3
PAUSE = 0.15
REST_SECONDS = 120
MICROS = 1_000_000


@dataclass(frozen=True, slots=True)
class Kill:
    """A part that was killed, and when what replaced it began. Seconds since the epoch."""

    part: str
    at: float
    again_at: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What a storm did. Times are in seconds, from the last restart (or from the kill) until work went on."""

    kind: str
    seed: int
    kills: tuple[Kill, ...]
    heard: Heard
    verdict: Verdict
    from_restart: tuple[float, ...]
    from_kill: tuple[float, ...]

    def rows(self) -> Iterator[tuple[str, str]]:
        """The figures as they are told."""
        by_part = ", ".join(f"{part} {times}" for part, times in sorted(Counter(k.part for k in self.kills).items()))
        judged = self.verdict
        yield "seed", str(self.seed)
        yield "kills (kill -9)", f"{len(self.kills)}: {by_part}"
        yield "orders acknowledged", str(len(self.heard.acknowledged))
        yield "requests to be repeated", str(self.heard.unheard)
        yield "orders ended once", str(judged.ended)
        yield "orders lost", str(judged.lost)
        yield "decisions confirmed", str(len(self.heard.decided))
        yield "calls that the system got", str(judged.calls)
        yield "of these again", f"{judged.repeats}, sender killed before it was written down: {judged.excused}"
        yield "other broken promises", str(len(judged.faults))
        yield "work after a restart", f"p50 {median(self.from_restart):.2f} s, max {max(self.from_restart):.2f} s"
        yield "work after the kill", f"p50 {median(self.from_kill):.2f} s, max {max(self.from_kill):.2f} s"

    def __str__(self) -> str:
        lines = [f"{self.kind}", *(f"  {name:<26}{told}" for name, told in self.rows())]
        return "\n".join([*lines, *(f"  BROKEN {fault}" for fault in self.verdict.faults[:20])])


@dataclass(slots=True)
class Storm:
    """Who was killed when, in a house that keeps its parts alive."""

    house: Live
    dice: Random
    kills: list[Kill] = field(default_factory=list)
    deaths: list[Death] = field(default_factory=list)

    def rage(self, kills: int, seconds: float) -> None:
        """Kill that many parts over about that time, each only when all are there."""
        began = time.monotonic()
        while len(self.kills) < kills or time.monotonic() - began < seconds:
            time.sleep(self.dice.uniform(0.3, max(0.3, min(LONGEST_CALM, 2 * seconds / kills - 0.3))))
            parts = self.dice.sample(VICTIMS, 2 if self.dice.random() < BOTH_AT_ONCE else 1)
            struck = [(part, self._strike(part)) for part in dict.fromkeys(parts)]
            for part, (known, at) in struck:
                wait_until(lambda part=part, known=known: self._new(part, known), f"a new {part} begins", every=0.1)  # type: ignore[misc]
                self.kills.append(Kill(part, at, _began(self._new(part, known)[0])))

    def _strike(self, part: str) -> tuple[set[int], float]:
        """Kill one of these parts; the processes of this part that were there, and when."""
        wait_until(lambda: living(self.house, part), f"a {part} lives", every=0.1)
        there = living(self.house, part)
        victim = self.dice.choice(there)
        children = victim.children() if part == "web" else []
        # What serves is a child of the web server's own process: either may be hit.
        struck = self.dice.choice([victim, *children])
        struck.kill()
        at = time.time()
        self.deaths.append(Death(part, struck.pid, at))
        return {one.pid for one in there}, at

    def _new(self, part: str, known: set[int]) -> list[psutil.Process]:
        return [one for one in living(self.house, part) if one.pid not in known]


def living(house: Live, part: str) -> list[psutil.Process]:
    """The processes of a part that live now."""
    return [one for one in house.process.children() if _is(one, part)]


def _began(process: psutil.Process) -> float:
    """When a process began, to a hundredth of a second (its own `create_time` is off by up to one)."""
    ticks = int(Path(f"/proc/{process.pid}/stat").read_text("utf-8").rpartition(")")[2].split()[19])
    return time.time() - (time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK"))


def _is(process: psutil.Process, part: str) -> bool:
    try:
        words = process.cmdline()
        if process.status() == psutil.STATUS_ZOMBIE or not words:
            return False
    except psutil.Error:
        return False
    return "redis.sock" in " ".join(words) if part == "redis" else part in words


def storm(kind: str, *, kills: int, seconds: float, seed: int, orders: int) -> Figures:
    """Let a storm rage over a house on a database of this kind while at most so many orders come in, and judge."""
    with (
        databases.empty(kind) as database,
        calls.listening() as sink,
        live.running(database.url, ORDERFLOW_SECRET_KEY=SECRET) as house,
        ExitStack() as at_the_end,
    ):
        furnish(house, sink)
        heard = Heard()
        shops = People(lambda: address_of(house), seed, heard)
        operator = People(lambda: address_of(house), seed, heard)
        for people in (shops, operator):
            at_the_end.callback(people.leave)
        raging = Storm(house, Random(seed))
        shops.start(_first(orders), shops=SHOPS, pause=PAUSE)
        operator.start_operator()
        raging.rage(kills, seconds)
        shops.go_home()
        with suppress(AssertionError):
            # What never ends is told by the judge, order by order.
            wait_until(lambda: left_in(house) == 0, "every order has ended", REST_SECONDS, every=0.2)
        operator.go_home()
        url = house.engine.url.render_as_string(hide_password=False)
        seen = Seen(heard.acknowledged, heard.decided, SYSTEM, tuple(sink.calls), tuple(raging.deaths))
        verdict = judge(url, seen)
        times = [_to_work(house, heard, kill) for kill in raging.kills]
    return Figures(
        kind,
        seed,
        tuple(raging.kills),
        heard,
        verdict,
        tuple(max(0, at - _last_restart(raging.kills, at)) for at in times),
        tuple(at - kill.at for at, kill in zip(times, raging.kills, strict=True)),
    )


def furnish(house: Live, sink: Sink) -> None:
    """Set the system up that is called, and publish the flow."""
    with begin(house.engine, durable=True) as connection:
        systems.allow(connection, ["127.0.0.1/32"], TESTS, 1)
        systems.keep(connection, systems.System(SYSTEM, "Sink", sink.url), LIMITS, Seal(SECRET), TESTS, 1)
    line = house.line()
    line.tell("/api/v1/flows", FLOW)
    line.tell("/api/v1/flows/chaos/publication", {"note": "chaos"})
    line.close()


def address_of(house: Live) -> Address:
    """Where a house answers."""
    return house.host, house.port, house.token


def _first(orders: int) -> Iterator[dict[str, object]]:
    for _, document in zip(range(orders), real_orders(), strict=False):
        yield dict(document)


def left_in(house: Live) -> int:
    """How many orders and calls are not over."""
    with reading(house.engine) as connection:
        moving = select(func.count()).select_from(runs).where(runs.c.ended_at.is_(None))
        calling = select(func.count()).select_from(effects).where(effects.c.state.in_(("ready", "claimed")))
        return sum(connection.execute(query).scalar_one() for query in (moving, calling))


def _last_restart(kills: Sequence[Kill], at: float) -> float:
    """When the last part began anew that had been killed before: a kill during the recovery begins it again."""
    return max(kill.again_at for kill in kills if kill.at <= at)


def _to_work(house: Live, heard: Heard, kill: Kill) -> float:
    """When orders that came after the restart had been taken in, moved, and a call asked for after it was answered."""
    since = int(kill.again_at * MICROS)
    moved = select(func.min(journal.c.at)).join(runs, runs.c.id == journal.c.run_id).where(runs.c.received_at >= since)
    called = select(func.min(effects.c.answered_at)).where(
        effects.c.made_at >= since, effects.c.target == SYSTEM, effects.c.state == "answered"
    )
    with reading(house.engine) as connection:
        found = [connection.execute(query).scalar() for query in (moved, called)]
    taken = min((at for at in heard.times if at >= kill.again_at), default=None)
    # Nothing came after the last restart: then nothing had to go on.
    return max([kill.again_at, taken or 0, *((at or 0) / MICROS for at in found)])

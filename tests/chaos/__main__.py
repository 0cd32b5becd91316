"""`make chaos`: kill -9 at every named place, storms over whole houses, Redis away for a minute, and `orderflow up` itself
killed; on SQLite and PostgreSQL, with their figures.

ARGS: [SEED=number] [SECONDS=each storm] [KILLS=at least so many] [AWAY=seconds without Redis] [ON=sqlite,postgresql]
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from tests import databases
from tests.chaos.beheaded import behead
from tests.chaos.outage import HOWS, outage
from tests.chaos.people import numbered, real_orders
from tests.chaos.places import PLACES, kill_at
from tests.chaos.storm import storm
from tests.chaos.yard import opened
from tests.databases import Fresh

ORDERS_A_SECOND = 60
BEHEADINGS = 3
# From when Redis answers again.
SOON_SECONDS = 3.0


def main() -> int:
    """Rage, judge, print; 1 when a promise was broken."""
    told = dict(word.partition("=")[::2] for word in sys.argv[1:])
    seed = int(told.get("SEED", time.time_ns() % 100_000))
    seconds = float(told.get("SECONDS", 90))
    kills = int(told.get("KILLS", 25))
    broken = 0
    for kind in told.get("ON", "sqlite,postgresql").split(","):
        broken += _at_every_place(kind)
        print(f"{kind}: storm with SEED={seed} SECONDS={seconds:.0f} KILLS={kills} …", flush=True)
        figures = storm(kind, kills=kills, seconds=seconds, seed=seed, orders=int(seconds * ORDERS_A_SECOND))
        broken += len(figures.verdict.faults) + len(figures.heard.refused)
        print(figures, f"  {'load of the machine':<26}{os.getloadavg()[0]:.1f}\n", sep="\n", flush=True)
        print(*(f"  REFUSED {why}" for why in figures.heard.refused[:10]), sep="\n", flush=True)
        broken += _without_redis(kind, float(told.get("AWAY", 60))) + _without_supervisor(kind)
    return 1 if broken else 0


def _at_every_place(kind: str) -> int:
    """Kill at every named place; how many promises were broken."""
    with _databases(kind) as fresh, opened(fresh(), "worker", "clock") as yard:
        yard.people.start_operator()
        orders = numbered(real_orders())
        seconds = [kill_at(yard, place, orders) for place in PLACES]
        yard.settle()
        yard.people.go_home()
        verdict = yard.verdict()
    print(f"{kind}: kill -9 at each of {len(seconds)} named places")
    print(f"  {'orders, ended once, lost':<26}{verdict.orders}, {verdict.ended}, {verdict.lost}")
    print(f"  {'calls made again':<26}{verdict.repeats}, sender killed: {verdict.excused}")
    print(f"  {'work after a restart':<26}p50 {median(seconds):.2f} s, max {max(seconds):.2f} s")
    print(*(f"  BROKEN {fault}" for fault in verdict.faults[:20]), sep="\n", flush=True)
    return len(verdict.faults) + len(yard.people.heard.refused)


def _without_redis(kind: str, seconds: float) -> int:
    """Take Redis away for so long in each way; how many promises were broken. Going on late is one."""
    broken = 0
    for how in HOWS:
        figures = outage(kind, how, seconds)
        late = max(figures.new_order, figures.all_orders) > SOON_SECONDS
        broken += len(figures.verdict.faults) + len(figures.heard.refused) + late
        print(figures, f"  {'load of the machine':<26}{os.getloadavg()[0]:.1f}", sep="\n", flush=True)
    return broken


def _without_supervisor(kind: str) -> int:
    """Kill the supervisor again and again; how many promises were broken."""
    figures = behead(kind, BEHEADINGS)
    print(figures, "", sep="\n", flush=True)
    return len(figures.verdict.faults) + len(figures.heard.refused)


@contextmanager
def _databases(kind: str) -> Iterator[Fresh]:
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield databases.sqlite(Path(folder))
        return
    with databases.postgresql() if kind == "postgresql" else databases.mariadb() as fresh:
        yield fresh


if __name__ == "__main__":
    raise SystemExit(main())

"""`make bench`: what an order costs, measured on the product as it runs.

Orders a second say how fast this machine is today; CPU seconds (user and system, of all server processes, Redis and
database included) for 1,000 orders say what the product costs. Each order is about 1 KB and goes through six steps.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import quantiles

import psutil
from sqlalchemy import func, select

from runtime.store.database import reading
from runtime.store.tables import runs, tasks
from tests import databases, live
from tests.databases import Empty
from tests.live import Line, Live
from tests.trade import APPROVAL, SIX_STEPS, order

LINES = 12
ASKING = "asking-shop"
SETTLE_SECONDS = 2.5  # until every bell is hung up again
PATIENCE_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    database: str
    way: str
    orders: int
    seconds: float
    cpu: float
    megabytes: float

    def __str__(self) -> str:
        speed, cost = self.orders / self.seconds, self.cpu * 1000 / self.orders
        return f"{self.database:<11} {self.way:<22} {self.orders:>7} {speed:>9.0f} {cost:>12.3f} {self.megabytes:>8.0f}"


HEAD = f"{'database':<11} {'way':<22} {'orders':>7} {'orders/s':>9} {'CPU s/1,000':>12} {'MB':>8}"


class Bench:
    """The measurements on one database."""

    def __init__(self, kind: str, house: Live, database: Empty) -> None:
        self.kind = kind
        self.house = house
        self.database = database
        self.numbers = iter(range(1, 10**9))

    def open_the_shop(self) -> None:
        """Publish the flows, and wait until every part is awake and has done some work."""
        line = self.house.line()
        for flow in (SIX_STEPS, APPROVAL | {"channels": [ASKING]}):
            line.tell("/api/v1/flows", flow)
            line.tell(f"/api/v1/flows/{flow['key']}/publication", {"note": "bench"})
        line.close()
        self.batches(500)
        self.approvals(10)

    def singles(self, count: int) -> Row:
        """One order a POST, on kept-open connections."""
        return self._measured("single POSTs", count, lambda: self._send(self._bodies(count, 1)), self._all_ended)

    def batches(self, count: int) -> Row:
        """A hundred orders a POST."""
        return self._measured("POSTs of 100", count, lambda: self._send(self._bodies(count, 100)), self._all_ended)

    def approvals(self, count: int) -> Row:
        """One order a POST, then a person's decision on each."""

        def work() -> None:
            self._send(self._bodies(count, 1, channel=ASKING))
            self._wait(lambda: self._open_tasks() == count)
            self._spread(self._traces(), lambda line, trace: _decide(line, trace))

        return self._measured("approval", count, work, self._all_ended)

    def latency(self, seconds: float, rate: float = 20.0) -> str:
        """From the first byte of a POST to the commit that ends the run, as another process can see it."""
        bodies = list(self._bodies(int(seconds * rate), 1))
        began = time.monotonic() + 0.2

        def one(number: int) -> tuple[float, float]:
            line = self.house.line()
            time.sleep(max(0.0, began + number / rate - time.monotonic()))
            first = time.perf_counter()
            status, answer = line.post("/api/v1/orders", bodies[number])
            answered = time.perf_counter()
            assert status == 202, answer
            self._see_the_end(json.loads(answer)["results"][0]["trace"])
            ended = time.perf_counter()
            line.close()
            return (answered - first) * 1000, (ended - first) * 1000

        with ThreadPoolExecutor(LINES) as pool:
            answered, ended = zip(*pool.map(one, range(len(bodies))), strict=True)
        return f"{self.kind:<11} at {rate:.0f}/s: 202 after {_parts(answered)}; end committed after {_parts(ended)}"

    # --- parts --------------------------------------------------------------------------------------------------------

    def _measured(self, way: str, count: int, work: Callable[[], None], done: Callable[[], bool]) -> Row:
        time.sleep(SETTLE_SECONDS)
        cpu, started = self._cpu(), time.monotonic()
        work()
        self._wait(done)
        seconds = time.monotonic() - started
        time.sleep(SETTLE_SECONDS)
        return Row(self.kind, way, count, seconds, self._cpu() - cpu, self._megabytes())

    def _processes(self) -> list[psutil.Process]:
        return [*self.house.processes(), *self.database.processes()]

    def _cpu(self) -> float:
        total = 0.0
        for one in self._processes():
            spent = one.cpu_times()
            total += spent.user + spent.system
        return total

    def _megabytes(self) -> float:
        return sum(one.memory_full_info().pss for one in self._processes()) / 1e6

    def _bodies(self, count: int, size: int, **more: object) -> Iterator[bytes]:
        for _ in range(count // size):
            documents = [order(next(self.numbers), **more) for _ in range(size)]
            yield json.dumps(documents if size > 1 else documents[0], ensure_ascii=False).encode()

    def _send(self, bodies: Iterable[bytes]) -> None:
        self._spread(bodies, _post)

    def _spread(self, jobs: Iterable[object], work: Callable[[Line, object], None]) -> None:
        waiting = iter(list(jobs))

        def one_line(_: int) -> None:
            line = self.house.line()
            for job in waiting:
                work(line, job)
            line.close()

        with ThreadPoolExecutor(LINES) as pool:
            list(pool.map(one_line, range(LINES)))

    def _all_ended(self) -> bool:
        with reading(self.house.engine) as connection:
            return connection.execute(select(runs.c.id).where(runs.c.ended_at.is_(None)).limit(1)).first() is None

    def _open_tasks(self) -> int:
        with reading(self.house.engine) as connection:
            return connection.execute(select(func.count()).where(tasks.c.state == "open")).scalar_one()

    def _traces(self) -> list[str]:
        with reading(self.house.engine) as connection:
            return list(connection.execute(select(tasks.c.trace).where(tasks.c.state == "open")).scalars())

    def _see_the_end(self, run_id: str) -> None:
        query = select(runs.c.ended_at).where(runs.c.id == run_id)
        for _ in range(30_000):
            with reading(self.house.engine) as connection:
                if connection.execute(query).scalar() is not None:
                    return
            time.sleep(0.001)
        raise RuntimeError(f"order {run_id} did not end")

    @staticmethod
    def _wait(done: Callable[[], bool]) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while not done():
            if time.monotonic() > until:
                raise RuntimeError("the orders do not end")
            time.sleep(0.05)


def _post(line: Line, body: object) -> None:
    assert isinstance(body, bytes)
    status, answer = line.post("/api/v1/orders", body)
    if status != 202 or b"refused" in answer:
        raise RuntimeError(f"{status}: {answer[:500]!r}")


def _decide(line: Line, trace: object) -> None:
    line.tell(f"/api/v1/tasks/{trace}/decision", {"decision": "approve", "reason": "bench"})


def _parts(milliseconds: Sequence[float]) -> str:
    parts = quantiles(milliseconds, n=100, method="inclusive")
    return f"p50 {parts[49]:.1f} ms, p99 {parts[98]:.1f} ms"


def main() -> None:
    """Measure, and print one table."""
    wishes = argparse.ArgumentParser(prog="make bench", description="ARGS='--orders 2000 --on sqlite'")
    wishes.add_argument("--orders", type=int, default=4_000, help="orders of the measurements by single POST")
    wishes.add_argument("--on", choices=databases.KINDS, action="append", help="default: sqlite and postgresql")
    wished = wishes.parse_args()
    rows, latencies = [], []
    for kind in wished.on or ["sqlite", "postgresql"]:
        with databases.empty(kind) as database, live.running(database.url) as house:
            bench = Bench(kind, house, database)
            bench.open_the_shop()
            rows += [
                bench.singles(wished.orders),
                bench.batches(wished.orders * 4),
                bench.approvals(wished.orders // 2),
            ]
            latencies.append(bench.latency(20))
    print(f"load of this machine in the last minutes: {psutil.getloadavg()}", HEAD, *rows, "", *latencies, sep="\n")


if __name__ == "__main__":
    main()

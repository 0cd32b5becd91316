"""Real worker processes on a real Redis, started as `orderflow up` starts them."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from redis import Redis
from rq import Worker

from runtime.service import Service
from runtime.store import queries
from runtime.store.database import reading
from runtime.wiring import open_service

PATIENCE_SECONDS = 60


def wait_until(ready: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
    """Look again and again until it is so."""
    until = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


@dataclass(slots=True)
class Yard:
    """A database, a Redis, a service of our own, and the worker processes that a test starts."""

    database_url: str
    redis_url: str
    home: Path
    service: Service = field(init=False)
    redis: Redis = field(init=False)
    workers: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    def __post_init__(self) -> None:
        self.service = open_service(self.database_url, self.redis_url)
        self.redis = Redis.from_url(self.redis_url)

    def start_worker(self, first: str = "runs") -> "subprocess.Popen[bytes]":
        """One more worker, ready to answer the bell."""
        names = {key: value for key, value in os.environ.items() if not key.startswith("ORDERFLOW_")}
        settings = {
            "ORDERFLOW_HOME": str(self.home),
            "ORDERFLOW_DATABASE_URL": self.database_url,
            "ORDERFLOW_REDIS_URL": self.redis_url,
        }
        before = Worker.count(connection=self.redis)
        with (self.home / f"worker-{len(self.workers)}.log").open("wb") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "builder.cli", "worker", "--first", first],
                env=names | settings,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.workers.append(worker)
        wait_until(lambda: Worker.count(connection=self.redis) > before)
        return worker

    def states(self) -> dict[str, int]:
        """How many orders stand in each state, without those where none does."""
        with reading(self.service.engine) as connection:
            balance = queries.total_balance(list(queries.balance(connection).values()))
        assert balance.difference == 0
        return {state: count for state, count in balance.states.items() if count}

    def close(self) -> None:
        for worker in self.workers:
            worker.kill()
            worker.wait()
        self.service.engine.dispose()
        self.redis.close()


@pytest.fixture
def yard(sqlite_url: str, redis_url: str, tmp_path: Path) -> Iterator[Yard]:
    yard = Yard(sqlite_url, redis_url, tmp_path)
    yield yard
    yard.close()

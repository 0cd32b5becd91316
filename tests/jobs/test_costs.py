"""The three habits that make such a system slow, counted exactly: statements, commits and jobs for 1,000 orders."""

from collections import Counter
from typing import Any

import pytest
from rq import Queue, SimpleWorker
from rq.job import Job
from rq.serializers import JSONSerializer
from sqlalchemy import Engine, event

from runtime import jobs
from runtime.doorbell import EFFECTS_QUEUE, RUNS_QUEUE
from tests.jobs.conftest import Yard
from tests.trade import SIX_STEPS, arrivals, publish

pytestmark = pytest.mark.redis


IDLE_LOOKS = 8


class Meter:
    """Counts what a database is told: statements (a bulk one counts once), by their first words, and commits."""

    def __init__(self, engine: Engine) -> None:
        self.statements: Counter[str] = Counter()
        self.commits = 0
        event.listen(engine, "before_cursor_execute", self._executes)
        event.listen(engine, "commit", self._commits)

    def _executes(self, _connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        words = statement.split()
        place = {"INSERT": 2, "UPDATE": 1}.get(words[0], words.index("FROM") + 1 if "FROM" in words else 0)
        self.statements[f"{words[0].lower()} {words[place]}"] += 1

    def _commits(self, _connection: Any) -> None:
        self.commits += 1

    def read(self) -> tuple[dict[str, int], int]:
        """Statements and commits since the last reading."""
        found = dict(self.statements), self.commits
        self.statements.clear()
        self.commits = 0
        return found


class Counting(SimpleWorker):
    """A worker that remembers which jobs it was given."""

    done: tuple[str, ...] = ()

    def perform_job(self, job: Job, *more: Any) -> bool:
        self.done += (str(job.func_name),)
        return super().perform_job(job, *more)


def test_a_thousand_orders_cost_few_statements_few_commits_and_two_jobs(yard: Yard) -> None:
    publish(yard.service, SIX_STEPS)
    meter = Meter(yard.service.engine)

    for start in range(0, 1_000, 100):
        yard.service.receive(arrivals(range(start, start + 100)))
    statements, commits = meter.read()
    # What is usual in this hour is looked for once a minute: what came before, and since when the channel sells.
    assert statements.pop("select arrivals") in (2, 4)
    # A batch looks for known ids and for the flow that takes its channel, counts its orders, asks whether the channel is
    # held, and stores orders and runs in bulk.
    assert statements == {
        "select orders": 10,
        "select channels": 10,
        "insert arrivals": 10,
        "select surges": 10,
        "insert orders": 10,
        "insert runs": 10,
    }
    assert commits == 10

    jobs.bind(yard.service)
    queues = [Queue(name, connection=yard.redis, serializer=JSONSerializer) for name in (RUNS_QUEUE, EFFECTS_QUEUE)]
    worker = Counting(queues, connection=yard.redis, serializer=JSONSerializer)
    worker.work(burst=True, logging_level="WARNING")
    statements, commits = meter.read()
    assert yard.states() == {"done": 1_000}

    # Two jobs, one for each bell, however many orders: a job an order costs about 3 CPU seconds for 1,000.
    assert worker.done == ("runtime.jobs.drain", "runtime.jobs.perform")
    # Runs move 300 at a time (4 drains), calls are made and answered 200 at a time (5 rounds), each with bulk statements:
    # a transaction or a commit a step costs 5 to 10 CPU seconds for 1,000.
    looks = {name: statements.pop(name) for name in ("select runs", "select lanes", "select tasks", "select messages")}
    assert statements == {
        "select flow_versions": 1,
        "update runs": 4 + 5,
        "insert journal": 4 + 5,
        "insert effects": 4,
        "insert lanes": 1,
        "select effects": 5,
        "update effects": 5 + 5,
    }
    # While a worker lingers it looks four times a second; how often that is in its last second is up to the machine.
    assert looks["select runs"] <= 4 + 5 + IDLE_LOOKS
    # Whether people decided something is looked for behind each batch that is not full.
    assert looks["select tasks"] <= 2 + 5 + IDLE_LOOKS
    # Whether there are messages for people is looked for with each round of calls.
    assert looks["select messages"] <= 2 * (2 + 5 + IDLE_LOOKS)
    # The lane is looked for when its first calls are made, and remembered; after that each round of calls asks once.
    assert looks["select lanes"] <= 2 + 5 + IDLE_LOOKS
    assert commits <= 4 + 5 + 5 + IDLE_LOOKS

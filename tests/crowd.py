"""A crowd of open orders, through the real intake, and a past of tasks that were decided."""

import random
from datetime import timedelta

from sqlalchemy import insert, select, update

from runtime.core.moment import micros
from runtime.core.run import trace_code
from runtime.service import Service
from runtime.store.database import begin
from runtime.store.ids import new_id
from runtime.store.tables import runs, tasks
from tests.trade import arrival, order

MINUTE = 60_000_000
BATCH = 250


def gather(service: Service, number: int, channel: str = "own-shop", minutes: int = 60, seed: int = 7) -> None:
    """So many orders over 5,000 that wait for people, asked at some moment of the last `minutes`."""
    chosen = random.Random(seed)
    for first in range(0, number, BATCH):
        batch = range(first + 1, min(first + BATCH, number) + 1)
        service.receive([arrival(order(one, total="9000.00"), channel) for one in batch])
        while service.drain():
            pass
    at = micros(service.clock())
    with begin(service.engine, durable=False) as connection:
        for trace in connection.execute(select(tasks.c.trace).where(tasks.c.state == "open")).scalars().all():
            asked = at - chosen.randrange(minutes * MINUTE)
            own = update(tasks).where(tasks.c.trace == trace)
            connection.execute(own.values(asked_at=asked, due_at=None))


def remember(service: Service, flow: str, node: str, minutes: list[int]) -> None:
    """A past: a task of this stage for each of these, decided after so many minutes; one an hour, the last an hour ago."""
    with begin(service.engine, durable=False) as connection:
        for number, lasted in enumerate(reversed(minutes)):
            asked = service.clock() - timedelta(hours=number + 1, minutes=lasted)
            run_id, at = new_id(asked), micros(asked)
            connection.execute(insert(runs), _done_run(run_id, flow, at, at + lasted * MINUTE))
            connection.execute(insert(tasks), _decided(run_id, node, at, at + lasted * MINUTE))


def _done_run(run_id: str, flow: str, since: int, until: int) -> dict[str, object]:
    fixed = {"channel": "own-shop", "state": "done", "tokens": "[]", "changes": "{}", "steps": 4, "rev": 2}
    return {"id": run_id, "flow_key": flow, "received_at": since, "ended_at": until, **fixed}


def _decided(run_id: str, node: str, since: int, until: int) -> dict[str, object]:
    who = {"who_kind": "team", "who": "leads", "title": "Look", "reasons": "[]"}
    told = {"state": "decided", "decision": "approve", "decided_by": "zhao", "asked_at": since, "decided_at": until}
    return {"trace": trace_code(run_id, 3, 1), "run_id": run_id, "node": node, **who, **told}

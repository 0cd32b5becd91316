"""Real RQ workers on a real Redis: whatever is killed, emptied or away, every order ends, and none takes a step twice."""

import json
import signal
import zlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from rq import Queue, Worker
from sqlalchemy import func, select, update

from runtime.doorbell import EFFECTS_QUEUE, RUNS_QUEUE
from runtime.store import queries
from runtime.store.database import begin, reading
from runtime.store.tables import effects, journal, runs, tasks
from tests.jobs.conftest import Yard, wait_until
from tests.trade import APPROVAL, MANAGER, SIX_STEPS, arrivals, publish

pytestmark = pytest.mark.redis


def assert_each_went_once(yard: Yard, count: int) -> None:
    """So many orders, each done by exactly the steps of the flow, with one call each."""
    assert yard.states() == {"done": count}
    with reading(yard.service.engine) as connection:
        run_ids = connection.execute(select(runs.c.id)).scalars().all()
        for run_id in run_ids[:: max(1, count // 50)]:
            visits = [visit for entry in queries.trace(connection, run_id) for visit in entry["steps"]]
            walked = Counter((visit["step"], visit["attempt"], "rest" in visit) for visit in visits)
            assert set(walked.values()) == {1}
            assert [v["node"] for v in visits] == ["in", "look", "way", "mark", "tell", "tell", "end"]
        assert connection.execute(select(func.count()).select_from(journal)).scalar() == 2 * count
        assert connection.execute(select(func.count()).select_from(effects)).scalar() == count


def test_a_ring_brings_a_worker_that_drains(yard: Yard) -> None:
    publish(yard.service, SIX_STEPS)
    yard.start_worker()
    yard.service.receive(arrivals(range(20)))
    wait_until(lambda: yard.states() == {"done": 20})
    assert_each_went_once(yard, 20)


def test_orders_that_came_before_any_worker_are_not_forgotten(yard: Yard) -> None:
    publish(yard.service, SIX_STEPS)
    yard.service.receive(arrivals(range(5)))
    yard.start_worker()
    wait_until(lambda: yard.states() == {"done": 5})


def test_two_workers_share_the_work_and_repeat_nothing(yard: Yard) -> None:
    publish(yard.service, SIX_STEPS)
    yard.start_worker("runs")
    yard.start_worker("effects")
    for start in range(0, 1_000, 100):
        yard.service.receive(arrivals(range(start, start + 100)))
    wait_until(lambda: yard.states() == {"done": 1_000})
    assert_each_went_once(yard, 1_000)


def test_a_worker_killed_in_the_middle_loses_nothing_and_repeats_nothing(yard: Yard) -> None:
    publish(yard.service, SIX_STEPS)
    killed = yard.start_worker()
    for start in range(0, 2_000, 500):
        yard.service.receive(arrivals(range(start, start + 500)))
    wait_until(lambda: yard.states().get("running", 0) < 2_000)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert yard.states().get("done", 0) < 2_000, "killed too late to prove anything"
    yard.start_worker()
    with reading(yard.service.engine) as connection:
        claimed = connection.execute(select(effects.c.trace).where(effects.c.state == "claimed")).scalars().all()
    # Calls that the dead worker had claimed are made again when its claim lapses; here that minute is cut short.
    _let_claims_lapse(yard, claimed)

    def ticked() -> bool:
        yard.service.tick()
        return yard.states() == {"done": 2_000}

    wait_until(ticked)
    assert_each_went_once(yard, 2_000)


def _let_claims_lapse(yard: Yard, traces: Sequence[str]) -> None:
    with begin(yard.service.engine, durable=False) as connection:
        connection.execute(update(effects).where(effects.c.trace.in_(traces)).values(due_at=0))


def test_an_emptied_redis_loses_no_work(yard: Yard) -> None:
    publish(yard.service, SIX_STEPS)
    yard.service.receive(arrivals(range(50)))
    yard.redis.flushall()
    assert Queue(RUNS_QUEUE, connection=yard.redis).count == 0
    yard.start_worker()
    yard.service.tick()
    wait_until(lambda: yard.states() == {"done": 50})
    assert_each_went_once(yard, 50)


def test_redis_emptied_under_a_working_worker_loses_no_work(yard: Yard) -> None:
    publish(yard.service, SIX_STEPS)
    yard.start_worker()
    for start in range(0, 1_000, 100):
        yard.service.receive(arrivals(range(start, start + 100)))
        yard.redis.flushall()

    def ticked() -> bool:
        yard.service.tick()
        return yard.states() == {"done": 1_000}

    wait_until(ticked)
    assert_each_went_once(yard, 1_000)


def test_orders_come_in_while_redis_is_away_and_go_on_when_it_is_back(yard: Yard) -> None:
    away = Yard(yard.database_url, "unix:///nowhere/redis.sock", yard.home)
    publish(away.service, SIX_STEPS)
    receipts = away.service.receive(arrivals(range(10)))
    assert {one.status for one in receipts} == {"accepted"}
    away.close()
    yard.start_worker()
    yard.service.tick()
    wait_until(lambda: yard.states() == {"done": 10})


def test_a_polite_end_finishes_the_job_in_hand(yard: Yard) -> None:
    publish(yard.service, SIX_STEPS)
    worker = yard.start_worker()
    yard.service.receive(arrivals(range(300)))
    wait_until(lambda: yard.states().get("running", 0) < 300)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(20) == 0
    assert Worker.count(connection=yard.redis) == 0


def test_jobs_are_written_as_json_and_hold_no_order(yard: Yard) -> None:
    publish(yard.service, SIX_STEPS)
    yard.service.receive(arrivals(range(3)))
    yard.service.drain()
    for name, job in ((RUNS_QUEUE, "runtime.jobs.drain"), (EFFECTS_QUEUE, "runtime.jobs.perform")):
        [job_id] = Queue(name, connection=yard.redis).job_ids
        kept = yard.redis.hgetall(f"rq:job:{job_id}")
        assert json.loads(_unpacked(kept[b"data"])) == [job, None, [], {}]
        assert all(b"A-0000" not in value for value in kept.values())


def _unpacked(data: Any) -> bytes:
    return zlib.decompress(data)


def test_a_decision_carries_the_order_on_without_a_worker(yard: Yard) -> None:
    """What needs no outward call is finished in the decision's own commit: the person sees the order go on at once."""
    publish(yard.service, APPROVAL)
    yard.service.receive(arrivals([1]))
    yard.service.drain()
    with reading(yard.service.engine) as connection:
        trace = connection.execute(select(tasks.c.trace)).scalar_one()
    assert yard.service.decide_task(trace, "approve", "", MANAGER) is None
    assert yard.states() == {"done": 1}


def test_rings_do_not_pile_up(yard: Yard) -> None:
    publish(yard.service, SIX_STEPS)
    for number in range(50):
        yard.service.receive(arrivals([number]))
    assert Queue(RUNS_QUEUE, connection=yard.redis).count == 1

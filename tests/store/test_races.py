"""Many hands at once: every order comes in once, goes on once, and is decided once."""

import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from sqlalchemy import func, select

from runtime.actor import Actor
from runtime.answering import Decline
from runtime.store import queries
from runtime.store.database import reading
from runtime.store.tables import audit, effects, journal, runs, tasks
from tests.store.conftest import House
from tests.store.test_orders_travel import only, states
from tests.trade import APPROVAL, SIX_STEPS, arrivals, publish


def at_once(count: int, work: Any) -> list[Any]:
    """What `work(number)` gave to so many threads that all start together."""
    start = Barrier(count)

    def begin(number: int) -> Any:
        start.wait()
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(begin, range(count)))


def test_the_same_orders_sent_four_times_at_once_are_taken_once(house: House) -> None:
    publish(house.service, SIX_STEPS)
    # One house more for each sender: other processes have an intake of their own.
    houses = [House(house.url) for _ in range(4)]
    batches = at_once(4, lambda number: houses[number].service.receive(arrivals(range(50))))
    accepted = [one.run_id for batch in batches for one in batch if one.status == "accepted"]
    assert len(accepted) == 50
    assert {one.status for batch in batches for one in batch} == {"accepted", "duplicate"}
    assert {frozenset(one.run_id for one in batch) for batch in batches} == {frozenset(accepted)}
    assert states(house) == {"running": 50}
    for one in houses:
        one.service.engine.dispose()


def test_different_orders_on_a_new_channel_all_come_in(house: House) -> None:
    houses = [House(house.url) for _ in range(4)]
    at_once(4, lambda n: houses[n].service.receive(arrivals(range(n * 10, n * 10 + 10))))
    assert states(house) == {"held": 40}
    for one in houses:
        one.service.engine.dispose()


def test_a_task_raced_by_eight_is_decided_by_one(house: House) -> None:
    publish(house.service, APPROVAL)
    house.service.receive(arrivals([1]))
    house.settle()
    trace = only(house, tasks)["trace"]
    answers = at_once(
        8,
        lambda n: house.service.decide_task(trace, "approve" if n % 2 else "reject", f"by {n}", Actor(f"person-{n}")),
    )
    task = only(house, tasks)
    assert answers.count(None) == 1
    lost = [one for one in answers if one is not None]
    assert lost == [Decline("already_decided", task["decided_by"], task["decided_at"], task["decision"])] * 7
    assert states(house) == ({"done": 1} if task["decision"] == "approve" else {"cancelled": 1})
    with reading(house.service.engine) as connection:
        written = connection.execute(select(audit.c.actor).where(audit.c.subject == trace)).scalars().all()
        assert written == [task["decided_by"]]
        assert len(queries.trace(connection, task["run_id"])) == 2


def _drain_all(url: str) -> None:
    house = House(url)
    while house.service.drain(20):
        pass
    house.service.engine.dispose()


def test_two_processes_that_drain_together_move_every_order_once(house: House) -> None:
    publish(house.service, SIX_STEPS)
    house.service.receive(arrivals(range(400)))
    context = multiprocessing.get_context("spawn")
    drains = [context.Process(target=_drain_all, args=(house.url,)) for _ in range(2)]
    for drain in drains:
        drain.start()
    for drain in drains:
        drain.join(60)
        assert drain.exitcode == 0
    with reading(house.service.engine) as connection:
        assert connection.execute(select(func.max(runs.c.rev), func.min(runs.c.rev))).one() == (1, 1)
        assert connection.execute(select(func.count()).select_from(journal)).scalar() == 400
        assert connection.execute(select(func.count()).select_from(effects)).scalar() == 400
    house.settle()
    assert states(house) == {"done": 400}


def test_a_person_and_a_deadline_at_the_same_moment_do_not_both_count(house: House) -> None:
    publish(house.service, APPROVAL)
    receipts = house.service.receive(arrivals(range(8)))
    house.settle()
    with reading(house.service.engine) as connection:
        traces = {row["run_id"]: row["trace"] for row in connection.execute(select(tasks)).mappings()}

    def act(number: int) -> Any:
        run_id = receipts[number // 2].run_id
        if number % 2:
            return house.service.close(run_id, "cancelled", "closed", Actor("closer"))
        return house.service.decide_task(traces[run_id], "approve", "", Actor("decider"))

    answers = at_once(8, act)
    assert answers.count(None) == 4
    ended = states(house)
    assert sum(ended.get(state, 0) for state in ("done", "cancelled")) == 4

"""Everything that people do, all at once, while the balance is checked over and over: nobody is accused falsely."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from random import Random
from threading import Event, Thread
from typing import Any

import pytest
from sqlalchemy import delete, select
from sqlalchemy.exc import DBAPIError

from runtime.actor import Actor
from runtime.acts import Mend
from runtime.adapters.systems import flaky
from runtime.clock import now as real_now
from runtime.core.moment import BUSINESS_ZONE
from runtime.moving import Choice
from runtime.reconcile import Reconciler
from runtime.store.database import begin, reading
from runtime.store.desk import Look
from runtime.store.ids import new_id
from runtime.store.incidents import Found
from runtime.store.tables import failures, incidents, moves, runs, tasks
from runtime.store.tables import surges as holds
from tests.core.flow_documents import REQUEST, approval, document
from tests.store.conftest import House
from tests.trade import arrivals, publish

LI = Actor("li")
ORDERS = 240


def flow(step: str, **failing: Any) -> dict[str, Any]:
    """The leads are asked, or the order is on hold; then a system is called that fails now and then."""
    return document(
        [
            ("in", "ingest", {}),
            ("ask", "approval", approval(deadline_minutes=60)),
            ("rest", "hold", {"title": "Wait", "who": {"kind": "team", "value": "leads"}, "deadline_minutes": 60}),
            (step, "request", {**REQUEST, "system": "flaky"}),
            ("end", "end", {}),
            ("no", "end", {"result": "cancelled", "reason": "no"}),
        ],
        [
            "in.out>ask",
            "ask.approved>rest",
            "ask.rejected>no",
            "rest.released>" + step,
            "rest.cancelled>no",
            step + ".ok>end",
        ],
        key="busy",
        channels=["own-shop"],
        teams=[{"key": "leads", "name": "Leads"}],
        failures={"error": "retry", "first_delay_seconds": 1, "max_tries": 2, "bad_answer": "person", **failing},
    )


class People:
    """Whoever does something now and then. Each act may come too late: then nothing is changed."""

    def __init__(self, house: House, seed: int) -> None:
        self.house, self.service, self.dice = house, house.service, Random(seed)

    def column(self, query: Any) -> list[Any]:
        with reading(self.service.engine) as connection:
            return list(connection.execute(query).scalars())

    def some(self, query: Any, most: int = 5) -> list[Any]:
        found = self.column(query.limit(200))
        return self.dice.sample(found, min(most, len(found)))

    def drain(self) -> None:
        self.service.drain(40)
        self.service.perform()

    def decide(self) -> None:
        for trace in self.some(select(tasks.c.trace).where(tasks.c.state == "open"), 10):
            self.service.decide_task(trace, "reject" if self.dice.random() < 0.2 else "approve", "so", LI)

    def mend(self) -> None:
        for failure_id in self.some(select(failures.c.id).where(failures.c.state == "open"), 3):
            self.service.acts.mend(failure_id, self._mend(), LI)
        self.service.acts.start(new_id(real_now()), Look("open"), None, self._mend(), LI)
        while self.service.acts.work(20):
            pass

    def _mend(self) -> Mend:
        return self.dice.choice([Mend("retry"), Mend("retry", published=True), Mend("skip", "so")])

    def move(self) -> None:
        moving = self.service.moving
        moving.start(new_id(real_now()), "busy", self.dice.choice((1, 2)), Choice(), "so", LI)
        while moving.work(20):
            pass
        for move_id in self.some(select(moves.c.id).where(moves.c.state == "done"), 1):
            moving.undo(new_id(real_now()), move_id, "so", LI)

    def close(self) -> None:
        for run_id in self.some(select(runs.c.id).where(runs.c.ended_at.is_(None)), 1):
            self.service.close(run_id, "cancelled", "so", LI)

    def change(self) -> None:
        for run_id in self.some(select(runs.c.id).where(runs.c.ended_at.is_(None)), 2):
            self.service.mending.propose_change(run_id, {"note": f"{self.dice.random()}"}, "lead", "so", LI)

    def hold(self) -> None:
        self.service.surges.hold("own-shop", "so", LI)
        for surge_id in self.some(select(holds.c.id).where(holds.c.state != "closed"), 1):
            self.service.surges.release(surge_id, self.dice.choice(("waves", "all")), "none", LI)
        self.service.surges.tick()


@contextmanager
def on_and_on(works: list[Callable[[], None]]) -> Iterator[list[Exception]]:
    """All of these again and again, each on a thread of its own. What raised: a thread ends by it."""
    over, broken = Event(), list[Exception]()

    def until_over(work: Callable[[], None]) -> None:
        while not over.is_set():
            # Where two meet, a database may let one of them begin again.
            with suppress(DBAPIError):
                work()

    def begin_to(work: Callable[[], None]) -> None:
        try:
            until_over(work)
        except (ArithmeticError, AssertionError, LookupError, RuntimeError, TypeError, ValueError) as defect:
            broken.append(defect)

    threads = [Thread(target=begin_to, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield broken
    finally:
        over.set()
        for thread in threads:
            thread.join()


@pytest.fixture
def busy(house: House) -> House:
    house.watch.now = real_now()
    house.service.outbox.outlets = {("system", "flaky"): flaky.OUTLET}
    publish(house.service, flow("call"))
    house.service.receive(arrivals(range(20)))
    house.settle()
    publish(house.service, flow("call", max_tries=3))
    return house


def test_whatever_people_do_nobody_is_accused_until_something_is_lost(busy: House) -> None:
    checks: list[Found] = []
    reconciler = Reconciler(busy.service.engine, real_now, BUSINESS_ZONE)
    people = [People(busy, seed) for seed in range(8)]
    works = [people[0].drain, people[1].drain, *(getattr(one, act) for one, act in zip(people[2:], ACTS, strict=True))]
    with on_and_on([*works, lambda: checks.extend(reconciler.check_all("li").found)]) as broken:
        for first in range(20, ORDERS, 10):
            busy.watch.now = real_now()
            while True:
                with suppress(DBAPIError):
                    busy.service.receive(arrivals(range(first, first + 10)))
                    break
    checks += reconciler.check_all("li").found
    assert (checks, broken) == ([], [])
    assert people[0].column(select(incidents.c.id)) == []
    [lost, *_] = people[0].column(select(runs.c.id).where(runs.c.ended_at.is_(None)))
    with begin(busy.service.engine, durable=True) as connection:
        connection.execute(delete(tasks).where(tasks.c.run_id == lost))
        connection.execute(delete(runs).where(runs.c.id == lost))
    assert {one.run_id for one in reconciler.check_all("li").found} == {lost}


ACTS = ("decide", "mend", "move", "close", "change", "hold")

"""Decisions that can be taken back for a while: stored at the click, heard by the order later, and never crossed."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from random import Random
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from runtime.actor import Actor
from runtime.answering import Decline
from runtime.core.moment import BUSINESS_ZONE
from runtime.reconcile import Reconciler
from runtime.service import Service
from runtime.store.database import connect, reading
from runtime.store.tables import audit, journal, runs, tasks
from tests.core.flow_documents import approval, document
from tests.store.conftest import House, SilentBell, Watch
from tests.trade import arrivals, publish

LI, WANG = Actor("li"), Actor("wang")
UNDO = 30


@pytest.fixture
def asked(house: House) -> list[str]:
    """The traces of six tasks that wait for the leads, with a deadline of an hour that sends the order elsewhere."""
    steps = [
        ("in", "ingest", {}),
        ("ask", "approval", approval(deadline_minutes=60)),
        ("end", "end", {}),
        ("no", "end", {"result": "cancelled", "reason": "no"}),
        ("late", "end", {"result": "cancelled", "reason": "too late"}),
    ]
    ways = ["in.out>ask", "ask.approved>end", "ask.rejected>no", "ask.late>late"]
    publish(house.service, document(steps, ways, channels=["own-shop"]))
    house.service.receive(arrivals(range(6)))
    house.settle()
    return column(house, select(tasks.c.trace).order_by(tasks.c.trace))


def column(house: House, query: Any) -> list[Any]:
    with reading(house.service.engine) as connection:
        return list(connection.execute(query).scalars())


def states(house: House) -> list[str]:
    return column(house, select(runs.c.state).order_by(runs.c.id))


def test_many_are_decided_at_once_and_their_orders_hear_of_it_after_the_time_to_undo(
    house: House, asked: list[str]
) -> None:
    assert house.service.answering.decide(asked[:4], "approve", "so", LI, UNDO) == {}
    house.settle()
    assert states(house) == ["waiting"] * 6
    assert Reconciler(house.service.engine, house.watch, BUSINESS_ZONE).check_all("li").found == ()

    assert sorted(house.service.answering.take_back(asked[:2], LI)) == asked[:2]
    house.watch.go_on(seconds=UNDO)
    assert house.service.answering.due()
    house.settle()
    assert states(house) == ["waiting", "waiting", "done", "done", "waiting", "waiting"]
    assert not house.service.answering.due()
    assert column(house, select(tasks.c.state).order_by(tasks.c.trace)) == [
        *("open", "open", "decided", "decided", "open", "open")
    ]
    actions = column(house, select(audit.c.action).where(audit.c.action.like("task.%")).order_by(audit.c.id))
    assert sorted(actions) == ["task.approve"] * 4 + ["task.undo"] * 2


def test_a_second_decider_sees_it_as_decided_and_only_the_first_can_take_it_back(
    house: House, asked: list[str]
) -> None:
    at = int(house.watch().timestamp() * 1_000_000)
    house.service.answering.decide(asked[:1], "approve", "so", LI, UNDO)
    late = house.service.answering.decide(asked[:2], "reject", "no", WANG, UNDO)
    assert late == {asked[0]: Decline("already_decided", "li", at, "approve")}
    assert house.service.answering.take_back(asked[:1], WANG) == []
    house.watch.go_on(seconds=UNDO)
    house.settle()
    assert house.service.answering.take_back(asked[:1], LI) == []
    assert states(house)[:2] == ["done", "cancelled"]


def test_a_deadline_that_passes_meanwhile_finds_the_decision(house: House, asked: list[str]) -> None:
    house.watch.go_on(minutes=59, seconds=50)
    house.service.answering.decide(asked[:1], "approve", "so", LI, UNDO)
    house.watch.go_on(seconds=15)
    house.settle()
    assert states(house) == ["done"] + ["cancelled"] * 5
    entry = column(house, select(journal.c.entry).where(journal.c.run_id == asked[0].partition(".")[0]))[-1]
    assert '"kind":"decided"' in entry
    assert '"actor":"li"' in entry


def test_an_order_that_is_closed_meanwhile_hears_of_nothing(house: House, asked: list[str]) -> None:
    house.service.answering.decide(asked[:1], "approve", "so", LI, UNDO)
    assert house.service.close(asked[0].partition(".")[0], "cancelled", "the shop called", WANG) is None
    assert house.service.answering.take_back(asked[:1], LI) == []
    house.watch.go_on(seconds=UNDO)
    house.settle()
    assert states(house)[0] == "cancelled"
    assert column(house, select(tasks.c.state).where(tasks.c.trace == asked[0])) == ["withdrawn"]


def test_however_decisions_and_their_undoing_and_their_delivery_meet_each_order_has_one_end(
    house: House, asked: list[str]
) -> None:
    others = [
        Service(connect(house.url), SilentBell(), SilentBell(), SilentBell(), SilentBell(), house.watch, house.outlets)
        for _ in range(3)
    ]
    with ThreadPoolExecutor(len(others)) as pool:
        acting = [pool.submit(_act_at_random, one, seed, asked, house.watch) for seed, one in enumerate(others)]
    for done, service in zip(acting, others, strict=True):
        done.result()
        service.engine.dispose()
    house.service.answering.decide(asked, "approve", "at last", LI)
    house.watch.go_on(seconds=UNDO)
    house.settle()
    assert set(states(house)) <= {"done", "cancelled"}
    assert len(column(house, select(journal.c.entry).where(journal.c.entry.like('%"finish"%')))) == len(asked)


def _act_at_random(service: Service, seed: int, asked: list[str], watch: Watch) -> None:
    dice, actor = Random(seed), (LI, WANG)[seed % 2]
    for _ in range(40):
        some = dice.sample(asked, 3)
        match dice.randrange(3):
            case 0:
                service.answering.decide(some, dice.choice(("approve", "reject")), "so", actor, UNDO)
            case 1:
                service.answering.take_back(some, actor)
            case _:
                watch.go_on(seconds=dice.randrange(12))
                # A drain that stood in somebody's way is rung for again.
                with suppress(DBAPIError):
                    service.drain()

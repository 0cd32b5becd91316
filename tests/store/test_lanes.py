"""Lanes at work, on every database: limits hold for all workers together, and nobody waits for somebody else's system."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from nodes.contract import Answered
from runtime.adapters.contract import Call, Outlet
from runtime.core.lane import Lane, Limits, Paused
from runtime.service import Service
from runtime.store import journal, lanes
from runtime.store.database import begin, connect, reading
from runtime.store.tables import effects, runs
from runtime.store.tables import lanes as lane_table
from tests.core.flow_documents import document
from tests.store.conftest import House, SilentBell
from tests.trade import arrival, order, publish

PATIENCE = 30.0


def calling(system: str, seconds: int = 600) -> dict[str, Any]:
    """A flow that does nothing but call a system; the channel is named like it."""
    return document(
        [
            ("in", "ingest", {}),
            ("call", "request", {"system": system, "action": "book", "timeout_seconds": seconds}),
            ("end", "end", {}),
        ],
        ["in.out>call", "call.ok>end"],
        key=f"calls-{system}",
        channels=[system],
    )


def take(house: House, system: str, count: int, first: int = 0) -> None:
    """So many orders that call the system come in and stand at the call."""
    house.service.receive([arrival(order(first + number), system) for number in range(count)])
    while house.service.drain():
        pass


def limit(house: House, system: str, **limits: int) -> None:
    with begin(house.service.engine, durable=False) as connection:
        lane = lanes.lock(connection, ("system", system))
        lanes.save(connection, replace(lane, limits=replace(lane.limits, **limits)))


def lane_of(house: House, system: str) -> Lane:
    with reading(house.service.engine) as connection:
        return lanes.find(connection, ("system", system))


def results(house: House, system: str) -> dict[str, int]:
    """How many calls to a system stand where: by what was answered, else by their state."""
    with reading(house.service.engine) as connection:
        rows = connection.execute(select(effects).where(effects.c.target == system)).mappings().all()
    return dict(Counter(row["state"] for row in rows))


class Stub:
    """A system that answers as it is told (the last answer for ever), and remembers the keys of its calls."""

    def __init__(self, *answers: Answered) -> None:
        self.keys: list[str] = []
        self.answers = list(answers)

    def send(self, call: Call) -> Answered:
        self.keys.append(call.key)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def connect_to(house: House, **systems: Callable[[Call], Answered]) -> None:
    house.service.outbox.outlets = {("system", name): Outlet(name, send) for name, send in systems.items()}
    for name in systems:
        publish(house.service, calling(name))


@contextmanager
def performing(*services: Service) -> Any:
    """Workers that make calls, each on a thread of its own, until the end of the block."""
    over = threading.Event()

    def work(service: Service) -> None:
        while not over.is_set():
            if not service.perform():
                over.wait(0.02)

    workers = [threading.Thread(target=work, args=(service,)) for service in services]
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        over.set()
        for worker in workers:
            worker.join()


def wait_until(so: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE
    while not so():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.01)


def test_a_hanging_system_with_a_long_queue_holds_up_no_quick_one(house: House) -> None:
    release = threading.Event()

    def hang(call: Call) -> Answered:
        assert release.wait(PATIENCE)
        return Answered("ok")

    quick = Stub(Answered("ok"))
    connect_to(house, hung=hang, quick=quick.send)
    take(house, "hung", 500)
    with performing(house.service):
        wait_until(lambda: results(house, "hung").get("claimed") == 8)
        began = time.monotonic()
        take(house, "quick", 1, first=1_000)
        wait_until(lambda: results(house, "quick") == {"answered": 1})
        assert time.monotonic() - began < 1.0
        assert results(house, "hung") == {"claimed": 8, "ready": 492}, "no more than its limit"
        release.set()
        wait_until(lambda: results(house, "hung") == {"answered": 500})


def test_two_workers_together_keep_to_the_limit_and_make_each_call_once(house: House) -> None:
    lock, made, out, most = threading.Lock(), Counter[str](), Counter[str](), Counter[str]()

    def send(call: Call) -> Answered:
        with lock:
            made[call.key] += 1
            out["now"] += 1
            most["out"] = max(most["out"], out["now"])
        time.sleep(0.005)
        with lock:
            out["now"] -= 1
        return Answered("ok")

    connect_to(house, erp=send)
    limit(house, "erp", calls_at_once=3)
    bells = SilentBell(), SilentBell(), SilentBell(), SilentBell()
    other = Service(connect(house.url), *bells, house.watch, house.service.outbox.outlets)
    take(house, "erp", 60)
    with performing(house.service, other):
        wait_until(lambda: results(house, "erp") == {"answered": 60})
    other.engine.dispose()
    assert set(made.values()) == {1}
    assert most["out"] == 3
    with reading(house.service.engine) as connection:
        assert connection.execute(select(func.sum(effects.c.sends))).scalar() == 60


def test_a_call_of_a_killed_sender_is_made_again_soon_after_its_time_and_not_before(house: House) -> None:
    stub = Stub(Answered("ok"))
    connect_to(house, erp=stub.send)
    limit(house, "erp", timeout_seconds=20, calls_at_once=1)
    take(house, "erp", 1)
    with begin(house.service.engine, durable=False) as connection:
        lease = lanes.find(connection, ("system", "erp")).limits.lease
        [lost] = journal.claim_effects(connection, ("system", "erp"), house.service._now(), lease, 1)
    house.watch.go_on(seconds=29)
    house.settle()
    assert stub.keys == []
    house.watch.go_on(seconds=1)
    house.settle()
    assert stub.keys == [lost.trace]
    with reading(house.service.engine) as connection:
        assert connection.execute(select(effects.c.sends, effects.c.state)).one() == (2, "answered")


def test_what_an_ill_system_should_do_waits_and_goes_on_when_it_is_well(house: House) -> None:
    stub = Stub(*[Answered("error")] * 5, Answered("error"), Answered("ok"))
    connect_to(house, erp=stub.send)
    limit(house, "erp", calls_at_once=1)
    take(house, "erp", 20)
    house.settle()
    assert (len(stub.keys), results(house, "erp")) == (5, {"answered": 5, "ready": 15})
    lane = lane_of(house, "erp")
    assert lane.open is not None and lane.open.until == house.service._now() + 30_000_000
    rings = house.effect_bell.rings
    house.service.tick()
    assert house.effect_bell.rings == rings, "nobody is called while nothing may go out"
    house.watch.go_on(seconds=30)
    house.settle()
    assert len(stub.keys) == 6, "one probe, and it failed"
    house.watch.go_on(seconds=59)
    house.settle()
    assert len(stub.keys) == 6, "the second pause is twice as long"
    house.watch.go_on(seconds=1)
    house.service.tick()
    assert house.effect_bell.rings > rings
    house.settle()
    assert results(house, "erp") == {"answered": 20}
    assert lane_of(house, "erp").breaker(house.service._now()) == "closed"


def test_the_step_gives_up_by_its_own_timeout_although_nothing_was_sent(house: House) -> None:
    stub = Stub(Answered("ok"))
    house.service.outbox.outlets = {("system", "erp"): Outlet("erp", stub.send)}
    publish(house.service, calling("erp", seconds=60))
    take(house, "erp", 1)
    with begin(house.service.engine, durable=False) as connection:
        lane = lanes.lock(connection, ("system", "erp"))
        lanes.save(connection, replace(lane, paused=Paused("root", house.service._now(), "stocktaking")))
    house.settle()
    house.watch.go_on(seconds=61)
    house.settle()
    assert (stub.keys, results(house, "erp")) == ([], {"withdrawn": 1})
    with reading(house.service.engine) as connection:
        assert connection.execute(select(runs.c.reason)).scalar() == "request.timeout"


def test_calls_by_the_minute(house: House) -> None:
    stub = Stub(Answered("ok"))
    connect_to(house, erp=stub.send)
    limit(house, "erp", calls_per_minute=6)
    take(house, "erp", 8)
    made = []
    for _ in range(7):
        house.settle()
        made.append(len(stub.keys))
        house.watch.go_on(seconds=10)
    assert made == [1, 2, 3, 4, 5, 6, 7]


def test_a_system_that_asks_for_time_is_left_alone(house: House) -> None:
    stub = Stub(Answered("error", {"retry_after_seconds": 45}), Answered("ok"))
    connect_to(house, erp=stub.send)
    limit(house, "erp", calls_at_once=1)
    take(house, "erp", 3)
    house.settle()
    house.watch.go_on(seconds=44)
    house.settle()
    assert len(stub.keys) == 1
    house.watch.go_on(seconds=1)
    house.settle()
    assert len(stub.keys) == 3


def test_an_answer_that_comes_twice_counts_once(house: House) -> None:
    connect_to(house, erp=Stub(Answered("ok", {"receipt": "first"})).send)
    take(house, "erp", 1)
    house.settle()
    with reading(house.service.engine) as connection:
        trace = connection.execute(select(effects.c.trace)).scalar_one()
    house.service.deliver_answers({trace: Answered("error", message="of a sender that was taken for dead")})
    with reading(house.service.engine) as connection:
        both = select(effects.c.answer, runs.c.state).join(runs, runs.c.id == effects.c.run_id)
        kept, state = connection.execute(both).one()
    assert ("first" in kept, state) == (True, "done")


def test_a_lane_that_went_missing_is_made_again_within_the_hour(house: House) -> None:
    stub = Stub(Answered("ok"))
    connect_to(house, erp=stub.send)
    take(house, "erp", 1)
    with begin(house.service.engine, durable=False) as connection:
        connection.execute(delete(lane_table))
    house.settle()
    assert stub.keys == []
    house.service.tick()
    house.settle()
    assert len(stub.keys) == 1


def test_what_cannot_be_recorded_now_is_recorded_later_and_not_sent_again(
    sqlite_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house, stub = sqlite_house, Stub(Answered("ok"))
    monkeypatch.setattr("runtime.effects.RECORD_AGAIN_SECONDS", 0.01)
    connect_to(house, erp=stub.send)
    take(house, "erp", 1)
    broken = iter([True, True, False])
    save = journal.save

    def cut(*given: Any, **more: Any) -> None:
        if next(broken, False):
            raise ConnectionError("the database is away")
        save(*given, **more)

    monkeypatch.setattr(journal, "save", cut)
    with performing(house.service):
        wait_until(lambda: results(house, "erp") == {"answered": 1})
    assert len(stub.keys) == 1


def test_limits_of_a_lane_that_was_never_used_are_the_usual_ones(sqlite_house: House) -> None:
    assert lane_of(sqlite_house, "unseen").limits == Limits()
    with begin(sqlite_house.service.engine, durable=False) as connection:
        lanes.know(connection, {("system", "a"), ("system", "b")})
        lanes.know(connection, {("system", "a"), ("system", "c")})
        assert connection.execute(update(lane_table).values(failures=0)).rowcount == 3

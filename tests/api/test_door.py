"""The door on every database: one transaction for orders, refusals and answers, however many stand there."""

import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from runtime.breaker import Breaker
from runtime.core.problem import Problem
from runtime.intake import Answer, Arrival, Delivery, Intake, Key, KeyTaken, Receipt, refuse
from runtime.store.database import connect, reading
from runtime.store.tables import receipts, refusals, runs
from tests.trade import arrival, arrivals, order

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Door:
    """An intake that counts its rings."""

    def __init__(self, url: str) -> None:
        self.engine = connect(url)
        self.now = NOON
        self.rings = 0
        self.intake = Intake(self.engine, lambda: self.now, self._ring, Breaker(UTC))

    def _ring(self) -> None:
        self.rings += 1

    def count(self, table: Any) -> int:
        with reading(self.engine) as connection:
            return connection.execute(select(func.count()).select_from(table)).scalar_one()


@pytest.fixture
def door(database_url: str) -> Iterator[Door]:
    found = Door(database_url)
    yield found
    found.engine.dispose()


def answered(found: Sequence[Receipt]) -> Answer:
    return Answer(202, " ".join(f"{one.status}:{one.run_id}" for one in found).encode())


def delivery(some: Sequence[Arrival], key: Key | None = None) -> Delivery:
    return Delivery("shop", some, (), answered, key)


def test_orders_refusals_and_answers_are_stored_together(door: Door) -> None:
    bad = refuse("own-shop", "B-1", [Problem("order.time", "created_at", {"given": "张𠮷"})], b"{\x00\xff")
    key = Key("01M827H0J27X3Z5ZN182PVA7RS", "k", "d" * 64)
    answer = door.intake.take(Delivery("shop", arrivals(range(3)), [bad], answered, key))
    assert isinstance(answer, Answer) and answer.body.count(b"accepted") == 3
    assert (door.count(runs), door.count(refusals), door.count(receipts), door.rings) == (3, 1, 1, 1)
    assert door.intake.take(delivery(arrivals(range(3)), key)) == answer
    assert door.intake.take(delivery(arrivals([7]), Key(key.owner, "k", "e" * 64))) == KeyTaken("d" * 64)
    assert (door.count(runs), door.rings) == (3, 1)


def test_keys_differ_in_case_and_in_a_blank_at_the_end(door: Door) -> None:
    for number, text in enumerate(("key", "KEY", "key ", "ke\u0301y", "k\U00020bb7y")):
        door.intake.take(delivery(arrivals([number]), Key("owner", text, "d" * 64)))
    assert (door.count(runs), door.count(receipts)) == (5, 5)


def test_the_first_refusal_after_ten_quiet_minutes_alarms(door: Door) -> None:
    for minutes in (0, 5, 14, 25):
        door.now = NOON + timedelta(minutes=minutes)
        door.intake.keep("shop", [refuse("own-shop", None, [Problem("json.empty")], b"")])
    with reading(door.engine) as connection:
        told = connection.execute(select(refusals.c.alarm).order_by(refusals.c.received_at)).scalars().all()
    assert [bool(alarm) for alarm in told] == [True, False, False, True]


def test_what_is_thirty_days_old_is_forgotten(door: Door) -> None:
    door.intake.keep("shop", [refuse("own-shop", None, [Problem("json.empty")], b"")])
    door.intake.take(delivery(arrivals([1]), Key("owner", "k", "d" * 64)))
    door.now = NOON + timedelta(days=30, seconds=1)
    door.intake.tidy()
    assert (door.count(refusals), door.count(receipts), door.count(runs)) == (0, 0, 1)


def test_two_houses_take_the_same_orders_once(database_url: str) -> None:
    doors = [Door(database_url), Door(database_url)]
    found: list[str] = []

    def send(door: Door, start: int) -> None:
        for number in range(10):
            some = [arrival(order((number * 7 + step * start) % 20)) for step in (1, 2, 3)]
            found.extend(receipt.status for receipt in door.intake.receive(some))

    threads = [threading.Thread(target=send, args=(door, start)) for door in doors for start in (1, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 120
    assert found.count("accepted") == doors[0].count(runs)
    assert set(found) == {"accepted", "duplicate"}
    for door in doors:
        door.engine.dispose()


def test_one_delivery_that_breaks_does_not_break_those_beside_it(door: Door) -> None:
    outcomes: dict[int, Answer | KeyTaken | Exception] = {}

    def broken(_found: Sequence[Receipt]) -> Answer:
        raise ZeroDivisionError

    def send(number: int) -> None:
        made = broken if number == 3 else answered
        try:
            outcomes[number] = door.intake.take(Delivery("shop", arrivals([number]), (), made))
        except ZeroDivisionError as defect:
            outcomes[number] = defect

    threads = [threading.Thread(target=send, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert isinstance(outcomes.pop(3), ZeroDivisionError)
    assert len(outcomes) == 7 and all(isinstance(one, Answer) for one in outcomes.values())
    assert door.count(runs) == 7

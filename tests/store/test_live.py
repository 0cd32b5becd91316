"""What the live canvas counts is what stands in the database, on every database."""

from typing import Any

import pytest
from sqlalchemy import update

from runtime.actor import Actor
from runtime.core.moment import micros
from runtime.store import live, queries
from runtime.store.database import begin, reading
from runtime.store.tables import runs
from tests.core.flow_documents import REQUEST, approval, document, total_over
from tests.store.conftest import House
from tests.trade import arrival, order, publish

MINUTE = 60_000_000
LI = Actor("li")

WATCHED = document(
    [
        ("in", "ingest", {}),
        ("way", "route", {"rules": [{"id": "big", "when": total_over("5000.00")}]}),
        ("ask", "approval", approval(deadline_minutes=30)),
        ("call", "request", {**REQUEST, "system": "nowhere"}),
        ("end", "end", {}),
        ("no", "end", {"result": "cancelled"}),
    ],
    ["in.out>way", "way.big>ask", "way.else>end", "ask.approved>call", "ask.rejected>no", "call.ok>end"],
    key="watched",
    channels=["own-shop"],
)
"""Over 5,000 people are asked within 30 minutes, and then a system that nobody has set up; the others end at once."""


def take(house: House, *numbers: int, big: bool = True) -> list[str]:
    more = {"total": "9000.00"} if big else {}
    taken = house.service.receive([arrival(order(number, **more)) for number in numbers])
    house.settle()
    return [one.run_id for one in taken]


def crowds(house: House, soon: int = 10 * MINUTE) -> dict[str, Any]:
    at = micros(house.watch())
    with reading(house.service.engine) as connection:
        found = live.published(connection, "watched")
        assert found
        return live.crowds(live.places(connection, "watched", found[0], at + soon), at)


def ways(house: House, most: int = 100, hours: int = 24) -> live.Passages:
    since = micros(house.watch()) - hours * 60 * MINUTE
    with reading(house.service.engine) as connection:
        found = live.published(connection, "watched")
        assert found
        return live.passages(connection, "watched", found[0], since, most)


def test_orders_stand_where_they_wait_and_turn_amber_and_red_by_the_clock(house: House) -> None:
    publish(house.service, WATCHED)
    first = micros(house.watch())
    take(house, 1, 2)
    house.watch.go_on(minutes=15)
    take(house, 3)
    take(house, 4, big=False)

    crowd = crowds(house)["ask"]
    assert (crowd.number, crowd.rests, crowd.oldest) == (3, {"person": 3}, first)
    assert (crowd.late, crowd.soon, crowd.median) == (0, 0, first)

    house.watch.go_on(minutes=10)
    assert [(one.late, one.soon) for one in crowds(house).values()] == [(0, 2)]
    house.watch.go_on(minutes=6)
    assert [(one.late, one.soon) for one in crowds(house).values()] == [(2, 0)]


def test_what_failed_stands_at_its_step_and_what_ended_stands_nowhere(house: House) -> None:
    publish(house.service, WATCHED)
    (run_id,) = take(house, 1)
    task = f"{run_id}.3.1"
    assert house.service.decide_task(task, "approve", "", LI) is None
    house.settle()
    take(house, 2, big=False)

    found = crowds(house)
    assert {node: crowd.rests for node, crowd in found.items()} == {"call": {"failed": 1}}


def test_who_waits_for_another_try_stands_at_the_step_that_failed_and_is_found_there(house: House) -> None:
    publish(house.service, WATCHED | {"failures": {"refused": "retry", "max_tries": 3}})
    (run_id,) = take(house, 1)
    assert house.service.decide_task(f"{run_id}.3.1", "approve", "", LI) is None
    house.settle()

    assert {node: crowd.rests for node, crowd in crowds(house).items()} == {"call": {"retry": 1}}
    with reading(house.service.engine) as connection:
        found = [
            [row["run_id"] for row in queries.find_orders(connection, flow_key="watched", step=step)]
            for step in ("call", "ask", "cal", "all")
        ]
        assert found == [[run_id], [], [], []]
        assert queries.state_counts(connection, flow_key="watched", step="call")["waiting"] == 1


def test_an_order_that_has_not_begun_is_counted_before_the_first_step(house: House) -> None:
    publish(house.service, WATCHED)
    house.service.receive([arrival(order(1))])
    (held,) = [one.run_id for one in house.service.receive([arrival(order(2))])]
    with begin(house.service.engine, durable=True) as connection:
        connection.execute(update(runs).where(runs.c.id == held).values(state="held", reason="surge"))

    assert crowds(house)[""].rests == {"queued": 1, "held": 1}


def test_orders_of_an_older_version_are_not_among_those_of_the_published_one(house: House) -> None:
    publish(house.service, WATCHED)
    take(house, 1)
    house.service.flows.add(WATCHED | {"name": "Watched anew"}, LI)
    house.service.flows.publish("watched", "second", LI)
    take(house, 2)

    assert crowds(house)["ask"].number == 1
    assert ways(house).number == 1


def test_each_order_is_counted_once_on_each_way_that_it_went(house: House) -> None:
    publish(house.service, WATCHED)
    big = take(house, 1, 2)
    take(house, 3, big=False)

    counted = ways(house)
    assert counted.number == 3 and not counted.cut
    assert {way: len(ids) for way, ids in counted.ways.items()} == {
        ("in", "out"): 3,
        ("way", "big"): 2,
        ("way", "else"): 1,
    }
    assert set(counted.ways["way", "big"]) == set(big)


@pytest.mark.parametrize("most", [1, 2])
def test_more_orders_than_are_looked_at_are_told_to_be_more(house: House, most: int) -> None:
    publish(house.service, WATCHED)
    taken = take(house, 1)
    house.watch.go_on(minutes=1)
    taken += take(house, 2)
    house.watch.go_on(minutes=1)
    taken += take(house, 3)

    counted = ways(house, most=most)
    assert (counted.number, counted.cut) == (most, True)
    assert counted.ways["in", "out"] == tuple(reversed(taken[-most:]))


def test_orders_that_came_before_the_window_are_not_counted(house: House) -> None:
    publish(house.service, WATCHED)
    take(house, 1)
    house.watch.go_on(hours=2)
    take(house, 2)

    assert ways(house, hours=1).number == 1
    assert ways(house, hours=3).number == 2

"""Orders are given to people: by turns, to whom has the fewest, by skill, to whose customer it is; never beyond a limit."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import pytest
from sqlalchemy import select, update

from runtime import assigning
from runtime.actor import Actor
from runtime.assigning import Wish
from runtime.core.run import trace_code
from runtime.store.database import begin, connect, reading
from runtime.store.tables import runs, team_members, teams, users
from tests.core.flow_documents import document
from tests.store.conftest import House
from tests.trade import arrival, order, publish

LI = Actor("li")


@pytest.fixture(autouse=True)
def people(house: House) -> None:
    """The team `desk`: ann, bob and li. Bob can pack."""
    with begin(house.service.engine, durable=True) as connection:
        connection.execute(teams.insert(), [{"key": "desk", "name": '"Desk"', "made_at": 0}])
        for number, name in enumerate(("ann", "bob", "li")):
            skills = '["packing"]' if name == "bob" else None
            row = {"id": f"{number:026}", "name": name, "display": name, "duties": '["operator"]', "skills": skills}
            connection.execute(users.insert(), [{**row, "active": True, "made_at": 0}])
            connection.execute(team_members.insert(), [{"team": "desk", "user_name": name}])


def draw(house: House, *, nobody: bool = False, **settings: Any) -> None:
    """Orders are assigned, then their owner is asked; with `nobody` they end where nobody is free."""
    steps = [
        ("in", "ingest", {}),
        ("give", "assign", {"team": "desk", **settings}),
        ("ask", "approval", {"title": "Look at {id}", "who": {"kind": "field", "value": "owner"}}),
        ("end", "end", {}),
    ]
    ways = ["in.out>give", "give.assigned>ask", "ask.approved>end", "ask.rejected>end"]
    if nobody:
        steps.append(("none", "end", {"result": "cancelled", "reason": "nobody"}))
        ways.append("give.nobody>none")
    publish(house.service, document(steps, ways, channels=["own-shop"]))


def take(house: House, *numbers: int, **more: Any) -> None:
    house.service.receive([arrival(order(number, **more)) for number in numbers])
    house.settle()


def owners(house: House) -> list[str | None]:
    with reading(house.service.engine) as connection:
        rows = connection.execute(select(runs.c.owner).order_by(runs.c.received_at, runs.c.id))
        return list(rows.scalars())


def end_one_of(house: House, name: str) -> None:
    """The oldest open order of a person comes to its end."""
    with reading(house.service.engine) as connection:
        mine = select(runs.c.id).where(runs.c.owner == name, runs.c.ended_at.is_(None)).order_by(runs.c.id)
        run_id = connection.execute(mine).scalars().first()
    assert run_id is not None
    assert house.service.decide_task(trace_code(run_id, 3, 1), "approve", "", Actor(name)) is None


def test_by_turns_each_gets_the_same_and_is_asked(house: House) -> None:
    draw(house)
    take(house, *range(6))
    assert Counter(owners(house)) == {"ann": 2, "bob": 2, "li": 2}
    end_one_of(house, "bob")
    take(house, 6)
    assert owners(house)[-1] == "ann", "turns go on where they were, whoever has fewer"


def test_who_has_the_fewest_is_next(house: House) -> None:
    draw(house, how="least")
    take(house, *range(6))
    end_one_of(house, "li")
    end_one_of(house, "li")
    take(house, 6, 7)
    assert owners(house)[-2:] == ["li", "li"]


def test_only_who_has_the_skill_and_is_active(house: House) -> None:
    draw(house, skill="packing")
    take(house, 0, 1)
    assert owners(house) == ["bob", "bob"]
    with begin(house.service.engine, durable=True) as connection:
        connection.execute(update(users).where(users.c.name == "bob").values(active=False))
    take(house, 2)
    assert owners(house)[-1] is None


def test_a_customer_stays_with_whoever_had_their_last_order(house: House) -> None:
    draw(house, how="sticky")
    take(house, 0, 1, 2)
    first = owners(house)[0]
    take(house, 3, buyer={"id": "b-9", "name": "Anna"})
    hers = owners(house)[-1]
    take(house, 4, buyer={"id": "b-9", "name": "Anna"})
    take(house, 5, buyer={"id": "b-9", "name": "Anna"})
    assert owners(house)[-2:] == [hers, hers]
    assert first in ("ann", "bob", "li")


def test_nobody_is_given_more_than_their_limit_and_what_waits_is_given_when_a_hand_is_free(house: House) -> None:
    draw(house, most=1)
    with begin(house.service.engine, durable=True) as connection:
        connection.execute(update(users).where(users.c.name == "li").values(most_orders=2))
    take(house, *range(6))
    assert Counter(owners(house)) == {"ann": 1, "bob": 1, "li": 2, None: 2}
    end_one_of(house, "ann")
    house.watch.go_on(seconds=31)
    house.settle()
    assert Counter(owners(house)) == {"ann": 2, "bob": 1, "li": 2, None: 1}


def test_urgent_orders_come_first_and_restock_last_where_hands_are_short(house: House) -> None:
    draw(house, most=1)
    take(house, *range(3))
    take(house, 3, kind="restock")
    take(house, 4)
    take(house, 5, priority="urgent")
    for name, waiting in (("ann", 5), ("bob", 4), ("li", 3)):
        end_one_of(house, name)
        house.watch.go_on(seconds=31)
        house.settle()
        house.watch.go_on(seconds=31)
        house.settle()
        assert owners(house)[waiting] == name


def test_an_order_that_waits_for_a_hand_keeps_only_hands_that_it_can_use(house: House) -> None:
    draw(house, most=1, skill="packing")
    take(house, *range(4))
    assert owners(house) == ["bob", None, None, None], "three wait for bob"
    draw(house, most=2)
    take(house, *range(4, 9))
    assert Counter(owners(house)[4:]) == {"ann": 2, "li": 2, "bob": 1}, "nobody waits behind those who wait for bob"
    end_one_of(house, "bob")
    house.watch.go_on(seconds=31)
    house.settle()
    assert Counter(owners(house)[1:4]) == {None: 3}, "bob has one in hand, and these set a limit of one"
    end_one_of(house, "bob")
    house.watch.go_on(seconds=31)
    house.settle()
    assert owners(house)[1] == "bob"


def test_where_nobody_is_free_the_drawing_may_say_what_then(house: House) -> None:
    draw(house, most=1, nobody=True)
    take(house, *range(4))
    with reading(house.service.engine) as connection:
        states = connection.execute(select(runs.c.state).order_by(runs.c.state)).scalars().all()
    assert states == ["cancelled", "waiting", "waiting", "waiting"]


def test_two_workers_never_give_the_last_hand_twice(house: House) -> None:
    draw(house, most=5)
    house.service.receive([arrival(order(number)) for number in range(40)])
    with ThreadPoolExecutor(3) as pool:
        for _ in range(3):
            list(pool.map(lambda _: house.service.drain(5), range(12)))
    house.settle()
    counts = Counter(owners(house))
    assert {name: count for name, count in counts.items() if name} == {"ann": 5, "bob": 5, "li": 5}


def test_who_is_in_two_teams_is_not_given_more_than_their_limit_by_both_at_once(house: House) -> None:
    draw(house)
    with begin(house.service.engine, durable=True) as connection:
        connection.execute(teams.insert(), [{"key": "night", "name": '"Night"', "made_at": 0}])
        connection.execute(team_members.insert(), [{"team": "night", "user_name": "li"}])
        connection.execute(update(users).where(users.c.name != "li").values(active=False))
    first, second = (one.run_id for one in house.service.receive([arrival(order(n)) for n in (1, 2)]))

    def give(run_id: str, team: str) -> str | None:
        other = connect(house.url)
        try:
            with begin(other, durable=True) as connection:
                wish = Wish(trace_code(run_id, 2, 1), team, "turns", 1, "", "own-shop", None, 0)
                return assigning.give(connection, wish)
        finally:
            other.dispose()

    with ThreadPoolExecutor(1) as pool:
        with begin(house.service.engine, durable=True) as connection:
            wish = Wish(trace_code(first, 2, 1), "desk", "turns", 1, "", "own-shop", None, 0)
            assert assigning.give(connection, wish) == "li"
            meanwhile = pool.submit(give, second, "night")
            # Whoever waits for this commit, waits; whoever does not has given by now.
            wait([meanwhile], timeout=0.3)
            connection.execute(update(runs).where(runs.c.id == first).values(owner="li"))
        assert meanwhile.result() is None

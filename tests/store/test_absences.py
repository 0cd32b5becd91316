"""Somebody is away: what asks them asks their stand-in too, what waits already as well, and it ends by itself."""

from datetime import timedelta

import orjson
import pytest
from sqlalchemy import select, update

from builder.auth import add_user
from runtime import absences as acts
from runtime.actor import Actor
from runtime.core.moment import micros
from runtime.reaching import people_of
from runtime.store import absences, queries
from runtime.store.database import begin, reading
from runtime.store.queries import Reader
from runtime.store.tables import audit, users
from tests.core.flow_documents import approval, document
from tests.store.conftest import House
from tests.trade import arrival, order, publish

DAY = 24 * 3600 * 1_000_000
ASKS_ZHAO = document(
    [
        ("in", "ingest", {}),
        ("ask", "approval", approval(who={"kind": "person", "value": "zhao"})),
        ("end", "end", {}),
        ("no", "end", {"result": "cancelled", "reason": "rejected"}),
    ],
    ["in.out>ask", "ask.approved>end", "ask.rejected>no"],
    key="asks-zhao",
    channels=["own-shop"],
)


@pytest.fixture
def people(house: House) -> House:
    with begin(house.service.engine, durable=True) as connection:
        for name in ("zhao", "wang", "chen", "sun"):
            add_user(connection, name, name.title(), ("operator",))
        add_user(connection, "lin", "Lin", ("designer",))
        add_user(connection, "root", "Root", ("admin",))
    publish(house.service, ASKS_ZHAO)
    return house


def at(house: House) -> int:
    return micros(house.watch.now)


def go_away(house: House, person: str, stand_in: str, first: int = 0, last: int = 3) -> str | None:
    """Away from `first` to `last`, in days from now."""
    wish = acts.Wish(person, stand_in, at(house) + first * DAY, at(house) + last * DAY)
    return acts.go_away(house.service.engine, wish, Actor(person), at(house), lambda duties: "designer" not in duties)


def sees(house: House, name: str, *, admin: bool = False) -> int:
    """How many open tasks ask a person now."""
    with reading(house.service.engine) as connection:
        for_whom = absences.stands_in_for(connection, name, at(house), admin=admin)
        return queries.count_tasks(connection, Reader(name, ("operator",), admin, for_whom))


def leave(house: House, name: str) -> None:
    with begin(house.service.engine, durable=True) as connection:
        connection.execute(update(users).where(users.c.name == name).values(active=False))


def ask(house: House) -> str:
    """An order that asks Zhao; its task."""
    run_id = house.service.receive([arrival(order(1))])[0].run_id
    house.settle()
    return f"{run_id}.2.1"


def test_what_waits_asks_the_stand_in_until_the_person_is_back(people: House) -> None:
    ask(people)
    assert (sees(people, "zhao"), sees(people, "wang")) == (1, 0)
    assert go_away(people, "zhao", "wang", first=1) is None
    assert sees(people, "wang") == 0, "not before it begins"
    people.watch.now += timedelta(days=1)
    assert (sees(people, "zhao"), sees(people, "wang"), sees(people, "chen")) == (1, 1, 0)
    people.watch.now += timedelta(days=2)
    assert (sees(people, "zhao"), sees(people, "wang")) == (1, 0)


def test_the_decision_is_the_stand_ins_and_the_trail_tells_for_whom(people: House) -> None:
    task = ask(people)
    go_away(people, "zhao", "wang")
    assert people.service.answering.decide([task], "approve", "", Actor("wang")) == {}
    with reading(people.service.engine) as connection:
        told = connection.execute(select(audit).where(audit.c.subject == task)).mappings().one()
        found = queries.task(connection, task)
    assert found is not None
    assert (found["who"], found["decided_by"]) == ("zhao", "wang")
    assert (told["actor"], orjson.loads(told["after"])["for"]) == ("wang", "zhao")


def test_who_stands_in_for_the_stand_in_is_asked_too_a_few_steps_far(people: House) -> None:
    ask(people)
    assert [go_away(people, one, other) for one, other in (("zhao", "wang"), ("wang", "chen"), ("chen", "sun"))] == [
        None
    ] * 3
    assert [sees(people, name) for name in ("wang", "chen", "sun")] == [1, 1, 1]
    assert go_away(people, "sun", "root") is None
    assert sees(people, "root") == 0, "further than three steps nobody would know whose work it is"


def test_a_circle_is_refused_however_long_it_is(people: House) -> None:
    go_away(people, "zhao", "wang", 0, 5)
    go_away(people, "wang", "chen", 0, 5)
    assert go_away(people, "chen", "zhao", 4, 9) == "circle"
    assert go_away(people, "chen", "zhao", 5, 9) is None, "these days do not touch"


def test_what_cannot_be_is_refused_aloud(people: House) -> None:
    leave(people, "sun")
    go_away(people, "chen", "wang", 0, 3)
    refused = {
        "self": go_away(people, "zhao", "zhao"),
        "unknown": go_away(people, "zhao", "nobody"),
        "may_not": go_away(people, "zhao", "lin"),
        "left": go_away(people, "zhao", "sun"),
        "backwards": go_away(people, "zhao", "wang", 3, 3),
        "over": go_away(people, "zhao", "wang", -5, -1),
        "long": go_away(people, "zhao", "wang", 0, 400),
        "twice": go_away(people, "chen", "wang", 2, 9),
    }
    assert refused == {why: why for why in refused}


def test_an_absence_ends_when_it_is_said_so_and_only_once(people: House) -> None:
    ask(people)
    go_away(people, "zhao", "wang")
    with reading(people.service.engine) as connection:
        (row,) = absences.not_over(connection, at(people))
    assert acts.come_back(people.service.engine, row["id"], Actor("zhao"), at(people))
    assert not acts.come_back(people.service.engine, row["id"], Actor("zhao"), at(people))
    assert sees(people, "wang") == 0
    assert go_away(people, "wang", "zhao") is None, "what is over is in nobody's way"


def test_what_asks_somebody_who_left_comes_to_the_administrators(people: House) -> None:
    ask(people)
    assert sees(people, "root", admin=True) == 0
    go_away(people, "zhao", "wang")
    leave(people, "wang")
    assert sees(people, "root", admin=True) == 1, "the stand-in left"
    people.watch.now += timedelta(days=9)
    assert sees(people, "root", admin=True) == 0
    leave(people, "zhao")
    assert sees(people, "root", admin=True) == 1
    assert sees(people, "chen") == 0


def test_what_is_told_to_who_is_away_is_told_to_the_stand_in_too(people: House) -> None:
    go_away(people, "zhao", "wang")
    with reading(people.service.engine) as connection:
        assert people_of(connection, "person:zhao", at(people)) == ["wang", "zhao"]
        assert people_of(connection, "person:zhao", at(people) + 9 * DAY) == ["zhao"]

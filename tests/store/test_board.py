"""What the board reads is what stands in the database, on every database; and who is told when a stage turns red."""

from typing import Any

from sqlalchemy import insert, select

from runtime import limits
from runtime.actor import Actor
from runtime.core.moment import micros
from runtime.escalating import escalate, leads
from runtime.limits import EVERY_STAGE, HOUSE, WHOLE_ORDER, Limit
from runtime.store import board, kpi
from runtime.store.database import begin, reading
from runtime.store.kpi import Span
from runtime.store.tables import audit, messages, team_members, teams, users
from tests.core.flow_documents import REQUEST, approval, document, total_over
from tests.crowd import remember
from tests.store.conftest import House
from tests.trade import arrival, order, publish

MINUTE = 60_000_000
LI = Actor("li")
LEADS = {"who": {"kind": "team", "value": "leads"}}

WATCHED = document(
    [
        ("in", "ingest", {}),
        ("way", "route", {"rules": [{"id": "big", "when": total_over("5000.00")}]}),
        ("ask", "approval", {**approval(), **LEADS}),
        ("call", "request", {**REQUEST, "system": "nowhere"}),
        ("end", "end", {}),
        ("no", "end", {"result": "cancelled"}),
    ],
    ["in.out>way", "way.big>ask", "way.else>call", "ask.approved>end", "ask.rejected>no", "call.ok>end"],
    key="watched",
    channels=["own-shop"],
)
"""Over 5,000 a team is asked, within half an hour; the others fail at a system that nobody has set up."""


def take(house: House, number: int, big: bool = True) -> str:
    (one,) = house.service.receive([arrival(order(number, **({"total": "9000.00"} if big else {})))])
    house.settle()
    return one.run_id


def standing(house: House) -> dict[str, board.Standing]:
    with reading(house.service.engine) as connection:
        return {one.key: one for known in board.standing(connection, {}).values() for one in known.waits}


def told(house: House) -> list[tuple[str, str]]:
    """Whom messages about red stages went to, with their keys' ends."""
    query = (
        select(messages.c.addressee, messages.c.key).where(messages.c.key.like("board.red:%")).order_by(messages.c.id)
    )
    with reading(house.service.engine) as connection:
        return [(who, key.rpartition(":")[2]) for who, key in connection.execute(query)]


def set_limit(house: House, flow: str, node: str, minutes: int, rev: int = 0) -> bool:
    with begin(house.service.engine, durable=True) as connection:
        wanted = Limit(minutes, max(0, minutes - 1), rev)
        return limits.change(connection, (flow, node), wanted, LI, micros(house.watch()))


def test_every_open_order_stands_once_with_whom_or_what_it_waits_for(house: House) -> None:
    publish(house.service, WATCHED)
    asked, failed = take(house, 1), take(house, 2, big=False)
    queued = house.service.receive([arrival(order(3))])[0].run_id

    found = standing(house)
    assert {(one.run_id, one.node, one.rest, one.who) for one in found.values()} == {
        (asked, "ask", "person", "leads"),
        (failed, "call", "failed", ""),
        (queued, "", "queued", ""),
    }
    assert {one.number for one in found.values()} == {"A-00001", "A-00002", "A-00003"}


def test_who_took_a_task_on_owns_it_and_a_decision_stops_its_clock_until_the_order_hears_of_it(house: House) -> None:
    publish(house.service, WATCHED)
    trace = f"{take(house, 1)}.3.1"
    house.service.answering.claim(trace, LI)
    assert standing(house)[trace].claimed_by == "li"

    house.watch.go_on(minutes=7)
    house.service.answering.decide([trace], "approve", "", LI, 30)
    decided = standing(house)[trace]
    assert (decided.rest, decided.claimed_by, decided.stopped) == ("decided", "li", micros(house.watch()))

    house.watch.go_on(seconds=31)
    house.settle()
    assert standing(house) == {}


def test_what_has_not_changed_is_not_read_again_and_what_has_is(house: House) -> None:
    publish(house.service, WATCHED)
    first, second, third = (take(house, number) for number in (1, 2, 3))
    with reading(house.service.engine) as connection:
        before = board.standing(connection, {})
    house.service.answering.claim(f"{second}.3.1", LI)
    house.service.decide_task(f"{third}.3.1", "approve", "", LI)
    house.settle()
    with reading(house.service.engine) as connection:
        after = board.standing(connection, before)
    assert set(after) == {first, second}
    assert after[first] is before[first]
    assert [one.claimed_by for one in after[second].waits] == ["li"]


def test_a_task_that_was_escalated_is_told_as_such_until_another_is_asked(house: House) -> None:
    publish(house.service, WATCHED)
    trace = f"{take(house, 1)}.3.1"
    assert escalate(house.service, trace, "the customer calls", LI, "Li") is None
    assert standing(house)[trace].escalated == micros(house.watch())
    assert house.service.answering.transfer(trace, "person", "li", "", LI) is None
    assert standing(house)[trace].escalated is None


def test_how_long_stages_took_is_told_from_those_that_are_over(house: House) -> None:
    publish(house.service, WATCHED)
    remember(house.service, "watched", "ask", [5, 12])
    take(house, 1)
    with reading(house.service.engine) as connection:
        stays = board.stays(connection, 100)
    assert sorted((one.until - one.since) // MINUTE for one in stays) == [5, 12]


def test_nobody_decided_in_time_is_a_stage_that_took_longer_than_it_was_allowed(house: House) -> None:
    timed = {**approval(deadline_minutes=30), **LEADS}
    ways = ["in.out>ask", "ask.approved>end", "ask.rejected>no", "ask.late>no"]
    nodes: list[Any] = [("in", "ingest", {}), ("ask", "approval", timed), ("end", "end", {})]
    drawn = document([*nodes, ("no", "end", {"result": "cancelled"})], ways, key="timed", channels=["own-shop"])
    publish(house.service, drawn)
    take(house, 1)
    house.watch.go_on(minutes=31)
    house.settle()
    with reading(house.service.engine) as connection:
        (stay,) = board.stays(connection, 100)
        long_ago, always = Span(0, 1), Span(1, micros(house.watch()) * 2)
        (counted,) = kpi.task_counts(connection, long_ago, always, micros(house.watch()))
    assert (counted.late, counted.person, counted.seconds) == (True, None, None)
    assert stay.overdue
    assert stay.until - stay.since == 30 * MINUTE


def test_the_nearest_limit_that_was_set_holds(sqlite_house: House) -> None:
    assert set_limit(sqlite_house, HOUSE, EVERY_STAGE, 60)
    assert set_limit(sqlite_house, "watched", EVERY_STAGE, 45)
    assert set_limit(sqlite_house, "watched", "ask", 20)
    assert set_limit(sqlite_house, HOUSE, WHOLE_ORDER, 600)
    with reading(sqlite_house.service.engine) as connection:
        known = limits.find(connection)
    assert [known.of_stage(*place).minutes for place in (("watched", "ask"), ("watched", "x"), ("y", "z"))] == [
        20,
        45,
        60,
    ]
    whole = known.of_order("watched")
    assert whole is not None
    assert whole.minutes == 600


def test_of_two_who_change_a_limit_at_once_the_second_is_told(house: House) -> None:
    assert set_limit(house, "watched", "ask", 20)
    assert set_limit(house, "watched", "ask", 25, rev=1)
    assert not set_limit(house, "watched", "ask", 99, rev=1)
    with reading(house.service.engine) as connection:
        assert limits.find(connection).of_stage("watched", "ask") == Limit(25, 24, 2)
        kept = connection.execute(select(audit.c.action).where(audit.c.action == "limit.change")).scalars().all()
    assert len(kept) == 2


def test_a_stage_that_turns_red_is_told_once_to_those_asked_and_to_those_who_lead(house: House) -> None:
    publish(house.service, WATCHED)
    take(house, 1)
    house.watch.go_on(minutes=29)
    assert house.service.breaches.tick() == 0
    house.watch.go_on(minutes=1, seconds=6)
    assert house.service.breaches.tick() == 1
    house.watch.go_on(seconds=16)
    assert house.service.breaches.tick() == 0
    assert sorted(told(house)) == [("role:lead", "lead"), ("team:leads", "owner")]


def test_who_took_it_on_is_told_alone_and_another_clock_does_not_tell_it_again(sqlite_house: House) -> None:
    publish(sqlite_house.service, WATCHED)
    sqlite_house.service.answering.claim(f"{take(sqlite_house, 1)}.3.1", LI)
    sqlite_house.watch.go_on(minutes=31)
    assert sqlite_house.service.breaches.tick() == 1
    another = House(sqlite_house.url, watch=sqlite_house.watch)
    assert another.service.breaches.tick() == 0
    another.service.engine.dispose()
    assert told(sqlite_house) == [("person:li", "owner")]


def test_a_limit_that_is_shorter_tells_earlier_and_what_was_decided_is_not_told(house: House) -> None:
    publish(house.service, WATCHED)
    set_limit(house, "watched", "ask", 5)
    # The step's own deadline is half an hour.
    first, second = (f"{take(house, number)}.3.1" for number in (1, 2))
    house.watch.go_on(minutes=4)
    house.service.answering.decide([second], "approve", "", LI, 600)
    house.watch.go_on(minutes=2)
    assert house.service.breaches.tick() == 1
    with reading(house.service.engine) as connection:
        (key,) = connection.execute(select(messages.c.key).where(messages.c.key.like("%:owner"))).scalars().all()
    assert key == f"board.red:{first}:owner"


def test_of_failed_orders_past_their_time_those_who_lead_are_told_once_for_each_cause(house: House) -> None:
    publish(house.service, WATCHED)
    for number in (1, 2):
        take(house, number, big=False)
    house.watch.go_on(minutes=29)
    assert house.service.breaches.tick() == 0
    house.watch.go_on(minutes=1, seconds=6)
    assert house.service.breaches.tick() == 1
    house.watch.go_on(seconds=16)
    assert house.service.breaches.tick() == 0
    with reading(house.service.engine) as connection:
        (told,) = connection.execute(select(messages.c.addressee, messages.c.link)).all()
    assert (told.addressee, told.link.startswith("/failures/")) == ("role:lead", True)


def test_the_lead_of_the_team_is_called_up_and_without_one_all_who_lead(sqlite_house: House) -> None:
    at = micros(sqlite_house.watch())
    with begin(sqlite_house.service.engine, durable=True) as connection:
        people = [("01A", "zhao", '["lead"]'), ("01B", "chen", '["operator"]')]
        for id_, name, duties in people:
            row = {"id": id_.ljust(26, "0"), "name": name, "display": name, "duties": duties}
            connection.execute(insert(users), {**row, "active": True, "made_at": at})
        for key in ("led", "unled"):
            connection.execute(insert(teams), {"key": key, "name": key, "made_at": at})
        connection.execute(insert(team_members), [{"team": "led", "user_name": name} for name in ("zhao", "chen")])
        connection.execute(insert(team_members), {"team": "unled", "user_name": "chen"})
        assert leads(connection, "team", "led") == ["person:zhao"]
        assert leads(connection, "team", "unled") == ["role:lead"]
        assert leads(connection, "person", "chen") == ["person:zhao"]
        assert leads(connection, "role", "finance") == ["role:lead"]

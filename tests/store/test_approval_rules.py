"""Who must sign an approval: all, a vote, one after the other, others called in; a way back; what time does meanwhile."""

from typing import Any

import pytest
from sqlalchemy import select

from runtime.actor import Actor
from runtime.answering import MOST_CALLED_IN, Decline
from runtime.core.moment import BUSINESS_ZONE
from runtime.core.run import trace_code
from runtime.reconcile import Reconciler
from runtime.store.database import begin, reading
from runtime.store.tables import journal, messages, runs, tasks, team_members, teams, users
from tests.core.flow_documents import approval, document
from tests.store.conftest import House
from tests.trade import arrivals, publish

UNDO = 30
LI, WANG, ZHAO = Actor("li"), Actor("wang"), Actor("zhao")


@pytest.fixture(autouse=True)
def people(house: House) -> None:
    """The team `leads`: li and wang, operators, and zhao, who leads it."""
    with begin(house.service.engine, durable=True) as connection:
        connection.execute(teams.insert(), [{"key": "leads", "name": '"Leads"', "made_at": 0}])
        for number, name in enumerate(("li", "wang", "zhao")):
            duties = '["lead"]' if name == "zhao" else '["operator"]'
            row = {"id": f"{number:026}", "name": name, "display": name.title(), "duties": duties}
            connection.execute(users.insert(), [{**row, "active": True, "made_at": 0}])
            connection.execute(team_members.insert(), [{"team": "leads", "user_name": name}])


def take_order(house: House, *asks: dict[str, Any]) -> str:
    """An order that stands at the first of these approvals, which follow each other. The run's id."""
    steps = [("in", "ingest", {}), ("end", "end", {}), ("no", "end", {"result": "cancelled", "reason": "no"})]
    ways = ["in.out>ask0"]
    for number, settings in enumerate(asks):
        steps.append((f"ask{number}", "approval", settings))
        further = f"ask{number + 1}" if number + 1 < len(asks) else "end"
        ways += [f"ask{number}.approved>{further}", f"ask{number}.rejected>no"]
    publish(house.service, document(steps, ways, channels=["own-shop"]))
    house.service.receive(arrivals([1]))
    house.settle()
    with reading(house.service.engine) as connection:
        return str(connection.execute(select(runs.c.id)).scalar_one())


def asked(house: House) -> dict[str, str]:
    """Who is asked now, by the seat's trace behind the run's id."""
    with reading(house.service.engine) as connection:
        rows = connection.execute(select(tasks).where(tasks.c.state == "open")).mappings().all()
        return {row["trace"].partition(".")[2]: row["who"] for row in rows}


def state(house: House) -> str:
    """How the order stands; what is stored agrees with its journal."""
    assert Reconciler(house.service.engine, house.watch, BUSINESS_ZONE).check_all("li").found == ()
    with reading(house.service.engine) as connection:
        return str(connection.execute(select(runs.c.state)).scalar_one())


def last_note(house: House) -> str:
    with reading(house.service.engine) as connection:
        return str(connection.execute(select(journal.c.entry).order_by(journal.c.rev.desc()).limit(1)).scalar_one())


def decide(house: House, trace: str, decision: Any, who: Actor, undo: int = 0) -> Decline | None:
    return house.service.answering.decide([trace], decision, "so", who, undo).get(trace)


def test_all_of_a_team_must_agree_and_the_first_no_ends_it(house: House) -> None:
    run = take_order(house, approval(rule="all"))
    assert asked(house) == {"2.1": "li", "2.1.1": "wang", "2.1.2": "zhao"}
    assert decide(house, f"{run}.2.1.1", "approve", WANG) is None
    assert decide(house, f"{run}.2.1.1", "reject", WANG) is not None
    assert asked(house) == {"2.1": "li", "2.1.2": "zhao"}
    assert state(house) == "waiting"
    decide(house, f"{run}.2.1", "approve", LI)
    decide(house, f"{run}.2.1.2", "reject", ZHAO)
    assert state(house) == "cancelled"
    assert asked(house) == {}


def test_a_vote_ends_when_it_cannot_turn_any_more_and_a_vote_can_be_taken_back_before(house: House) -> None:
    run = take_order(house, approval(rule="vote"))
    decide(house, f"{run}.2.1", "approve", LI, UNDO)
    decide(house, f"{run}.2.1.1", "approve", WANG, UNDO)
    assert house.service.answering.take_back([f"{run}.2.1"], LI) == [f"{run}.2.1"]
    house.watch.go_on(seconds=UNDO)
    house.settle()
    assert state(house) == "waiting"
    assert asked(house) == {"2.1": "li", "2.1.2": "zhao"}
    decide(house, f"{run}.2.1.2", "approve", ZHAO)
    assert state(house) == "done"
    assert '"signed":[{"by":"wang"' in last_note(house)


def test_one_after_the_other_in_the_order_of_the_settings(house: House) -> None:
    person = {"kind": "person", "value": "li"}
    run = take_order(house, approval(rule="sequence", others=[{"who": person}]))
    assert asked(house) == {"2.1": "leads"}
    decide(house, f"{run}.2.1", "approve", WANG)
    assert asked(house) == {"2.1.1": "li"}
    decide(house, f"{run}.2.1.1", "approve", LI)
    assert state(house) == "done"


def test_who_is_called_in_before_signs_first_and_then_the_one_who_called_is_asked_again(house: House) -> None:
    run = take_order(house, approval())
    answering = house.service.answering
    assert answering.call_in(f"{run}.2.1", "person", "wang", "before", "please look", LI) is None
    assert asked(house) == {"2.1.1": "wang"}
    assert answering.call_in(f"{run}.2.1", "person", "zhao", "before", "", LI) == Decline("withdrawn")
    assert answering.call_in(f"{run}.2.1.1", "person", "zhao", "after", "", WANG) is None
    decide(house, f"{run}.2.1.1", "approve", WANG)
    assert asked(house) == {"2.1.2": "zhao"}
    decide(house, f"{run}.2.1.2", "approve", ZHAO)
    assert asked(house) == {"2.1": "leads"}
    decide(house, f"{run}.2.1", "approve", LI)
    assert state(house) == "done"


def test_who_is_called_in_after_has_the_last_word(house: House) -> None:
    run = take_order(house, approval())
    house.service.answering.call_in(f"{run}.2.1", "team", "leads", "after", "", LI)
    decide(house, f"{run}.2.1", "approve", LI)
    assert asked(house) == {"2.1.1": "leads"}
    decide(house, f"{run}.2.1.1", "reject", WANG)
    assert state(house) == "cancelled"


def test_an_order_goes_back_to_an_earlier_approval_and_comes_again(house: House) -> None:
    run = take_order(house, approval(), approval(rule="all"))
    answering = house.service.answering
    assert answering.send_back(f"{run}.2.1", "ask0", "", LI) == Decline("no_way_back")
    decide(house, f"{run}.2.1", "approve", LI)
    decide(house, f"{run}.3.1", "approve", LI)
    assert answering.send_back(f"{run}.3.1.1", "ask0", "the address is old", WANG, UNDO) is None
    assert answering.take_back([f"{run}.3.1.1"], WANG) == [f"{run}.3.1.1"]
    answering.send_back(f"{run}.3.1.1", "ask0", "the address is old", WANG, UNDO)
    house.watch.go_on(seconds=UNDO)
    house.settle()
    assert asked(house) == {"4.1": "leads"}
    assert state(house) == "waiting"
    decide(house, f"{run}.4.1", "approve", LI)
    assert asked(house) == {"5.1": "li", "5.1.1": "wang", "5.1.2": "zhao"}


def test_the_lead_of_who_decided_before_is_asked(house: House) -> None:
    run = take_order(house, approval(), approval(who={"kind": "lead", "value": "lead"}))
    decide(house, f"{run}.2.1", "approve", WANG)
    assert asked(house) == {"3.1": "zhao"}


def test_nobody_decides_and_the_ladder_is_climbed(house: House) -> None:
    ladder = [
        {"after_minutes": 10, "do": "remind"},
        {"after_minutes": 20, "do": "escalate"},
        {"after_minutes": 30, "do": "hand_over", "to": {"kind": "team", "value": "leads"}},
        {"after_minutes": 40, "do": "reject"},
    ]
    person = {"kind": "person", "value": "li"}
    take_order(house, approval(who=person, ladder=ladder))
    house.watch.go_on(minutes=10)
    house.settle()
    with reading(house.service.engine) as connection:
        assert connection.execute(select(tasks.c.reminders)).scalar_one() == 1
    house.watch.go_on(minutes=10)
    house.settle()
    assert asked(house) == {"2.1": "li", "2.1.1": "zhao"}
    house.watch.go_on(minutes=10)
    house.settle()
    assert asked(house) == {"2.1.2": "leads"}
    with reading(house.service.engine) as connection:
        told = connection.execute(select(messages.c.addressee, messages.c.subject).order_by(messages.c.id)).all()
    assert [who for who, _ in told] == ["person:li", "person:zhao", "team:leads"]
    assert ["Reminder" in subject for _, subject in told] == [True, False, False]
    assert state(house) == "waiting"
    house.watch.go_on(minutes=10)
    house.settle()
    assert state(house) == "cancelled"
    assert '"timed":true' in last_note(house)


def test_who_is_asked_above_decides_alone(house: House) -> None:
    run = take_order(house, approval(rule="all", ladder=[{"after_minutes": 10, "do": "escalate"}]))
    house.watch.go_on(minutes=10)
    house.settle()
    assert asked(house)["2.1.3"] == "zhao"
    decide(house, f"{run}.2.1.3", "approve", ZHAO)
    assert state(house) == "done"


def test_reminders_begin_anew_for_whom_a_task_is_handed_to_and_the_deciding_rung_does_not(house: House) -> None:
    ladder = [{"after_minutes": 10, "do": "remind"}, {"after_minutes": 30, "do": "reject"}]
    run = take_order(house, approval(ladder=ladder))
    trace = trace_code(run, 2, 1)
    house.watch.go_on(minutes=15)
    house.settle()
    assert house.service.answering.transfer(trace, "person", "wang", "yours", LI) is None
    assert asked(house) == {"2.1": "wang"}
    house.watch.go_on(minutes=9)
    house.settle()
    reminders = select(tasks.c.reminders)
    with reading(house.service.engine) as connection:
        assert connection.execute(reminders).scalar_one() == 1
    house.watch.go_on(minutes=1)
    house.settle()
    with reading(house.service.engine) as connection:
        assert connection.execute(reminders).scalar_one() == 2
    house.watch.go_on(minutes=5)
    house.settle()
    assert state(house) == "cancelled"


def test_a_decision_of_a_moment_ago_still_counts_when_time_would_decide(house: House) -> None:
    run = take_order(house, approval(ladder=[{"after_minutes": 10, "do": "reject"}]))
    house.watch.go_on(minutes=9, seconds=50)
    decide(house, f"{run}.2.1", "approve", LI, UNDO)
    house.watch.go_on(seconds=15)
    house.settle()
    assert state(house) == "done"


def test_a_signer_who_left_is_stood_in_for(house: House) -> None:
    with begin(house.service.engine, durable=True) as connection:
        connection.execute(users.update().where(users.c.name.in_(("li", "wang", "zhao"))).values(active=False))
    take_order(house, approval(rule="all"))
    assert asked(house) == {"2.1": "admin"}


def test_a_lost_question_to_one_of_several_is_named(house: House) -> None:
    run = take_order(house, approval(rule="all"))
    with begin(house.service.engine, durable=True) as connection:
        connection.execute(tasks.delete().where(tasks.c.trace == f"{run}.2.1.1"))
    found = Reconciler(house.service.engine, house.watch, BUSINESS_ZONE).check_all("li").found
    assert [(one.finding.kind, one.finding.params, one.external_id) for one in found] == [
        ("task_missing", {"at": [[2, 1, 1]]}, "A-00001")
    ]


def test_who_stands_in_signs_for_nobody_where_they_sign_themselves(house: House) -> None:
    run = take_order(house, approval(rule="vote", quorum=2))
    assert decide(house, f"{run}.2.1", "approve", WANG) == Decline("one_voice", "wang"), (
        "li's seat, by who has their own"
    )
    assert asked(house) == {"2.1": "li", "2.1.1": "wang", "2.1.2": "zhao"}
    both = house.service.answering.decide([f"{run}.2.1", f"{run}.2.1.1"], "approve", "so", Actor("chen"), UNDO)
    assert both == {f"{run}.2.1.1": Decline("one_voice", "chen")}, "one of two, also within the time to undo"
    house.service.answering.take_back([f"{run}.2.1"], Actor("chen"))
    assert house.service.answering.transfer(f"{run}.2.1", "person", "wang", "", LI) == Decline("one_voice", "wang")
    assert house.service.answering.transfer(f"{run}.2.1", "person", "chen", "", LI) is None
    assert decide(house, f"{run}.2.1", "approve", Actor("chen")) is None
    assert state(house) == "waiting"
    assert decide(house, f"{run}.2.1.1", "approve", WANG) is None
    assert state(house) == "done"


def test_what_somebody_took_on_stays_theirs_where_it_cannot_be_handed_on(house: House) -> None:
    run = take_order(house, approval(rule="all"))
    answering, seat = house.service.answering, f"{run}.2.1"
    assert answering.claim(seat, LI) is None
    declined = answering.transfer(seat, "person", "wang", "", ZHAO)
    assert declined is not None and (declined.why, declined.by) == ("claimed", "li")
    assert answering.transfer(seat, "person", "wang", "", ZHAO, anybodys=True) == Decline("one_voice", "wang")
    assert holder(house, seat) == "li"
    assert answering.transfer(seat, "person", "chen", "", ZHAO, anybodys=True) is None
    assert (asked(house)["2.1"], holder(house, seat)) == ("chen", None)


def holder(house: House, trace: str) -> str | None:
    """Who has taken a task on."""
    with reading(house.service.engine) as connection:
        found: str | None = connection.execute(select(tasks.c.claimed_by).where(tasks.c.trace == trace)).scalar_one()
        return found


def test_who_signed_for_another_does_not_sign_again_when_their_own_turn_comes(house: House) -> None:
    li, wang = ({"kind": "person", "value": name} for name in ("li", "wang"))
    run = take_order(house, approval(who=li, rule="sequence", others=[{"who": wang}]))
    assert decide(house, f"{run}.2.1", "approve", WANG) is None
    assert decide(house, f"{run}.2.1.1", "approve", WANG) == Decline("one_voice", "wang")
    assert house.service.answering.transfer(f"{run}.2.1.1", "person", "zhao", "I signed for Li", WANG) is None
    assert decide(house, f"{run}.2.1.1", "approve", ZHAO) is None
    assert state(house) == "done"


def test_calling_in_comes_to_an_end_and_asks_nobody_who_is_asked(house: House) -> None:
    run = take_order(house, approval(who={"kind": "person", "value": "li"}))
    answering = house.service.answering
    assert answering.call_in(f"{run}.2.1", "person", "li", "after", "", LI) == Decline("one_voice", "li")
    for _ in range(MOST_CALLED_IN):
        assert answering.call_in(f"{run}.2.1", "person", "wang", "after", "", LI) is None
    assert answering.call_in(f"{run}.2.1", "person", "zhao", "after", "", LI) == Decline("full")
    assert decide(house, f"{run}.2.1", "approve", LI) is None
    assert state(house) == "waiting"

"""Going away on the pages: for oneself, for one's people, for anybody; and what the inbox tells of it."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from runtime.store.database import reading
from runtime.store.tables import absences
from tests.core.flow_documents import approval, document
from tests.trade import publish
from tests.web.conftest import House, Visitor

ASKS_ZHAO = document(
    [
        ("in", "ingest", {}),
        ("ask", "approval", approval(who={"kind": "person", "value": "zhao"})),
        ("end", "end", {}),
        ("no", "end", {"result": "cancelled", "reason": "rejected"}),
    ],
    ["in.out>ask", "ask.approved>end", "ask.rejected>no"],
    key="asks-zhao",
    channels=["zhao-shop"],
)


@pytest.fixture
def task(house: House) -> str:
    publish(house.service, ASKS_ZHAO)
    return f"{house.take(1, channel='zhao-shop')}.2.1"


def days(first: int = 0, last: int = 2) -> dict[str, str]:
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    return {name: (today + timedelta(days=n)).isoformat() for name, n in (("since", first), ("until", last))}


def go_away(who: Visitor, stand_in: str, person: str | None = None, **more: int) -> int:
    told = {"stand_in": stand_in, **days(**more), **({"person": person} if person else {})}
    return who.post("/away", told).status_code


def test_the_stand_in_finds_what_waited_already_and_decides_it_on_behalf(house: House, task: str) -> None:
    zhao, chen = house.enter("zhao"), house.enter("chen")
    assert task not in chen.get("/inbox")
    assert chen.post(f"/tasks/{task}/decision", {"decision": "approve"}).status_code == 403
    assert go_away(zhao, "chen") == 303
    assert "Chen stands in" in zhao.get("/inbox")
    board = chen.get("/inbox")
    assert task in board
    assert "You stand in for" in board
    assert "For Zhao, who is away until" in chen.get(f"/inbox/{task}")
    assert chen.post(f"/tasks/{task}/decision", {"decision": "approve"}).status_code == 303
    house.settle()
    run_id = task.split(".", maxsplit=1)[0]
    assert "by Chen for Zhao" in chen.get(f"/orders/{run_id}")
    assert "decided on behalf of Zhao" in chen.get(f"/inbox/{task}")


def test_what_somebody_had_taken_on_can_be_given_back_by_their_stand_in(house: House) -> None:
    task = f"{house.take(2, total='9000.00')}.3.1"
    zhao, chen = house.enter("zhao"), house.enter("chen")
    zhao.post(f"/tasks/{task}/claim")
    go_away(zhao, "chen")
    assert "Give it back to all" in chen.get(f"/inbox/{task}")
    assert chen.post(f"/tasks/{task}/claim/end").status_code == 303
    assert "has taken this on" not in house.enter("wang").get(f"/inbox/{task}")


def test_a_lead_says_it_for_their_people_and_an_administrator_for_anybody(house: House) -> None:
    wang, chen, root = house.enter("wang"), house.enter("chen"), house.enter("root")
    assert go_away(wang, "wang", "zhao") == 303, "both are of the leads"
    assert go_away(wang, "wang", "chen") == 403
    assert go_away(chen, "wang", "zhao") == 403
    assert go_away(root, "wang", "chen") == 303
    people = root.get("/people")
    assert people.count("away until") == 2
    ended = wang.get("/away")
    assert "set by Wang" in ended


def test_the_days_are_those_of_the_business_from_midnight_to_midnight(house: House) -> None:
    zhao = house.enter("zhao")
    go_away(zhao, "wang")
    with reading(house.service.engine) as connection:
        row = connection.execute(select(absences)).mappings().one()
    zone = ZoneInfo("Asia/Shanghai")
    first, last = (datetime.fromtimestamp(row[name] / 1e6, zone) for name in ("since", "until"))
    assert (first.hour, first.minute, last.hour, last.minute) == (0, 0, 0, 0)
    assert (last - first).days == 3


def test_an_absence_is_ended_by_those_who_may_set_it(house: House, task: str) -> None:
    zhao, chen = house.enter("zhao"), house.enter("chen")
    go_away(zhao, "wang")
    page = zhao.get("/away")
    end = page.split('action="/away/')[1].split('"')[0]
    assert chen.post(f"/away/{end}").status_code == 403
    assert zhao.post(f"/away/{end}").status_code == 303
    assert zhao.post(f"/away/{end}").status_code == 409
    assert task not in house.enter("wang").get("/inbox")


def test_what_cannot_be_is_said_and_what_was_typed_is_kept(house: House) -> None:
    zhao, wang = house.enter("zhao"), house.enter("wang")
    assert go_away(wang, "zhao") == 303
    refused = zhao.post("/away", {"stand_in": "wang", **days()})
    assert refused.status_code == 409
    assert "That would be a circle" in refused.text
    assert f'value="{days()["until"]}"' in refused.text
    for told in ({}, {"stand_in": "wang", "since": "soon", "until": ""}, {"stand_in": "lin", **days()}):
        assert zhao.post("/away", told).status_code == 422
    assert zhao.post("/away", {"stand_in": "wang", **days(2, 0)}).status_code == 422


def test_what_asks_somebody_who_left_comes_to_the_administrator_and_is_told(house: House, task: str) -> None:
    root = house.enter("root")
    assert task not in root.get("/inbox")
    root.post("/people/zhao", {"duty": "lead"})
    assert task in root.get("/inbox")
    assert "Zhao does not work here any more" in root.get(f"/inbox/{task}")


def test_a_stranger_is_asked_to_sign_in(house: House) -> None:
    assert "/sign-in" in house.stranger().look("/away").headers["Location"]


def test_a_stand_in_who_signs_themselves_is_told_to_hand_the_other_signature_over(house: House) -> None:
    who = {"kind": "person", "value": "zhao"}
    both = {"who": {"kind": "person", "value": "chen"}}
    steps = [
        ("in", "ingest", {}),
        ("ask", "approval", approval(who=who, rule="all", others=[both])),
        ("end", "end", {}),
    ]
    publish(house.service, document(steps, ["in.out>ask", "ask.approved>end", "ask.rejected>end"], channels=["two"]))
    run_id = house.take(1, "two")
    zhao, chen = house.enter("zhao"), house.enter("chen")
    assert go_away(zhao, "chen") == 303
    assert chen.post(f"/tasks/{run_id}.2.1.1/decision", {"decision": "approve"}).status_code == 303
    refused = chen.post(f"/tasks/{run_id}.2.1/decision", {"decision": "approve"})
    assert refused.status_code == 409
    assert "Chen signs here already" in refused.text
    bulk = chen.post("/tasks/decisions", {"decision": "approve", "trace": f"{run_id}.2.1"})
    assert "Chen signs here already" in bulk.text

"""Held channels on the pages: who sees what, what is shown before a decision, and what a decision does."""

import re

import pytest
from sqlalchemy import insert, select

from runtime.clock import now
from runtime.core.moment import BUSINESS_ZONE, micros
from runtime.core.surge import HOUR, hour_of
from runtime.store import surges
from runtime.store.database import begin, reading
from runtime.store.tables import arrivals as arrivals_table
from runtime.store.tables import audit, runs, silences
from tests.trade import arrivals
from tests.web.conftest import House

SHOP = "own-shop"


@pytest.fixture
def surge_id(house: House) -> str:
    """Two an hour were usual for a day; then thirty came at once."""
    hour = hour_of(micros(now()), BUSINESS_ZONE)
    rows = [{"channel": SHOP, "hour_at": hour - ago * HOUR, "came": 2} for ago in range(1, 27)]
    with begin(house.service.engine, durable=False) as connection:
        connection.execute(insert(arrivals_table), rows)
    house.service.receive(arrivals(range(30)))
    house.settle()
    with reading(house.service.engine) as connection:
        return str(surges.open_surges(connection)[0]["id"])


def held(house: House) -> int:
    with reading(house.service.engine) as connection:
        return surges.count_held(connection, SHOP)


def tick(house: House) -> None:
    for _ in range(4):
        house.service.surges.tick()
        house.settle()


def test_a_house_without_surges_tells_what_the_breaker_does(house: House) -> None:
    house.take(1)
    page = house.enter("chen").get("/surges")
    assert "No channel is held" in page
    assert "known after a day" in page
    assert "Hold a channel by hand" not in page


def test_the_lead_finds_it_on_top_of_the_inbox_and_the_operator_does_not(house: House, surge_id: str) -> None:
    link = f'href="/surges/{surge_id}"'
    lead = house.enter("zhao").get("/inbox")
    assert link in lead
    assert "30 orders in an hour, usual are 2" in lead
    assert link in house.enter("root").get("/inbox")
    assert link not in house.enter("chen").get("/inbox")


def test_before_the_decision_one_sees_the_hours_the_figures_and_what_looks_odd(house: House, surge_id: str) -> None:
    page = house.enter("zhao").get(f"/surges/{surge_id}")
    assert len(re.findall(r'<rect class="hour', page)) == 24
    assert page.count('<rect class="hour surge"') == 1
    for told in ("usual are 2", "mean of the last 24 hours", "held from 8", "A-00029", "张𠮷", "23 orders", "…8000"):
        assert told in page
    # The policy of the pages forbids what a browser would style inline.
    assert "style=" not in page
    assert "Release in waves" not in house.enter("oliver").get(f"/surges/{surge_id}")


def test_a_release_in_waves_brings_every_order_on_its_way(house: House, surge_id: str) -> None:
    zhao = house.enter("zhao")
    zhao.get(f"/surges/{surge_id}")
    assert zhao.post(f"/surges/{surge_id}/release", {"how": "waves", "quiet": "day"}).status_code == 303
    tick(house)
    assert held(house) == 0
    page = zhao.get(f"/surges/{surge_id}")
    assert "23 released, 0 cancelled, decided by Zhao" in page
    with reading(house.service.engine) as connection:
        actors = connection.execute(select(audit.c.actor).where(audit.c.action == "surge.release_waves")).scalars()
        assert list(actors) == ["zhao"]
    assert "23" in zhao.get("/surges")


def test_who_comes_second_is_told_who_was_first(house: House, surge_id: str) -> None:
    zhao, wang = house.enter("zhao"), house.enter("wang")
    zhao.post(f"/surges/{surge_id}/release", {"how": "waves"})
    late = wang.post(f"/surges/{surge_id}/cancel", {"reason": "robots"})
    assert late.status_code == 409
    assert "Zhao decided at" in late.text


def test_cancelling_needs_a_reason_and_each_order_keeps_it(house: House, surge_id: str) -> None:
    zhao = house.enter("zhao")
    zhao.get(f"/surges/{surge_id}")
    assert zhao.post(f"/surges/{surge_id}/cancel", {"reason": " "}).status_code == 422
    assert zhao.post(f"/surges/{surge_id}/cancel", {"reason": "a robot"}).status_code == 303
    tick(house)
    with reading(house.service.engine) as connection:
        reasons = connection.execute(select(runs.c.reason).where(runs.c.state == "cancelled")).scalars().all()
    assert reasons == ["a robot"] * 23


def test_only_leads_and_administrators_decide(house: House, surge_id: str) -> None:
    for name in ("chen", "lin", "oliver"):
        visitor = house.enter(name)
        visitor.get(f"/surges/{surge_id}")
        assert visitor.post(f"/surges/{surge_id}/release", {"how": "all"}).status_code == 403
        assert visitor.post("/surges", {"channel": SHOP, "reason": "x"}).status_code == 403
    assert held(house) == 23


def test_a_held_order_says_why_and_no_other_page_lets_it_slip_past(house: House, surge_id: str) -> None:
    zhao = house.enter("zhao")
    with reading(house.service.engine) as connection:
        run_id = surges.held_runs(connection, SHOP, 1)[0]
    page = zhao.get(f"/orders/{run_id}")
    assert "channel own-shop is held" in page
    assert 'id="release-flow"' not in page
    zhao.post("/orders/release", {"flow": "big-orders"})
    assert held(house) == 23
    assert surge_id


def test_a_channel_is_held_by_hand_and_let_go(house: House) -> None:
    house.take(1)
    root = house.enter("root")
    root.get("/surges")
    assert root.post("/surges", {"channel": SHOP, "reason": ""}).status_code == 422
    assert root.post("/surges", {"channel": "nowhere", "reason": "x"}).status_code == 422
    made = root.post("/surges", {"channel": SHOP, "reason": "a price is wrong"})
    assert made.status_code == 303
    again = root.post("/surges", {"channel": SHOP, "reason": "again"})
    assert again.status_code == 409
    assert 'value="again"' in again.text
    house.take(2)
    assert held(house) == 1
    root.post(f"{made.location}/release", {"how": "all", "quiet": "hour"})
    root.post(f"{made.location}/keep")
    tick(house)
    assert held(house) == 1


@pytest.mark.parametrize(("told", "status"), [("500", 303), ("", 303), ("-1", 422), ("ten", 422), ("9" * 12, 422)])
def test_a_floor_is_a_whole_number(house: House, told: str, status: int) -> None:
    house.take(1)
    zhao = house.enter("zhao")
    zhao.get("/surges")
    assert zhao.post("/surges/floors", {"channel": SHOP, "floor": told}).status_code == status


def test_a_silent_channel_is_told_in_the_inbox_and_on_its_page(house: House) -> None:
    house.take(1)
    with begin(house.service.engine, durable=False) as connection:
        connection.execute(insert(silences), [{"channel": SHOP, "since": micros(now()) - 2 * HOUR, "expected": 9}])
    root = house.enter("root")
    for path in ("/inbox", "/surges", "/channels"):
        assert "own-shop is silent" in root.get(path), path


def test_what_does_not_exist_is_not_found(house: House) -> None:
    root = house.enter("root")
    root.get("/surges")
    root.get("/surges/nothing", 404)
    for act in ("release", "keep", "cancel"):
        assert root.post(f"/surges/nothing/{act}", {"how": "all", "reason": "x"}).status_code == 404
    assert root.post("/surges/floors", {"channel": "nowhere", "floor": "1"}).status_code == 404

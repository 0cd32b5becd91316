"""The balance on the pages: figures that lead to their orders, and incidents that name the order and what is wrong."""

import re

import pytest
from sqlalchemy import delete, update

from runtime.store.database import begin
from runtime.store.tables import audit, orders, runs
from tests.web.conftest import House


def spoil(house: House, statement: object) -> None:
    with begin(house.service.engine, durable=False) as connection:
        connection.execute(statement)  # type: ignore[call-overload]


def take_three(house: House) -> list[str]:
    return [house.take(number) for number in range(3)]


def check(house: House) -> None:
    house.service.reconciler.check_all("root")


def header(page: str) -> str:
    return page[page.index('id="balance"') : page.index("</header>")]


def test_a_house_without_orders_tells_what_the_page_is_for(house: House) -> None:
    page = house.enter("chen").get("/balance")
    assert "No order has come in yet" in page
    assert "There was none so far" in page


def test_every_figure_leads_to_its_orders(house: House) -> None:
    take_three(house)
    page = house.enter("chen").get("/balance")
    assert "Every order is accounted for" in page
    links = re.findall(r'href="(/orders\?[^"]*channel=own-shop[^"]*)"', page)
    assert links
    for link in links:
        assert "own-shop" in house.enter("chen").get(link.replace("&amp;", "&"))
    assert "Even" in header(page)
    assert 'href="/balance"' in header(page)
    assert "style=" not in page


def test_an_order_without_a_run_is_named_and_the_header_leads_there(house: House) -> None:
    run_id = take_three(house)[1]
    spoil(house, delete(runs).where(runs.c.id == run_id))
    check(house)
    page = house.enter("chen").get("/balance")
    assert "1 order cannot be accounted for" in page
    assert "A-00001" in page
    assert "its run is missing" in page
    assert "Difference 1" in header(page)


def test_an_even_sum_does_not_hide_that_a_state_is_wrong_and_it_ends_when_mended(house: House) -> None:
    run_id = take_three(house)[1]
    with begin(house.service.engine, durable=False) as connection:
        before = connection.execute(runs.select().where(runs.c.id == run_id)).mappings().one()
    spoil(house, update(runs).where(runs.c.id == run_id).values(state="cancelled"))
    check(house)
    page = house.enter("chen").get("/balance")
    assert "1 incident" in header(page)
    assert "but it is stored as Cancelled" in page
    assert f'href="/orders/{run_id}"' in page
    spoil(house, update(runs).where(runs.c.id == run_id).values(state=before["state"]))
    check(house)
    page = house.enter("chen").get("/balance")
    assert "Even" in header(page)
    assert "What was wrong with it" in page


def test_whoever_mends_orders_can_have_all_of_it_checked_now(house: House) -> None:
    take_three(house)
    assert "Check now" not in house.enter("chen").get("/balance")
    zhao = house.enter("zhao")
    assert "Check now" in zhao.get("/balance")
    assert zhao.post("/balance/check").status_code == 303
    assert "Comparing every order: 0 of 3" in zhao.get("/balance")
    house.service.tick()
    assert "3 orders, 0 found" in zhao.get("/balance")
    with begin(house.service.engine, durable=False) as connection:
        assert "balance.check" in connection.execute(audit.select().with_only_columns(audit.c.action)).scalars().all()


def test_an_operator_cannot_ask_for_a_check(house: House) -> None:
    chen = house.enter("chen")
    chen.get("/balance")
    assert chen.post("/balance/check").status_code == 403


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_every_kind_of_incident_is_told_in_both_languages(house: House, language: str) -> None:
    run_ids = take_three(house)
    spoil(house, delete(orders).where(orders.c.run_id == run_ids[0]))
    spoil(house, update(runs).where(runs.c.id == run_ids[1]).values(rev=99))
    spoil(house, update(runs).where(runs.c.id == run_ids[2]).values(tokens="[]", state="waiting"))
    check(house)
    chen = house.enter("chen")
    chen.speak(language)
    page = chen.get("/balance")
    assert run_ids[0] in page
    told = ["the order itself is missing", "gap"] if language == "en" else ["订单本身", "缺少"]
    assert all(one in page for one in told)

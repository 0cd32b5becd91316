"""Calling others in and sending an order back, at the desk and with a thumb; and how an approval's rules are set."""

import pytest
from playwright.sync_api import expect

from runtime.actor import Actor
from tests.browser.conftest import Enter
from tests.browser.test_canvas import card, opened
from tests.trade import publish
from tests.web.conftest import House
from tests.web.test_hands import TWICE

LATER = 30_000


@pytest.fixture
def run_id(house: House) -> str:
    """An order that waits for the leads at the first of two approvals."""
    publish(house.service, TWICE)
    return house.take(1, "second-shop", total="9000.00")


def test_somebody_is_called_in_on_the_phone_and_the_order_is_sent_back_at_the_desk(
    house: House, run_id: str, enter: Enter
) -> None:
    phone = enter("zhao", width=390, height=844)
    phone.goto(f"/inbox/{run_id}.2.1")
    phone.locator("summary", has_text="Call in").click()
    phone.get_by_label("Who signs too").select_option("person:chen")
    phone.get_by_role("radio", name="Before me").check()
    phone.get_by_role("button", name="Call in").click()
    expect(phone.locator("[data-toast]")).to_contain_text("Chen is asked first", timeout=LATER)
    house.service.decide_task(f"{run_id}.2.1.1", "approve", "", Actor("chen"))
    house.service.decide_task(f"{run_id}.2.1", "approve", "", Actor("zhao"))
    house.settle()

    desk = enter("wang")
    desk.goto(f"/inbox/{run_id}.3.1")
    expect(desk.locator(".signers li")).to_have_count(2)
    desk.locator("summary", has_text="Send back").click()
    desk.locator("details[open]").get_by_label("Note").fill("the address is old")
    desk.get_by_role("button", name="Send back").click()
    expect(desk.locator("[data-toast]")).to_contain_text("Sent back.", timeout=LATER)
    house.settle()
    desk.goto(f"/inbox/{run_id}.4.1")
    expect(desk.locator("#task")).to_contain_text("Look at")


def test_a_level_of_the_ladder_asks_for_whom_only_where_it_asks_somebody(enter: Enter, run_id: str) -> None:
    page = opened(enter("lin"), "twice")
    card(page, "approval").first.locator(".card-head").click()
    page.locator("[data-field='ladder.+']").click()
    level = page.locator("[data-home='ladder.0']")
    expect(level.locator(".who-field")).to_have_count(0)
    level.locator("[data-field='ladder.0.do']").select_option("hand_over")
    expect(page.locator("[data-home='ladder.0'] .who-field")).to_have_count(1)

"""Moving orders in a browser, also on a phone: tick, say why, move, and take one back."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Enter
from tests.web.conftest import House
from tests.web.test_moving import MOVES, new_team, waiting


@pytest.mark.parametrize("width", [1440, 390])
def test_a_designer_ticks_orders_moves_them_and_takes_one_back(house: House, enter: Enter, width: int) -> None:
    waiting(house, 2)
    new_team(house)
    page = enter("lin", width=width, height=844)
    page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/", 3)[2] + MOVES)
    page.get_by_label("Tick these orders").check()
    page.get_by_role("textbox", name="Reason").fill("finance approves")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page runs out of the window"
    page.get_by_role("button", name="Move to version 2").click()
    page.wait_for_url(re.compile(r"/moves/[0-9A-Z]{26}$"))
    expect(page.get_by_role("heading", name="2 of 2 orders")).to_be_visible()
    page.get_by_role("textbox", name="Reason").fill("this one stays with the leads")
    page.get_by_role("button", name="Take back", exact=True).first.click()
    expect(page.get_by_role("heading", name="Taken back")).to_be_visible()
    expect(page.get_by_role("heading", name="1 of 1 orders")).to_be_visible()

"""The failure desk by keyboard and thumb."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import Enter
from tests.web.conftest import House


def test_keys_walk_the_desk_tick_and_try_again(house: House, enter: Enter) -> None:
    for number in range(3):
        house.take(number, "shaky-shop")
    page = enter("zhao")
    page.goto("/failures")
    page.keyboard.press("j")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("[data-tick]")).to_have_count(3)
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("[data-ticked]")).to_have_text("2 ticked")
    page.keyboard.press("r")
    expect(page).to_have_url(re.compile("/failures/acts/"))
    expect(page.locator("#act")).to_contain_text("0 of 2 failures")
    house.service.acts.work()
    house.service.acts.work()
    expect(page.locator("#act")).to_contain_text("2 failures were worked on")


def test_a_skip_asks_for_its_reason_on_the_spot_and_keeps_what_is_ticked(house: House, enter: Enter) -> None:
    house.take(1, "shaky-shop")
    page = enter("zhao")
    page.goto("/failures?single=1")
    page.locator("[data-tick]").check()
    page.get_by_role("button", name="Skip the step").click()
    expect(page.locator("#bulk-reason")).to_be_focused()
    expect(page.locator("[data-tick]")).to_be_checked()
    page.locator("#bulk-reason").fill("told them by phone")
    page.get_by_role("button", name="Skip the step").click()
    expect(page).to_have_url(re.compile("/failures/acts/"))


def test_one_failure_is_edited_and_tried_again_on_a_phone(house: House, enter: Enter) -> None:
    house.take(1, "shaky-shop")
    page = enter("zhao", width=390, height=844, touch=True)
    page.goto("/failures?single=1")
    page.get_by_role("link", name="A-00001").tap()
    page.get_by_role("link", name="Edit the data").tap()
    page.get_by_label("city").fill("宁波市")
    page.locator("#reason").fill("wrong city")
    page.get_by_role("button", name="Change the order").tap()
    expect(page.locator("#toasts")).to_contain_text("The order is changed.")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Try again").tap()
    expect(page.locator("#toasts")).to_contain_text("It is being tried again.")

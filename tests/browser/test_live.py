"""Watching a published flow: its numbers follow the orders, lead to them, and one order's way can be gone through."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from runtime.actor import Actor
from tests.browser.conftest import Enter
from tests.trade import publish
from tests.web.conftest import BIG_ORDERS, House

ZHAO = Actor("zhao")
LAYOUT = {"in": (0, 0), "way": (330, 0), "ask": (660, -140), "tell": (990, 0), "end": (1320, -60), "no": (1320, 120)}
LATER = 30_000

Watch = Callable[..., Page]


@pytest.fixture
def watch(house: House, enter: Enter) -> Watch:
    """Opens the live canvas of a flow in which two orders wait for the leads and one went through."""
    places = {node: {"x": x, "y": y} for node, (x, y) in LAYOUT.items()}
    publish(house.service, BIG_ORDERS | {"layout": {"nodes": places}})
    for number in (1, 2):
        house.take(number, total="9000.00")
    house.take(3)

    def opened(name: str = "lin", path: str = "/flows/big-orders/live", **more: object) -> Page:
        page = enter(name, **more)
        page.goto(path)
        page.locator("#canvas[data-ready]").wait_for(timeout=LATER)
        return page

    return opened


def decide(house: House, run_id: str, answer: str = "approve") -> None:
    assert house.service.decide_task(f"{run_id}.3.1", answer, "Stock confirmed", ZHAO) is None  # type: ignore[arg-type]
    house.settle()


def test_the_numbers_follow_the_orders_without_a_reload(watch: Watch, house: House) -> None:
    page = watch()
    asked = page.locator(".live-plane > .live-badge")
    expect(asked).to_have_count(1)
    expect(asked.locator("strong")).to_have_text("2")
    expect(page.locator(".strip-all")).to_have_text("2 under way")
    expect(page.locator(".live-count").first).to_have_text("3")

    run_id = house.take(4, total="9000.00")
    expect(asked.locator("strong")).to_have_text("3", timeout=LATER)
    decide(house, run_id)
    expect(asked.locator("strong")).to_have_text("2", timeout=LATER)


def test_a_number_lists_its_orders_and_the_keys_lead_there_and_back(watch: Watch) -> None:
    page = watch("chen")
    number = page.locator(".live-plane > .live-badge")
    number.wait_for()
    page.locator(".live-plane button[tabindex='0']").focus()
    page.keyboard.press("Home")
    for _ in ("by rule", "by else", "to the step"):
        page.keyboard.press("ArrowRight")
    expect(number).to_be_focused()
    page.keyboard.press("Enter")

    orders = page.locator(".live-panel .live-order")
    expect(orders).to_have_count(2)
    expect(page.locator("#live-panel-title")).to_have_text("Approval")
    page.keyboard.press("Escape")
    expect(number).to_be_focused()
    page.keyboard.press("Enter")
    orders.first.get_by_role("link").click()
    expect(page.locator("h1")).to_have_text(re.compile("A-0000[12]"))


def test_a_way_lists_the_orders_that_went_by_it(watch: Watch) -> None:
    page = watch()
    page.locator(".live-count[aria-label^='1 of 3 orders']").first.click()

    expect(page.locator(".live-panel .live-order")).to_have_count(1)
    expect(page.locator(".live-panel .live-order a")).to_have_text("A-00003")


def test_the_way_of_an_order_is_gone_through_step_by_step(watch: Watch, house: House) -> None:
    run_id = house.take(4, total="9000.00")
    decide(house, run_id)
    page = watch("chen")
    page.goto(f"/orders/{run_id}")
    page.get_by_role("link", name="Show on the canvas").click()
    page.locator(".travel-panel").wait_for()

    expect(page.locator(".live-way polyline")).to_have_count(4)
    page.locator(".travel-panel").press("Home")
    expect(page.locator(".live-spot.is-current")).to_have_attribute("data-node", "in")
    expect(page.locator(".live-way polyline")).to_have_count(0)
    for node in ("way", "ask"):
        page.locator(".travel-panel").press("ArrowRight")
        expect(page.locator(".live-spot.is-current")).to_have_attribute("data-node", node)
    expect(page.locator(".live-way polyline")).to_have_count(2)
    present = page.locator(".travel-step:has([aria-current='step'])")
    expect(present).to_contain_text("by Zhao")
    expect(present).to_contain_text("“Stock confirmed”")

    page.keyboard.press("Escape")
    expect(page.locator(".travel-panel")).to_be_hidden()
    expect(page.locator(".live-plane > .live-badge strong")).to_have_text("2")


def test_an_order_of_an_older_version_is_seen_in_its_own_drawing(watch: Watch, house: House) -> None:
    page = watch("chen")
    renamed = [node if node["id"] != "ask" else {**node, "name": "Ask anew"} for node in BIG_ORDERS["nodes"]]
    publish(house.service, BIG_ORDERS | {"nodes": renamed})
    expect(page.locator(".bar-live")).to_have_text("Version 3 live", timeout=LATER)
    expect(page.locator(".strip-older")).to_have_text("2 orders go by older versions")

    page.get_by_role("button", name="Follow an order").click()
    page.get_by_role("searchbox").fill("A-00001")
    page.locator(".live-pick", has_text="A-00001").click()
    expect(page.locator(".travel-panel")).to_contain_text("Version 2, not the published one")
    expect(page.locator(".card[data-node='ask']")).not_to_contain_text("Ask anew")


def test_a_server_that_does_not_answer_is_told_and_asked_again(watch: Watch, house: House) -> None:
    page = watch()
    expect(page.locator(".live-heard")).to_have_text("Up to date")
    page.context.set_offline(True)
    expect(page.locator(".live-heard")).to_have_class(re.compile("is-silent"), timeout=LATER)
    house.take(4, total="9000.00")
    page.context.set_offline(False)
    expect(page.locator(".live-plane > .live-badge strong")).to_have_text("3", timeout=LATER)
    expect(page.locator(".live-heard")).to_have_text("Up to date")


def test_a_phone_shows_the_same_numbers_as_a_list(watch: Watch) -> None:
    page = watch("chen", language="zh-CN", width=390, height=844, touch=True)
    step = page.locator(".live-list button.outline-open")
    expect(step).to_have_count(1)
    expect(step.locator(".live-badge strong")).to_have_text("2")
    step.tap()
    expect(page.locator(".live-panel .live-order")).to_have_count(2)
    page.get_by_role("button", name="关闭").tap()
    expect(step).to_be_focused()


def test_the_way_in_and_out_of_live_is_the_same_switch(watch: Watch) -> None:
    page = watch(path="/flows/big-orders/canvas")
    page.locator(".modes a", has_text="Live").click()
    page.locator("#canvas[data-heard]").wait_for(timeout=LATER)
    page.keyboard.press("Escape")
    page.wait_for_url("**/flows/big-orders/canvas", timeout=LATER)

"""The inbox in a browser: comments and mentions by keyboard, no connection, the installed app, and one thumb on a phone."""

import re

from playwright.sync_api import Page, expect

from builder.auth import make_signin_link
from tests.browser.conftest import Enter
from tests.trade import arrivals
from tests.web.conftest import House


def tasks(house: House, *numbers: int) -> list[str]:
    """Orders that wait for the leads; their tasks."""
    receipts = house.service.receive(arrivals(numbers, total="9000.00"))
    house.settle()
    return [f"{receipt.run_id}.3.1" for receipt in receipts]


def test_a_colleague_is_mentioned_by_keys_and_finds_it(enter: Enter, house: House) -> None:
    (task,) = tasks(house, 1)
    page = enter("zhao")
    page.goto(f"/inbox/{task}")
    field = page.get_by_label("Comment", exact=True)
    field.press_sequentially("please look @wa")
    offer = page.get_by_role("listbox", name="Colleagues").get_by_role("option", name="Wang")
    expect(offer).to_have_attribute("aria-selected", "true")
    field.press("Enter")
    expect(field).to_have_value("please look @Wang ")
    field.press("Control+Enter")
    expect(page.locator(".remark .mention")).to_have_text("@Wang")
    expect(field).to_have_value("")

    other = enter("wang", width=390, height=844, touch=True)
    other.goto("/inbox")
    other.get_by_role("link", name="Mentions 1").click()
    with other.expect_response("**/mentions/read"):
        other.get_by_role("link", name="please look").click()
        other.locator(".remark.unread").scroll_into_view_if_needed()
    other.goto("/inbox")
    expect(other.get_by_role("link", name="Mentions", exact=True)).to_be_visible()


def test_keys_go_to_kept_filters(enter: Enter, house: House) -> None:
    tasks(house, 1)
    page = enter("zhao")
    page.goto("/inbox?channel=own-shop")
    page.locator("[data-narrow] summary").click()
    page.get_by_label("Keep what is shown under a name").fill("Own shop")
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.locator(".kept")).to_have_text("Own shop 1")
    page.goto("/inbox?show=overdue")
    page.keyboard.press("g")
    page.keyboard.press("1")
    expect(page.locator(".kept[aria-current]")).to_have_text("Own shop 1")


def test_without_a_connection_a_decision_waits_and_what_was_typed_is_kept(enter: Enter, house: House) -> None:
    (task,) = tasks(house, 1)
    page = enter("zhao", width=390, height=844, touch=True)
    page.goto(f"/inbox/{task}")
    page.get_by_label("Reason in your own words").fill("地址不详")
    page.get_by_role("checkbox", name="Suspicious").check()
    page.context.set_offline(True)
    expect(page.locator("#offline")).to_contain_text("decisions cannot be sent now")
    page.get_by_role("button", name="Reject").click()
    page.context.set_offline(False)
    expect(page.locator("#offline")).to_have_count(0)
    page.reload()
    expect(page.get_by_label("Reason in your own words")).to_have_value("地址不详")
    expect(page.get_by_role("checkbox", name="Suspicious")).to_be_checked()
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_role("heading", name="All done")).to_be_visible()


def test_what_was_typed_outlives_a_sign_in_that_ran_out(enter: Enter, house: House) -> None:
    (task,) = tasks(house, 1)
    page = enter("zhao")
    page.goto(f"/inbox/{task}")
    page.get_by_label("Reason in your own words").fill("look again")
    page.context.clear_cookies(name="orderflow")
    page.get_by_role("button", name="Reject").click()
    page.wait_for_url(re.compile(r"/sign-in\?next="))
    assert task in page.url
    page.goto(make_signin_link(house.service.engine, "zhao"))
    page.locator("main form button").first.click()
    page.goto(f"/inbox/{task}")
    expect(page.get_by_label("Reason in your own words")).to_have_value("look again")


def test_the_installed_app_says_what_to_do_where_no_server_answers(enter: Enter, house: House) -> None:
    tasks(house, 1)
    page = enter("zhao", installed=True)
    page.goto("/inbox")
    page.evaluate("async () => (await navigator.serviceWorker.ready).active?.state")
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")
    page.context.set_offline(True)
    page.goto("/orders", wait_until="load")
    expect(page.get_by_role("heading", name="Orderflow cannot be reached")).to_be_visible()
    kept = page.evaluate(
        "async () => { const names = await caches.keys(); const found = [];"
        " for (const name of names) for (const one of await (await caches.open(name)).keys()) found.push(one.url);"
        " return found; }"
    )
    assert kept
    assert all("/static/dist/" in address for address in kept), "of orders nothing is kept"
    page.context.set_offline(False)
    page.goto("/inbox")
    expect(page.locator("[data-task]")).to_have_count(1)


def thumb(page: Page, name: str) -> float:
    """How far from the top a button of the decision lies, as a part of the screen's height."""
    box = page.get_by_role("button", name=name).bounding_box()
    assert box is not None
    assert box["height"] >= 44
    return box["y"] / 844


def test_one_thumb_decides_task_after_task(enter: Enter, house: House) -> None:
    tasks(house, *range(1, 6))
    page = enter("zhao", width=390, height=844, touch=True)
    page.goto("/inbox")
    page.locator("[data-task]").first.tap()
    for number in range(5):
        expect(page.locator(".task-head")).to_contain_text(f"A-{number + 1:05}")
        assert thumb(page, "Approve") > 0.6
        page.get_by_role("button", name="Approve").tap()
    expect(page.get_by_role("heading", name="All done")).to_be_visible()
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")

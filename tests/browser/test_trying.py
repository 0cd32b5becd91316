"""Trying one order on the canvas: its steps, what people answer, why it turned, and the cases of the flow."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import Enter

LATER = 30_000


def trying(enter: Enter, **more: object) -> Page:
    page = enter("lin", **more)
    page.goto("/flows/big-orders/canvas")
    page.locator("#canvas[data-ready]").wait_for()
    page.locator('[data-goes="try"]').click()
    expect(page.locator(".try-step").first).to_be_visible(timeout=LATER)
    return page


def step(page: Page, node: str) -> None:
    page.locator(f'.try-step[data-node="{node}"] .try-head').click()
    expect(page.locator(f'.try-step[data-node="{node}"]')).to_have_class("try-step is-done is-current", timeout=LATER)


def test_a_change_that_is_told_sends_the_order_to_a_person_who_is_answered_for(enter: Enter) -> None:
    page = trying(enter)
    step(page, "way")
    expect(page.locator(".try-why .is-false").first).to_be_visible()
    page.locator('.try-others [data-way="big"]').get_by_role("button", name="Try that").click()
    expect(page.locator('.try-step[data-node="ask"]')).to_be_visible(timeout=LATER)
    expect(page.locator(".try-why .is-true").first).to_be_visible()

    page.locator('.try-step[data-node="ask"] .try-head').click()
    page.get_by_role("button", name="Approve", exact=True).click()
    expect(page.locator(".try-outcome")).to_have_class("try-outcome is-done", timeout=LATER)
    page.keyboard.press("End")
    expect(page.locator('.try-layer [data-node="end"].is-current')).to_be_attached()
    page.keyboard.press("Home")
    expect(page.locator('.try-step[data-node="in"]')).to_have_class("try-step is-done is-current")
    page.keyboard.press("Escape")
    expect(page.locator(".try-panel")).to_be_hidden()


def test_an_order_that_cannot_be_read_says_where(enter: Enter) -> None:
    page = trying(enter)
    page.locator(".try-which summary").click()
    page.get_by_label("The order as JSON").fill('{"id": "A-1", "total": "many"}')
    page.get_by_role("button", name="Try this order").click()
    expect(page.locator(".try-refusal")).to_contain_text("created_at", timeout=LATER)


def test_a_case_that_was_saved_is_run_on_every_change_of_the_flow(enter: Enter) -> None:
    page = trying(enter)
    page.get_by_label("Name of the case").fill("A small order")
    page.get_by_role("button", name="Save as a case").click()
    expect(page.get_by_role("button", name="A small order: as expected")).to_be_visible(timeout=LATER)

    page.keyboard.press("Escape")
    page.locator('[data-goes="draw"]').or_(page.locator(".mode.is-current")).first.wait_for()
    page.locator(".canvas-surface").focus()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    blocked = page.get_by_role("button", name="A small order: cannot run")
    expect(blocked).to_be_visible(timeout=LATER)
    page.keyboard.press("Control+z")
    good = page.get_by_role("button", name="A small order: as expected")
    expect(good).to_be_visible(timeout=LATER)
    good.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Expected")
    dialog.get_by_role("button", name="Delete").click()
    expect(page.locator(".case-row")).to_be_hidden()


def test_on_the_phone_the_steps_are_a_list_that_goes_away(enter: Enter) -> None:
    page = trying(enter, width=390, height=844, touch=True)
    step(page, "way")
    expect(page.locator(".try-why")).to_be_visible()
    page.get_by_role("button", name="Leave trying").click()
    expect(page.locator(".try-panel")).to_be_hidden()

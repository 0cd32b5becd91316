"""Setting steps with a real browser: pickers by keys, counts beside rules, previews, errors at the field, remedies."""

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from runtime.actor import SYSTEM
from tests.browser.conftest import Enter
from tests.browser.test_accessibility import findings
from tests.browser.test_canvas import card, opened, saved
from tests.core.flow_documents import approval, document, total_over
from tests.web.conftest import House

UNFINISHED = document(
    [
        ("in", "ingest", {}),
        ("way", "route", {"rules": [{"id": "big", "name": "big", "when": total_over("500.00")}]}),
        ("ask", "approval", approval(deadline_minutes=None)),
        ("end", "end", {}),
    ],
    ["in.out>way", "way.big>ask", "ask.approved>end", "ask.rejected>end"],
    key="unfinished",
    channels=["own-shop"],
)
"""A way that leads nowhere, and a question without a deadline."""


@pytest.fixture
def canvas(house: House, enter: Enter) -> Page:
    """The canvas of the unfinished flow, in a shop that has had four orders."""
    for number, total in enumerate(("10.00", "80.00", "600.00", "7000.00"), 1):
        house.take(number, total=total)
    places = {"in": 0, "way": 320, "ask": 640, "end": 960}
    layout = {"nodes": {node: {"x": x, "y": 0} for node, x in places.items()}}
    house.service.flows.add(UNFINISHED | {"layout": layout}, SYSTEM)
    return opened(enter("lin"), "unfinished")


def settings(house: House, node: str) -> dict[str, Any]:
    drawn = house.service.drafts.document("unfinished", "lin")
    assert drawn is not None
    return next(dict(one["settings"]) for one in drawn["nodes"] if one["id"] == node)


def field(page: Page, path: str) -> Locator:
    return page.locator(f'.inspector [data-field="{path}"]')


def test_a_field_is_found_by_its_name_and_shows_what_orders_hold(canvas: Page, house: House) -> None:
    card(canvas, "route").click()
    opener = field(canvas, "rules.0.when.all.0.field")
    opener.focus()
    canvas.keyboard.press("ArrowDown")
    search = canvas.get_by_role("combobox", name="Field")
    expect(search).to_be_focused()
    canvas.keyboard.type("city")
    option = canvas.get_by_role("option", name="city")
    expect(option).to_contain_text("杭州市")
    assert not findings(canvas)
    expect(search).to_have_attribute("aria-activedescendant", option.get_attribute("id") or "")
    canvas.keyboard.press("Enter")

    expect(field(canvas, "rules.0.when.all.0.field")).to_be_focused()
    expect(field(canvas, "rules.0.when.all.0.field")).to_have_text("city")
    canvas.keyboard.press("Enter")
    canvas.keyboard.press("Escape")
    expect(search).to_have_count(0)
    expect(field(canvas, "rules.0.when.all.0.field")).to_be_focused()


def test_each_rule_tells_how_many_of_the_last_orders_it_would_have(canvas: Page) -> None:
    card(canvas, "route").click()
    count = canvas.locator('.rule-count[data-count="big"]')
    expect(count).to_have_text("Of the last 4 orders: 2")
    expect(canvas.locator('[data-way-count="else"]')).to_have_text("2")
    expect(card(canvas, "route").locator(".card-port-label").first).to_have_attribute("data-passed", "2")

    field(canvas, "rules.0.when.all.0.value").fill("50")
    expect(count).to_have_text("Of the last 4 orders: 3")
    expect(canvas.locator('[data-way-count="else"]')).to_have_text("1")
    field(canvas, "rules.0.when.all.0.value").fill("")
    expect(count).to_have_text("Counted when this rule is complete")


def test_what_is_wrong_is_told_once_and_at_once_at_its_field(canvas: Page) -> None:
    card(canvas, "approval").click()
    told = canvas.locator('[data-home="deadline_minutes"] .form-problem')
    minutes = field(canvas, "deadline_minutes")
    with canvas.expect_response(lambda answer: answer.url.endswith("/draft/changes")):
        minutes.fill("0")
        expect(told).to_have_text("At least 1.")
    expect(told).to_contain_text("Write 1 or more.")
    expect(told).to_have_count(1)
    expect(minutes).to_have_attribute("aria-invalid", "true")
    minutes.fill("15")
    expect(told).to_have_count(0)


def test_a_message_is_shown_as_its_reader_will_see_it(canvas: Page) -> None:
    card(canvas, "approval").click()
    title = field(canvas, "title")
    title.press("ControlOrMeta+a")
    canvas.keyboard.type("Pack ")
    field(canvas, "title.insert").click()
    canvas.keyboard.type("total")
    canvas.keyboard.press("Enter")
    preview = canvas.locator('[data-home="title"] .template-preview')

    expect(title.locator(".chip")).to_have_text("order total")
    expect(preview).to_contain_text("A-00004")
    expect(preview.locator(".template-preview-text")).to_have_text("Pack CN¥7,000.00")


def test_a_team_that_is_not_there_yet_is_made_where_it_is_chosen(canvas: Page, house: House) -> None:
    card(canvas, "approval").click()
    field(canvas, "who.value").click()
    canvas.keyboard.type("Night shift")
    canvas.keyboard.press("Enter")
    expect(field(canvas, "who.value")).to_have_text("Night shift")
    expect(card(canvas, "approval")).not_to_contain_text("night-shift")
    saved(canvas)

    assert settings(house, "ask")["who"] == {"kind": "team", "value": "night-shift"}
    drawn = house.service.drafts.document("unfinished", "lin")
    assert drawn is not None and {"key": "night-shift", "name": "Night shift"} in drawn["teams"]


def test_problems_are_mended_with_one_press_each_and_come_back_with_undo(canvas: Page) -> None:
    counter = canvas.locator(".bar-problems")
    expect(counter).to_contain_text("1 error")
    counter.click()
    remedies = canvas.locator(".problem-list .remedy-button")
    assert not findings(canvas)
    remedies.filter(has_text="Lead “else” to “").click()
    expect(counter).not_to_contain_text("error")
    remedies.filter(has_text="Set a deadline of 30 minutes").click()
    expect(remedies.filter(has_text="Set a deadline")).to_have_count(0)

    canvas.locator(".canvas-surface").focus()
    canvas.keyboard.press("ControlOrMeta+z")
    canvas.keyboard.press("ControlOrMeta+z")
    expect(counter).to_contain_text("1 error")


def test_the_pickers_fit_a_thumb(house: House, enter: Enter) -> None:
    house.take(1)
    page = enter("lin", language="zh-CN", width=390, height=844, touch=True)
    page.goto("/flows/big-orders/canvas")
    page.locator("#canvas[data-ready]").wait_for()
    page.locator('.outline [data-node="way"]').first.tap()
    field(page, "rules.0.when.all.0.field").tap()
    option = page.get_by_role("option", name="买家姓名")
    expect(option).to_contain_text("张*")
    box = option.bounding_box()
    assert box is not None and box["height"] >= 44 and box["width"] > 300
    option.tap()
    expect(field(page, "rules.0.when.all.0.field")).to_have_text("买家姓名")

"""From a template to a running flow by mouse, thumb and keyboard: how many clicks, how long, and what is seen."""

import json
import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Enter
from tests.browser.test_accessibility import findings
from tests.web.conftest import BIG_ORDERS, House

MOST_CLICKS = 10
MOST_SECONDS = 180
COUNT_CLICKS = """
    addEventListener("pointerdown", (event) => {
        if (event.isTrusted) sessionStorage.clicks = String(Number(sessionStorage.clicks ?? 0) + 1);
    }, true);
"""


def clicks(page: Page) -> int:
    """How many times the mouse or a finger was put down so far."""
    return int(page.evaluate("Number(sessionStorage.clicks ?? 0)"))


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_a_flow_runs_within_three_minutes_and_ten_clicks(
    house: House, worker: None, enter: Enter, language: str
) -> None:
    """An administrator of a shop without the teams: template, limit, who decides, channel, twenty orders, publish."""
    page = enter("root", language=language)
    page.add_init_script(COUNT_CLICKS)
    page.goto("/")
    began = time.monotonic()

    page.locator(".rail a[href='/flows']").click()
    page.locator("header a[href='/flows/new']").click()
    page.locator("a[href='/flows/from/big-order-approval']").click()
    page.locator("input[name=limit]").click()
    page.keyboard.press("Control+A")
    page.keyboard.type("3000")
    page.keyboard.press("Tab")
    page.locator("[data-question=lead] .chip", has_text="Wang").click()
    page.locator("[data-question=desk] .chip", has_text="Chen").click()
    page.locator("input[name=new_channel]").click()
    page.keyboard.type("night-shop")
    page.locator(".wizard-acts button").click()
    expect(page.locator(".samples tbody tr")).to_have_count(20)
    expect(page.locator(".endings li").first).to_be_visible()
    page.locator("form[action$='publication'] button").click()
    expect(page.locator(".notice.good")).to_contain_text("It is running." if language == "en" else "已经在运行")

    took, counted = time.monotonic() - began, clicks(page)
    assert counted <= MOST_CLICKS, counted
    assert took < MOST_SECONDS, took
    run = house.take(1, "night-shop", total="3000.01")
    waiting = enter("wang", language=language)
    waiting.goto("/inbox")
    expect(waiting.locator("#task")).to_contain_text("A-00001")
    page.goto(f"/orders/{run}")
    expect(page.locator("main")).to_contain_text("Supervisor decides" if language == "en" else "主管审批")


def test_the_keyboard_alone_leads_from_the_gallery_to_a_published_flow(house: House, enter: Enter) -> None:
    page = enter("root")
    page.add_init_script(COUNT_CLICKS)
    page.goto("/flows/new")
    page.locator("#template-search").focus()
    page.keyboard.type("payment came")
    expect(page.locator(".template-card")).to_have_count(1)
    page.locator(".template-card a").focus()
    page.keyboard.press("Enter")
    expect(page.locator("input[name=limit]")).to_be_visible()
    page.locator("input[name=limit]").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("800.00")
    page.keyboard.press("Enter")
    expect(page.locator(".samples tbody tr")).to_have_count(20)
    page.locator("input[name=note]").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".notice.good")).to_contain_text("It is published.")
    assert clicks(page) == 0
    draft = house.service.flows.draft("payment-check")
    assert draft is not None
    assert draft.version == 1


def test_people_are_asked_for_only_where_a_team_has_nobody(house: House, enter: Enter) -> None:
    page = enter("root")
    page.goto("/flows/from/wrong-prices")
    who, staff = page.locator("#q-lead"), page.locator("[data-question=lead] .staff")
    expect(staff).to_be_visible()
    who.select_option("team:leads")
    expect(staff).to_be_hidden()
    who.select_option("person:chen")
    expect(staff).to_be_hidden()
    who.select_option("new")
    expect(staff).to_be_visible()


def test_files_are_looked_at_and_then_taken_in(house: House, enter: Enter, tmp_path: Path) -> None:
    good, foreign = tmp_path / "good.json", tmp_path / "other.json"
    good.write_text(json.dumps({**BIG_ORDERS, "name": "From a file"}))
    foreign.write_text(json.dumps({"nodes": [], "connections": {}}))
    page = enter("lin")
    page.goto("/flows")
    page.locator("header a[href='/flows/import']").click()
    page.locator("#file").set_input_files([str(good), str(foreign)])
    expect(page.locator(".candidate")).to_have_count(1)
    expect(page.locator(".notice.bad")).to_contain_text("other.json")
    expect(page.locator(".notice.bad")).to_contain_text("n8n")
    assert findings(page) == []
    expect(page.get_by_label("Keep both: this one becomes “big-orders-2”")).to_be_checked()
    page.get_by_role("button", name="Import what is ticked").click()
    expect(page).to_have_url(re.compile("/flows/big-orders-2/canvas$"))


def test_files_may_be_dropped_anywhere_on_the_page_and_text_pasted(enter: Enter) -> None:
    page = enter("lin")
    page.goto("/flows/import")
    carried = page.evaluate_handle(
        """(text) => {
            const carried = new DataTransfer();
            carried.items.add(new File([text], "dropped.json", {type: "application/json"}));
            return carried;
        }""",
        json.dumps({**BIG_ORDERS, "key": "dropped"}),
    )
    for event in ("dragover", "drop"):
        page.locator("#paste").dispatch_event(event, {"dataTransfer": carried})
    expect(page.locator(".candidate")).to_contain_text("dropped.json")
    page.goto("/flows/import")
    page.evaluate(
        """(text) => {
            const clipboardData = new DataTransfer();
            clipboardData.setData("text/plain", text);
            document.body.dispatchEvent(new ClipboardEvent("paste", {clipboardData, bubbles: true}));
        }""",
        '{"a": 1}',
    )
    expect(page.locator("#document")).to_have_value('{"a": 1}')
    expect(page.locator("#document")).to_be_focused()


def test_ticked_flows_are_saved_as_one_file(enter: Enter, tmp_path: Path) -> None:
    page = enter("lin")
    page.goto("/flows")
    page.get_by_label("Tick Trial").first.check()
    page.get_by_label("Tick Trial").last.check()
    with page.expect_download() as saving:
        page.get_by_role("button", name="Export the ticked").click()
    saving.value.save_as(tmp_path / "flows.json")
    assert len(json.loads((tmp_path / "flows.json").read_text())["flows"]) == 2


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_the_phone_everything_fits_and_fingers_hit(house: House, enter: Enter, theme: str) -> None:
    page = enter("root", language="zh-CN", theme=theme, width=390, height=844, touch=True)
    for path in ("/flows", "/flows/new", "/flows/import", "/flows/from/big-order-approval"):
        page.goto(path)
        _fits(page, path)
    page.locator(".wizard-acts button").tap()
    expect(page.locator(".samples tbody tr")).to_have_count(20)
    _fits(page, "first run")
    page.locator("form[action$='publication'] button").tap()
    expect(page.locator(".notice.good")).to_be_visible()


def _fits(page: Page, where: str) -> None:
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, where
    small = page.locator("main").evaluate(
        """(main) => [...main.querySelectorAll("a.button, a.chip, button, .chip, select, input.input, .flow-tick")]
            .filter((one) => one.checkVisibility() && !one.classList.contains("sr-only"))
            .map((one) => [one.textContent.trim().slice(0, 30), one.getBoundingClientRect().height])
            .filter(([, height]) => height < 44)"""
    )
    assert small == [], (where, small)

"""The year of a calendar in a browser: by keys, by thumb, in the dark; and the calendar that a step counts by."""

import re
from datetime import UTC, date, datetime

import pytest
from playwright.sync_api import expect

from runtime import calendars
from runtime.store.database import begin, reading
from tests.browser.conftest import Enter
from tests.browser.test_accessibility import findings
from tests.web.conftest import House

NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)


@pytest.fixture(autouse=True)
def first_calendar(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The house has its first calendar, and it is noon of a Monday in Shanghai."""
    monkeypatch.setattr("builder.calendars.views.now", lambda: NOON)
    with begin(house.service.engine, durable=True) as connection:
        calendars.furnish(connection, 1)


def special(house: House, day: date) -> object:
    with reading(house.service.engine) as connection:
        kept = calendars.find(connection, "CN")
    assert kept
    return kept.document["days"].get(day.isoformat())


SWAPPED = {"en": "National Day, swapped day", "zh-CN": "国庆节调休"}


def test_a_day_is_found_and_changed_by_keys_alone(house: House, enter: Enter) -> None:
    page = enter("root")
    page.goto("/calendars/CN")
    today = page.locator("#d-2026-11-23")
    expect(page.locator("[data-year] td a[tabindex='0']")).to_have_count(1)
    today.focus()
    for key in ("PageDown", "ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp", "ArrowRight"):
        page.keyboard.press(key)
    expect(page.locator("#d-2026-12-24")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#day-title")).to_have_text("Thursday, 24 December 2026")
    expect(page.locator("#d-2026-12-24")).to_be_focused()
    expect(page).to_have_url(re.compile("day=2026-12-24"))

    panel = page.locator(".day-panel")
    expect(panel.get_by_label("What it is called")).to_be_hidden()
    panel.get_by_role("radio", name="Holiday").focus()
    page.keyboard.press("Space")
    panel.get_by_label("What it is called").fill("Stock-taking")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("1 day changed.")
    expect(page.locator("#d-2026-12-24")).to_have_accessible_name("Thursday, 24 December 2026: off · Stock-taking")
    assert special(house, date(2026, 12, 24)) == {"kind": "off", "name": "Stock-taking"}


def test_a_calendar_is_kept_with_one_thumb_in_the_dark(house: House, enter: Enter) -> None:
    page = enter("root", language="zh-CN", theme="dark", width=390, height=844, touch=True)
    page.goto("/calendars/CN")
    expect(page.locator("html")).to_have_js_property("scrollWidth", 390)
    page.locator("#d-2026-10-10").tap()
    panel = page.locator(".day-panel")
    expect(panel).to_be_in_viewport(ratio=1)
    small = "all => all.filter(one => one.getBoundingClientRect().height < 44).map(one => one.outerHTML)"
    assert page.locator("main a:visible, main button:visible").evaluate_all(small) == []
    panel.get_by_role("radio", name="放假").tap()
    panel.get_by_role("button", name="保存").tap()
    expect(page.locator(".toast")).to_contain_text("已修改 1 天")
    assert special(house, date(2026, 10, 10)) == {"kind": "off", "name": SWAPPED}
    assert findings(page) == []


def test_pasted_lines_are_looked_at_and_taken_over(house: House, enter: Enter) -> None:
    page = enter("root")
    page.goto("/calendars/CN")
    page.get_by_label("Lines").fill("2027-02-05..2027-02-11 off 春节\nnonsense")
    page.get_by_role("button", name="Look at them first").click()
    expect(page.locator(".pasted")).to_contain_text("7 days: off")
    expect(page.locator(".pasted")).to_contain_text("“nonsense” is no day")
    assert findings(page) == []
    page.get_by_role("button", name="Take 7 days over").click()
    expect(page.get_by_label("Lines")).to_have_value("nonsense")
    assert special(house, date(2027, 2, 11)) == {"kind": "off", "name": "春节"}

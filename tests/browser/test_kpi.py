"""The performance page in a real browser: charts tell their numbers to pointer, keys and screen readers, on any screen."""

import re
from datetime import timedelta

from playwright.sync_api import expect

from runtime.clock import now
from tests.browser.conftest import Enter
from tests.browser.test_accessibility import findings
from tests.web.conftest import House
from tests.web.test_kpi import MINUTE, past_order


def furnish(house: House) -> None:
    """Forty orders of three days ago, five minutes each; forty of the week before that took an hour each."""
    came = now() - timedelta(days=3)
    for number in range(40):
        decided = ("zhao", MINUTE, 2 * MINUTE) if number % 2 else None
        past_order(house, came + number * MINUTE, took=5 * MINUTE, decided=decided)
        past_order(house, came - timedelta(days=7) + number * MINUTE, took=60 * MINUTE)


def test_a_chart_tells_its_numbers_to_pointer_keys_and_screen_readers(house: House, enter: Enter) -> None:
    furnish(house)
    page = enter("zhao")
    page.goto("/performance")
    expect(page.locator(".kpi-headline")).to_have_text(
        "Handling time of 9 in 10 orders fell from 60 min to 5 min over 40 orders."
    )
    chart = page.get_by_role("group", name=re.compile("How long orders took"))
    tip = page.locator("#kpi-tip")
    chart.locator("g", has=page.locator(".pillar.then:not([height='0.0'])")).first.locator(".hit").hover()
    expect(tip).to_be_visible()
    chart.press("Home")
    expect(tip).to_contain_text("0 to 10 s")
    chart.press("ArrowRight")
    expect(tip).to_contain_text("10 s to 30 s")
    chart.press("Escape")
    expect(tip).to_be_hidden()
    section = page.locator("#compare")
    section.get_by_text("As figures").click()
    row = section.get_by_role("row").filter(has_text="5 min to 10 min")
    expect(row).to_contain_text("40")
    page.get_by_text("How it is counted").first.click()
    expect(page.get_by_text("From the moment an order is received until it has ended.").first).to_be_visible()
    assert findings(page) == []


def test_the_page_fits_a_phone_in_chinese_and_in_the_dark(house: House, enter: Enter) -> None:
    furnish(house)
    page = enter("root", language="zh-CN", theme="dark", width=390, height=844, touch=True)
    page.goto("/performance?by=person")
    expect(page.get_by_role("heading", name="效能看板")).to_be_visible()
    expect(page.locator(".kpi-headline")).to_contain_text("降到 5 分")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert findings(page) == []
    page.get_by_role("link", name="基线与成本").click()
    page.get_by_label("数值").first.fill("75")
    page.get_by_label("哪段时间").first.fill("三月")
    page.get_by_role("button", name="保存").first.click()
    expect(page.get_by_text("使用 Orderflow 之前：75 分（三月）")).to_be_visible()

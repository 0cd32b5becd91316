"""The flow as sentences: in step with the drawing, led by keys to the settings, and printed without the tools."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import Enter
from tests.browser.test_canvas import opened


def reading(enter: Enter, **more: str) -> Page:
    page = opened(enter("lin", **more), "big-orders")
    page.locator(".bar-list").click()
    return page


def test_the_flow_reads_as_sentences_in_both_languages(enter: Enter) -> None:
    page = reading(enter)
    expect(page.locator(".outline")).to_contain_text("If order total is more than 5,000.00 CNY")
    expect(page.locator(".outline")).to_contain_text(
        "Asks Supervisors: “Look at ‹order number›” Decision within 30 min."
    )
    chinese = reading(enter, language="zh-CN")
    expect(chinese.locator(".outline")).to_contain_text("如果订单总额 大于 5,000.00 CNY")
    expect(chinese.locator(".outline")).to_contain_text("请主管审批")


def test_a_value_in_a_sentence_leads_to_its_setting_and_follows_it(enter: Enter) -> None:
    page = reading(enter)
    value = page.locator(".sentence-value", has_text="30 min")
    value.focus()
    page.keyboard.press("Enter")
    field = page.locator(".inspector input[type='number']").first
    expect(field).to_be_focused()
    field.fill("45")

    expect(page.locator(".outline")).to_contain_text("Decision within 45 min.")


def test_on_paper_there_are_sentences_and_no_tools(enter: Enter) -> None:
    page = reading(enter, theme="dark")
    page.emulate_media(media="print")

    expect(page.locator(".outline")).to_be_visible()
    for tool in (".canvas-bar", ".palette", ".inspector", ".outline-head .button"):
        expect(page.locator(tool).first).to_be_hidden()
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"

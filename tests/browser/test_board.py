"""The board in a browser: countdowns by the server's clock, filters, keys, tasks handed over, the phone, and the wall."""

from datetime import timedelta

from playwright.sync_api import Page, expect

from runtime.clock import now
from tests.browser.conftest import Enter
from tests.web.conftest import House

LATER = 30_000


def set_clock(house: House, minutes: int) -> None:
    """Let the house's clock be so many minutes ahead."""
    house.service.clock = lambda: now() + timedelta(minutes=minutes)


def open_board(page: Page, address: str = "/board") -> Page:
    page.goto(address)
    page.locator("#board[data-heard=true]").wait_for(timeout=LATER)
    return page


def look_again(page: Page) -> None:
    """Let a page ask at once, as it does when its connection comes back."""
    page.evaluate("window.dispatchEvent(new Event('online'))")


def stands(page: Page, order: str, sign: str) -> None:
    look_again(page)
    row = page.locator(f".board-row[data-sign={sign}]", has_text=order)
    expect(row).to_have_count(1, timeout=LATER)


def test_a_countdown_turns_amber_and_red_by_the_server_s_clock(house: House, enter: Enter) -> None:
    house.take(1, total="9000.00")
    page = open_board(enter("chen"))
    stands(page, "A-00001", "calm")
    expect(page.locator("[data-figure=calm]")).to_have_text("1")

    set_clock(house, 21)
    stands(page, "A-00001", "amber")
    expect(page.locator(".board-row .word")).to_have_text("Due soon", timeout=LATER)
    expect(page.locator("[data-figure=amber]")).to_have_text("1")

    set_clock(house, 31)
    stands(page, "A-00001", "red")
    expect(page.locator(".board-row .left b")).to_contain_text("−")
    expect(page.locator("[data-figure=red]")).to_have_text("1")


def test_the_list_is_searched_filtered_grouped_and_walked_by_keys(house: House, enter: Enter) -> None:
    for number in (1, 2):
        house.take(number, total="9000.00")
    house.take(3, channel="shaky-shop")
    page = open_board(enter("chen"))
    rows = page.locator(".board-row:visible")
    expect(rows).to_have_count(3)
    page.locator("[data-board-filter=channel]").select_option("shaky-shop")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("A-00003")
    page.locator("[data-board-filter=channel]").select_option("")
    page.keyboard.press("/")
    page.keyboard.type("00002")
    expect(rows).to_have_count(1)
    page.locator("[data-board-search]").fill("nobody's")
    page.get_by_role("button", name="Show all").click()
    expect(rows).to_have_count(3)
    page.locator("[data-board-group]").select_option("stage")
    expect(page.locator(".board-group:visible")).to_have_count(2)
    page.locator("[data-board-list]").focus()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator(".board-row.is-active")).to_contain_text("A-00001")
    page.keyboard.press("Enter")
    page.wait_for_url("**/inbox/*")


def test_a_lead_hands_ticked_tasks_over_and_everybody_else_sees_it(house: House, enter: Enter) -> None:
    for number in (1, 2):
        house.take(number, total="9000.00")
    other = open_board(enter("wang"))
    page = open_board(enter("zhao"))
    page.get_by_role("checkbox", name="Tick A-00001").check()
    page.get_by_role("checkbox", name="Tick A-00002").check()
    page.locator("#board-to").select_option("person:chen")
    page.get_by_role("button", name="Hand over").click()
    expect(page.locator("[data-board-many]")).to_be_hidden(timeout=LATER)
    for one in (page, other):
        look_again(one)
        expect(one.locator(".board-row:visible .owner", has_text="Chen")).to_have_count(2, timeout=LATER)


def test_a_lead_sets_a_limit_beside_the_board(house: House, enter: Enter) -> None:
    house.take(1, total="9000.00")
    page = open_board(enter("zhao"))
    page.locator("[data-board-limits]").click()
    form = page.locator("#board-side form").nth(1)
    form.locator("[name='minutes ']").fill("5")
    form.get_by_role("button", name="Save").click()
    expect(page.locator("#board-side")).to_contain_text("It holds for all open orders", timeout=LATER)
    look_again(page)
    expect(page.locator(".board-row .word")).to_contain_text("whole order", timeout=LATER)
    page.locator("[data-board-side-close]").click()
    expect(page.locator("#board-side")).to_be_empty()


def test_on_the_phone_rows_are_cards_and_nothing_runs_out_of_the_screen(house: House, enter: Enter) -> None:
    house.take(1, total="9000.00")
    page = open_board(enter("zhao", language="zh-CN", theme="dark", width=390, height=844, touch=True))
    card = page.locator(".board-row:visible")
    expect(card).to_contain_text("时效内")
    box = card.bounding_box()
    assert box is not None
    assert box["height"] > 100
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator("[data-board-filters] summary").tap()
    expect(page.locator("[data-board-filter=flow]")).to_be_visible()


def test_the_wall_shows_the_worst_stage_and_says_when_it_hears_nothing(house: House, enter: Enter) -> None:
    house.take(1, total="9000.00")
    set_clock(house, 31)
    page = open_board(enter("chen", width=1920, height=1080), "/board/wall")
    expect(page.locator(".wall-group[data-sign=red]")).to_have_count(1)
    expect(page.locator(".wall-row")).to_contain_text("A-00001")
    height = page.locator(".wall-figures .figure b").first.evaluate("one => parseFloat(getComputedStyle(one).fontSize)")
    assert height > 120
    before = page.evaluate("document.querySelectorAll('*').length")
    countdown = page.locator(".wall-group > b")
    expect(countdown).not_to_have_text(countdown.inner_text(), timeout=LATER)
    assert page.evaluate("document.querySelectorAll('*').length") == before
    page.route("**/board/rows*", lambda route: route.fulfill(status=401, body="{}"))
    look_again(page)
    expect(page.locator("[data-board-lost]")).to_contain_text("Sign in again", timeout=LATER)

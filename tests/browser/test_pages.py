"""What people do all day, by mouse, thumb and keyboard."""

import re

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import insert

from builder.auth import add_user, make_signin_link
from runtime.store import tables
from runtime.store.database import begin
from runtime.wiring import open_service
from tests.browser.conftest import Enter
from tests.live import Live
from tests.trade import MANAGER, order, publish
from tests.web.conftest import BIG_ORDERS, House

SCREENS = {"desk": (1440, 900), "phone": (390, 844)}


def test_on_real_workers_a_lead_approves_and_the_order_arrives(live: Live, chromium: Browser) -> None:
    """The whole house: an order by the API, a link, a key, RQ, and the order is done."""
    service = open_service(str(live.engine.url), f"unix://{live.home}/live/redis.sock")
    publish(service, BIG_ORDERS)
    with begin(live.engine, durable=True) as connection:
        add_user(connection, "zhao", "赵磊", ("lead",))
        connection.execute(insert(tables.team_members).values(team="leads", user_name="zhao"))
    line = live.line()
    taken = line.tell("/api/v1/orders", order(1, total="8547.00", channel="own-shop"))
    line.close()
    run_id = taken["results"][0]["trace"].split(".")[0]
    with chromium.new_context(base_url=f"http://{live.host}:{live.port}", locale="zh-CN") as context:
        page = context.new_page()
        page.goto(make_signin_link(live.engine, "zhao"))
        page.get_by_role("button", name="以 赵磊 登录").click()
        page.get_by_role("link", name="待办").first.click()
        expect(page.locator("#task")).to_contain_text("A-00001", timeout=15_000)
        page.keyboard.press("a")
        expect(page.locator("#toasts")).to_contain_text("已通过")
        page.goto(f"/orders/{run_id}")
        expect(page.locator("header .state.done")).to_be_visible(timeout=15_000)
        expect(page.locator(".timeline")).to_contain_text("赵磊")


def test_keys_walk_the_inbox_and_approve(house: House, worker: None, enter: Enter) -> None:
    house.take(1, total="8547.00")
    second = house.take(2, total="9100.00")
    page = enter("zhao")
    page.goto("/inbox")
    expect(page.locator("#task")).to_contain_text("A-00001")
    page.keyboard.press("j")
    expect(page.locator("#task")).to_contain_text("A-00002")
    page.keyboard.press("k")
    expect(page.locator("#task")).to_contain_text("A-00001")
    page.keyboard.press("a")
    expect(page.locator("#toasts")).to_contain_text("Approved.")
    expect(page.locator("[data-task]")).to_have_count(1)
    expect(page).to_have_url(re.compile(second))


def test_a_rejection_by_key_asks_for_the_reason_first(house: House, worker: None, enter: Enter) -> None:
    run_id = house.take(1, total="9300.00")
    page = enter("zhao")
    page.goto(f"/inbox/{run_id}.3.1")
    page.keyboard.press("r")
    expect(page.get_by_label("Reason in your own words")).to_be_focused()
    page.keyboard.type("no phone, no order")
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("Rejected.")
    page.goto(f"/orders/{run_id}")
    expect(page.locator("header .state.cancelled")).to_be_visible()
    expect(page.locator(".timeline")).to_contain_text("no phone, no order")


def test_a_reason_is_chosen_by_its_number(house: House, worker: None, enter: Enter) -> None:
    run_id = house.take(1, total="9300.00")
    page = enter("zhao")
    page.goto(f"/inbox/{run_id}.3.1")
    page.keyboard.press("1")
    page.keyboard.press("r")
    expect(page.locator("#toasts")).to_contain_text("Rejected.")
    page.goto(f"/orders/{run_id}")
    expect(page.locator(".timeline")).to_contain_text("Stock confirmed")


def test_a_rejection_without_a_reason_says_so_at_the_form(house: House, enter: Enter) -> None:
    page = enter("zhao")
    page.goto(f"/inbox/{house.take(1, total='9300.00')}.3.1")
    page.locator("[data-decide] button[value=reject]").click()
    expect(page.locator("#task [role=alert]")).to_contain_text("Say why")
    expect(page.locator("#words")).to_have_attribute("aria-invalid", "true")


def test_a_new_task_appears_by_itself(house: House, enter: Enter) -> None:
    page = enter("zhao")
    page.goto("/inbox")
    expect(page.locator("#task-list")).to_contain_text("All done")
    run_id = house.take(1, total="9400.00")
    expect(page.locator(f'[data-task][href*="{run_id}"]')).to_be_visible(timeout=15_000)
    expect(page.locator("#rail-tasks")).to_have_text("1", timeout=15_000)


def test_the_first_decision_counts_and_the_second_is_told(house: House, enter: Enter) -> None:
    run_id = house.take(1, total="9500.00")
    page = enter("zhao")
    page.goto(f"/inbox/{run_id}.3.1")
    house.service.decide_task(f"{run_id}.3.1", "approve", "", MANAGER)
    page.locator("#words").fill("too late")
    page.locator("[data-decide] button[value=reject]").click()
    expect(page.locator("#task [role=alert]")).to_contain_text("manager approved this")
    expect(page.locator("[data-decide]")).to_have_count(0)


def test_search_narrows_while_one_writes(house: House, enter: Enter) -> None:
    house.take(1)
    run_id = house.take(61)
    page = enter("zhao")
    page.goto("/orders")
    expect(page.locator("#found .row-link")).to_have_count(2)
    page.keyboard.press("/")
    page.keyboard.type("A-00061")
    expect(page.locator("#found .row-link")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("q=A-00061"))
    page.locator(f'.row-link[href$="{run_id}"]').click()
    expect(page.locator("h1")).to_have_text("A-00061")


def test_one_thumb_is_enough_on_a_phone(house: House, enter: Enter) -> None:
    run_id = house.take(1, total="9700.00")
    page = enter("zhao", width=390, height=844, touch=True)
    page.locator(".bar a[href='/inbox']").tap()
    page.locator(f'[data-task][href*="{run_id}"]').tap()
    approve = page.locator("[data-decide] button[value=approve]")
    approve.wait_for()
    box = approve.bounding_box()
    assert box is not None
    assert box["height"] >= 44
    assert box["y"] > 844 / 2
    approve.tap()
    expect(page.locator("#toasts")).to_contain_text("Approved.")


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("zh-CN", "dark")])
@pytest.mark.parametrize("screen", SCREENS)
def test_no_page_is_wider_than_its_screen(house: House, enter: Enter, screen: str, language: str, theme: str) -> None:
    run_id, failed = house.take(1, total="9700.00"), house.take(2, "shaky-shop")
    house.hire("mei", "admin", "lead", team="leads")
    width, height = SCREENS[screen]
    page = enter("mei", language=language, theme=theme, width=width, height=height, touch=screen == "phone")
    paths = ["/", "/inbox", f"/inbox/{run_id}.3.1", "/orders", f"/orders/{run_id}", f"/orders/{failed}", "/refusals"]
    for path in [
        *paths,
        "/flows",
        "/flows/new",
        "/people",
        "/channels",
        "/board",
        "/performance",
        "/messages",
        "/calendars",
    ]:
        page.goto(path)
        expect(page.locator("main")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == theme


def test_everything_is_reached_without_a_mouse(enter: Enter) -> None:
    page = enter("zhao")
    page.goto("/orders")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.goto("/inbox")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()

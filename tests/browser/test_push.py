"""Open pages hear of changes: by one stream a browser, whichever of its tabs holds it, and by asking where there is none."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from builder import create_app
from tests.api.conftest import make_settings
from tests.browser.conftest import Enter
from tests.push.houses import Pusher, close, pushing, wait_for, wait_for_silence
from tests.trade import publish
from tests.web.conftest import BIG_ORDERS, House

LATER = 30_000


@pytest.fixture(scope="module")
def running_pusher() -> Iterator[Pusher]:
    """A push process for all tests."""
    with pushing() as made:
        yield made


@pytest.fixture
def pusher(running_pusher: Pusher) -> Pusher:
    """A push process that may be killed: it runs when a test begins."""
    if running_pusher.process.poll() is not None:
        running_pusher.start()
    return running_pusher


@pytest.fixture
def house(sqlite_url: str, tmp_path: Path, pusher: Pusher) -> Iterator[House]:
    """A house whose pages are pushed to, with a lead in it."""
    settings = make_settings(tmp_path, sqlite_url, pusher.redis_url, push_url="", push_port=pusher.port)
    made = House(create_app(settings))
    publish(made.service, BIG_ORDERS)
    made.hire("zhao", "lead", team="leads")
    yield made
    close(made.service)


def hears(page: Page, whether: str = "true") -> None:
    page.locator(f"html[data-hears={whether}]").wait_for(state="attached", timeout=LATER)


def open_inbox(page: Page) -> Page:
    page.goto("/inbox")
    hears(page)
    return page


def see(page: Page, *orders: str) -> None:
    expect(page.locator("[data-task]")).to_have_count(len(orders), timeout=LATER)
    for order in orders:
        expect(page.locator("[data-task]", has_text=order)).to_be_visible()


def test_the_tabs_of_a_browser_share_one_stream_and_take_it_over(enter: Enter, house: House, pusher: Pusher) -> None:
    first = open_inbox(enter("zhao"))
    second = open_inbox(first.context.new_page())
    assert pusher.streams() == 1
    house.take(1, total="9000.00")
    see(first, "A-00001")
    see(second, "A-00001")
    expect(first.locator("#rail-tasks")).to_have_text("1")
    first.close()
    house.take(2, total="9000.00")
    see(second, "A-00001", "A-00002")
    hears(second)
    wait_for(lambda: pusher.streams() == 1)


def test_where_the_stream_is_away_the_inbox_asks_and_goes_back_to_it(
    enter: Enter, house: House, pusher: Pusher
) -> None:
    page = open_inbox(enter("zhao"))
    pusher.kill(pusher.process)
    hears(page, "false")
    house.take(1, total="9000.00")
    see(page, "A-00001")
    pusher.start()
    hears(page)
    house.take(2, total="9000.00")
    see(page, "A-00001", "A-00002")


def test_a_hidden_page_asks_nothing_and_looks_when_it_is_seen_again(enter: Enter, house: House, pusher: Pusher) -> None:
    page = open_inbox(enter("zhao"))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    show(page, hidden=True)
    wait_for(lambda: pusher.streams() == 0)
    house.take(1, total="9000.00")
    wait_for_silence()
    assert asked == []
    show(page, hidden=False)
    see(page, "A-00001")
    wait_for(lambda: pusher.streams() == 1)


def show(page: Page, *, hidden: bool) -> None:
    """As when somebody goes to another tab and comes back, which a headless browser does not do."""
    page.evaluate(
        """hidden => {
            Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )

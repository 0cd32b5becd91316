"""A real browser before a real server: both on this machine, both ended with the test."""

import threading
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from builder.auth import make_signin_link
from tests.browsers import PATIENCE_MS
from tests.live import Live, running
from tests.web.conftest import House, house

__all__ = ["house"]

Enter = Callable[..., Page]
"""Opens a window in which a person has signed in: `enter("lin", language="zh-CN", width=390, height=844)`."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs a browser."""
    for item in items:
        if item.path.parent.name == "browser":
            item.add_marker(pytest.mark.browser)


@pytest.fixture
def address(house: House) -> Iterator[str]:
    """Where the house's pages are served."""
    server = make_server("127.0.0.1", 0, house.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def worker(house: House) -> Iterator[None]:
    """Orders go on by themselves, as they do where workers run."""
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(0.1):
            house.settle()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield
    ended.set()
    thread.join()


@pytest.fixture
def enter(chromium: Browser, house: House, address: str) -> Iterator[Enter]:
    """Signs people in. A page that throws, or that the content policy stops, fails the test."""
    complaints: list[str] = []
    contexts = []

    def sign_in(
        name: str,
        *,
        language: str = "en",
        theme: str = "light",
        width: int = 1440,
        height: int = 900,
        touch: bool = False,
        installed: bool = False,
    ) -> Page:
        context = chromium.new_context(
            base_url=address,
            viewport={"width": width, "height": height},
            has_touch=touch,
            is_mobile=touch,
            # Tests stand between page and server themselves; only a few want the app's own worker there.
            service_workers="allow" if installed else "block",
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        context.add_cookies(
            [
                {"name": "language", "value": language, "url": address},
                {"name": "theme", "value": theme, "url": address},
            ]
        )
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None
        )
        page.goto(make_signin_link(house.service.engine, name))
        page.locator("main form button, form button.primary").first.click()
        page.wait_for_load_state()
        return page

    yield sign_in
    for context in contexts:
        context.close()
    assert not complaints, "\n".join(complaints)


@pytest.fixture(scope="session")
def live() -> Iterator[Live]:
    """The whole product: web server, RQ workers, clock and Redis as processes of their own."""
    with running() as started:
        yield started

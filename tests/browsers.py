"""A real Chromium for the tests, with a fresh profile for each."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

PATIENCE_MS = 15_000  # on a busy machine; nothing is measured with it
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One headless Chromium for the session."""
    program = next((path for name in PROGRAMS if (path := shutil.which(name))), None)
    if program is None:
        pytest.skip("no Chromium: none of chromium, chromium-browser, google-chrome is on PATH")
    expect.set_options(timeout=PATIENCE_MS)
    arguments = [*ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A browser without history, on a desk screen, that speaks Chinese."""
    with chromium.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN") as context:
        yield context


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """An empty page in a fresh browser; waiting ends after a while."""
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    return page

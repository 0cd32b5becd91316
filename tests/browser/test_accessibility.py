"""Every page and dialog can be used by everybody: axe-core finds nothing serious, and nothing breaks at twice the size."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from runtime.actor import SYSTEM
from tests.browser.conftest import Enter
from tests.browser.test_canvas import EMPTY, PLACES, card, opened
from tests.web.conftest import House

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
GRAVE = ("serious", "critical")


@cache
def axe() -> str:
    return AXE.read_text("utf-8")


def findings(page: Page) -> list[str]:
    """What is grave: where, which rule, and the first elements."""
    page.evaluate(f"() => {{ {axe()} }}")
    found: dict[str, Any] = page.evaluate(
        "(rules) => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES
    )
    return [
        f"{urlsplit(page.url).path}: {one['id']} ({one['help']}): {[node['html'][:160] for node in one['nodes'][:3]]}"
        for one in found["violations"]
        if one["impact"] in GRAVE
    ]


@pytest.fixture
def busy(house: House) -> House:
    """A house in which every list has something in it."""
    house.take(1, total="9000.00", payments=[])
    house.take(2, total="10.00", payments=[])
    house.take(3, channel="shaky-shop")
    house.service.flows.add(EMPTY | {"layout": {"nodes": PLACES}}, SYSTEM)
    return house


def pages(page: Page, house: House) -> Iterator[str]:
    """Every page that links lead to, one of each kind; the browser stands on it while it is handled."""
    routes = house.app.url_map.bind("")
    seen: set[str] = set()
    wanted = ["/"]
    while wanted:
        path = wanted.pop(0)
        endpoint, _ = routes.match(path, method="GET")
        if endpoint in seen or endpoint.endswith((".export", ".raw", ".sample")):
            continue
        seen.add(endpoint)
        page.goto(path)
        wanted += page.eval_on_selector_all(
            "a[href^='/']", "all => all.filter(a => !a.download).map(a => new URL(a.href).pathname)"
        )
        yield endpoint


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("zh-CN", "dark")])
def test_no_page_keeps_anybody_out(busy: House, enter: Enter, language: str, theme: str) -> None:
    page = enter("root", language=language, theme=theme)
    found = []
    visited = []
    for endpoint in pages(page, busy):
        visited.append(endpoint)
        if endpoint == "canvas.page":
            page.locator(".card").first.wait_for()
        found += findings(page)

    assert len(visited) > 15, visited
    assert not found, "\n".join(found)


@pytest.mark.parametrize(("language", "theme"), [("en", "dark"), ("zh-CN", "light")])
def test_no_dialog_of_the_canvas_keeps_anybody_out(busy: House, enter: Enter, language: str, theme: str) -> None:
    page = opened(enter("root", language=language, theme=theme), "big-orders")
    found = []
    for kind in ("route", "approval", "notify"):
        card(page, kind).locator(".card-head").click()
        found += findings(page)
    page.keyboard.press("Escape")
    for button in (".bar-past", ".bar-keys"):
        page.locator(button).click()
        expect(page.get_by_role("dialog")).to_be_visible()
        found += findings(page)
        page.keyboard.press("Escape")
    page.goto("/flows/big-orders/canvas?version=1")
    page.locator(".view-banner").wait_for()
    found += findings(page)

    assert not found, "\n".join(found)


def test_at_twice_the_size_nothing_is_cut_off(busy: House, enter: Enter) -> None:
    page = enter("root", width=720, height=450)
    wide = []
    for _ in pages(page, busy):
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > 720:
            wide.append(f"{urlsplit(page.url).path}: {width}")

    assert not wide, "\n".join(wide)

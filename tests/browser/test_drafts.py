"""Nothing that is drawn is lost: two windows, two people, a server that dies, a connection that is gone."""

import re
from typing import Any

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect

from builder.auth import add_user, make_signin_link
from runtime.actor import SYSTEM, Actor
from runtime.clock import now
from runtime.drafts import Edit, Written
from runtime.flows import Flows, Published
from runtime.store.database import begin
from tests.browser.conftest import Enter
from tests.browser.test_canvas import EMPTY, PLACES, card, edges, join_all, middle, opened, saved, stored
from tests.live import Live
from tests.web.conftest import House

SKETCH = EMPTY | {"layout": {"nodes": PLACES}}
ROOT = Actor("root")


@pytest.fixture
def canvas(house: House, enter: Enter) -> Page:
    house.service.flows.add(SKETCH, SYSTEM)
    return opened(enter("lin"), "sketch")


def publish_as_root(house: House, change: dict[str, Any]) -> None:
    drafts = house.service.drafts
    found = drafts.open("sketch", "root")
    assert found is not None
    written = drafts.write("sketch", ROOT, found.rev, found.base_rev, [Edit("root", "do", "did it", change)])
    assert isinstance(written, Written)
    assert isinstance(drafts.publish("sketch", written.rev, "", ROOT), Published)


def undo(page: Page) -> None:
    page.locator(".canvas-surface").focus()
    page.keyboard.press("Control+z")


def test_undo_goes_on_after_a_reload_and_on_another_device(canvas: Page, enter: Enter, house: House) -> None:
    join_all(canvas)
    saved(canvas)
    canvas.reload()
    canvas.locator(".card").first.wait_for()
    expect(edges(canvas)).to_have_count(1)
    undo(canvas)
    expect(edges(canvas)).to_have_count(0)
    saved(canvas)

    phone = opened(enter("lin"), "sketch")
    phone.locator(".canvas-surface").focus()
    phone.keyboard.press("Control+Shift+z")
    expect(edges(phone)).to_have_count(1)
    saved(phone)
    assert len(stored(house)["edges"]) == 1


def test_two_windows_of_one_person_draw_one_draft(canvas: Page, enter: Enter, house: House) -> None:
    other = opened(enter("lin"), "sketch")
    join_all(canvas)
    saved(canvas)
    other.locator(".card").first.click()
    other.keyboard.press("F2")
    other.keyboard.type("Orders come in")
    other.keyboard.press("Enter")
    saved(other)

    expect(edges(other)).to_have_count(1)
    expect(card(canvas, "ingest").locator(".card-name")).to_have_text("Orders come in")
    assert len(stored(house)["edges"]) == 1


def test_a_newer_version_of_somebody_else_is_merged_into_ones_own_draft(canvas: Page, house: House) -> None:
    join_all(canvas)
    saved(canvas)
    step = {"id": "look", "type": "pre-check", "settings": {"required": ["total"]}, "name": "Look it over"}
    line = {"id": "e1", "from": "in", "port": "out", "to": "look"}
    rest = [{"id": f"e{n}", "from": "look", "port": port, "to": "end"} for n, port in ((2, "ok"), (3, "abnormal"))]
    publish_as_root(house, {"nodes.look": step, "edges.e1": line} | {f"edges.{one['id']}": one for one in rest})
    canvas.locator(".bar-overtaken").click()
    canvas.get_by_role("dialog").get_by_role("button", name="Merge", exact=True).click()
    dialog = canvas.get_by_role("dialog")
    expect(dialog).to_contain_text("Look it over")
    dialog.get_by_role("button", name="Merge", exact=True).click()

    expect(card(canvas, "pre-check")).to_have_count(1)
    expect(canvas.locator(".bar-overtaken")).to_be_hidden()
    saved(canvas)
    undo(canvas)
    expect(card(canvas, "pre-check")).to_have_count(0)


def test_somebody_elses_draft_is_seen_beside_ones_own(canvas: Page, enter: Enter) -> None:
    root = opened(enter("root"), "sketch")
    join_all(root)
    saved(root)
    mark = canvas.locator(".company-mark")
    expect(mark).to_have_attribute("aria-label", re.compile("Root has this flow open · 1 change"))
    mark.click()
    canvas.get_by_role("button", name="View their draft").click()
    expect(canvas.locator(".view-banner")).to_contain_text("The draft of Root")
    expect(edges(canvas)).to_have_count(1)
    canvas.get_by_role("button", name="Back to my draft").click()

    canvas.locator(".card").first.wait_for()
    expect(edges(canvas)).to_have_count(0)


def test_any_earlier_moment_and_version_is_compared_and_brought_back(canvas: Page, house: House) -> None:
    join_all(canvas)
    canvas.locator(".bar-publish[aria-disabled='false']").click()
    canvas.get_by_role("dialog").get_by_role("button", name="Publish", exact=True).click()
    expect(canvas.locator(".bar-live")).to_have_text("Version 1 live")
    card(canvas, "end").locator(".card-head").click()
    canvas.keyboard.press("Delete")
    expect(card(canvas, "end")).to_have_count(0)
    saved(canvas)
    canvas.get_by_role("button", name="History").click()
    canvas.get_by_role("tab", name="Versions").click()
    canvas.get_by_role("button", name="Compare").click()
    expect(canvas.locator(".card.is-added")).to_have_count(1)
    canvas.locator(".view-banner").get_by_role("button", name="Restore").click()

    expect(card(canvas, "end")).to_have_count(1)
    saved(canvas)
    assert len(stored(house)["edges"]) == 1
    canvas.get_by_role("button", name="History").click()
    expect(canvas.locator(".past-row").first).to_contain_text("Restore version 1")


def test_what_is_drawn_without_a_connection_is_kept_on_the_device_and_sent_later(canvas: Page, house: House) -> None:
    canvas.context.set_offline(True)
    join_all(canvas)
    expect(canvas.locator(".bar-standing")).to_have_class(re.compile("is-failed"))
    assert stored(house)["edges"] == []
    canvas.context.set_offline(False)

    saved(canvas)
    assert len(stored(house)["edges"]) == 1


def test_a_page_that_is_closed_before_it_could_save_brings_its_changes_with_it(
    canvas: Page, enter: Enter, house: House
) -> None:
    address = canvas.url
    canvas.route("**/draft/changes", lambda route: route.abort())
    join_all(canvas)
    expect(canvas.locator(".bar-standing")).to_have_class(re.compile("is-failed"))
    canvas.goto("/flows")
    canvas.unroute("**/draft/changes")
    canvas.goto(address)

    expect(edges(canvas)).to_have_count(1)
    saved(canvas)
    assert len(stored(house)["edges"]) == 1


def test_a_server_that_is_killed_in_the_middle_of_a_drag_loses_nothing(live: Live, chromium: Browser) -> None:
    with begin(live.engine, durable=True) as connection:
        add_user(connection, "mei", "Mei", ("designer",), None)
    Flows(live.engine, now).add(SKETCH | {"key": "killed"}, SYSTEM)
    with chromium.new_context(
        base_url=f"http://{live.host}:{live.port}", viewport={"width": 1440, "height": 900}
    ) as context:
        page = context.new_page()
        page.goto(make_signin_link(live.engine, "mei"))
        page.locator("main form button, form button.primary").first.click()
        page.wait_for_load_state()
        opened(page, "killed")
        start, end = middle(card(page, "ingest").locator(".port-dot")), middle(card(page, "end").locator(".card-head"))
        page.mouse.move(*start)
        page.mouse.down()
        page.mouse.move(start[0] + 60, start[1] + 20, steps=4)
        for web in [one for one in live.process.children() if "web" in one.cmdline()]:
            family = [*web.children(recursive=True), web]
            for member in family:
                member.kill()
            psutil.wait_procs(family, timeout=10)
        page.mouse.move(*end, steps=6)
        page.mouse.up()
        expect(edges(page)).to_have_count(1)
        expect(page.locator(".bar-standing")).to_have_class(re.compile("is-saved"), timeout=30_000)
        page.reload()
        page.locator(".card").first.wait_for()

        expect(edges(page)).to_have_count(1)

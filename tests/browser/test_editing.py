"""Editing a flow with every hand: commands and keys, finding, lasso, notes, groups, pins, menus, touch, and keys alone."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from runtime.actor import SYSTEM
from runtime.core.flow import read_flow
from tests.browser.conftest import Enter
from tests.browser.test_canvas import card, drag, edges, middle, opened, port, saved, stored
from tests.core.flow_documents import document
from tests.web.conftest import House

ROW = document(
    [("in", "ingest", {}), ("mark", "set", {}), ("rest", "wait", {}), ("end", "end", {})],
    ["in.out>mark", "mark.out>rest", "rest.out>end"],
    key="sketch",
    channels=["own-shop"],
)
PLACES = {"in": (0, 0), "mark": (320, 40), "rest": (640, 0), "end": (960, 240)}
LAID = ROW | {"layout": {"nodes": {node: {"x": x, "y": y} for node, (x, y) in PLACES.items()}}}


@pytest.fixture
def canvas(house: House, enter: Enter) -> Page:
    """The canvas of a row of four steps, before the designer Lin."""
    house.service.flows.add(LAID, SYSTEM)
    page = opened(enter("lin"), "sketch")
    page.keyboard.press("1")
    return page


def place(house: House, node: str) -> tuple[float, float]:
    at = stored(house)["layout"]["nodes"][node]
    return at["x"], at["y"]


def command(page: Page, name: str) -> None:
    """Do something by the command palette."""
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="All commands").fill(name)
    page.keyboard.press("Enter")


def head(page: Page, kind: str) -> tuple[float, float]:
    return middle(card(page, kind).locator(".card-head"))


def named(page: Page, kind: str, name: str) -> None:
    expect(card(page, kind).locator(".card-name")).to_have_text(name)


# --- commands -----------------------------------------------------------------------------------------------------------


def test_the_palette_adds_goes_and_does_by_a_few_letters(canvas: Page) -> None:
    command(canvas, "go to wait")
    expect(card(canvas, "wait")).to_have_class(re.compile("is-selected"))
    command(canvas, "add approval")
    expect(card(canvas, "approval")).to_have_count(1)
    command(canvas, "undo")
    expect(card(canvas, "approval")).to_have_count(0)


def test_a_key_that_somebody_gave_a_command_works_and_stays(canvas: Page) -> None:
    note, step = (canvas.locator(f'.key-change[data-command="{name}"]') for name in ("note", "add"))

    def sheet() -> None:
        canvas.locator(".canvas-surface").focus()
        canvas.keyboard.press("?")

    sheet()
    note.click()
    canvas.keyboard.press("a")
    expect(canvas.locator(".key-voice")).to_contain_text("A is “Add a step”")
    canvas.get_by_role("button", name="Take it").press("Enter")
    expect(note).to_have_text("Add a note: A")
    expect(step).to_have_text("Add a step: no key")
    canvas.keyboard.press("Escape")
    canvas.reload()
    canvas.locator("#canvas[data-ready]").wait_for()
    canvas.locator(".canvas-surface").focus()
    canvas.keyboard.press("a")
    expect(canvas.locator(".note textarea")).to_be_focused()
    canvas.keyboard.press("Escape")

    sheet()
    canvas.get_by_role("button", name="Back to the usual keys").click()
    expect(note).to_have_text("Add a note: N")


def test_what_is_found_in_settings_is_marked_and_leads_to_its_field(canvas: Page) -> None:
    card(canvas, "ingest").locator(".card-head").click()
    canvas.keyboard.press("i")
    canvas.keyboard.type("route")
    canvas.keyboard.press("Enter")
    canvas.get_by_role("button", name="Condition").click()
    canvas.locator(".clause").get_by_label("Amount").fill("5000.00")
    canvas.keyboard.press("Control+f")
    canvas.keyboard.type("more than 5,000")

    expect(canvas.locator(".found")).to_have_count(1)
    expect(canvas.locator(".card.is-found")).to_have_count(1)
    expect(canvas.locator(".found mark").first).to_be_visible()
    canvas.keyboard.press("Enter")
    expect(card(canvas, "route")).to_have_class(re.compile("is-selected"))
    expect(canvas.locator(".inspector :focus")).to_have_count(1)


# --- selecting and arranging --------------------------------------------------------------------------------------------


def test_the_lasso_takes_what_it_is_drawn_around_and_tools_line_it_up(canvas: Page, house: House) -> None:
    (x1, y1), (x2, y2) = head(canvas, "ingest"), head(canvas, "wait")
    canvas.keyboard.down("Alt")
    canvas.mouse.move(x1 - 110, y1 - 60)
    canvas.mouse.down()
    for point in ((x2 + 110, y1 - 60), (x2 + 110, y2 + 130), (x1 - 110, y2 + 130), (x1 - 110, y1 - 60)):
        canvas.mouse.move(*point, steps=6)
    canvas.mouse.up()
    canvas.keyboard.up("Alt")
    expect(canvas.locator(".card.is-selected")).to_have_count(3)
    canvas.get_by_role("toolbar", name="What is selected").get_by_role("button", name="Align top").click()
    saved(canvas)

    assert [place(house, node)[1] for node in ("in", "mark", "rest", "end")] == [0, 0, 0, 240]
    canvas.keyboard.press("Control+z")
    saved(canvas)
    assert place(house, "mark") == (320, 40)


def test_a_pinned_step_stays_when_the_flow_is_tidied(canvas: Page, house: House) -> None:
    card(canvas, "end").locator(".card-head").click(button="right")
    canvas.get_by_role("menuitem", name="Pin or unpin").click()
    expect(card(canvas, "end").locator(".card-pin")).to_be_visible()
    canvas.get_by_role("button", name="Tidy up").click()
    canvas.get_by_role("menuitem", name="Tidy up, top to bottom").click()
    saved(canvas)

    assert place(house, "end") == (960, 240)
    assert place(house, "in")[1] < place(house, "mark")[1] < place(house, "rest")[1]


# --- names, notes and groups --------------------------------------------------------------------------------------------


def test_a_step_is_renamed_on_its_card(canvas: Page) -> None:
    card(canvas, "wait").locator(".card-name").dblclick()
    canvas.keyboard.type("Until the morning")
    canvas.keyboard.press("Enter")
    named(canvas, "wait", "Until the morning")
    canvas.keyboard.press("F2")
    canvas.keyboard.type("Something else")
    canvas.keyboard.press("Escape")

    named(canvas, "wait", "Until the morning")


def test_a_note_is_written_moved_resized_and_undone(canvas: Page, house: House) -> None:
    canvas.get_by_role("button", name="Add a note").click()
    canvas.keyboard.type("Ask finance first")
    canvas.keyboard.press("Escape")
    note = canvas.locator(".note")
    expect(note).to_have_text("Ask finance first")
    saved(canvas)
    (before,) = stored(house)["layout"]["notes"]
    x, y = middle(note)
    drag(canvas, (x, y), (x + 60, y + 90))
    saved(canvas)
    (moved,) = stored(house)["layout"]["notes"]
    assert moved["x"] > before["x"] and moved["y"] > before["y"]
    x, y = middle(note.locator(".note-grip"))
    drag(canvas, (x, y), (x + 80, y + 40))
    saved(canvas)
    (larger,) = stored(house)["layout"]["notes"]
    assert larger["width"] > moved["width"] and larger["height"] > moved["height"]
    for _ in range(2):
        canvas.keyboard.press("Control+z")
    saved(canvas)

    assert stored(house)["layout"]["notes"] == [before]


def test_a_group_moves_with_its_steps_collapses_into_a_card_and_unfolds(canvas: Page, house: House) -> None:
    card(canvas, "set").locator(".card-head").click()
    card(canvas, "wait").locator(".card-head").click(modifiers=["Shift"])
    canvas.keyboard.press("Control+g")
    frame = canvas.locator(".group-frame")
    expect(frame.locator(".group-count")).to_have_text("2")
    x, y = middle(frame.locator(".group-name"))
    drag(canvas, (x, y), (x + 10, y + 120))
    saved(canvas)
    (mark, rest) = place(house, "mark"), place(house, "rest")
    assert mark[1] > 40 and rest[1] > 0 and mark[1] - rest[1] == 40

    frame.locator(".group-name").dblclick()
    canvas.keyboard.type("Prepare")
    canvas.keyboard.press("Enter")
    frame.locator(".group-fold").click()
    folded = canvas.locator(".card.is-folded")
    expect(folded.locator(".card-name")).to_have_text("Prepare")
    expect(card(canvas, "set")).to_have_count(0)
    expect(edges(canvas)).to_have_count(2)
    expect(folded.locator(".card-port-label")).to_have_count(0)
    folded.locator(".group-fold").click()
    expect(card(canvas, "set")).to_have_count(1)
    expect(edges(canvas)).to_have_count(3)


# --- menus and the clipboard --------------------------------------------------------------------------------------------


def test_every_thing_on_the_canvas_has_a_menu(canvas: Page, house: House) -> None:
    (x1, y1), (x2, _) = middle(port(canvas, "ingest", "out")), head(canvas, "set")
    canvas.mouse.click((x1 + x2) / 2 - 100, y1, button="right")
    expect(canvas.get_by_role("menuitem", name="Delete", exact=True)).to_be_visible()
    canvas.keyboard.press("Escape")
    canvas.mouse.click(x1, y1 - 150, button="right")
    canvas.get_by_role("menuitem", name="Select all", exact=True).click()
    expect(canvas.locator(".card.is-selected")).to_have_count(4)
    canvas.keyboard.press("Escape")
    canvas.keyboard.press("ArrowRight")
    canvas.keyboard.press("Shift+F10")
    canvas.get_by_role("menuitem", name="Duplicate").wait_for()
    for _ in range(2):
        canvas.keyboard.press("ArrowDown")
    focused = canvas.evaluate("document.activeElement.dataset.command")
    assert focused == "add-next"


def test_a_whole_flow_is_pasted_and_other_text_is_refused_with_the_reason(canvas: Page, house: House) -> None:
    canvas.context.grant_permissions(["clipboard-read", "clipboard-write"])

    def paste(text: str) -> None:
        canvas.evaluate("text => navigator.clipboard.writeText(text)", text)
        canvas.locator(".canvas-surface").focus()
        canvas.keyboard.press("Control+v")

    paste(json.dumps(LAID))
    expect(canvas.locator(".card")).to_have_count(7)
    expect(canvas.locator(".toast")).to_contain_text("a flow has one start only")
    paste(json.dumps({"nodes": [], "connections": {}}))
    expect(canvas.locator(".toast").last).to_contain_text("workflow of n8n")
    expect(canvas.locator(".card")).to_have_count(7)


# --- touch --------------------------------------------------------------------------------------------------------------


class Fingers:
    """Real touches, given to the browser as the screen gives them."""

    def __init__(self, page: Page) -> None:
        self.session = page.context.new_cdp_session(page)

    def send(self, kind: str, *points: tuple[float, float]) -> None:
        touches = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    def drag(self, start: list[tuple[float, float]], end: list[tuple[float, float]]) -> None:
        self.send("touchStart", *start)
        for step in range(1, 9):
            along = [
                (x1 + (x2 - x1) * step / 8, y1 + (y2 - y1) * step / 8)
                for (x1, y1), (x2, y2) in zip(start, end, strict=True)
            ]
            self.send("touchMove", *along)
        self.send("touchEnd")


def test_fingers_pan_zoom_connect_and_ask_for_the_menu(house: House, enter: Enter) -> None:
    house.service.flows.add(LAID | {"edges": []}, SYSTEM)
    page = opened(enter("lin", touch=True, width=1100, height=800), "sketch")
    fingers = Fingers(page)
    page.get_by_role("button", name="Fit the whole flow").tap()
    shown = page.locator(".zoom-shown")
    before, (x, y) = shown.inner_text(), head(page, "ingest")

    fingers.drag([(x, y + 200)], [(x + 40, y + 140)])
    moved_x, moved_y = head(page, "ingest")
    assert (round(moved_x - x), round(moved_y - y)) == (40, -60)
    fingers.drag([(x, y + 200), (x + 100, y + 200)], [(x - 30, y + 200), (x + 130, y + 200)])
    expect(shown).not_to_have_text(before)
    page.get_by_role("button", name="Fit the whole flow").tap()

    page.touchscreen.tap(*middle(port(page, "ingest", "out")))
    expect(page.locator(".arming")).to_be_visible()
    page.touchscreen.tap(*head(page, "set"))
    expect(edges(page)).to_have_count(1)
    expect(page.locator(".arming")).to_be_hidden()

    fingers.send("touchStart", head(page, "wait"))
    expect(page.get_by_role("menuitem", name="Rename")).to_be_visible()
    fingers.send("touchEnd")
    expect(card(page, "wait")).to_have_class(re.compile("is-selected"))


# --- keys alone ---------------------------------------------------------------------------------------------------------

BLOCKS = 19


def type_in(page: Page, text: str) -> None:
    """Type and choose what is offered first."""
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def next_step(page: Page, kind: str) -> None:
    page.keyboard.press("Tab")
    type_in(page, kind)


def test_a_flow_of_sixty_steps_is_drawn_by_keys_alone(house: House, enter: Enter) -> None:
    start: dict[str, Any] = document([("in", "ingest", {})], [], key="sketch", channels=["own-shop"])
    house.service.flows.add(start, SYSTEM)
    page = opened(enter("lin"), "sketch")
    surface = page.locator(".canvas-surface")
    for _ in range(60):
        page.keyboard.press("Tab")
        if surface.evaluate("element => element === document.activeElement"):
            break
    page.keyboard.press("ArrowRight")
    next_step(page, "approval")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    type_in(page, "add: end")
    page.keyboard.press("F2")
    type_in(page, "Turned down")
    page.keyboard.press("Control+k")
    type_in(page, "go to: approval")
    for block in range(BLOCKS):
        page.keyboard.press("c")
        type_in(page, "rejected")
        type_in(page, "Turned down")
        next_step(page, "set")
        next_step(page, "wait")
        if block < BLOCKS - 1:
            next_step(page, "approval")
    next_step(page, "end")
    page.keyboard.press("t")
    saved(page)

    drawn = stored(house)
    assert len(drawn["nodes"]) == 3 * BLOCKS + 3 == 60
    assert len({(edge["from"], edge["port"]) for edge in drawn["edges"]}) == len(drawn["edges"]) == 4 * BLOCKS + 1
    left = [problem for problem in read_flow(drawn).problems if ".settings" not in problem.where]
    assert not left, left

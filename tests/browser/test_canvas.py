"""Drawing a flow with a real mouse: every gesture that people count on, and that nothing drawn is lost."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from builder.canvas.palette import port_rules
from nodes import node_types
from runtime.actor import SYSTEM
from tests.browser.conftest import Enter
from tests.core.flow_documents import document
from tests.web.conftest import House

Point = tuple[float, float]

EMPTY = document([("in", "ingest", {}), ("end", "end", {})], [], key="sketch", channels=["own-shop"])
PLACES = {"in": {"x": 0, "y": 0}, "end": {"x": 640, "y": 0}}


@pytest.fixture
def canvas(house: House, enter: Enter) -> Page:
    """The canvas of a flow with a start and an end that nothing joins yet, before the designer Lin."""
    house.service.flows.add(EMPTY | {"layout": {"nodes": PLACES}}, SYSTEM)
    return opened(enter("lin"), "sketch")


def opened(page: Page, key: str) -> Page:
    page.goto(f"/flows/{key}/canvas")
    page.locator("#canvas[data-ready]").wait_for()
    page.locator(".card").first.wait_for()
    return page


def card(page: Page, kind: str) -> Locator:
    return page.locator(f'.card[data-kind="{kind}"]')


def port(page: Page, kind: str, name: str) -> Locator:
    return card(page, kind).locator(f'.port[data-port="{name}"] .port-dot')


def middle(place: Locator) -> Point:
    box = place.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page: Page, start: Point, end: Point) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + 9, start[1] + 6)
    page.mouse.move(*end, steps=12)
    page.mouse.up()


def edges(page: Page) -> Locator:
    return page.locator(".x6-edge[data-cell-id^='edge:']")


def saved(page: Page) -> None:
    expect(page.locator(".bar-standing")).to_have_class(re.compile("is-saved"))


def stored(house: House, key: str = "sketch", person: str = "lin") -> dict[str, Any]:
    document = house.service.drafts.document(key, person)
    assert document is not None
    return dict(document)


def join_all(page: Page) -> None:
    """Lead the start to the end."""
    drag(page, middle(port(page, "ingest", "out")), middle(card(page, "end").locator(".card-head")))
    expect(edges(page)).to_have_count(1)


# --- drawing ------------------------------------------------------------------------------------------------------------


def test_a_step_is_dragged_from_the_palette_to_where_it_is_let_go(canvas: Page, house: House) -> None:
    drag(canvas, middle(canvas.locator('.palette-item[data-kind="approval"]')), (760.0, 600.0))

    expect(card(canvas, "approval")).to_have_count(1)
    x, y = middle(card(canvas, "approval").locator(".card-head"))
    assert abs(x - 760) < 20 and abs(y - 600) < 20
    saved(canvas)
    assert [node["type"] for node in stored(house)["nodes"]] == ["ingest", "end", "approval"]


def test_two_steps_are_joined_by_a_drag_from_a_way_out_to_a_card(canvas: Page, house: House) -> None:
    join_all(canvas)

    saved(canvas)
    assert [(edge["from"], edge["port"], edge["to"]) for edge in stored(house)["edges"]] == [("in", "out", "end")]


def test_a_way_that_is_let_go_over_nothing_offers_the_next_step(canvas: Page) -> None:
    x, y = middle(port(canvas, "ingest", "out"))
    drag(canvas, (x, y), (x + 160, y + 200))
    canvas.keyboard.type("wait")
    canvas.keyboard.press("Enter")

    expect(card(canvas, "wait")).to_have_count(1)
    expect(edges(canvas)).to_have_count(1)


def test_the_plus_of_a_way_out_adds_the_next_step_and_joins_it(canvas: Page) -> None:
    card(canvas, "ingest").locator(".port-plus").click()
    canvas.get_by_role("option", name=re.compile("^Pre-check")).click()

    expect(card(canvas, "pre-check")).to_have_count(1)
    expect(edges(canvas)).to_have_count(1)


def test_a_step_dropped_on_an_edge_goes_in_between(canvas: Page, house: House) -> None:
    join_all(canvas)
    (x1, y1), (x2, _) = middle(port(canvas, "ingest", "out")), middle(card(canvas, "end"))
    drag(canvas, middle(canvas.locator('.palette-item[data-kind="set"]')), ((x1 + x2) / 2, y1))

    expect(edges(canvas)).to_have_count(2)
    saved(canvas)
    ways = {(edge["from"], edge["to"]) for edge in stored(house)["edges"]}
    assert ways == {("in", "n3"), ("n3", "end")}


def test_deleting_with_control_closes_the_gap(canvas: Page, house: House) -> None:
    join_all(canvas)
    (x1, y1), (x2, _) = middle(port(canvas, "ingest", "out")), middle(card(canvas, "end"))
    drag(canvas, middle(canvas.locator('.palette-item[data-kind="set"]')), ((x1 + x2) / 2, y1))
    expect(edges(canvas)).to_have_count(2)
    canvas.keyboard.press("Control+Delete")

    expect(card(canvas, "set")).to_have_count(0)
    expect(edges(canvas)).to_have_count(1)


def test_everything_can_be_undone_and_done_again_and_a_reload_keeps_it(canvas: Page) -> None:
    join_all(canvas)
    drag(canvas, middle(canvas.locator('.palette-item[data-kind="route"]')), (700.0, 640.0))
    expect(card(canvas, "route")).to_have_count(1)
    canvas.keyboard.press("Control+z")
    canvas.keyboard.press("Control+z")
    expect(canvas.locator(".card")).to_have_count(2)
    expect(edges(canvas)).to_have_count(0)
    canvas.keyboard.press("Control+Shift+z")
    canvas.keyboard.press("Control+Shift+z")
    expect(canvas.locator(".card")).to_have_count(3)
    expect(edges(canvas)).to_have_count(1)
    saved(canvas)
    canvas.reload()
    canvas.locator("#canvas[data-ready]").wait_for()

    expect(canvas.locator(".card")).to_have_count(3)
    expect(edges(canvas)).to_have_count(1)


def test_copies_keep_their_edges_and_moving_a_selection_moves_all_of_it(canvas: Page, house: House) -> None:
    join_all(canvas)
    canvas.locator(".canvas-surface").focus()
    canvas.keyboard.press("Control+a")
    expect(canvas.locator(".card.is-selected")).to_have_count(2)
    canvas.keyboard.press("Control+d")
    expect(card(canvas, "end")).to_have_count(2)
    expect(card(canvas, "ingest")).to_have_count(1)
    saved(canvas)
    before = stored(house)["layout"]["nodes"]
    canvas.keyboard.press("Control+a")
    x, y = middle(card(canvas, "ingest").locator(".card-head"))
    drag(canvas, (x, y), (x + 80, y + 160))
    saved(canvas)

    after = stored(house)["layout"]["nodes"]
    assert len({(after[node]["x"] - place["x"], after[node]["y"] - place["y"]) for node, place in before.items()}) == 1
    assert after != before


# --- settings -----------------------------------------------------------------------------------------------------------


def test_a_condition_is_made_of_field_comparison_and_amount(canvas: Page, house: House) -> None:
    card(canvas, "ingest").locator(".port-plus").click()
    canvas.get_by_role("option", name=re.compile("^Route")).click()
    canvas.get_by_role("button", name="Condition").click()
    clause = canvas.locator(".clause")
    clause.get_by_label("Field").click()
    canvas.get_by_role("option", name="order total").click()
    clause.get_by_label("Comparison").select_option(label="is at least")
    clause.get_by_label("Amount").fill("5000.00")
    clause.get_by_label("Currency").fill("EUR")
    canvas.get_by_label("Name", exact=True).last.fill("big ones")

    expect(card(canvas, "route").locator(".card-port-label").first).to_have_text("big ones")
    saved(canvas)
    (rule,) = stored(house)["nodes"][-1]["settings"]["rules"]
    value = {"amount": "5000.00", "currency": "EUR"}
    assert rule["when"] == {"all": [{"field": "total", "op": "ge", "value": value}]}


def test_a_new_rule_is_a_new_way_out_at_once(canvas: Page) -> None:
    card(canvas, "ingest").locator(".port-plus").click()
    canvas.get_by_role("option", name=re.compile("^Route")).click()
    expect(card(canvas, "route").locator(".port")).to_have_count(3)
    canvas.locator(".add-row").click()

    expect(card(canvas, "route").locator(".port")).to_have_count(4)


def test_an_error_stands_at_its_field_on_its_card_and_in_the_list(canvas: Page) -> None:
    card(canvas, "ingest").locator(".port-plus").click()
    canvas.get_by_role("option", name=re.compile("^Approval")).click()
    saved(canvas)

    expect(canvas.locator('[data-home="who"] .form-problem')).to_have_count(1)
    expect(card(canvas, "approval").locator(".card-badge.is-error")).to_be_visible()
    canvas.keyboard.press("Escape")
    canvas.locator(".canvas-surface").click(position={"x": 400, "y": 780})
    canvas.locator(".bar-problems").click()
    canvas.locator(".problem", has_text="Approval").first.click()
    expect(card(canvas, "approval")).to_have_class(re.compile("is-selected"))


# --- keys ---------------------------------------------------------------------------------------------------------------


def test_a_flow_is_drawn_by_keys_alone(canvas: Page) -> None:
    canvas.locator(".canvas-surface").focus()
    canvas.keyboard.press("ArrowRight")
    expect(card(canvas, "ingest")).to_have_class(re.compile("is-selected"))
    canvas.keyboard.press("Tab")
    canvas.keyboard.type("set")
    canvas.keyboard.press("Enter")
    expect(card(canvas, "set")).to_have_class(re.compile("is-selected"))
    canvas.keyboard.press("F2")
    canvas.keyboard.type("Mark it")
    canvas.keyboard.press("Enter")

    expect(card(canvas, "set").locator(".card-name")).to_have_text("Mark it")
    canvas.keyboard.press("Delete")
    expect(card(canvas, "set")).to_have_count(0)


# --- saving and publishing ----------------------------------------------------------------------------------------------


def test_a_flow_without_errors_is_published(canvas: Page, house: House) -> None:
    expect(canvas.locator(".bar-publish")).to_have_attribute("aria-disabled", "true")
    join_all(canvas)
    saved(canvas)
    expect(canvas.locator(".bar-publish")).to_have_attribute("aria-disabled", "false")
    canvas.locator(".bar-publish").click()
    canvas.get_by_role("textbox").last.fill("First try")
    canvas.get_by_role("dialog").get_by_role("button", name="Publish", exact=True).click()

    expect(canvas.locator(".bar-live")).to_have_text("Version 1 live")
    draft = house.service.flows.draft("sketch")
    assert draft is not None and draft.version == 1


def test_moving_a_card_is_not_a_change_to_publish(canvas: Page) -> None:
    join_all(canvas)
    saved(canvas)
    canvas.locator(".bar-publish").click()
    canvas.get_by_role("dialog").get_by_role("button", name="Publish", exact=True).click()
    expect(canvas.locator(".bar-live")).to_have_text("Version 1 live")
    x, y = middle(card(canvas, "end").locator(".card-head"))
    drag(canvas, (x, y), (x, y + 120))
    saved(canvas)

    expect(canvas.locator(".bar-publish")).to_have_attribute("aria-disabled", "true")


def test_an_auditor_looks_and_changes_nothing(house: House, enter: Enter) -> None:
    house.service.flows.add(EMPTY | {"layout": {"nodes": PLACES}}, SYSTEM)
    page = opened(enter("oliver"), "sketch")
    drag(page, middle(port(page, "ingest", "out")), middle(card(page, "end").locator(".card-head")))

    expect(edges(page)).to_have_count(0)
    expect(page.locator(".palette")).to_be_hidden()


# --- a small screen -----------------------------------------------------------------------------------------------------


def test_on_a_phone_the_flow_is_a_list_that_opens_the_settings(house: House, enter: Enter) -> None:
    house.service.flows.add(EMPTY | {"layout": {"nodes": PLACES}}, SYSTEM)
    page = enter("lin", language="zh-CN", width=390, height=844)
    page.goto("/flows/sketch/canvas")
    page.locator("#canvas[data-ready]").wait_for()
    expect(page.locator(".outline-step")).to_have_count(2)
    page.locator(".outline-open").last.click()
    page.get_by_role("radio").last.check(force=True)
    page.get_by_role("button", name="返回列表").click()

    expect(page.locator(".outline-step .sentence").last).to_contain_text("取消")
    width: Callable[[], int] = lambda: page.evaluate("document.documentElement.scrollWidth")  # noqa: E731
    assert width() <= 390


# --- the palette knows the node types -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(node_types()))
def test_the_ports_that_the_page_draws_are_those_of_the_type(kind: str) -> None:
    node_type = node_types()[kind]
    rules = port_rules(node_type)
    settings = {} if rules.of is None else {rules.of: [{"id": "a"}, {"id": "b", "name": "B"}]}
    drawn = [*(port.id for port in rules.fixed), *(["a", "b"] if rules.of else []), *(port.id for port in rules.then)]

    assert drawn == [port.id for port in node_type.ports(settings)]

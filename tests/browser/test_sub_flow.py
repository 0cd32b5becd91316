"""A flow goes through another one: chosen by name, opened and come back from, tried, run, and told in the order's story."""

from playwright.sync_api import Page, expect

from runtime.actor import Actor
from tests.browser.conftest import Enter
from tests.browser.test_canvas import card, opened
from tests.core.flow_documents import approval, document, total_over
from tests.trade import publish
from tests.web.conftest import House

LATER = 30_000
PLACES = {"in": (0, 0), "sub": (330, 0), "end": (660, 0), "no": (660, 160)}

CHECK = document(
    [
        ("in", "ingest", {}),
        ("large", "route", {"rules": [{"id": "yes", "name": "large", "when": total_over("100.00")}]}),
        ("ask", "approval", approval(deadline_minutes=30)),
        ("end", "end", {}),
        ("no", "end", {"result": "cancelled", "reason": "refused by the check"}),
    ],
    ["in.out>large", "large.yes>ask", "large.else>end", "ask.approved>end", "ask.rejected>no"],
    key="check",
    teams=[{"key": "leads", "name": "Leads"}],
)
CHECK["name"] = {"en": "Check", "zh-CN": "核对"}
AROUND = document(
    [("in", "ingest", {}), ("sub", "sub-flow", {}), ("end", "end", {})],
    ["in.out>sub", "sub.done>end"],
    key="around",
    channels=["own-shop"],
    layout={"nodes": {node: {"x": x, "y": y} for node, (x, y) in PLACES.items() if node != "no"}},
)


def chosen(house: House, enter: Enter, **more: object) -> Page:
    """The canvas of the flow around, in whose step the other flow was just chosen by hand."""
    for note in ("first", "second"):
        house.service.flows.add(CHECK, Actor("lin"))
        house.service.flows.publish("check", note, Actor("lin"))
    house.service.flows.add(AROUND, Actor("lin"))
    page = opened(enter("lin", **more), "around")
    card(page, "sub-flow").click()
    page.locator('.inspector [data-field="flow"]').click()
    page.get_by_role("option", name="Check").or_(page.get_by_role("option", name="核对")).click()
    expect(page.locator('.inspector select[data-field="version"]')).to_have_value("2")
    expect(page.locator(".bar-problems.is-none")).to_be_visible(timeout=LATER)
    return page


def test_a_version_is_chosen_opened_and_come_back_from(house: House, enter: Enter) -> None:
    page = chosen(house, enter)
    page.locator('.inspector select[data-field="version"]').select_option("1")
    page.get_by_role("button", name="Version 2 is newer").click()
    expect(page.locator('.inspector select[data-field="version"]')).to_have_value("2")
    page.get_by_role("link", name="Open version 2").click()
    banner = page.locator(".view-banner")
    expect(banner).to_contain_text("“Check”, version 2", timeout=LATER)
    expect(card(page, "approval")).to_be_visible()
    banner.get_by_role("link").click()
    page.locator("#canvas[data-ready]").wait_for()
    expect(page.locator('.inspector select[data-field="version"]')).to_have_value("2", timeout=LATER)

    page.locator(".canvas-surface").focus()
    page.keyboard.press("o")
    expect(page.locator(".view-banner")).to_contain_text("“Check”, version 2", timeout=LATER)


def test_an_order_is_tried_through_it_and_told_where_it_is_inside(house: House, enter: Enter) -> None:
    page = chosen(house, enter)
    page.locator('[data-goes="try"]').click()
    inside = page.locator('.try-step[data-node="sub/large"]')
    expect(inside).to_contain_text("Sub-flow › ", timeout=LATER)
    inside.locator(".try-head").click()
    expect(page.locator(".try-why").first).to_be_visible()
    expect(page.locator('.try-layer [data-node="sub"].is-current')).to_be_attached()


def test_a_real_order_waits_inside_and_its_story_is_nested(house: House, enter: Enter) -> None:
    house.hire("wu", "operator", "designer", team="leads")
    publish(house.service, CHECK)
    around = {**AROUND, "nodes": [dict(node) for node in AROUND["nodes"]], "channels": ["shop-2"]}
    around["nodes"][1]["settings"] = {"flow": "check", "version": 1}
    publish(house.service, around)
    run_id = house.take(1, channel="shop-2", total="900.00")

    page = enter("wu")
    page.goto(f"/orders/{run_id}")
    expect(page.locator('.visit[data-depth="1"]', has_text="Sub-flow › ").first).to_be_visible()
    page.goto("/flows/around/live")
    expect(page.locator('.live-plane > .live-badge[data-node="sub"] strong, .live-badge strong').first).to_have_text(
        "1"
    )
    assert house.service.decide_task(f"{run_id}.5.1", "reject", "no", Actor("wu")) is None
    house.settle()
    page.goto(f"/orders/{run_id}")
    expect(page.locator("main")).to_contain_text("refused by the check")

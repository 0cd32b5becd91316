"""Messages in a browser: a way is set up and tried, an order's message goes by it, and the phone shows who was told."""

import re

from playwright.sync_api import Page, expect

from runtime.actor import Actor
from runtime.adapters.simulators import Simulators
from runtime.store.database import begin
from runtime.systems import allow
from tests.browser.conftest import Enter
from tests.core.flow_documents import document
from tests.trade import publish
from tests.web.conftest import House

TELLS = document(
    [
        ("in", "ingest", {}),
        ("tell", "notify", {"channel": "orders", "to": "team:leads", "subject": "Order {id}", "text": "{total}"}),
        ("end", "end", {}),
    ],
    ["in.out>tell", "tell.sent>end"],
    key="tells",
    channels=["tells-shop"],
)


def set_up(page: Page, webhook: str) -> None:
    page.goto("/messages")
    page.get_by_role("main").get_by_role("link", name="Add a way").click()
    page.get_by_role("link", name=re.compile("WeCom group robot")).click()
    page.get_by_label("Name by which flows send by it").fill("orders")
    page.get_by_label("Name that people see, English").fill("Orders group")
    page.locator("#set_webhook").fill(webhook)
    page.get_by_role("button", name="Add it").click()


def test_a_way_is_set_up_tried_and_used(house: House, enter: Enter) -> None:
    with begin(house.service.engine, durable=True) as connection:
        allow(connection, ["127.0.0.1"], Actor("root"), 0)
    with Simulators() as providers:
        robot = providers["wecom_robot"]
        desk = enter("root")
        set_up(desk, robot.secrets["webhook"])
        expect(desk.get_by_role("heading", name="Orders group")).to_be_visible()
        desk.get_by_role("button", name="Send a test message").click()
        expect(desk.locator("#tested")).to_contain_text("The provider took the test")
        publish(house.service, TELLS)
        run_id = house.take(3, "tells-shop")
        assert "Order A-00003" in robot.received[-1].text and f"/orders/{run_id}" in robot.received[-1].text
        phone = enter("chen", language="zh-CN", width=390, height=844, touch=True)
        phone.goto(f"/orders/{run_id}")
        told = phone.get_by_role("region", name="消息发送")
        expect(told).to_contain_text("已送达")
        told.get_by_role("link", name="发送记录").click()
        expect(phone.get_by_role("link", name="群")).to_have_count(1)
        assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")

"""What tests trade in: order documents, arrivals made of them, and flows that are published in one line."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from runtime import adapters
from runtime.actor import Actor
from runtime.core.order import digest, read_order
from runtime.effects import Outlets
from runtime.flows import Published, Saved
from runtime.intake import Arrival
from runtime.service import Service
from tests.core.flow_documents import NOTIFY, approval, document, total_over

DESIGNER = Actor("designer")
MANAGER = Actor("manager", "127.0.0.1", "test")


def order(number: int = 1, **more: Any) -> dict[str, Any]:
    """An order document of about 1 KB from the own shop."""
    made = datetime(2026, 11, 22, 1, tzinfo=UTC) + timedelta(seconds=number)
    return {
        "id": f"A-{number:05}",
        "created_at": made.isoformat(),
        "currency": "CNY",
        "total": f"{120 + number % 50}.00",
        "buyer": {"id": f"b-{number}", "name": "张𠮷", "phone": "+86 138 0013 8000", "email": None},
        "address": {
            "country": "CN",
            "province": "浙江省",
            "city": "杭州市",
            "district": "西湖区",
            "street": "文三路 1 号 2 栋 3 单元 501 室",
            "zip": "310012",
        },
        "lines": [
            {
                "sku": f"SKU-{line}",
                "title": "棉质圆领短袖 T 恤，白色",
                "quantity": line,
                "price": "40.00",
                "custom": False,
            }
            for line in (1, 2)
        ],
        "payments": [{"method": "alipay", "amount": f"{120 + number % 50}.00", "paid_at": made.isoformat()}],
        "note": "请放门口，谢谢",
        "tags": ["gift-wrap"],
        "kind": "sale",
        "status": "paid",
        "attributes": {"source": "app"},
    } | more


def arrival(made: dict[str, Any], channel: str = "own-shop") -> Arrival:
    """The arrival of a document that must be in order."""
    read = read_order(made)
    assert isinstance(read, dict), read
    return Arrival(channel, {**read, "channel": channel}, digest(read), orjson.dumps(made).decode())


def arrivals(numbers: Iterable[int], **more: Any) -> list[Arrival]:
    return [arrival(order(number, **more)) for number in numbers]


def publish(service: Service, drawn: dict[str, Any]) -> str:
    """Import and publish a flow that must be in order; its version's id."""
    saved = service.flows.add(drawn, DESIGNER)
    assert isinstance(saved, Saved), saved
    published = service.flows.publish(drawn["key"], "first", DESIGNER)
    assert isinstance(published, Published), published
    return published.version_id


SIX_STEPS = document(
    [
        ("in", "ingest", {}),
        ("look", "pre-check", {"required": ["buyer.name", "address.city"]}),
        (
            "way",
            "route",
            {"rules": [{"id": "big", "when": total_over("5000.00")}, {"id": "some", "when": total_over("140.00")}]},
        ),
        (
            "mark",
            "set",
            {
                "changes": [
                    {"field": "priority", "value": "normal"},
                    {"field": "note", "value": "looked at"},
                    {"field": "tags", "do": "add", "value": "checked"},
                    {"field": "attributes.desk", "value": "north"},
                    {"field": "attributes.level", "value": 3},
                ]
            },
        ),
        ("tell", "notify", NOTIFY),
        ("end", "end", {}),
    ],
    [
        "in.out>look",
        "look.ok>way",
        "look.abnormal>way",
        "way.big>mark",
        "way.some>mark",
        "way.else>mark",
        "mark.out>tell",
        "tell.sent>end",
    ],
    key="six-steps",
    channels=["own-shop"],
)
"""The flow of the benchmark: ingest, pre-check, route with three ways, set five fields, notify, end."""

APPROVAL = document(
    [("in", "ingest", {}), ("ask", "approval", approval()), ("yes", "end", {}), ("no", "end", {"result": "cancelled"})],
    ["in.out>ask", "ask.approved>yes", "ask.rejected>no"],
    key="approval",
    channels=["own-shop"],
    teams=[{"key": "leads", "name": "Leads"}],
)
"""Ask the leads; yes ends the order, no cancels it."""


def all_outlets() -> Outlets:
    """Every outlet that comes with the product, by adapter and target."""
    notifiers = {("notifier", name): outlet for name, outlet in adapters.outlets("notifiers").items()}
    systems = {("system", name): outlet for name, outlet in adapters.outlets("systems").items()}
    return notifiers | systems

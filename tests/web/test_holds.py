"""Orders on hold: at a hold step, or because no flow takes them; each is told and released in its own way."""

import re

import pytest

from runtime.store import tables
from runtime.store.database import begin
from tests.core.flow_documents import approval, document
from tests.trade import publish
from tests.web.conftest import House, Visitor

HOLDING = document(
    [
        ("in", "ingest", {}),
        ("stop", "hold", approval(title="Address of {buyer.name}")),
        ("end", "end", {}),
        ("no", "end", {}),
    ],
    ["in.out>stop", "stop.released>end", "stop.cancelled>no"],
    key="holding",
    channels=["slow-shop"],
)


@pytest.fixture
def lead(house: House) -> Visitor:
    publish(house.service, HOLDING)
    return house.enter("zhao")


def test_a_hold_is_released_in_the_inbox_by_its_own_words(house: House, lead: Visitor) -> None:
    run_id = house.take(1, "slow-shop")
    page = lead.get(f"/orders/{run_id}")
    assert "On hold. Waiting for" in page
    assert "Release into" not in page
    page = lead.get("/inbox")
    assert re.search(r'value="approve">.*?Release<', page, re.DOTALL)
    assert re.search(r'value="reject">.*?Turn down<', page, re.DOTALL)
    trace = re.search(r'action="/tasks/([^/]+)/decision', page)
    assert trace
    lead.post(f"/tasks/{trace[1]}/decision", {"decision": "approve"})
    assert "Release" in lead.get(f"/inbox/{trace[1]}")
    assert "Arrived at" in lead.get(f"/orders/{run_id}")


def test_releasing_all_leaves_those_at_a_hold_step_to_their_tasks(house: House, lead: Visitor) -> None:
    at_step = house.take(1, "slow-shop")
    with begin(house.service.engine, durable=True) as connection:
        connection.execute(tables.choices.delete())
    without_flow = house.take(2, "nobody-s-shop")
    page = lead.get("/orders?state=held")
    assert "Release all 1" in page
    assert "1 more stands at a hold step" in page
    lead.post("/orders/release", {"flow": "big-orders"})
    house.settle()
    assert "On hold" in lead.get(f"/orders/{at_step}")
    assert "Arrived at" in lead.get(f"/orders/{without_flow}")


def test_an_order_at_a_hold_step_leads_to_its_task(house: House, lead: Visitor) -> None:
    run_id = house.take(1, "slow-shop")
    task = re.search(r'href="(/inbox/[^"]+)"', lead.get(f"/orders/{run_id}"))
    assert task
    assert re.search(r'value="approve">.*?Release<', lead.get(task[1]), re.DOTALL)

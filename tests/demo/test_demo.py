"""The demo shop shows what Orderflow does: every way of the example flows is taken by its simulated orders."""

from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from builder import create_app
from builder.auth import DUTIES
from builder.config import Settings, read_settings
from builder.demo.catalogue import PRODUCTS
from builder.demo.feed import SHARES, STARTING_SET, starting_set
from builder.demo.orders import CHANNELS, simulated_order
from builder.demo.shop import PEOPLE, flows_of_the_shop
from runtime.core.flow import compile_plan, read_flow
from runtime.core.order import read_order
from runtime.core.rehearsal import rehearse

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
FLOWS = {channel: document for document in flows_of_the_shop() for channel in document["channels"]}


def test_each_shop_has_an_example_flow_of_its_own_and_a_share_of_the_orders() -> None:
    assert set(FLOWS) == set(CHANNELS) == set(SHARES)


def test_there_is_somebody_for_every_duty() -> None:
    assert {duty for person in PEOPLE for duty in person.duties} == set(DUTIES)


def test_every_team_of_the_flows_has_members_of_its_own() -> None:
    teams = {team["key"] for flow in FLOWS.values() for team in flow.get("teams", ())}
    assert teams <= {team for person in PEOPLE for team in person.teams}


def test_the_starting_set_is_in_order_but_for_one_that_shows_a_refusal() -> None:
    orders = starting_set(range(1, STARTING_SET + 1), NOW, Random(1))
    refused = [document["id"] for document in orders if not isinstance(read_order(document), dict)]
    assert refused == [orders[len(orders) // 2]["id"]]
    assert [order["created_at"] for order in orders] == sorted(order["created_at"] for order in orders)


@pytest.mark.parametrize("channel", CHANNELS)
def test_simulated_orders_take_every_way_out_of_checks_and_routes(channel: str) -> None:
    document = FLOWS[channel]
    plan = compile_plan(read_flow(document))
    chance = Random(7)
    visited: set[str] = set()
    for number in range(200):
        order = read_order(simulated_order(number, channel, NOW, chance))
        assert isinstance(order, dict)
        visited.update(rehearse(plan, order, (), NOW).path)
    reached = {node["id"]: node["id"] in visited for node in document["nodes"]}
    first_ways = {
        edge["to"]
        for edge in document["edges"]
        if reached[edge["from"]] and kind_of(document, edge["from"]) in ("pre-check", "route", "split")
    }
    assert first_ways <= visited


def test_the_catalogue_has_a_few_dozen_products_with_rare_characters() -> None:
    assert len({product.sku for product in PRODUCTS}) == len(PRODUCTS) >= 24
    assert any(ord(sign) > 0xFFFF for product in PRODUCTS for sign in product.title)


def test_the_demo_answers_to_no_foreign_name(tmp_path: Path, sqlite_url: str) -> None:
    """A web page that makes its own name lead to this machine gets nothing from a shop without passwords."""
    told = {"ORDERFLOW_HOME": str(tmp_path), "ORDERFLOW_DEMO": "1", "ORDERFLOW_DATABASE_URL": sqlite_url}
    settings = read_settings(told)
    assert isinstance(settings, Settings)
    browser = create_app(settings).test_client()
    assert browser.get("/sign-in", base_url="http://127.0.0.1:8000").status_code == 200
    assert browser.get("/sign-in", base_url="http://evil.example:8000").status_code == 400


def kind_of(document: dict, node: str) -> str:  # type: ignore[type-arg]
    return str(next(one["type"] for one in document["nodes"] if one["id"] == node))

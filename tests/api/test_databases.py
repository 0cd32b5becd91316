"""The API on every database, from the order to the decision, with names that databases like to mix up."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from builder import create_app
from builder.api.access import ROLES
from builder.auth import add_token
from runtime.store.database import begin
from tests.api.conftest import Api, make_settings
from tests.trade import APPROVAL, order, publish


@pytest.fixture
def house(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Api]:
    found = Api(create_app(make_settings(tmp_path, database_url, redis_url)), {})
    with begin(found.service.engine, durable=True) as connection:
        found.tokens |= {role: add_token(connection, role, role) for role in ROLES}
    publish(found.service, APPROVAL)
    yield found
    found.service.engine.dispose()


def test_from_the_order_to_the_decision(house: Api) -> None:
    names = ["a", "A", "a ", "é", "e\u0301", "𠮷", "\U00020bb8"]
    results = house.orders([order(1, id=name) for name in names])
    assert [result["status"] for result in results] == ["accepted"] * len(names)
    assert [result["status"] for result in house.orders([order(1, id=name) for name in names])] == ["duplicate"] * 7
    house.drain()
    first = house.get("/api/v1/tasks?limit=4").get_json()
    rest = house.get(f"/api/v1/tasks?limit=4&cursor={first['next']}").get_json()
    assert {task["order"]["id"] for task in [*first["items"], *rest["items"]]} == set(names)
    decision = f"/api/v1/tasks/{first['items'][0]['trace']}/decision"
    answer = house.post(decision, {"decision": "reject", "reason": "太贵𠮷"})
    assert (answer.status_code, answer.get_json()["state"]) == (200, "cancelled")
    assert house.post(decision, {"decision": "approve"}).status_code == 409
    balance = house.get("/api/v1/balance").get_json()
    assert (balance["received"], balance["waiting"], balance["cancelled"], balance["difference"]) == (7, 6, 1, 0)
    for name in names:
        found = house.get("/api/v1/orders", query_string={"id": name}).get_json()["items"]
        assert [item["id"] for item in found] == [name]


@pytest.mark.parametrize("path", ["orders/%00", "tasks/%00", "flows/%00", "orders?search=%25", "orders?cursor=WyJ4Il0"])
def test_odd_names_are_no_defects(house: Api, path: str) -> None:
    assert house.get(f"/api/v1/{path}").status_code in (200, 404)


def test_it_is_ready(house: Api) -> None:
    assert house.get("/readyz", None).status_code == 200

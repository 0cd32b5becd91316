"""Every address for every role, and for strangers."""

import pytest
from sqlalchemy import update

from builder.api import operations
from builder.api.access import MAY, PERMISSIONS, REMEMBERED_SECONDS, ROLES
from builder.api.contract import PREFIX, Operation
from runtime.store.database import begin
from runtime.store.tables import api_tokens
from tests.api.conftest import Api
from tests.trade import order

GUARDED = [one for one in operations() if one.permission]
LONGEST_REVOCATION = 5


def ask(api: Api, one: Operation, token: str | None) -> int:
    path = PREFIX + one.path.replace("{trace}", "01M827H0J27X3Z5ZN182PVA7RS").replace("{key}", "unknown")
    body = b"{}" if one.method == "POST" else None
    return api.ask(one.method, path, token, data=body, content_type="application/json").status_code


@pytest.mark.parametrize("one", GUARDED, ids=lambda one: f"{one.method} {one.path}")
def test_every_address_for_every_role(api: Api, one: Operation) -> None:
    allowed = {role for role in ROLES if ask(api, one, role) != 403}
    assert allowed == {role for role in ROLES if one.permission in MAY[role]}


@pytest.mark.parametrize("one", GUARDED, ids=lambda one: f"{one.method} {one.path}")
@pytest.mark.parametrize("token", [None, "of_unknown", " "], ids=["none", "unknown", "blank"])
def test_strangers_are_told_to_show_a_token(api: Api, one: Operation, token: str | None) -> None:
    assert ask(api, one, token) == 401


def test_the_table_of_roles() -> None:
    assert MAY["admin"] == set(PERMISSIONS)
    assert all(permission.endswith(".read") for permission in MAY["auditor"])
    assert {role for role in ROLES if "orders.send" in MAY[role]} == {"intake", "admin"}
    assert {role for role in ROLES if "tasks.decide" in MAY[role]} == {"operator", "admin"}
    assert {role for role in ROLES if "flows.publish" in MAY[role]} == {"designer", "admin"}


def test_a_401_says_how_to_sign_in(api: Api) -> None:
    answer = api.get("/api/v1/balance", None)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_session_of_the_pages_is_no_token(api: Api) -> None:
    with api.app.test_client() as browser, browser.session_transaction() as session:
        session["_user_id"] = "someone"
        assert browser.get("/api/v1/balance").status_code == 401


def test_a_revoked_token_is_refused_within_five_seconds(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    assert REMEMBERED_SECONDS < LONGEST_REVOCATION
    assert api.get("/api/v1/balance").status_code == 200
    with begin(api.service.engine, durable=True) as connection:
        connection.execute(update(api_tokens).values(revoked_at=1))
    import time

    later = time.monotonic() + LONGEST_REVOCATION
    monkeypatch.setattr("builder.api.access.time.monotonic", lambda: later)
    assert api.get("/api/v1/balance").status_code == 401


def test_a_token_of_some_channels_sees_only_these(shop: Api) -> None:
    [mine] = shop.orders(order(1, channel="shop-a"))
    [other] = shop.orders(order(1, channel="shop-b"))
    token = shop.token("auditor", "shop-a")
    assert [item["trace"] for item in shop.get("/api/v1/orders", token).get_json()["items"]] == [mine["trace"]]
    assert shop.get(f"/api/v1/orders/{mine['trace']}", token).status_code == 200
    assert shop.get(f"/api/v1/orders/{other['trace']}", token).status_code == 404
    balance = shop.get("/api/v1/balance", token).get_json()
    assert balance["received"] == 1 and list(balance["channels"]) == ["shop-a"]
    operator = shop.token("operator", "shop-a")
    for act, body in (("retry", None), ("close", {"result": "cancelled", "reason": "x"})):
        assert shop.post(f"/api/v1/orders/{other['trace']}/{act}", body, operator).status_code == 404

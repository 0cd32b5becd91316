"""The commands that give programs their keys, tried against the API."""

import hashlib
import hmac
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result

from builder import create_app
from builder.cli import main
from builder.config import Settings, read_settings
from runtime.store.database import migrate
from tests.api.conftest import Api
from tests.trade import order


@pytest.fixture
def variables(tmp_path: Path, redis_url: str) -> dict[str, str]:
    return {"ORDERFLOW_HOME": str(tmp_path), "ORDERFLOW_REDIS_URL": redis_url}


@pytest.fixture
def house(variables: dict[str, str]) -> Api:
    settings = read_settings(variables)
    assert isinstance(settings, Settings)
    migrate(settings.database_url)
    return Api(create_app(settings), {})


def say(variables: dict[str, str], *words: str) -> Result:
    return CliRunner().invoke(main, list(words), env=variables)


def test_a_token_is_made_used_and_revoked(house: Api, variables: dict[str, str]) -> None:
    made = say(variables, "token", "create", "shop", "--role", "intake", "--channel", "shop-a")
    token = made.stdout.strip()
    [result] = house.orders(order(1), token)
    assert house.get(f"/api/v1/orders/{result['trace']}", token).get_json()["channel"] == "shop-a"
    assert say(variables, "token", "revoke", "shop").exit_code == 0
    house.app.extensions["orderflow.tokens"]._found.clear()
    assert house.get("/api/v1/orders", token).status_code == 401
    assert say(variables, "token", "revoke", "shop").exit_code == 1


@pytest.mark.parametrize("role", ["intak", "lead", ""])
def test_a_role_that_is_none_is_refused(house: Api, variables: dict[str, str], role: str) -> None:
    refused = say(variables, "token", "create", "shop", "--role", role)
    assert refused.exit_code == 1 and "intake" in refused.output


def test_a_channels_secret_is_printed_once_and_signs(house: Api, variables: dict[str, str]) -> None:
    older = say(variables, "channel", "secret", "shop-b").stdout.strip()
    newer = say(variables, "channel", "secret", "shop-b").stdout.strip()
    assert statuses(house, older, newer) == [202, 202]
    say(variables, "channel", "secret", "shop-b", "--only")
    assert statuses(house, older, newer) == [401, 202]


def statuses(house: Api, *secrets: str) -> list[int]:
    body = orjson.dumps(order(1))
    when = int(house.service.clock().timestamp())
    marks = [hmac.new(one.encode(), f"{when}.".encode() + body, hashlib.sha256).hexdigest() for one in secrets]
    return [
        house.post(
            "/api/v1/orders", body, None, headers={"X-Signature": f"t={when},v1={mark}", "X-Channel": "shop-b"}
        ).status_code
        for mark in marks
    ]

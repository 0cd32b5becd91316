"""What a page says about the stream of changes, and who is given a pass to it."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from builder import create_app
from builder.auth import make_signin_link
from builder.push.passes import Passes
from runtime.store import tables
from runtime.store.database import begin
from tests.api.conftest import make_settings
from tests.web.conftest import House, Visitor

Make = Callable[..., House]
JSON = {"Accept": "application/json"}


@pytest.fixture
def make(sqlite_url: str, tmp_path: Path) -> Make:
    """A house with these settings, and Lin in it."""

    def made(**more: Any) -> House:
        settings = make_settings(tmp_path, sqlite_url, f"unix://{tmp_path}/no-redis", push_port=8123, **more)
        house = House(create_app(settings))
        house.hire("lin", "designer")
        return house

    return made


def enter(house: House, host: str) -> Visitor:
    """Lin, signed in at this address."""
    visitor, at = house.stranger(), {"Host": host}
    path = make_signin_link(house.service.engine, "lin")
    visitor.look(path, headers=at)
    assert visitor.post(path, headers=at).status_code == 303
    return visitor


def connect_of(house: House, host: str = "shop.test:8000") -> tuple[str | None, str]:
    """Where the page says the stream is, and where its content policy lets it connect to."""
    answer = enter(house, host).look("/", headers={"Host": host})
    told = re.search(r'data-push="([^"]*)"', answer.text)
    policy = answer.headers["Content-Security-Policy"]
    return told and told[1], policy.partition("connect-src ")[2].partition(";")[0]


def test_a_page_hears_at_the_host_by_which_it_was_opened(make: Make) -> None:
    house = make(push_url="")
    for host in ("shop.test", "192.168.7.5", "[fd00::7]"):
        stream = f"http://{host}:8123"
        assert connect_of(house, f"{host}:8000") == (stream, f"'self' {stream}")


def test_a_page_hears_where_it_was_told(make: Make) -> None:
    assert connect_of(make(push_url="/push")) == ("/push", "'self'")


def test_another_address_is_allowed_by_its_origin(make: Make) -> None:
    told = "https://push.example.com/events"
    assert connect_of(make(push_url=told)) == (told, "'self' https://push.example.com")


@pytest.mark.parametrize("more", [{"push_url": "off"}, {"push_url": "", "proxies": 1}], ids=["off", "proxy"])
def test_where_nobody_knows_of_a_stream_the_page_asks_by_itself(make: Make, more: dict[str, Any]) -> None:
    assert connect_of(make(**more)) == (None, "'self'")


def test_strangers_are_given_neither_a_pass_nor_an_address(make: Make) -> None:
    stranger = make(push_url="").stranger()
    assert "data-push" not in stranger.get("/sign-in")
    assert stranger.look("/push/pass", headers=JSON).status_code == 401


def test_a_pass_is_for_one_person_at_one_address(make: Make) -> None:
    house = make(push_url="")
    answer = enter(house, "shop.test:8000").look("/push/pass", headers={**JSON, "Host": "shop.test:8000"})
    found = Passes(house.app.config["SECRET_KEY"]).read(answer.json["pass"], time.time())  # type: ignore[index]
    assert found is not None
    assert (found.person, found.origin) == ("lin", "http://shop.test:8000")
    assert answer.headers["Cache-Control"] == "no-store"


def test_who_left_or_signed_out_is_given_no_pass_any_more(make: Make) -> None:
    house = make(push_url="")
    leaver, signed_out = house.enter("lin"), house.enter("lin")
    assert signed_out.post("/sign-out").status_code == 303
    assert signed_out.look("/push/pass", headers=JSON).status_code == 401
    assert leaver.look("/push/pass", headers=JSON).status_code == 200
    with begin(house.service.engine, durable=True) as connection:
        connection.execute(update(tables.users).where(tables.users.c.name == "lin").values(active=False))
    assert leaver.look("/push/pass", headers=JSON).status_code == 401

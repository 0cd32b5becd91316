"""Who gets in, by which door, and how often."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from builder import auth, create_app
from builder.auth import ACTIONS, DUTIES, TOKEN_BLUEPRINTS, allows, make_signin_link
from runtime.clock import now
from runtime.core.moment import micros
from runtime.store import tables
from runtime.store.database import begin, reading
from tests.api.conftest import make_settings
from tests.web.conftest import House


def test_no_page_is_open_to_strangers(house: House) -> None:
    """Every address of the application, taken from its own map."""
    stranger = house.stranger()
    tried = 0
    for rule in house.app.url_map.iter_rules():
        if rule.endpoint == "static" or rule.endpoint.split(".")[0] in TOKEN_BLUEPRINTS:
            continue
        view = house.app.view_functions[rule.endpoint]
        assert hasattr(view, "requires_action"), f"{rule.endpoint} says neither @requires nor @public"
        if view.requires_action is None:
            continue
        path = rule.build(dict.fromkeys(rule.arguments, "1"), append_unknown=False)
        assert path is not None
        for method in rule.methods & {"GET", "POST", "PUT", "DELETE"}:  # type: ignore[operator]
            tried += 1
            if method == "GET":
                answer = stranger.look(path[1])
                assert (answer.status_code, answer.location.split("?")[0]) == (302, "/sign-in"), path
            else:
                stranger.get("/sign-in")
                answer = stranger.post(path[1]) if method == "POST" else stranger.client.open(path[1], method=method)
                assert answer.status_code in (400, 401), f"{method} {path[1]}: {answer.status_code}"
    assert tried > 25


def test_every_duty_is_asked_for_every_action() -> None:
    for duty in DUTIES:
        assert allows(frozenset((duty,)), "start.see")
    for action in ACTIONS:
        assert allows(frozenset(("admin",)), action)
        assert not allows(frozenset(), action)
        assert not allows(frozenset(("emperor",)), action)
    assert not any(allows(frozenset(("auditor",)), action) for action in ("tasks.decide", "orders.mend", "flows.edit"))


@pytest.mark.parametrize(
    ("name", "path", "status"),
    [
        ("chen", "/people", 403),
        ("chen", "/flows/new", 403),
        ("chen", "/refusals", 403),
        ("chen", "/inbox", 200),
        ("lin", "/flows/new", 200),
        ("lin", "/inbox", 403),
        ("oliver", "/orders", 200),
        ("oliver", "/channels", 403),
        ("root", "/people", 200),
        ("root", "/channels", 200),
    ],
)
def test_duties_open_doors(house: House, name: str, path: str, status: int) -> None:
    house.enter(name).get(path, status)


def test_a_link_works_once_and_looking_at_it_uses_nothing_up(house: House) -> None:
    path = make_signin_link(house.service.engine, "chen")
    preview_bot = house.stranger()
    for _ in range(3):
        assert "Chen" in preview_bot.get(path)
    person = house.stranger()
    person.get(path)
    assert person.post(path).status_code == 303
    person.get("/inbox")
    late = house.stranger()
    late.get(path, 410)
    assert late.post(path).status_code == 410
    assert late.look("/inbox").status_code == 302


def test_a_link_ends_after_ten_minutes_and_is_stored_as_a_digest(house: House) -> None:
    path = make_signin_link(house.service.engine, "chen")
    links = tables.signin_links
    with begin(house.service.engine, durable=True) as connection:
        row = connection.execute(select(links)).mappings().one()
        assert path.removeprefix("/sign-in/") not in str(dict(row))
        left = row["expires_at"] - micros(now())
        assert 9 * 60_000_000 < left <= 10 * 60_000_000
        connection.execute(update(links).values(expires_at=micros(now() - timedelta(seconds=1))))
    house.stranger().get(path, 410)


def test_somebody_who_left_cannot_come_back(house: House) -> None:
    visitor = house.enter("chen")
    with begin(house.service.engine, durable=True) as connection:
        connection.execute(update(tables.users).where(tables.users.c.name == "chen").values(active=False))
    assert visitor.look("/inbox").status_code == 302
    link = make_signin_link(house.service.engine, "chen")
    assert house.stranger().post(link).status_code == 410


def test_passwords_are_checked_and_guessing_is_slowed(house: House) -> None:
    house.hire("mei", "operator", password="three white horses")
    stranger = house.stranger()
    right = {"name": "mei", "password": "three white horses"}
    for _ in range(auth.Throttle(10, 600).limit):
        assert stranger.post("/sign-in", {"name": "mei", "password": "guess"}).status_code == 422
    assert stranger.post("/sign-in", right).status_code == 429
    house.app.extensions["orderflow.throttle"].failures.clear()
    assert stranger.post("/sign-in", {**right, "next": "//evil.example"}).location == "/"


def test_people_set_their_own_password(house: House) -> None:
    chen = house.enter("chen")
    assert 'name="old"' not in chen.get("/account")
    assert chen.post("/account", {"new": "short"}).status_code == 422
    assert chen.post("/account", {"new": "three white horses"}).status_code == 303
    assert 'name="old"' in chen.get("/account")
    assert chen.post("/account", {"old": "guess", "new": "four black horses"}).status_code == 422
    stranger = house.stranger()
    assert stranger.post("/sign-in", {"name": "chen", "password": "three white horses"}).status_code == 303


def test_the_first_administrator_makes_the_account(sqlite_url: str, tmp_path: Path) -> None:
    house = House(create_app(make_settings(tmp_path, sqlite_url, f"unix://{tmp_path}/no-redis")))
    link = make_signin_link(house.service.engine, None)
    visitor = house.stranger()
    visitor.get(link)
    refused = visitor.post(link, {"name": "li wei", "password": "short"})
    assert refused.status_code == 422
    assert refused.text.count('aria-invalid="true"') == 2
    assert visitor.post(link, {"name": "li.wei", "password": "three white horses"}).status_code == 303
    visitor.get("/people")
    another = make_signin_link(house.service.engine, None)
    house.stranger().get(another, 410)
    with reading(house.service.engine) as connection:
        assert connection.execute(select(tables.users.c.duties)).scalars().all() == ['["admin"]']
    house.service.engine.dispose()


def test_the_duty_switcher_exists_in_the_demo_only(house: House, sqlite_url: str, tmp_path: Path) -> None:
    assert house.stranger().post("/duty", {"user": "root"}).status_code == 404
    open_wide = make_settings(tmp_path, sqlite_url, f"unix://{tmp_path}/no-redis", demo=True, host="0.0.0.0")
    assert not create_app(open_wide).config["ORDERFLOW_DEMO"]
    demo = House(create_app(make_settings(tmp_path, sqlite_url, f"unix://{tmp_path}/no-redis", demo=True)))
    demo.hire("grace", "warehouse")
    visitor = demo.stranger()
    assert "Grace" in visitor.get("/sign-in")
    assert visitor.post("/duty", {"user": "grace"}).status_code == 303
    visitor.get("/inbox")
    demo.service.engine.dispose()


def test_forms_without_their_token_are_refused(house: House) -> None:
    run_id = house.take(1, total="9000.00")
    visitor = house.enter("zhao")
    forged = visitor.client.post(f"/tasks/{run_id}.3.1/decision", data={"decision": "approve"})
    assert forged.status_code == 400
    assert "Approve" in visitor.get(f"/inbox/{run_id}.3.1")


def test_pages_allow_no_foreign_and_no_inline_code(house: House) -> None:
    for visitor, path in ((house.stranger(), "/sign-in"), (house.enter("root"), "/"), (house.enter("zhao"), "/inbox")):
        answer = visitor.look(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert "<script>" not in answer.text
        assert " style=" not in answer.text
        assert "onclick=" not in answer.text
        assert "HX-Request" in answer.headers["Vary"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_behind_a_proxy_everybody_keeps_an_own_address_and_cookies_need_https(sqlite_url: str, tmp_path: Path) -> None:
    behind = create_app(make_settings(tmp_path, sqlite_url, f"unix://{tmp_path}/no-redis", proxies=1)).test_client()
    told = {"name": "nobody", "password": "wrong wrong wrong"}

    def sign_in(address: str) -> int:
        headers = {"X-Forwarded-For": address, "X-Forwarded-Proto": "https", "Referer": "https://localhost/"}
        page = behind.get("/sign-in", headers=headers, base_url="https://localhost")
        token = page.text.partition('name="csrf-token" content="')[2].partition('"')[0]
        form = {**told, "name": f"nobody at {address}", "csrf_token": token}
        return behind.post("/sign-in", data=form, headers=headers, base_url="https://localhost").status_code

    assert "Secure" in behind.get("/sign-in").headers["Set-Cookie"]
    assert [sign_in("192.0.2.1") for _ in range(11)][-1] == 429
    assert sign_in("192.0.2.2") != 429

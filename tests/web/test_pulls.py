"""Pulling orders: set up on a page, tried out before, watched, paused, begun anew, and told where it fails."""

import html
from collections.abc import Iterator

import pytest
from sqlalchemy import insert, select

from runtime import systems
from runtime.core.moment import micros
from runtime.store import pulls as stored
from runtime.store import surges
from runtime.store.database import begin, reading
from runtime.store.tables import audit, channels, orders, refusals
from tests.shop_feed import SECRET, Shop, selling
from tests.trade import MANAGER, order
from tests.web.conftest import House, Visitor

CHANNEL = "own-shop"
PATIENCE = 60.0


@pytest.fixture
def shop(house: House) -> Iterator[Shop]:
    """A shop on this machine, which may be called, with three orders."""
    with begin(house.service.engine, durable=True) as connection:
        systems.allow(connection, ["127.0.0.1/32"], MANAGER, 1)
    with selling([order(number) for number in range(3)]) as shop:
        yield shop


def form(shop: Shop, **more: str) -> dict[str, str]:
    return {"channel": CHANNEL, "address": shop.address, "secret": SECRET, "every": "60", "do": "save"} | more


def pull(house: House) -> None:
    house.service.pulling.work()
    assert house.service.pulling.rest(PATIENCE)


def came(house: House) -> list[str]:
    with reading(house.service.engine) as connection:
        return sorted(connection.execute(select(orders.c.external_id)).scalars())


def page(visitor: Visitor, path: str = f"/channels/{CHANNEL}/pull") -> str:
    return html.unescape(visitor.get(path))


def test_an_administrator_tries_a_feed_sets_it_up_and_sees_its_orders_come(house: House, shop: Shop) -> None:
    root = house.enter("root")
    assert "Pull orders" in page(root, "/channels")
    tried = html.unescape(root.post("/channels/pulls/new", form(shop, do="try")).text)
    assert "The shop answered with 3 orders." in tried
    assert "A-00000, A-00001, A-00002" in tried
    assert SECRET not in tried
    assert came(house) == []
    # The secret went along sealed: nobody types it twice.
    sealed = tried.split('name="sealed" value="')[1].split('"')[0]
    assert root.post("/channels/pulls/new", form(shop, secret="", sealed=sealed)).status_code == 303
    assert "Begins in a moment" in page(root)
    pull(house)
    assert came(house) == ["A-00000", "A-00001", "A-00002"]
    for text in ("Up to date", "Where it stands", ">3</code>", ">3</a>"):
        assert text in page(root)
    assert "Up to date" in page(root, "/channels")
    assert root.post("/channels/pulls/new", form(shop)).status_code == 422
    root.speak("zh-CN")
    assert "已同步" in page(root)


def test_what_is_wrong_stands_at_its_field_and_what_was_typed_stays(house: House, shop: Shop) -> None:
    root = house.enter("root")
    wrong = root.post("/channels/pulls/new", form(shop, channel="a b", address="ftp://x", every="5", secret=""))
    told = html.unescape(wrong.text)
    assert wrong.status_code == 422
    for text in ("cannot be the name of a channel", "neither with https", "5 is out of range", "The secret is missing"):
        assert text in told
    assert 'value="ftp://x"' in told
    for garbage in ("é", "gAAAA", "x" * 100):
        assert root.post("/channels/pulls/new", form(shop, secret="", sealed=garbage)).status_code == 422
    root.get("/channels/nobody/pull", 404)
    assert root.post("/channels/nobody/pull", form(shop)).status_code == 404
    assert "channel=own-shop" in root.look(f"/channels/{CHANNEL}/pull").headers["Location"]


def test_a_try_tells_what_would_be_refused_and_why_nothing_came(house: House, shop: Shop) -> None:
    root = house.enter("root")
    shop.orders[1] = order(1, currency="XXX")
    told = html.unescape(root.post("/channels/pulls/new", form(shop, do="try")).text)
    assert "A-00001 would be refused" in told
    for more, why in (
        ({"secret": "another"}, "does not accept who asks"),
        ({"address": "http://127.0.0.1:1/"}, "does not answer"),
        ({"address": "http://[::1]:1/"}, "is not allowed"),
    ):
        told = html.unescape(root.post("/channels/pulls/new", form(shop, do="try", **more)).text)
        assert "The try brought no orders." in told
        assert why in told
    with reading(house.service.engine) as connection:
        assert not connection.execute(select(refusals)).first()
        assert not stored.all_pulls(connection)


def test_a_pull_is_paused_resumed_begun_anew_changed_and_forgotten(house: House, shop: Shop) -> None:
    root = house.enter("root")
    root.post("/channels/pulls/new", form(shop))
    pull(house)
    address = f"/channels/{CHANNEL}/pull"
    assert root.post(f"{address}/act", {"act": "pause"}).status_code == 303
    assert "Nothing is asked for until somebody resumes it." in page(root)
    asked = len(shop.asked)
    pull(house)
    assert len(shop.asked) == asked
    assert root.post(f"{address}/act", {"act": "dance"}).status_code == 400
    for wanted in ("resume", "now", "beginning"):
        assert root.post(f"{address}/act", {"act": wanted}).status_code == 303
        pull(house)
    assert [question.get("after") for question in shop.asked] == [None, "3", "3", None]
    assert len(came(house)) == 3
    tried = root.post(address, {"address": shop.address, "secret": "", "every": "90", "do": "try"})
    assert "no order waits" in tried.text
    assert root.post(address, {"address": shop.address, "secret": "", "every": "90"}).status_code == 303
    moved = root.post(address, {"address": "https://elsewhere.example.com", "secret": "", "every": "90", "do": "try"})
    assert moved.status_code == 422
    assert "meant for the one before" in moved.text
    with reading(house.service.engine) as connection:
        row = stored.find(connection, CHANNEL)
        assert row
        assert (row["every_seconds"], row["cursor"]) == (90, "3")
    assert root.post(f"{address}/deletion").status_code == 303
    with reading(house.service.engine) as connection:
        assert not stored.all_pulls(connection)
        done = connection.execute(select(audit.c.actor, audit.c.action).where(audit.c.action.startswith("pull."))).all()
    acts = ["add", "pause", "resume", "now", "beginning", "change", "drop"]
    assert [tuple(one) for one in done] == [("root", f"pull.{act}") for act in acts]


def test_a_held_channel_says_that_its_pull_is_paused_and_leads_to_the_decision(house: House, shop: Shop) -> None:
    root = house.enter("root")
    root.post("/channels/pulls/new", form(shop))
    surge = house.service.surges.hold(CHANNEL, "stock count", MANAGER)
    for path in (f"/channels/{CHANNEL}/pull", "/channels"):
        assert "Paused by the surge breaker" in page(root, path)
    assert f"/surges/{surge}" in page(root)
    lead = house.enter("zhao")
    assert "Paused by the surge breaker. The channel is held." in page(lead, f"/surges/{surge}")


def test_a_silent_channel_tells_why_its_pull_brings_nothing(house: House, shop: Shop) -> None:
    root = house.enter("root")
    shop.lies = lambda _question: (503, {}, b"")
    root.post("/channels/pulls/new", form(shop))
    pull(house)
    at = micros(house.service.clock())
    with begin(house.service.engine, durable=True) as connection:
        surges.open_silence(connection, CHANNEL, at, 4)
        surges.open_silence(connection, "other-shop", at, 4)
        connection.execute(insert(channels).values(name="other-shop", made_at=at))
    why = "The shop answered 503 Service Unavailable instead of 200."
    for visitor, path in ((root, "/channels"), (house.enter("zhao"), "/inbox")):
        seen = page(visitor, path)
        assert seen.count(why) >= 1
        assert "1 failure in a row. Next try at" in seen
    told = page(root)
    assert "Failing" in told
    assert why in told


def test_only_who_manages_channels_sees_and_sets_up_pulls(house: House, shop: Shop) -> None:
    house.enter("root").post("/channels/pulls/new", form(shop))
    for name in ("zhao", "chen", "lin", "oliver"):
        visitor = house.enter(name)
        for path in ("/channels/pulls/new", f"/channels/{CHANNEL}/pull"):
            visitor.get(path, 403)
            assert visitor.post(path, form(shop)).status_code == 403
        assert visitor.post(f"/channels/{CHANNEL}/pull/act", {"act": "pause"}).status_code == 403
    with reading(house.service.engine) as connection:
        row = stored.find(connection, CHANNEL)
        assert row
        assert row["state"] == "on"

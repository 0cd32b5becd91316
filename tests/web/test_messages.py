"""The pages of messages: ways set up at providers that pretend, what each did, and what people are told."""

import re
from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from runtime.actor import Actor
from runtime.adapters.simulators import Simulators
from runtime.core.moment import micros
from runtime.store.database import begin
from runtime.systems import allow
from runtime.telling import Word, tell
from tests.core.flow_documents import document
from tests.trade import publish
from tests.web.conftest import House, Visitor


@pytest.fixture
def providers() -> Iterator[Simulators]:
    with Simulators() as started:
        yield started


@pytest.fixture
def house_at_home(house: House) -> House:
    """A house that may call this machine."""
    with begin(house.service.engine, durable=True) as connection:
        allow(connection, ["127.0.0.1"], Actor("root"), 0)
    return house


def typed(providers: Simulators, messenger: str, key: str, **more: str) -> dict[str, str]:
    provider = providers[messenger]
    told = {**provider.settings, **provider.secrets}
    settings = {f"set_{name}": str(value) for name, value in told.items()}
    return {"key": key, "messenger": messenger, "name_en": key.title(), "digest_seconds": "0", **settings, **more}


def set_up(root: Visitor, providers: Simulators, messenger: str, key: str, **more: str) -> None:
    root.get(f"/messages/new?messenger={messenger}")
    answer = root.post("/messages/new", typed(providers, messenger, key, **more))
    assert answer.status_code == 303, answer.text[:3000]


SENDS = document(
    [
        ("in", "ingest", {}),
        ("tell", "notify", {"channel": "room", "to": "team:leads", "subject": "Order {id}", "text": "look"}),
        ("end", "end", {}),
    ],
    ["in.out>tell", "tell.sent>end"],
    key="sender",
    channels=["sender-shop"],
)


def told(house: House, who: str, key: str = "k1", urgent: bool = False) -> None:
    with begin(house.service.engine, durable=True) as connection:
        word = Word({"en": "Task waits", "zh-CN": "任务待处理"}, {"en": "for you", "zh-CN": "请处理"}, link="/inbox")
        tell(connection, who, word, key=key, at=micros(house.service.clock()), urgent=urgent)
    house.settle()


def test_a_way_is_set_up_tested_and_used(house_at_home: House, providers: Simulators) -> None:
    house, root = house_at_home, house_at_home.enter("root")
    assert "No way to people yet" in root.get("/messages")
    assert "WeCom group robot" in root.get("/messages/new")
    set_up(root, providers, "wecom_robot", "room")
    page = root.get("/messages/ways/room")
    secret = providers["wecom_robot"].secrets["webhook"]
    assert secret not in page and "One is kept, sealed" in page
    answer = root.post("/messages/ways/room/test")
    assert "The provider took the test" in answer.text
    assert providers["wecom_robot"].received[-1].text.startswith("A test of Orderflow")
    told(house, "person:zhao")
    assert "任务待处理" in providers["wecom_robot"].received[-1].text
    assert "Working" in root.get("/messages")
    log = root.get("/messages/deliveries")
    assert log.count('class="state done"') == 2
    assert "Nothing fits" in root.get("/messages/deliveries?result=wrong_key")
    assert "Nothing fits" not in root.get("/messages/deliveries?way=room&result=ok")


def test_an_address_inside_the_house_is_not_called_unless_it_is_listed(house: House, providers: Simulators) -> None:
    root = house.enter("root")
    set_up(root, providers, "sms_http", "sms")
    root.get("/messages/ways/sms")
    answer = root.post("/messages/ways/sms/test", {"to": "13800138000"})
    assert "The test did not go" in answer.text and "127.0.0.1" in answer.text
    assert not providers["sms_http"].received


def test_what_is_wrong_with_a_way_is_told_at_its_field_and_what_was_typed_stays(
    house: House, providers: Simulators
) -> None:
    root = house.enter("root")
    root.get("/messages/new?messenger=wecom_robot")
    answer = root.post(
        "/messages/new",
        typed(providers, "wecom_robot", "two words", quiet_from="22:00", digest_seconds="x", cap_channel_60="21"),
    )
    assert answer.status_code == 422
    fields = re.findall(r'id="(\w+)-error"', answer.text)
    assert {"key", "quiet", "digest_seconds", "cap_channel_60"} <= set(fields), fields
    assert 'value="22:00"' in answer.text and 'value="two words"' in answer.text
    assert providers["wecom_robot"].secrets["webhook"] not in answer.text


def test_a_kept_secret_goes_to_no_other_host(house: House, providers: Simulators) -> None:
    root = house.enter("root")
    set_up(root, providers, "webhook", "hook")
    root.get("/messages/ways/hook")
    moved = {"name_en": "Hook", "digest_seconds": "0", "set_url": "https://elsewhere.example.com/x"}
    answer = root.post("/messages/ways/hook", moved)
    assert answer.status_code == 422 and "another host" in answer.text


def test_a_way_that_is_used_is_not_forgotten_and_says_by_whom(house: House, providers: Simulators) -> None:
    root = house.enter("root")
    set_up(root, providers, "wecom_robot", "room")
    set_up(root, providers, "sms_http", "sms", fall_back="room")
    sends = document(
        [("in", "ingest", {}), ("tell", "notify", {"channel": "room", "to": "x", "text": "{id}"}), ("end", "end", {})],
        ["in.out>tell", "tell.sent>end"],
        key="sender",
    )
    publish(house.service, sends)
    root.get("/messages/ways/room")
    answer = root.post("/messages/ways/room/deletion")
    assert answer.status_code == 409 and "sender" in answer.text and "Sms" in answer.text
    assert root.post("/messages/ways/sms/deletion").status_code == 303


def test_a_paused_way_says_why_and_goes_on(house_at_home: House, providers: Simulators) -> None:
    root = house_at_home.enter("root")
    set_up(root, providers, "wecom_robot", "room")
    root.get("/messages/ways/room")
    assert root.post("/messages/ways/room/lane", {"act": "pause"}).status_code == 422
    root.post("/messages/ways/room/lane", {"act": "pause", "reason": "the group is moved"})
    assert "the group is moved" in root.get("/messages")
    told(house_at_home, "person:zhao")
    assert not providers["wecom_robot"].received
    root.post("/messages/ways/room/lane", {"act": "resume", "reason": "done"})
    house_at_home.settle()
    assert len(providers["wecom_robot"].received) == 1


def test_a_wrong_key_is_told_to_administrators_once_with_what_to_mend(
    house_at_home: House, providers: Simulators
) -> None:
    root = house_at_home.enter("root")
    set_up(root, providers, "wecom_robot", "room")
    root.get("/messages/ways/room")
    wrong = providers["wecom_robot"].secrets["webhook"] + "x"
    root.post("/messages/ways/room", {"name_en": "Room", "digest_seconds": "0", "set_webhook": wrong})
    told(house_at_home, "person:zhao", "k1")
    told(house_at_home, "person:zhao", "k2")
    page = root.get("/messages")
    assert page.count("Messages cannot go by Room") == 1 and "Wrong key" in page
    notices = root.get("/notices")
    assert notices.count("Messages do not arrive") == 1
    assert "Messages cannot go by Room: WeCom does not know this robot" in notices
    for shown in (page, notices):
        assert "企业微信" not in shown, "told in the reader's language, not in that of the house"
    tried = root.post("/messages/ways/room/test", {"to": "zhao.wecom"})
    assert 'value="zhao.wecom"' in tried.text and tried.text.count("WeCom does not know this robot") == 1


def test_people_say_where_they_are_reached_and_are_told_inside_in_any_case(house: House) -> None:
    chen, root = house.enter("chen"), house.enter("root")
    assert "Nothing to tell you" in chen.get("/notices")
    chen.get("/account/messages")
    answer = chen.post("/account/messages", {"phone": "call me", "email": "chen@example.com"})
    assert answer.status_code == 422 and 'id="phone-error"' in answer.text and "chen@example.com" in answer.text
    assert chen.post("/account/messages", {"phone": "13800138000", "email": "chen@example.com"}).status_code == 303
    assert "13800138000" in root.get("/people/chen/messages")
    assert chen.look("/people/root/messages").status_code == 403
    told(house, "person:chen", urgent=True)
    page = chen.get("/notices")
    assert "Task waits" in page and "urgent" in page and 'href="/inbox"' in page
    upto = re.search(r'name="upto" value="(\w+)"', page)
    assert upto
    chen.post("/notices/read", {"upto": upto[1]})
    assert 'class="unread"' not in chen.get("/notices")
    chen.speak("zh-CN")
    assert "任务待处理" in chen.get("/notices")


def test_the_log_is_searched_by_order_and_tells_what_a_digest_holds(
    house_at_home: House, providers: Simulators
) -> None:
    house, root = house_at_home, house_at_home.enter("root")
    set_up(root, providers, "wecom_robot", "room")
    publish(house.service, SENDS)
    run = house.take(7, "sender-shop")
    page = root.get("/messages/deliveries?text=A-00007")
    found = re.search(r"/messages/deliveries/(\w{26})", page)
    assert found and "Order A-00007" in page
    one = root.get(f"/messages/deliveries/{found[1]}")
    assert "look" in one and f"/orders/{run}" in one
    assert "Nothing fits" in root.get("/messages/deliveries?text=A-00008")
    order = root.get(f"/orders/{run}")
    assert "Who was told" in order and "Room" in order
    root.get("/messages/deliveries/01ARZ3NDEKTSV4RRFFQ69G5FAV", 404)


def test_an_order_says_until_when_its_message_is_kept(house_at_home: House, providers: Simulators) -> None:
    house, root = house_at_home, house_at_home.enter("root")
    here = house.service.clock().astimezone(ZoneInfo("Asia/Shanghai"))
    begins, ends = (f"{here + timedelta(hours=hours):%H:%M}" for hours in (-3, 3))
    set_up(root, providers, "wecom_robot", "room", quiet_from=begins, quiet_to=ends)
    publish(house.service, SENDS)
    page = root.get(f"/orders/{house.take(7, 'sender-shop')}")
    assert re.search(f"quiet hours until [^<]*{ends}", page)

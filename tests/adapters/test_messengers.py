"""Every messenger keeps the same promises, against a provider that checks who sends and keeps its limits."""

from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from runtime.adapters import all_messengers
from runtime.adapters.contract import Delivered, NotDelivered
from runtime.adapters.messengers.asking import told
from runtime.core.words import LANGUAGES, text
from runtime.outgoing import Allowed

if TYPE_CHECKING:
    from tests.adapters.conftest import Yard

NAMES = (
    "dingtalk_robot", "email", "feishu_robot", "sms_aliyun", "sms_http", "webhook", "wecom_app", "wecom_robot",
)  # fmt: skip
ON_THE_WEB = tuple(name for name in NAMES if name != "email")
WRONG = {
    "dingtalk_robot": {"sign_secret": "SECnot-the-one"},
    "email": {"password": "not-the-password"},
    "feishu_robot": {"sign_secret": "not-the-one"},
    "sms_aliyun": {"access_key_secret": "not-the-one"},
    "sms_http": {"header_value": "Bearer not-the-one"},
    "webhook": {"secret": "not-the-one-at-all"},
    "wecom_app": {"corp_secret": "not-the-one"},
    "wecom_robot": {},
}
# How many a minute a provider takes from one sender to one person, and when it takes the next.
MOST = {
    "dingtalk_robot": (20, 600),
    "feishu_robot": (5, 60),
    "sms_aliyun": (1, 60),
    "sms_http": (1, 60),
    "wecom_robot": (20, 60),
}
# Who knows that a message is one that came before.
KNOWS_REPEATS = {"email", "sms_http", "webhook", "wecom_app"}


def test_every_messenger_is_held_to_these_promises() -> None:
    assert set(all_messengers()) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_message_arrives_as_it_was_written(yard: "Yard", name: str) -> None:
    words = "张𠮷的订单 👨‍👩‍👧 5,180 元\n请审批 <b>&amp;"
    message = yard.message(name, subject="超时提醒 𠮷", text=words, urgent=True, language="zh-CN")
    assert isinstance(yard.send(name, message), Delivered)
    (came,) = yard.provider(name).received
    shown = f"{came.subject}\n{came.text}"
    assert (words if name != "sms_aliyun" else words.replace("\n", " ")) in shown
    assert name == "sms_aliyun" or "超时提醒 𠮷" in shown
    assert came.to[-1] in ("13800138000", *message.to)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "sms_aliyun"])
def test_the_link_goes_along(yard: "Yard", name: str) -> None:
    yard.send(name, yard.message(name, text="字" * 5_000, link="https://orders.example/t/7?a=1&b=2"))
    (shown,) = yard.texts(name)
    assert "https://orders.example/t/7?a=1&b=2" in shown.splitlines()


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_key_is_told_as_one(yard: "Yard", name: str) -> None:
    secrets = WRONG[name] or {
        "webhook": f"{yard.provider(name).address}/cgi-bin/webhook/send?key=not-the-robots-own-key"
    }
    outcome = yard.send(name, secrets=secrets)
    assert isinstance(outcome, NotDelivered)
    assert (outcome.kind, outcome.problem.code) == ("wrong_key", f"{name}.wrong_key")
    assert not yard.provider(name).received
    assert_holds_no_secret(outcome, secrets)


@pytest.mark.parametrize("name", sorted(MOST))
def test_too_many_are_told_as_that_and_may_go_later(yard: "Yard", name: str) -> None:
    most, seconds = MOST[name]
    for _ in range(most):
        assert isinstance(yard.send(name), Delivered)
    outcome = yard.send(name)
    assert isinstance(outcome, NotDelivered)
    assert (outcome.kind, outcome.retry_after_seconds) == ("capped", seconds)
    assert len(yard.texts(name)) == most
    yard.clock.now += seconds
    assert isinstance(yard.send(name), Delivered)


@pytest.mark.parametrize("name", NAMES)
def test_who_does_not_answer_in_time_is_not_waited_for(yard: "Yard", name: str) -> None:
    yard.provider(name).fail("slow")
    outcome = yard.send(name, timeout_seconds=0.2)
    assert isinstance(outcome, NotDelivered)
    assert (outcome.kind, outcome.problem.code) == ("timeout", "messenger.late")


@pytest.mark.parametrize("fault", ["down", "nonsense", "cut"])
@pytest.mark.parametrize("name", NAMES)
def test_a_provider_that_is_ill_is_told_as_that_and_is_well_again(yard: "Yard", name: str, fault: Any) -> None:
    yard.provider(name).fail(fault, times=1)
    outcome = yard.send(name)
    if name == "webhook" and fault == "nonsense":
        assert outcome == Delivered()  # any 2xx is a receipt
        return
    assert isinstance(outcome, NotDelivered)
    assert outcome.kind == "error"
    assert_holds_no_secret(outcome, yard.provider(name).secrets)
    assert isinstance(yard.send(name), Delivered)


@pytest.mark.parametrize("name", ON_THE_WEB)
def test_nobody_is_followed_elsewhere(yard: "Yard", name: str) -> None:
    yard.provider(name).fail("moved")
    outcome = yard.send(name)
    assert isinstance(outcome, NotDelivered)
    assert outcome.problem.code == "outgoing.moved"


@pytest.mark.parametrize("name", NAMES)
def test_this_machine_is_not_called_unless_it_is_allowed(yard: "Yard", name: str) -> None:
    outcome = yard.send(name, allowed=Allowed())
    assert isinstance(outcome, NotDelivered)
    assert (outcome.kind, outcome.problem.code) == ("wrong_key", "outgoing.inside")
    assert not yard.provider(name).received
    assert isinstance(yard.send(name), Delivered)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_leads_into_the_house_is_not_called(yard: "Yard", name: str) -> None:
    provider = yard.provider(name)
    elsewhere = provider.address.replace("127.0.0.1", "mail.example")
    changes: dict[str, Any] = {
        kind: {
            setting: value.replace(provider.address, elsewhere)
            if isinstance(value, str) and provider.address
            else value
            for setting, value in values.items()
        }
        for kind, values in (("settings", provider.settings), ("secrets", provider.secrets))
    }
    if name == "email":
        changes["settings"]["host"] = "mail.example"
    outcome = yard.send(name, allowed=Allowed(), resolver=lambda _host, _port: ["10.0.0.7"], **changes)
    assert isinstance(outcome, NotDelivered)
    assert outcome.problem.params == {"host": "mail.example", "address": "10.0.0.7"}


@pytest.mark.parametrize("name", NAMES)
def test_the_same_message_again_is_known_where_the_provider_knows_messages(yard: "Yard", name: str) -> None:
    message = yard.message(name)
    for _ in range(2):
        yard.send(name, message)
    came = 1 if name in KNOWS_REPEATS or name == "sms_aliyun" else 2  # two to one number are too many for Aliyun
    assert len(yard.texts(name)) == came


@pytest.mark.parametrize("name", NAMES)
def test_two_reminders_in_the_same_words_are_two(yard: "Yard", name: str) -> None:
    for _ in range(2):
        assert isinstance(yard.send(name), Delivered)
        yard.clock.now += 600
    assert len(yard.texts(name)) == 2


@pytest.mark.parametrize("name", NAMES)
def test_a_secret_stands_nowhere_where_it_is_read(yard: "Yard", name: str) -> None:
    by = yard.by(name)
    assert_holds_no_secret(repr(by), by.secrets)
    for secret in by.secrets.values():
        assert_holds_no_secret(told(f"who is {secret}?", by), by.secrets)


@pytest.mark.parametrize("name", [name for name in NAMES if all_messengers()[name].contact == "phone"])
@pytest.mark.parametrize("number", ["", "13800138000\r\nX: y", "12345", "li@shop.example", "1380013800０１"])
def test_what_is_no_phone_number_is_refused_at_once(yard: "Yard", name: str, number: str) -> None:
    outcome = yard.send(name, yard.message(name, to=(number,)))
    assert isinstance(outcome, NotDelivered)
    assert (outcome.kind, outcome.problem.code) == ("refused", "messenger.phone")


@pytest.mark.parametrize("name", NAMES)
def test_settings_say_what_they_are_and_which_are_secret(yard: "Yard", name: str) -> None:
    schema = all_messengers()[name].settings
    Draft202012Validator.check_schema(schema)
    properties = schema["properties"]
    assert {setting for setting, what in properties.items() if what.get("x-secret")} >= set(yard.provider(name).secrets)
    assert not {setting for setting in yard.provider(name).settings if properties[setting].get("x-secret")}
    Draft202012Validator(schema).validate(yard.provider(name).settings | yard.provider(name).secrets)
    for what in properties.values():
        codes = [what["title"], *(f"{what['title']}.{choice}" for choice in what.get("enum", ()))]
        assert all(text(code, language=language)[0] for code in codes for language in LANGUAGES)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_messenger_holds_is_what_it_says(yard: "Yard", name: str) -> None:
    longest = all_messengers()[name].longest
    message = yard.message(name, text="𠮷" * (longest.most + 9))
    assert isinstance(yard.send(name, message), Delivered)
    (shown,) = yard.texts(name)
    shown = shown.removeprefix("【订单管家】").splitlines()[0]
    assert shown.endswith("𠮷…")
    assert len(shown.encode()) <= longest.most if longest.unit == "bytes" else len(shown) == longest.most


@pytest.mark.parametrize("name", NAMES)
def test_a_text_of_nothing_but_quotes_fits_too(yard: "Yard", name: str) -> None:
    assert isinstance(yard.send(name, yard.message(name, text='"\\\n' * 10_000)), Delivered)


def test_a_key_that_breaks_a_header_is_told_and_sent_nowhere(yard: "Yard") -> None:
    outcome = yard.send("sms_http", secrets={"header_value": "Bearer x\r\nX-Admin: 1"})
    assert isinstance(outcome, NotDelivered)
    assert (outcome.kind, outcome.problem.code) == ("wrong_key", "messenger.unsendable")
    assert isinstance(yard.send("webhook", yard.message("webhook", key="中\r\nX-Admin: 1")), Delivered)
    assert yard.provider("webhook").received[0].key == "%E4%B8%AD%0D%0AX-Admin: 1"


def assert_holds_no_secret(outcome: NotDelivered | str, secrets: Any) -> None:
    said = outcome if isinstance(outcome, str) else repr(outcome)
    if isinstance(outcome, NotDelivered):
        said += "".join(" ".join(text(outcome.problem.code, outcome.problem.params, tongue)) for tongue in LANGUAGES)
    for secret in secrets.values():
        for part in (secret, secret.rpartition("=")[2], secret.rpartition("/")[2]):
            assert not part or part not in said

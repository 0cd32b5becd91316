"""What is particular to one provider: tokens, mentions, dropped messages, what an order could smuggle into a text."""

import socket
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

import pytest

from runtime.adapters.contract import Delivered, NotDelivered
from runtime.adapters.messengers.asking import Line, Reply
from runtime.adapters.messengers.feishu_robot import KINDS as FEISHU
from runtime.adapters.simulators.desk import Answer, Asked
from runtime.adapters.simulators.mail import MailServer
from runtime.adapters.simulators.wecom import WeComApp
from runtime.outgoing import Allowed

if TYPE_CHECKING:
    from tests.adapters.conftest import Yard


def app(yard: "Yard") -> WeComApp:
    provider = yard.provider("wecom_app")
    assert isinstance(provider, WeComApp)
    return provider


def office(yard: "Yard") -> MailServer:
    return yard.simulators.mail


# --- WeCom ----------------------------------------------------------------------------------------------------------------


def test_a_token_is_kept_until_it_lapses(yard: "Yard") -> None:
    for _ in range(3):
        assert isinstance(yard.send("wecom_app"), Delivered)
    assert app(yard).tokens_given == 1
    yard.clock.now += 7_200
    assert isinstance(yard.send("wecom_app"), Delivered)
    assert app(yard).tokens_given == 2


def test_a_token_that_wecom_forgot_is_asked_for_again_and_the_message_goes_once(yard: "Yard") -> None:
    yard.send("wecom_app")
    app(yard).fail("lapsed", times=1)
    assert isinstance(yard.send("wecom_app", yard.message("wecom_app", text="again")), Delivered)
    assert app(yard).tokens_given == 2
    assert yard.texts("wecom_app").count("again") == 1


def test_a_token_that_never_holds_ends_the_try(yard: "Yard") -> None:
    app(yard).fail("lapsed")
    outcome = yard.send("wecom_app")
    assert isinstance(outcome, NotDelivered)
    assert (outcome.kind, app(yard).tokens_given) == ("error", 2)


def test_a_token_stands_in_no_failure(yard: "Yard") -> None:
    yard.send("wecom_app")
    app(yard).fail("moved")
    line = Line.open("wecom_app", yard.by("wecom_app")).knowing("simulated-access-token-0001")
    outcome = line.failed("error", "bad token simulated-access-token-0001")
    assert outcome.problem.params == {"said": "bad token ***"}


def test_whom_wecom_does_not_know_is_told(yard: "Yard") -> None:
    some = yard.send("wecom_app", yard.message("wecom_app", to=("LiLei", "Nobody-7".lower(), "HanMeimei")))
    assert some == Delivered("m2", ("nobody-7",))
    none = yard.send("wecom_app", yard.message("wecom_app", to=("nobody-7",)))
    assert isinstance(none, NotDelivered)
    assert (none.kind, none.problem.code) == ("refused", "messenger.refused")


def test_what_is_over_the_limit_of_a_person_wecom_drops_without_a_word(yard: "Yard") -> None:
    """So the caps must be kept before a message is sent: nothing tells afterwards."""
    for number in range(31):
        assert isinstance(yard.send("wecom_app", yard.message("wecom_app", text=f"no. {number}")), Delivered)
    assert len(yard.texts("wecom_app")) == 30


def test_an_order_brings_no_link_of_its_own_into_wecom(yard: "Yard") -> None:
    message = yard.message("wecom_app", subject="<A href='http://evil.example'>x</A>", text="5 < 6 < a href=x>pay</a>")
    yard.send("wecom_app", message)
    assert yard.texts("wecom_app") == ["＜A href='http://evil.example'>x＜/A>\n5 < 6 ＜ a href=x>pay＜/a>"]


def test_a_robot_mentions_people_and_phones(yard: "Yard") -> None:
    yard.send("wecom_robot", yard.message("wecom_robot", to=("LiLei", "+86 138 0013 8000", "@all")))
    assert yard.provider("wecom_robot").received[0].to == ("LiLei", "@all", "13800138000")


# --- DingTalk and Feishu --------------------------------------------------------------------------------------------------


def test_dingtalk_names_whom_it_mentions(yard: "Yard") -> None:
    yard.send("dingtalk_robot", yard.message("dingtalk_robot", to=("@all", "manager42", "138 0013 8000"), text="急"))
    (came,) = yard.provider("dingtalk_robot").received
    assert came.to == ("all", "13800138000", "manager42")
    assert came.text == "急\n@13800138000 @manager42"


def test_who_is_muted_by_dingtalk_is_not_heard_after_a_minute(yard: "Yard") -> None:
    for _ in range(21):
        yard.send("dingtalk_robot")
    yard.clock.now += 599
    outcome = yard.send("dingtalk_robot")
    assert isinstance(outcome, NotDelivered)
    assert outcome.kind == "capped"


def test_an_order_mentions_nobody_in_feishu(yard: "Yard") -> None:
    yard.send("feishu_robot", yard.message("feishu_robot", to=("@all",), text='<at user_id="ou_1">boss</at>'))
    (came,) = yard.provider("feishu_robot").received
    assert came.to == ("all",)
    assert came.text == '<at user_id="ou_1">boss</at>'


@pytest.mark.parametrize("name", ["dingtalk_robot", "feishu_robot", "sms_aliyun", "webhook"])
def test_a_clock_that_is_wrong_reads_as_a_wrong_key(yard: "Yard", name: str) -> None:
    outcome = yard.send(name, at=yard.clock() - 3_700)
    assert isinstance(outcome, NotDelivered)
    assert outcome.kind == "wrong_key"


@pytest.mark.parametrize(
    ("status", "content", "kind"),
    [
        (200, {"code": 0}, None),
        (200, {"code": 19021, "msg": "sign match fail"}, "wrong_key"),
        (200, {"code": 11232, "msg": "frequency limited psm"}, "capped"),
        (200, {"code": 9499, "msg": "Bad Request"}, "refused"),
        (500, {"code": 1, "msg": "oops"}, "error"),
        (502, {"code": 0}, "error"),
        (200, {"code": None}, "error"),
        (200, {"code": [0]}, "error"),
        (200, {}, "error"),
        (404, {}, "wrong_key"),
        (429, {}, "capped"),
        (408, {}, "error"),
        (413, {}, "refused"),
    ],
)
def test_what_an_answer_means(yard: "Yard", status: int, content: Any, kind: str | None) -> None:
    line = Line.open("feishu_robot", yard.by("feishu_robot"))
    fault = line.fault_in(Reply(status, {}, content), FEISHU, "code", "msg")
    assert (fault.kind if fault else None) == kind


# --- text messages --------------------------------------------------------------------------------------------------------


def test_alibaba_cloud_says_for_how_long_it_takes_no_more(yard: "Yard") -> None:
    waits = []
    for _ in range(5):
        assert isinstance(yard.send("sms_aliyun"), Delivered)
        outcome = yard.send("sms_aliyun")
        assert isinstance(outcome, NotDelivered)
        waits.append(outcome.retry_after_seconds)
        yard.clock.now += 61
    assert waits == [60, 60, 60, 60, 3_600]


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"sign_name": "别人"}, "wrong_key"),
        ({"template_code": "SMS_1"}, "wrong_key"),
        ({"variables": '{"code": "{text}"}'}, "wrong_key"),
        ({"variables": "{text}"}, "wrong_key"),
        ({"variables": '{"text": 7}'}, "wrong_key"),
        ({"access_key_id": "unknown"}, "wrong_key"),
        ({"endpoint": "http://user:secret@127.0.0.1"}, "wrong_key"),
    ],
)
def test_settings_that_do_not_fit_alibaba_cloud_are_for_an_admin(
    yard: "Yard", settings: dict[str, str], kind: str
) -> None:
    outcome = yard.send("sms_aliyun", settings=settings)
    assert isinstance(outcome, NotDelivered)
    assert outcome.kind == kind


def test_a_receipt_is_kept(yard: "Yard") -> None:
    assert yard.send("sms_aliyun") == Delivered("1^0")


def test_an_order_changes_nothing_in_the_form_of_a_text_message(yard: "Yard") -> None:
    text = '","mobile":"13900139000","x":"{key} {to}'
    assert isinstance(yard.send("sms_http", yard.message("sms_http", text=text)), Delivered)
    (came,) = yard.provider("sms_http").received
    assert (came.to, came.text) == (("13800138000",), text)


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"answer_field": "data.code"}, "refused"),
        ({"answer_value": "ok"}, "refused"),
        ({"body": "[]"}, "wrong_key"),
        ({"body": '{"mobile": "{text}"}'}, "refused"),
        ({"url": "ftp://127.0.0.1/"}, "wrong_key"),
        ({"answer_field": ""}, None),
    ],
)
def test_settings_of_a_plain_provider_are_taken_at_their_word(
    yard: "Yard", settings: dict[str, str], kind: str | None
) -> None:
    url = yard.provider("sms_http").settings["url"]
    outcome = yard.send("sms_http", settings={"url": url} | settings)
    assert (outcome.kind if isinstance(outcome, NotDelivered) else None) == kind


# --- e-mail ---------------------------------------------------------------------------------------------------------------


def test_a_mail_is_a_mail(yard: "Yard") -> None:
    message = yard.message("email", subject="超时：A-1001 𠮷", text="张𠮷\n.\n..end", urgent=True, language="zh-CN")
    yard.send("email", message)
    (mail,) = office(yard).mails
    assert (mail["Subject"], mail["To"], mail["From"]) == (
        "超时：A-1001 𠮷", "li@shop.example", "订单管家 <orders@shop.example>",
    )  # fmt: skip
    assert mail["Message-ID"] == f"<{message.key}@shop.example>"
    assert mail["Date"].datetime.timestamp() == yard.clock()
    assert (mail["Auto-Submitted"], mail["Importance"], mail["Content-Language"]) == ("auto-generated", "high", "zh-CN")
    assert yard.texts("email") == ["张𠮷\n.\n..end"]


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\u2028"])
def test_a_subject_brings_no_header_and_no_addressee(yard: "Yard", end: str) -> None:
    yard.send("email", yard.message("email", subject=f"A-1{end}Bcc: thief@evil.example{end}{end}Pay here"))
    (mail,) = office(yard).mails
    assert mail["Bcc"] is None
    assert mail["Subject"] == "A-1 Bcc: thief@evil.example Pay here"
    assert office(yard).received[0].to == ("li@shop.example",)


@pytest.mark.parametrize(
    "address",
    ["", "li", "li@shop.example\r\nRCPT TO:<x@y.example>", "li@a.example,x@y.example", "<li@shop.example>",
     "li li@shop.example", '"li"@shop.example', "李@shop.example", "li@shop..example",
     "li@", "li@shop.example>", "@shop.example"],
)  # fmt: skip
def test_what_could_be_more_than_an_address_is_refused(yard: "Yard", address: str) -> None:
    outcome = yard.send("email", yard.message("email", to=(address,)))
    assert isinstance(outcome, NotDelivered)
    assert (outcome.kind, outcome.problem.code) == ("refused", "email.address")
    assert not office(yard).mails


def test_a_chinese_domain_is_written_as_servers_read_it(yard: "Yard") -> None:
    assert isinstance(yard.send("email", yard.message("email", to=("li@例子.example",))), Delivered)
    assert office(yard).received[0].to == ("li@xn--fsqu00a.example",)


def test_a_sender_that_is_none_is_for_an_admin(yard: "Yard") -> None:
    outcome = yard.send("email", settings={"sender": "orders"})
    assert isinstance(outcome, NotDelivered)
    assert (outcome.kind, outcome.problem.code) == ("wrong_key", "email.sender")


def test_whom_the_server_does_not_know_is_refused(yard: "Yard") -> None:
    outcome = yard.send("email", yard.message("email", to=("nobody@shop.example",)))
    assert isinstance(outcome, NotDelivered)
    assert (outcome.kind, outcome.problem.params) == ("refused", {"said": "550 5.1.1 nobody of that name"})
    some = yard.send("email", yard.message("email", to=("nobody@shop.example", "li@shop.example")))
    assert some == Delivered(missed=("nobody@shop.example",))


def test_a_mail_goes_encrypted(safe_yard: "Yard") -> None:
    assert isinstance(safe_yard.send("email"), Delivered)
    assert safe_yard.texts("email") == ["订单待审"]


def test_a_server_that_cannot_prove_its_name_gets_nothing(safe_yard: "Yard") -> None:
    outcome = safe_yard.send("email", tls=None)
    assert isinstance(outcome, NotDelivered)
    assert outcome.kind == "error"
    assert not office(safe_yard).mails


def test_a_server_that_does_not_encrypt_gets_no_password(yard: "Yard") -> None:
    outcome = yard.send("email", settings={"security": "starttls"})
    assert isinstance(outcome, NotDelivered)
    assert (outcome.kind, outcome.problem.code) == ("wrong_key", "email.wrong_key")
    assert not office(yard).mails


def test_a_server_that_wants_encryption_says_so(safe_yard: "Yard") -> None:
    outcome = safe_yard.send("email", settings={"security": "none"})
    assert isinstance(outcome, NotDelivered)
    assert outcome.kind == "wrong_key"


def test_a_password_goes_over_no_network_that_others_can_read(yard: "Yard", monkeypatch: pytest.MonkeyPatch) -> None:
    """The server seems to be in the house's network; the wire in fact ends at this machine."""
    connect = socket.create_connection
    monkeypatch.setattr(socket, "create_connection", lambda where, seconds: connect(("127.0.0.1", where[1]), seconds))
    listed = Allowed((ip_network("10.0.0.0/8"),))
    outcome = yard.send("email", allowed=listed, resolver=lambda _host, _port: ["10.0.0.7"])
    assert isinstance(outcome, NotDelivered)
    assert (outcome.kind, outcome.problem.code) == ("wrong_key", "email.readable")
    assert not office(yard).mails


def test_the_next_address_of_a_server_is_tried_where_nobody_answers(yard: "Yard") -> None:
    """127.0.0.2 is this machine too, and nothing listens there."""
    assert isinstance(yard.send("email", resolver=lambda _host, _port: ["127.0.0.2", "127.0.0.1"]), Delivered)
    outcome = yard.send("email", resolver=lambda _host, _port: ["127.0.0.2"])
    assert isinstance(outcome, NotDelivered)
    assert (outcome.kind, outcome.problem.code) == ("error", "messenger.unanswered")


def test_a_password_that_cannot_be_sent_is_told(yard: "Yard") -> None:
    outcome = yard.send("email", secrets={"password": "密码"})
    assert isinstance(outcome, NotDelivered)
    assert outcome.kind == "wrong_key"


# --- web hooks ------------------------------------------------------------------------------------------------------------


def test_a_hook_tells_everything_that_a_receiver_needs(yard: "Yard", monkeypatch: pytest.MonkeyPatch) -> None:
    came: list[Any] = []
    receiver = yard.provider("webhook")
    honest = receiver.answer

    def read(asked: Asked) -> Answer:
        came.append(asked.json())
        return honest(asked)

    monkeypatch.setattr(receiver, "answer", read)
    message = yard.message("webhook", to=("a", "b"), subject="s", text="t", urgent=True, link="https://o.example/t/1")
    assert isinstance(yard.send("webhook", message), Delivered)
    assert came == [
        {
            "key": message.key, "to": ["a", "b"], "subject": "s", "text": "t", "urgent": True, "language": "en",
            "link": "https://o.example/t/1", "sent_at": "2023-11-14T22:13:20+00:00",
        }
    ]  # fmt: skip

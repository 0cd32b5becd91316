"""What proves who sends, against examples that others computed: the documentation's own, or `openssl` by hand."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from runtime.adapters.contract import Conveyance
from runtime.adapters.messengers import dingtalk_robot, feishu_robot, sms_aliyun, webhook
from runtime.outgoing import Allowed


def test_alibaba_cloud_signs_as_in_its_documentation() -> None:
    """help.aliyun.com, "V3 request body & signature method": RunInstances with the fixed parameters of the page."""
    by = Conveyance(
        settings={"access_key_id": "YourAccessKeyId"},
        secrets={"access_key_secret": "YourAccessKeySecret"},
        allowed=Allowed(),
        timeout_seconds=1,
        at=datetime(2023, 10, 26, 10, 22, 32, tzinfo=UTC).timestamp(),
    )
    question = {"RegionId": "cn-shanghai", "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"}
    nonce, host = "3156853299f313e23d1673dc12e1703d", "ecs.cn-shanghai.aliyuncs.com"
    headers = sms_aliyun.proof(question, host, "RunInstances", "2014-05-26", nonce, by)
    assert headers["Authorization"] == (
        "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,"
        "SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,"
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


def test_dingtalk_is_signed_under_the_secret_and_written_for_an_address() -> None:
    """printf '%s\\n%s' 1700000000123 'this is secret' | openssl dgst -sha256 -hmac 'this is secret' -binary | base64"""
    url = dingtalk_robot.signed(
        "https://oapi.dingtalk.com/robot/send?access_token=x", "this is secret", 1_700_000_000.123
    )
    assert url.endswith("&timestamp=1700000000123&sign=W2RNhLVXZurCuMiewxzjoEaGqxhR%2FFQAkLiAHZh%2BPWY%3D")
    assert parse_qs(urlsplit(url).query)["access_token"] == ["x"]


def test_feishu_is_signed_the_other_way_round() -> None:
    """printf '' | openssl dgst -sha256 -mac HMAC -macopt hexkey:$(printf '1599360473\\ndemo' | xxd -p) -binary | base64"""
    assert feishu_robot.proof("demo", 1_599_360_473.9) == {
        "timestamp": "1599360473",
        "sign": "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8=",
    }


def test_robots_without_a_secret_are_not_signed() -> None:
    assert dingtalk_robot.signed("https://oapi.dingtalk.com/robot/send?access_token=x", "", 1) == (
        "https://oapi.dingtalk.com/robot/send?access_token=x"
    )
    assert feishu_robot.proof("", 1) == {}


def test_a_web_hook_is_signed_with_its_time() -> None:
    """printf '1700000000.{"a":"中"}' | openssl dgst -sha256 -hmac 'shop-and-orderflow-know'"""
    assert webhook.signature("shop-and-orderflow-know", '{"a":"中"}'.encode(), 1_700_000_000.5) == (
        "t=1700000000,v1=17997b1f87f91e85bddda0850e5b5ca355afb16830829941cd39b06b46bb440a"
    )

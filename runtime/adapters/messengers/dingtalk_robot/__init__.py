"""A robot in a DingTalk group (open.dingtalk.com, custom robots): signed in the query of its address."""

import base64
import hashlib
import hmac
from dataclasses import replace
from typing import Final
from urllib.parse import urlencode

from runtime.adapters.contract import Cap, Conveyance, Delivered, Longest, Message, Messenger, NotDelivered, Undelivered
from runtime.adapters.messengers.asking import Line
from runtime.adapters.messengers.telling import as_one_text, phone, size

NAME: Final = "dingtalk_robot"
# A body holds 20,000 bytes: half of it is for what JSON makes of quotes and line breaks.
TEXT: Final = Longest(9_000, "bytes")
MUTED_SECONDS: Final = 600
EVERYBODY: Final = "@all"

KINDS: Final[dict[int | str, Undelivered]] = {
    -1: "error",
    90018: "capped",
    90030: "capped",
    130101: "capped",
    410100: "capped",
    88: "wrong_key",
    300001: "wrong_key",
    300005: "wrong_key",
    310000: "wrong_key",
    400013: "wrong_key",
    400101: "wrong_key",
    400102: "wrong_key",
    400106: "wrong_key",
}


def send(message: Message, by: Conveyance) -> Delivered | NotDelivered:
    """Into the group; those in `to` are mentioned, by their phone number or id."""
    line = Line.open(NAME, by)
    phones = {one: number for one in message.to if (number := phone(one))}
    people = [one for one in message.to if one not in phones and one != EVERYBODY]
    named = " ".join(f"@{one}" for one in [*phones.values(), *people])
    room = replace(TEXT, most=TEXT.most - size(f"\n{named}", TEXT))
    content = {
        "msgtype": "text",
        "text": {"content": "\n".join(part for part in (as_one_text(message, room), named) if part)},
        "at": {"atMobiles": list(phones.values()), "atUserIds": people, "isAtAll": EVERYBODY in message.to},
    }
    reply = line.post(signed(by.secrets["webhook"], by.secrets.get("sign_secret", ""), by.at), content)
    if isinstance(reply, NotDelivered):
        return reply
    fault = line.fault_in(reply, KINDS, "errcode", "errmsg")
    if fault and fault.kind == "capped":
        return replace(fault, retry_after_seconds=MUTED_SECONDS)
    return fault or Delivered()


def signed(webhook: str, secret: str, at: float) -> str:
    """The robot's address with the time in milliseconds and the signature; as it is where the robot has no secret."""
    if not secret:
        return webhook
    told = round(at * 1000)
    digest = hmac.new(secret.encode(), f"{told}\n{secret}".encode(), hashlib.sha256).digest()
    proof = urlencode({"timestamp": told, "sign": base64.b64encode(digest).decode()})
    return f"{webhook}{'&' if '?' in webhook else '?'}{proof}"


MESSENGER = Messenger(
    {"en": "DingTalk group robot", "zh-CN": "钉钉群机器人"},
    {
        "type": "object",
        "properties": {
            "webhook": {
                "type": "string",
                "title": "dingtalk_robot.webhook",
                "format": "uri",
                "minLength": 1,
                "maxLength": 2_000,
                "x-secret": True,
            },
            "sign_secret": {
                "type": "string",
                "title": "dingtalk_robot.sign_secret",
                "maxLength": 200,
                "x-secret": True,
            },
        },
        "required": ["webhook"],
        "additionalProperties": False,
    },
    send,
    contact="dingtalk",
    room=True,
    most_to=100,
    caps=(Cap(20, 60, muted_seconds=MUTED_SECONDS),),
    longest=TEXT,
)

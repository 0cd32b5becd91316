"""A robot in a Feishu or Lark group (open.feishu.cn, custom bots): signed in the body."""

import base64
import hashlib
import hmac
from dataclasses import replace
from typing import Any, Final

from runtime.adapters.contract import Cap, Conveyance, Delivered, Longest, Message, Messenger, NotDelivered, Undelivered
from runtime.adapters.messengers.asking import Line
from runtime.adapters.messengers.telling import as_one_text, one_line

NAME: Final = "feishu_robot"
# A body holds 20 KB: half of it is for what JSON makes of quotes and line breaks.
TEXT: Final = Longest(9_000, "bytes")
EVERYBODY: Final = "@all"
LINK: Final = {"en": "Open", "zh-CN": "打开"}
# One code says both that a body is wrong and that there are too many.
UNCLEAR: Final = 9499

KINDS: Final[dict[int | str, Undelivered]] = {
    11232: "capped",
    99991400: "capped",
    19001: "wrong_key",
    19021: "wrong_key",
    19022: "wrong_key",
    19024: "wrong_key",
}


def send(message: Message, by: Conveyance) -> Delivered | NotDelivered:
    """Into the group; those in `to` are mentioned, by their `open_id` or user id."""
    line = Line.open(NAME, by)
    content = {"msg_type": "post", "content": {"post": {"zh_cn": _post(message)}}}
    reply = line.post(by.secrets["webhook"], {**proof(by.secrets.get("sign_secret", ""), by.at), **content})
    if isinstance(reply, NotDelivered):
        return reply
    code = "code" if "code" in reply.content or "StatusCode" not in reply.content else "StatusCode"
    said = "msg" if code == "code" else "StatusMessage"
    words = str(reply.content.get(said)).lower()
    too_many: dict[int | str, Undelivered] = {UNCLEAR: "capped"} if "too many" in words or "frequen" in words else {}
    return line.fault_in(reply, KINDS | too_many, code, said) or Delivered()


def proof(secret: str, at: float) -> dict[str, str]:
    """The time in seconds and the signature: time and secret are the key; nothing where the robot has no secret."""
    if not secret:
        return {}
    told = str(int(at))
    digest = hmac.new(f"{told}\n{secret}".encode(), b"", hashlib.sha256).digest()
    return {"timestamp": told, "sign": base64.b64encode(digest).decode()}


def _post(message: Message) -> dict[str, Any]:
    """Rich text by its parts: what an order says is text and never a mention or a link."""
    text = as_one_text(replace(message, subject="", link=None), TEXT)
    lines: list[list[dict[str, str]]] = [[{"tag": "text", "text": text}]]
    if message.link:
        lines.append([{"tag": "a", "text": LINK[message.language], "href": message.link}])
    if message.to:
        lines.append([{"tag": "at", "user_id": "all" if one == EVERYBODY else one} for one in message.to])
    return {"title": one_line(message.subject)[:200], "content": lines}


MESSENGER = Messenger(
    {"en": "Feishu or Lark group robot", "zh-CN": "飞书群机器人"},
    {
        "type": "object",
        "properties": {
            "webhook": {
                "type": "string",
                "title": "feishu_robot.webhook",
                "format": "uri",
                "minLength": 1,
                "maxLength": 2_000,
                "x-secret": True,
            },
            "sign_secret": {"type": "string", "title": "feishu_robot.sign_secret", "maxLength": 200, "x-secret": True},
        },
        "required": ["webhook"],
        "additionalProperties": False,
    },
    send,
    contact="feishu",
    room=True,
    most_to=100,
    caps=(Cap(5, 1), Cap(100, 60)),
    longest=TEXT,
)

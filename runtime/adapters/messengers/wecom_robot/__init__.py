"""A robot in a WeCom group (developer.work.weixin.qq.com, paths 91770 and 99398): its address is its key."""

from typing import Final

from runtime.adapters.contract import Cap, Conveyance, Delivered, Longest, Message, Messenger, NotDelivered, Undelivered
from runtime.adapters.messengers.asking import Line
from runtime.adapters.messengers.telling import as_one_text, phone

NAME: Final = "wecom_robot"
LONGEST: Final = Longest(2_048, "bytes")
EVERYBODY: Final = "@all"

KINDS: Final[dict[int | str, Undelivered]] = {
    -1: "error",
    45009: "capped",
    45033: "capped",
    93000: "wrong_key",
}


def send(message: Message, by: Conveyance) -> Delivered | NotDelivered:
    """Into the group; those in `to` are mentioned, by their id or phone number."""
    line = Line.open(NAME, by)
    phones = {one: number for one in message.to if (number := phone(one))}
    text = {
        "content": as_one_text(message, LONGEST),
        "mentioned_list": [one for one in message.to if one not in phones],
        "mentioned_mobile_list": list(phones.values()),
    }
    reply = line.post(by.secrets["webhook"], {"msgtype": "text", "text": text})
    if isinstance(reply, NotDelivered):
        return reply
    return line.fault_in(reply, KINDS, "errcode", "errmsg") or Delivered()


MESSENGER = Messenger(
    {"en": "WeCom group robot", "zh-CN": "企业微信群机器人"},
    {
        "type": "object",
        "properties": {
            "webhook": {
                "type": "string",
                "title": "wecom_robot.webhook",
                "format": "uri",
                "minLength": 1,
                "maxLength": 2_000,
                "x-secret": True,
            }
        },
        "required": ["webhook"],
        "additionalProperties": False,
    },
    send,
    contact="wecom",
    room=True,
    most_to=100,
    caps=(Cap(20, 60),),
    longest=LONGEST,
)

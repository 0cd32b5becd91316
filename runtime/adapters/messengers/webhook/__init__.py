"""A signed web hook of our own: one JSON document for each message, to any address. README documents it for receivers."""

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Final

import orjson

from runtime.adapters.contract import Conveyance, Delivered, Longest, Message, Messenger, NotDelivered
from runtime.adapters.messengers.asking import Line
from runtime.adapters.messengers.telling import cut, header

NAME: Final = "webhook"
LONGEST: Final = Longest(100_000, "characters")


def send(message: Message, by: Conveyance) -> Delivered | NotDelivered:
    """One POST; any 2xx is a receipt, whatever is in it."""
    line = Line.open(NAME, by)
    body = orjson.dumps(
        {
            "key": message.key,
            "to": message.to,
            "subject": message.subject,
            "text": cut(message.text, LONGEST),
            "urgent": message.urgent,
            "language": message.language,
            "link": message.link,
            "sent_at": datetime.fromtimestamp(int(by.at), UTC).isoformat(),
        }
    )
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": header(message.key),
        "X-Signature": signature(by.secrets["secret"], body, by.at),
    }
    response = line.answer(by.settings["url"], body, headers)
    if isinstance(response, NotDelivered):
        return response
    return Delivered() if 200 <= response.status < 300 else line.by_status(response)


def signature(secret: str, body: bytes, at: float) -> str:
    """What proves who sends it: the time in seconds and the body, signed together."""
    told = int(at)
    return f"t={told},v1={hmac.new(secret.encode(), f'{told}.'.encode() + body, hashlib.sha256).hexdigest()}"


MESSENGER = Messenger(
    {"en": "Signed web hook", "zh-CN": "带签名的 Webhook"},
    {
        "type": "object",
        "properties": {
            "url": {"type": "string", "title": "webhook.url", "format": "uri", "minLength": 1, "maxLength": 2_000},
            "secret": {
                "type": "string",
                "title": "webhook.secret",
                "minLength": 16,
                "maxLength": 200,
                "x-secret": True,
            },
        },
        "required": ["url", "secret"],
        "additionalProperties": False,
    },
    send,
    most_to=100,
    longest=LONGEST,
)

"""Text messages by any provider that takes a JSON document: its form is a template with plain placeholders."""

from collections.abc import Mapping
from typing import Any, Final

import orjson

from runtime.adapters.contract import Cap, Conveyance, Delivered, Longest, Message, Messenger, NotDelivered
from runtime.adapters.messengers.asking import Line
from runtime.adapters.messengers.telling import as_one_text, filled, header, one_line, phone
from runtime.core.problem import Problem
from runtime.outgoing import Response

NAME: Final = "sms_http"
LONGEST: Final = Longest(500, "characters")
BODY: Final = '{"phone": "{to}", "text": "{text}", "id": "{key}"}'
HEADER: Final = "Authorization"


def send(message: Message, by: Conveyance) -> Delivered | NotDelivered:
    """To one phone. `{text}` is subject, text and link."""
    line = Line.open(NAME, by)
    number = phone(message.to[0]) if message.to else None
    if number is None:
        return NotDelivered("refused", Problem("messenger.phone"))
    template = _template(by.settings.get("body") or BODY)
    if template is None:
        return NotDelivered("wrong_key", Problem("sms_http.not_json", params={"example": BODY}))
    body = orjson.dumps(filled(template, _words(message, number)))
    response = line.answer(by.settings["url"], body, _headers(message, by))
    return response if isinstance(response, NotDelivered) else _outcome(line, response)


def _template(text: str) -> dict[str, Any] | None:
    try:
        template = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return template if isinstance(template, dict) else None


def _words(message: Message, number: str) -> Mapping[str, str]:
    return {
        "to": number,
        "text": as_one_text(message, LONGEST),
        "subject": one_line(message.subject),
        "link": message.link or "",
        "key": message.key,
    }


def _headers(message: Message, by: Conveyance) -> Mapping[str, str]:
    headers = {"Content-Type": "application/json", "Idempotency-Key": header(message.key)}
    proof = by.secrets.get("header_value")
    return headers | {by.settings.get("header_name") or HEADER: proof} if proof else headers


def _outcome(line: Line, response: Response) -> Delivered | NotDelivered:
    """A success by its status, and by the member of the answer that tells, where one is set up."""
    if not 200 <= response.status < 300:
        return line.by_status(response)
    path = line.by.settings.get("answer_field")
    if not path:
        return Delivered()
    reply = line.read(response)
    if isinstance(reply, NotDelivered):
        return reply
    told = _at(reply.content, path)
    if told == line.by.settings.get("answer_value", "0"):
        return Delivered()
    return line.failed("refused", f"{path} = {told}")


def _at(content: Any, path: str) -> str:
    """The member at a path like `data.code`, as text."""
    for name in path.split("."):
        content = content.get(name) if isinstance(content, dict) else None
    return content if isinstance(content, str) else orjson.dumps(content).decode()


MESSENGER = Messenger(
    {"en": "SMS by an HTTP provider", "zh-CN": "短信（通用 HTTP 服务商）"},
    {
        "type": "object",
        "properties": {
            "url": {"type": "string", "title": "sms_http.url", "format": "uri", "minLength": 1, "maxLength": 2_000},
            "header_name": {
                "type": "string",
                "title": "sms_http.header_name",
                "pattern": "^[A-Za-z0-9-]+$",
                "maxLength": 100,
                "default": HEADER,
            },
            "header_value": {"type": "string", "title": "sms_http.header_value", "maxLength": 1_000, "x-secret": True},
            "body": {
                "type": "string",
                "title": "sms_http.body",
                "maxLength": 4_000,
                "default": BODY,
                "x-widget": "long-text",
            },
            "answer_field": {"type": "string", "title": "sms_http.answer_field", "maxLength": 100},
            "answer_value": {"type": "string", "title": "sms_http.answer_value", "maxLength": 100, "default": "0"},
        },
        "required": ["url"],
        "additionalProperties": False,
    },
    send,
    contact="phone",
    caps=(Cap(1, 60, "addressee"), Cap(5, 3_600, "addressee"), Cap(10, 86_400, "addressee")),
    longest=LONGEST,
)

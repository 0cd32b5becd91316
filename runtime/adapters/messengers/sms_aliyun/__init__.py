"""Text messages by Alibaba Cloud SMS: `SendSms` of Dysmsapi 2017-05-25, signed by ACS3-HMAC-SHA256.

The signature is that of help.aliyun.com, "V3 request body & signature method": RPC style, the parameters in the query.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote
from uuid import uuid4

import orjson

from runtime.adapters.contract import Cap, Conveyance, Delivered, Longest, Message, Messenger, NotDelivered, Undelivered
from runtime.adapters.messengers.asking import Line
from runtime.adapters.messengers.telling import cut, filled, one_line, phone
from runtime.core.problem import Problem
from runtime.outgoing import Refused, read_url

NAME: Final = "sms_aliyun"
ENDPOINT: Final = "https://dysmsapi.aliyuncs.com"
ALGORITHM: Final = "ACS3-HMAC-SHA256"
# What a variable of a template holds; an address in it is refused.
LONGEST: Final = Longest(35, "characters")
VARIABLES: Final = '{"text": "{text}"}'

KINDS: Final[dict[int | str, Undelivered]] = {
    "isv.BUSINESS_LIMIT_CONTROL": "capped",
    "isv.DAY_LIMIT_CONTROL": "capped",
    "isv.MONTH_LIMIT_CONTROL": "capped",
    "Throttling": "capped",
    "Throttling.User": "capped",
    "SignatureDoesNotMatch": "wrong_key",
    "IncompleteSignature": "wrong_key",
    "InvalidAccessKeyId": "wrong_key",
    "InvalidAccessKeyId.NotFound": "wrong_key",
    "InvalidAccessKeyId.Inactive": "wrong_key",
    "InvalidTimeStamp.Expired": "wrong_key",
    "Forbidden.RAM": "wrong_key",
    "Forbidden.NoPermission": "wrong_key",
    "NoPermission": "wrong_key",
    "isp.RAM_PERMISSION_DENY": "wrong_key",
    "isv.OUT_OF_SERVICE": "wrong_key",
    "isv.PRODUCT_UN_SUBSCRIPT": "wrong_key",
    "isv.PRODUCT_UNSUBSCRIBE": "wrong_key",
    "isv.ACCOUNT_NOT_EXISTS": "wrong_key",
    "isv.ACCOUNT_ABNORMAL": "wrong_key",
    "isv.AMOUNT_NOT_ENOUGH": "wrong_key",
    "isv.SMS_TEMPLATE_ILLEGAL": "wrong_key",
    "isv.SMS_SIGNATURE_ILLEGAL": "wrong_key",
    "isv.TEMPLATE_MISSING_PARAMETERS": "wrong_key",
    "isv.SMS_TEST_SIGN_TEMPLATE_LIMIT": "wrong_key",
    "isp.SYSTEM_ERROR": "error",
    "ServiceUnavailable": "error",
    "InternalError": "error",
}
# How long a limit lasts, by the word of its period in what Aliyun says of it.
PERIODS: Final = (("分钟", 60), ("小时", 3_600), ("天", 86_400), ("日", 86_400), ("月", 86_400))


def send(message: Message, by: Conveyance) -> Delivered | NotDelivered:
    """To one phone, in the words of the template that Aliyun approved: the message fills in its variables."""
    line = Line.open(NAME, by)
    number = phone(message.to[0]) if message.to else None
    if number is None:
        return NotDelivered("refused", Problem("messenger.phone"))
    variables = _variables(by.settings.get("variables") or VARIABLES, message)
    if variables is None:
        return NotDelivered("wrong_key", Problem("sms_aliyun.not_json", params={"example": VARIABLES}))
    question = {
        "PhoneNumbers": number.removeprefix("+"),
        "SignName": by.settings["sign_name"],
        "TemplateCode": by.settings["template_code"],
        "TemplateParam": orjson.dumps(variables).decode(),
        "OutId": message.key[:256],
    }
    endpoint = str(by.settings.get("endpoint") or ENDPOINT).rstrip("/")
    try:
        host = read_url(endpoint).host_header
    except Refused as refused:
        return NotDelivered("wrong_key", Problem(refused.code, params=refused.params))
    headers = proof(question, host, "SendSms", "2017-05-25", uuid4().hex, by)
    reply = line.send(f"{endpoint}/?{_canonical(question)}", b"", headers)
    if isinstance(reply, NotDelivered):
        return reply
    fault = line.fault_in(reply, KINDS, "Code", "Message", fine="OK")
    if fault and fault.kind == "capped":
        return replace(fault, retry_after_seconds=_period(str(reply.content.get("Message"))))
    return fault or Delivered(str(reply.content.get("BizId") or ""))


def proof(
    question: Mapping[str, str], host: str, action: str, version: str, nonce: str, by: Conveyance
) -> Mapping[str, str]:
    """The headers of a POST without a body, with the signature over them and the question."""
    payload = hashlib.sha256(b"").hexdigest()
    headers = {
        "x-acs-action": action,
        "x-acs-content-sha256": payload,
        "x-acs-date": datetime.fromtimestamp(int(by.at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": nonce,
        "x-acs-version": version,
    }
    signed_headers = {"host": host, **headers}
    names = ";".join(signed_headers)
    told = "".join(f"{name}:{value}\n" for name, value in signed_headers.items())
    request = "\n".join(("POST", "/", _canonical(question), told, names, payload))
    signed = f"{ALGORITHM}\n{hashlib.sha256(request.encode()).hexdigest()}"
    signature = hmac.new(by.secrets["access_key_secret"].encode(), signed.encode(), hashlib.sha256).hexdigest()
    key = by.settings["access_key_id"]
    return headers | {"Authorization": f"{ALGORITHM} Credential={key},SignedHeaders={names},Signature={signature}"}


def _canonical(question: Mapping[str, str]) -> str:
    """Sorted, and percent-encoded by RFC 3986."""
    return "&".join(f"{quote(name, safe='~')}={quote(question[name], safe='~')}" for name in sorted(question))


def _variables(text: str, message: Message) -> dict[str, str] | None:
    """What the template's variables are filled with, each cut to what it holds."""
    try:
        template = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(template, dict) or not all(isinstance(value, str) for value in template.values()):
        return None
    words = {"text": message.text, "subject": message.subject, "key": message.key}
    found: dict[str, Any] = filled(template, words, lambda told: cut(one_line(told), LONGEST))
    return found


def _period(said: str) -> int:
    return next((seconds for word, seconds in PERIODS if word in said), PERIODS[0][1])


MESSENGER = Messenger(
    {"en": "SMS by Alibaba Cloud", "zh-CN": "短信（阿里云）"},
    {
        "type": "object",
        "properties": {
            "access_key_id": {"type": "string", "title": "sms_aliyun.access_key_id", "minLength": 1, "maxLength": 128},
            "access_key_secret": {
                "type": "string",
                "title": "sms_aliyun.access_key_secret",
                "minLength": 1,
                "maxLength": 128,
                "x-secret": True,
            },
            "sign_name": {"type": "string", "title": "sms_aliyun.sign_name", "minLength": 1, "maxLength": 50},
            "template_code": {"type": "string", "title": "sms_aliyun.template_code", "minLength": 1, "maxLength": 50},
            "variables": {
                "type": "string",
                "title": "sms_aliyun.variables",
                "maxLength": 2_000,
                "default": VARIABLES,
                "x-widget": "long-text",
            },
            "endpoint": {
                "type": "string",
                "title": "sms_aliyun.endpoint",
                "format": "uri",
                "maxLength": 500,
                "default": ENDPOINT,
            },
        },
        "required": ["access_key_id", "access_key_secret", "sign_name", "template_code"],
        "additionalProperties": False,
    },
    send,
    contact="phone",
    caps=(Cap(1, 60, "addressee"), Cap(5, 3_600, "addressee"), Cap(10, 86_400, "addressee")),
    longest=LONGEST,
)

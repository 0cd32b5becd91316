"""Text messages: Alibaba Cloud's `SendSms`, and a provider of the plain kind."""

import json
import re
from calendar import timegm
from hashlib import sha256
from hmac import compare_digest, digest
from time import strptime
from typing import Any, Final
from urllib.parse import quote

from runtime.adapters.simulators.desk import Answer, Asked, Clock, Provider, Window

KEY_ID: Final = "SIMULATED-KEY-ID"
KEY_SECRET: Final = "simulatedAccessKeySecret0123456789"
SIGN_NAME: Final = "订单管家"
TEMPLATE: Final = "SMS_154950909"
BEARER: Final = "Bearer simulated-sms-key-3c9f"
LATEST: Final = 900
SIGNED: Final = {"host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce", "x-acs-version"}
LONGEST_VARIABLE: Final = 35
_PROOF: Final = re.compile(r"ACS3-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})")
_NUMBER: Final = re.compile(r"\d{7,15}")

# How many to one number, in which time, and what Alibaba Cloud calls it.
LIMITS: Final = ((1, 60, "分钟"), (5, 3_600, "小时"), (10, 86_400, "天"))


class AliyunSms(Provider):
    """Checks the signature over what really came, its time and that it comes once; 1 a minute, 5 an hour, 10 a day."""

    messenger = "sms_aliyun"

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._limits = [(Window(most, seconds), most, word) for most, seconds, word in LIMITS]
        self._nonces: set[str] = set()

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "access_key_id": KEY_ID,
            "sign_name": SIGN_NAME,
            "template_code": TEMPLATE,
            "variables": '{"text": "{text}"}',
            "endpoint": self.address,
        }

    @property
    def secrets(self) -> dict[str, str]:
        return {"access_key_secret": KEY_SECRET}

    def answer(self, asked: Asked) -> Answer:
        return self._stranger(asked) or self._send(asked.question)

    def _stranger(self, asked: Asked) -> Answer | None:
        """Why the request is not taken for the account's own."""
        proof, headers = _PROOF.fullmatch(asked.headers.get("authorization", "")), asked.headers
        if proof is None or not set(proof[2].split(";")) & set(headers) >= SIGNED:
            return _gate("IncompleteSignature", "The request signature does not conform to Aliyun standards.")
        if proof[1] != KEY_ID:
            return _gate("InvalidAccessKeyId.NotFound", "Specified access key is not found.", 404)
        if sha256(asked.body).hexdigest() != headers.get("x-acs-content-sha256"):
            return _gate("SignatureDoesNotMatch", "The payload is not what its hash says.")
        if not compare_digest(_signature(asked, proof[2]), proof[3]):
            return _gate("SignatureDoesNotMatch", "Specified signature does not match our calculation.")
        if (headers["x-acs-action"], headers["x-acs-version"]) != ("SendSms", "2017-05-25"):
            return _gate("InvalidAction.NotFound", "Specified api is not found, please check your url and method.", 404)
        sent = timegm(strptime(headers["x-acs-date"], "%Y-%m-%dT%H:%M:%SZ"))
        if abs(sent - self.clock()) > LATEST:
            return _gate("InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
        if headers["x-acs-signature-nonce"] in self._nonces:
            return _gate("SignatureNonceUsed", "Specified signature nonce was used already.")
        self._nonces.add(headers["x-acs-signature-nonce"])
        return None

    def _send(self, question: dict[str, str]) -> Answer:
        number, variables = question.get("PhoneNumbers", ""), _variables(question.get("TemplateParam", ""))
        if question.get("SignName") != SIGN_NAME:
            return _told("isv.SMS_SIGNATURE_ILLEGAL", "该账号下找不到对应签名")
        if question.get("TemplateCode") != TEMPLATE:
            return _told("isv.SMS_TEMPLATE_ILLEGAL", "该账号下找不到对应模板")
        if not _NUMBER.fullmatch(number):
            return _told("isv.MOBILE_NUMBER_ILLEGAL", f"{number}invalid mobile number")
        if variables is None:
            return _told("isv.INVALID_JSON_PARAM", "JSON参数不合法，只接受字符串值")
        if "text" not in variables:
            return _told("isv.TEMPLATE_MISSING_PARAMETERS", "模板变量缺少对应参数值")
        if any(len(value) > LONGEST_VARIABLE for value in variables.values()):
            return _told("isv.PARAM_LENGTH_LIMIT", "参数超过长度限制")
        return self._too_many(number) or self._bring(number, variables, question)

    def _too_many(self, number: str) -> Answer | None:
        at = self.clock()
        full = [(most, word) for window, most, word in self._limits if window.is_full(at, number)]
        if full:
            most, word = full[-1]
            return _told("isv.BUSINESS_LIMIT_CONTROL", f"触发{word}级流控Permits:{most}")
        for window, _, _ in self._limits:
            window.count(at, number)
        return None

    def _bring(self, number: str, variables: dict[str, str], question: dict[str, str]) -> Answer:
        self.take((number,), "", f"【{SIGN_NAME}】{variables['text']}", question.get("OutId", ""))
        return Answer({"Code": "OK", "Message": "OK", "RequestId": _request(), "BizId": f"{len(self.received)}^0"})


class HttpSms(Provider):
    """A plain provider: a key in a header, a JSON document, `code` 0 when all went well; it knows what came twice."""

    messenger = "sms_http"

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._limits = [(Window(most, seconds), seconds) for most, seconds, _ in LIMITS]
        self._known: set[str] = set()

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "url": f"{self.address}/sms",
            "body": '{"mobile": "{to}", "content": "{text}", "sn": "{key}"}',
            "answer_field": "code",
        }

    @property
    def secrets(self) -> dict[str, str]:
        return {"header_value": BEARER}

    def answer(self, asked: Asked) -> Answer:
        message = asked.json()
        if asked.path != "/sms" or asked.headers.get("authorization") != BEARER:
            return Answer({"code": 401, "message": "unknown key"}, 401)
        if not isinstance(message, dict) or not _NUMBER.fullmatch(str(message.get("mobile", "")).lstrip("+")):
            return Answer({"code": 1, "message": "mobile is no number"})
        number, key = message["mobile"], message.get("sn", "")
        if key in self._known:
            return Answer({"code": 0, "message": "known"})
        at = self.clock()
        full = [seconds for window, seconds in self._limits if window.is_full(at, number)]
        if full:
            return Answer({"code": 429, "message": "too many"}, 429, {"Retry-After": str(full[-1])})
        for window, _ in self._limits:
            window.count(at, number)
        self._known.add(key)
        self.take((number,), "", message.get("content", ""), key)
        return Answer({"code": 0, "message": "ok"})


def _signature(asked: Asked, names: str) -> str:
    """Over the request as it came, by the steps of the documentation."""
    pairs = sorted(asked.question.items())
    query = "&".join("=".join(quote(part, safe="-_.~") for part in pair) for pair in pairs)
    lines = [asked.method, asked.path, query]
    lines += [f"{name}:{asked.headers.get(name, '').strip()}" for name in names.split(";")]
    lines += ["", names, asked.headers.get("x-acs-content-sha256", "")]
    told = "ACS3-HMAC-SHA256\n" + sha256("\n".join(lines).encode()).hexdigest()
    return digest(KEY_SECRET.encode(), told.encode(), "sha256").hex()


def _variables(text: str) -> dict[str, str] | None:
    try:
        variables = json.loads(text)
    except ValueError:
        return None
    fits = isinstance(variables, dict) and all(isinstance(value, str) for value in variables.values())
    return variables if fits else None


def _request() -> str:
    return "F655A8D5-B967-440B-8683-DAD6FF8DE990"


def _gate(code: str, words: str, status: int = 400) -> Answer:
    """The gateway's way of saying no."""
    return Answer({"Code": code, "Message": words, "RequestId": _request(), "HostId": "dysmsapi"}, status)


def _told(code: str, words: str) -> Answer:
    """The service's way of saying no: HTTP 200 and a code."""
    return Answer({"Code": code, "Message": words, "RequestId": _request()})

"""Messages of a WeCom app to people (developer.work.weixin.qq.com, paths 90236, 90454 and 91039)."""

import hashlib
import re
from dataclasses import replace
from threading import Lock
from typing import Final
from urllib.parse import quote, urlencode

from runtime.adapters.contract import Cap, Conveyance, Delivered, Longest, Message, Messenger, NotDelivered, Undelivered
from runtime.adapters.messengers.asking import Line
from runtime.adapters.messengers.telling import as_one_text

NAME: Final = "wecom_app"
SERVER: Final = "https://qyapi.weixin.qq.com"
LONGEST: Final = Longest(2_048, "bytes")
# A message that is sent again because no answer came is dropped by WeCom, the next reminder in the same words is not.
SAME_MESSAGE_SECONDS: Final = 120
# A token is asked for again before it lapses.
SECONDS_LEFT: Final = 120
LAPSED: Final = (40014, 41001, 42001)
# Links in messages are ours alone.
_ANCHOR: Final = re.compile(r"<(?=\s*/?\s*a\b)", re.IGNORECASE)

KINDS: Final[dict[int | str, Undelivered]] = {
    -1: "error",
    40014: "error",
    42001: "error",
    45009: "capped",
    45033: "capped",
    40001: "wrong_key",
    40013: "wrong_key",
    40056: "wrong_key",
    40091: "wrong_key",
    41001: "error",
    41002: "wrong_key",
    41004: "wrong_key",
    48002: "wrong_key",
    60020: "wrong_key",
    301002: "wrong_key",
}


class Tokens:
    """The access tokens of a process, kept until they lapse. WeCom gives the same one to all who ask meanwhile."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[str, float]] = {}
        self._lock = Lock()

    def find(self, line: Line, *, fresh: bool = False) -> str | NotDelivered:
        """A token that is good now; `fresh`: the one that was kept is good no more."""
        app = _app(line.by)
        with self._lock:
            token, until = self._kept.get(app, ("", 0.0))
        if token and not fresh and line.by.at < until:
            return token
        return self._fetch(line, app)

    def _fetch(self, line: Line, app: str) -> str | NotDelivered:
        question = {"corpid": line.by.settings["corp_id"], "corpsecret": line.by.secrets["corp_secret"]}
        reply = line.get(f"{_server(line.by)}/cgi-bin/gettoken?{urlencode(question)}")
        if isinstance(reply, NotDelivered):
            return reply
        if fault := line.fault_in(reply, KINDS, "errcode", "errmsg"):
            return fault
        token, seconds = reply.content.get("access_token"), reply.content.get("expires_in")
        if not isinstance(token, str) or not isinstance(seconds, int):
            return line.nonsense(reply.status)
        with self._lock:
            self._kept[app] = (token, line.by.at + seconds - SECONDS_LEFT)
        return token


TOKENS: Final = Tokens()


def send(message: Message, by: Conveyance) -> Delivered | NotDelivered:
    """To each of `to`. Whom WeCom does not know is told as missed; when it is everybody, nothing was sent."""
    line = Line.open(NAME, by)
    token = TOKENS.find(line)
    if isinstance(token, NotDelivered):
        return token
    outcome = _send_with(token, line, message)
    if outcome is None:
        token = TOKENS.find(line, fresh=True)
        if isinstance(token, NotDelivered):
            return token
        outcome = _send_with(token, line, message)
    return outcome or line.failed("error", "access_token")


def _send_with(token: str, line: Line, message: Message) -> Delivered | NotDelivered | None:
    """Send it with this token; None when WeCom says that the token is good no more."""
    line = line.knowing(token)
    content = {
        "touser": "|".join(message.to),
        "msgtype": "text",
        "agentid": line.by.settings["agent_id"],
        "text": {"content": as_one_text(_without_anchors(message), LONGEST)},
        "enable_duplicate_check": 1,
        "duplicate_check_interval": SAME_MESSAGE_SECONDS,
    }
    reply = line.post(f"{_server(line.by)}/cgi-bin/message/send?access_token={quote(token, safe='')}", content)
    if isinstance(reply, NotDelivered):
        return reply
    if reply.content.get("errcode") in LAPSED:
        return None
    if fault := line.fault_in(reply, KINDS, "errcode", "errmsg"):
        return fault
    unknown = str(reply.content.get("invaliduser") or "").lower().split("|")
    missed = tuple(one for one in message.to if one.lower() in unknown)
    if missed and len(missed) == len(message.to):
        return line.failed("refused", "invaliduser")
    return Delivered(str(reply.content.get("msgid") or ""), missed)


def _without_anchors(message: Message) -> Message:
    return replace(message, subject=_ANCHOR.sub("＜", message.subject), text=_ANCHOR.sub("＜", message.text))


def _server(by: Conveyance) -> str:
    return str(by.settings.get("server") or SERVER).rstrip("/")


def _app(by: Conveyance) -> str:
    """By what an app's token is kept: never its secret itself."""
    known = "\n".join((_server(by), by.settings["corp_id"], by.secrets["corp_secret"]))
    return hashlib.sha256(known.encode()).hexdigest()


MESSENGER = Messenger(
    {"en": "WeCom app message", "zh-CN": "企业微信应用消息"},
    {
        "type": "object",
        "properties": {
            "corp_id": {"type": "string", "title": "wecom_app.corp_id", "minLength": 1, "maxLength": 64},
            "agent_id": {"type": "integer", "title": "wecom_app.agent_id", "minimum": 1, "maximum": 999_999_999},
            "corp_secret": {
                "type": "string",
                "title": "wecom_app.corp_secret",
                "minLength": 1,
                "maxLength": 200,
                "x-secret": True,
            },
            "server": {
                "type": "string",
                "title": "wecom_app.server",
                "format": "uri",
                "maxLength": 500,
                "default": SERVER,
            },
        },
        "required": ["corp_id", "agent_id", "corp_secret"],
        "additionalProperties": False,
    },
    send,
    contact="wecom",
    most_to=1_000,
    caps=(Cap(30, 60, "addressee"), Cap(1_000, 3_600, "addressee")),
    longest=LONGEST,
)

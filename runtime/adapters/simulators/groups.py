"""The robots of DingTalk and Feishu: signed, each in its own way."""

from base64 import b64decode, b64encode
from hashlib import sha256
from hmac import compare_digest, digest
from typing import Any, Final

from runtime.adapters.simulators.desk import Answer, Asked, Clock, Provider, Window

DINGTALK_TOKEN: Final = "5f1simulated7a4e6c29d8b03e1f5a7c9d2b4e6f8a0c1d3e5f7a9b2c4d6e8f01"
DINGTALK_SECRET: Final = "SEC0simulated1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a"
FEISHU_TOKEN: Final = "2f7simulated-4b1c-4f0e-9d3a-6c5b8e7f0a12"
FEISHU_SECRET: Final = "simulatedFeishuSecret9q8w7e"
HOUR: Final = 3_600
MUTED: Final = 600
LARGEST: Final = 20_000


class DingTalkRobot(Provider):
    """Signed in the query; 20 messages a minute, whoever sends more is not heard for ten minutes."""

    messenger = "dingtalk_robot"

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._minute = Window(20, 60)
        self._muted_until = 0.0

    @property
    def secrets(self) -> dict[str, str]:
        return {
            "webhook": f"{self.address}/robot/send?access_token={DINGTALK_TOKEN}",
            "sign_secret": DINGTALK_SECRET,
        }

    def answer(self, asked: Asked) -> Answer:
        question = asked.question
        if asked.path != "/robot/send" or question.get("access_token") != DINGTALK_TOKEN:
            return _ding(300005, "token is not exist")
        if not self._knows(question.get("timestamp", ""), question.get("sign", "")):
            return _ding(
                310000, "description:机器人发送签名不匹配;solution:请确认签名和生成签名的时间戳必须都放在调用的网址中"
            )
        if len(asked.body) > LARGEST:
            return _ding(460101, "message too long, exceed 20000 bytes")
        message = asked.json()
        text = message.get("text", {}).get("content") if isinstance(message, dict) else None
        if not text or message.get("msgtype") != "text":
            return _ding(40035, "缺少参数 json")
        if self._is_too_much():
            return _ding(130101, "send too fast, exceed 20 times per minute")
        self.take(_mentioned(message.get("at", {})), "", text)
        return _ding(0, "ok")

    def _knows(self, told: str, sign: str) -> bool:
        """By the documentation's own steps: the time, a line break and the secret, under the secret."""
        if not told.isdigit() or abs(int(told) / 1000 - self.clock()) > HOUR:
            return False
        wanted = digest(DINGTALK_SECRET.encode(), b"%s\n%s" % (told.encode(), DINGTALK_SECRET.encode()), sha256)
        return compare_digest(b64encode(wanted), sign.encode())

    def _is_too_much(self) -> bool:
        at = self.clock()
        if at < self._muted_until:
            return True
        if self._minute.is_full(at):
            self._muted_until = at + MUTED
            return True
        self._minute.count(at)
        return False


class FeishuRobot(Provider):
    """Signed in the body; 5 messages a second and 100 a minute."""

    messenger = "feishu_robot"

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._limits = (Window(5, 1), Window(100, 60))

    @property
    def secrets(self) -> dict[str, str]:
        return {
            "webhook": f"{self.address}/open-apis/bot/v2/hook/{FEISHU_TOKEN}",
            "sign_secret": FEISHU_SECRET,
        }

    def answer(self, asked: Asked) -> Answer:
        message = asked.json()
        if asked.path != f"/open-apis/bot/v2/hook/{FEISHU_TOKEN}":
            return _fei(19001, "param invalid: incoming webhook access token invalid")
        if not isinstance(message, dict) or len(asked.body) > LARGEST:
            return _fei(9499, "Bad Request")
        if not self._knows(str(message.get("timestamp", "")), str(message.get("sign", ""))):
            return _fei(19021, "sign match fail or timestamp is not within one hour from current time")
        post = message.get("content", {}).get("post", {}).get("zh_cn")
        if message.get("msg_type") != "post" or not isinstance(post, dict):
            return _fei(19002, "params error, msg_type need")
        at = self.clock()
        if any(limit.is_full(at) for limit in self._limits):
            return _fei(11232, "frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]")
        for limit in self._limits:
            limit.count(at)
        self._take(post)
        return _fei(0, "success")

    def _knows(self, told: str, sign: str) -> bool:
        """The time, a line break and the secret are the key, and nothing is signed."""
        if not told.isdigit() or abs(int(told) - self.clock()) > HOUR:
            return False
        try:
            given = b64decode(sign, validate=True)
        except ValueError:
            return False
        return compare_digest(digest("\n".join((told, FEISHU_SECRET)).encode(), b"", "sha256"), given)

    def _take(self, post: dict[str, Any]) -> None:
        parts = [part for line in post.get("content", ()) for part in line]
        mentioned = tuple(part["user_id"] for part in parts if part["tag"] == "at")
        text = "\n".join(part.get("href") or part["text"] for part in parts if part["tag"] in ("text", "a"))
        self.take(mentioned, post.get("title", ""), text)


def _ding(code: int, words: str) -> Answer:
    return Answer({"errcode": code, "errmsg": words})


def _fei(code: int, words: str) -> Answer:
    return Answer({"code": code, "msg": words, "data": {}})


def _mentioned(at: dict[str, Any]) -> tuple[str, ...]:
    everybody = ("all",) if at.get("isAtAll") else ()
    return (*everybody, *at.get("atMobiles", ()), *at.get("atUserIds", ()))

"""WeCom: a group robot, and an app that sends to people."""

from typing import Any, Final

from runtime.adapters.simulators.desk import Answer, Asked, Clock, Provider, Window

ROBOT_KEY: Final = "693a91f6-7aoc-4bc4-97a0-0ec2sifa5aaa"
CORP: Final = "ww1simulated0000000"
AGENT: Final = 1_000_002
SECRET: Final = "simulated-corp-secret-Kx81pQ0z7b3wT5yR"
LONGEST_TEXT: Final = 2_048
TOKEN_SECONDS: Final = 7_200

FINE: Final = Answer({"errcode": 0, "errmsg": "ok"})


def refusal(code: int, words: str) -> Answer:
    """WeCom's way of saying no: HTTP 200 and a code."""
    return Answer({"errcode": code, "errmsg": words})


class WeComRobot(Provider):
    """A group robot: 20 messages a minute, text of at most 2,048 bytes."""

    messenger = "wecom_robot"

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._minute = Window(20, 60)

    @property
    def secrets(self) -> dict[str, str]:
        return {"webhook": f"{self.address}/cgi-bin/webhook/send?key={ROBOT_KEY}"}

    def answer(self, asked: Asked) -> Answer:
        if asked.path != "/cgi-bin/webhook/send" or asked.question.get("key") != ROBOT_KEY:
            return refusal(93000, "invalid webhook url, hint: [1700000000_1_simulated]")
        message = asked.json()
        text = message.get("text") if isinstance(message, dict) and message.get("msgtype") == "text" else None
        if not isinstance(text, dict) or not text.get("content"):
            return refusal(40008, "invalid message type")
        if len(text["content"].encode()) > LONGEST_TEXT:
            return refusal(40058, "text.content exceed max length 2048. invalid Request Parameter")
        if self._minute.is_full(self.clock()):
            return refusal(45009, "api freq out of limit, hint: [1700000000_1_simulated]")
        self._minute.count(self.clock())
        self.take((*text.get("mentioned_list", ()), *text.get("mentioned_mobile_list", ())), "", text["content"])
        return FINE


class WeComApp(Provider):
    """An app's messages: with a token of 7,200 seconds; what is over 30 a minute or 1,000 an hour for a person is dropped.

    People whose name begins with `nobody` are not known. The same text to the same people is dropped within the time that
    the sender asks for.
    """

    messenger = "wecom_app"

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.tokens_given = 0
        self._tokens: dict[str, float] = {}
        self._limits = (Window(30, 60), Window(1_000, 3_600))
        self._said: dict[tuple[str, str], float] = {}

    @property
    def settings(self) -> dict[str, Any]:
        return {"corp_id": CORP, "agent_id": AGENT, "server": self.address}

    @property
    def secrets(self) -> dict[str, str]:
        return {"corp_secret": SECRET}

    def forget_tokens(self) -> None:
        self._tokens.clear()

    def answer(self, asked: Asked) -> Answer:
        match asked.method, asked.path:
            case "GET", "/cgi-bin/gettoken":
                return self._give_token(asked.question)
            case "POST", "/cgi-bin/message/send":
                return self._check_token(asked.question.get("access_token")) or self._send(asked.json())
            case _:
                return Answer({"errcode": 404, "errmsg": "not found"}, 404)

    def _give_token(self, question: dict[str, str]) -> Answer:
        if question.get("corpid") != CORP:
            return refusal(40013, "invalid corpid")
        if question.get("corpsecret") != SECRET:
            return refusal(40001, "invalid credential")
        self.tokens_given += 1
        token = f"simulated-access-token-{self.tokens_given:04}"
        self._tokens[token] = self.clock() + TOKEN_SECONDS
        return Answer({"errcode": 0, "errmsg": "ok", "access_token": token, "expires_in": TOKEN_SECONDS})

    def _check_token(self, token: str | None) -> Answer | None:
        if not token:
            return refusal(41001, "access_token missing")
        if token not in self._tokens:
            return refusal(40014, "invalid access_token")
        return refusal(42001, "access_token expired") if self._tokens[token] <= self.clock() else None

    def _send(self, message: Any) -> Answer:
        if not isinstance(message, dict) or message.get("msgtype") != "text":
            return refusal(40008, "invalid message type")
        if message.get("agentid") != AGENT:
            return refusal(40056, "invalid agentid")
        text = message.get("text", {}).get("content")
        if not text:
            return refusal(44004, "text content is empty")
        people = str(message.get("touser", "")).split("|")
        unknown = [one for one in people if not one or one.startswith("nobody")]
        known = tuple(one for one in people if one not in unknown)
        if not known:
            return refusal(81013, "user & party & tag all invalid")
        self._bring(known, text, message)
        return Answer(
            {"errcode": 0, "errmsg": "ok", "invaliduser": "|".join(unknown), "msgid": f"m{len(self.received)}"}
        )

    def _bring(self, people: tuple[str, ...], text: str, message: dict[str, Any]) -> None:
        at, same = self.clock(), ("|".join(people), text)
        window = message.get("duplicate_check_interval", 1_800) if message.get("enable_duplicate_check") else 0
        if window and at < self._said.get(same, 0) + window:
            return
        self._said[same] = at
        for one in people:
            shown = not any(limit.is_full(at, one) for limit in self._limits)
            if shown:
                for limit in self._limits:
                    limit.count(at, one)
            self.take((one,), "", _cut(text), shown=shown)


def _cut(text: str) -> str:
    """What is longer than 2,048 bytes WeCom cuts, wherever that is."""
    return text.encode()[:LONGEST_TEXT].decode(errors="replace")

"""A receiver of our own signed web hooks."""

from hashlib import sha256
from hmac import compare_digest, digest
from typing import Any, Final

from runtime.adapters.simulators.desk import Answer, Asked, Clock, Provider

SECRET: Final = "simulated-hook-secret-7d1e9c44"
WINDOW: Final = 300


class HookReceiver(Provider):
    """Takes a message that is signed within five minutes, and one that comes twice once. It has no limit."""

    messenger = "webhook"

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._known: set[str] = set()

    @property
    def settings(self) -> dict[str, Any]:
        return {"url": f"{self.address}/messages"}

    @property
    def secrets(self) -> dict[str, str]:
        return {"secret": SECRET}

    def answer(self, asked: Asked) -> Answer:
        if asked.path != "/messages":
            return Answer({"message": "nothing here"}, 404)
        if not self._knows(asked):
            return Answer({"message": "the signature does not fit"}, 401)
        message, key = asked.json(), asked.headers.get("idempotency-key", "")
        if not isinstance(message, dict):
            return Answer({"message": "no JSON object"}, 422)
        if key not in self._known:
            self._known.add(key)
            text = "\n".join(part for part in (message["text"], message["link"]) if part)
            self.take(tuple(message["to"]), message["subject"], text, key)
        return Answer({"message": "thank you"})

    def _knows(self, asked: Asked) -> bool:
        told = dict(part.partition("=")[::2] for part in asked.headers.get("x-signature", "").split(","))
        at = told.get("t", "")
        if not at.isdigit() or abs(int(at) - self.clock()) > WINDOW:
            return False
        return compare_digest(
            digest(SECRET.encode(), at.encode() + b"." + asked.body, sha256).hex(), told.get("v1", "")
        )

"""Passes to the stream of changes: short-lived, signed, good for one person on the pages of one address."""

from dataclasses import dataclass
from typing import Final

from itsdangerous import BadData, URLSafeTimedSerializer

PASS_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Pass:
    """Who may listen, from pages of which origin, until when (seconds since the epoch)."""

    person: str
    origin: str
    until: float


class Passes:
    """Makes passes in the web server, reads them in the process that pushes. Both have the secret key."""

    def __init__(self, secret_key: str) -> None:
        self._signer = URLSafeTimedSerializer(secret_key, salt="orderflow.push")

    def make(self, person: str, origin: str) -> str:
        """A pass for a minute."""
        return str(self._signer.dumps([person, origin]))

    def read(self, text: str) -> Pass | None:
        """The pass, or None where it is forged or has lapsed."""
        try:
            (person, origin), made = self._signer.loads(text, max_age=PASS_SECONDS, return_timestamp=True)
        except BadData:
            return None
        return Pass(person, origin, made.timestamp() + PASS_SECONDS)

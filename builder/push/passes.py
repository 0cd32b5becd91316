"""Passes to the stream of changes: short-lived, signed, good for one person on the pages of one address."""

from dataclasses import dataclass
from typing import Final

from itsdangerous import BadData, URLSafeSerializer

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
        self._signer = URLSafeSerializer(secret_key, salt="orderflow.push")

    def make(self, person: str, origin: str, now: float) -> str:
        """A pass for a minute from now (seconds since the epoch)."""
        return str(self._signer.dumps([person, origin, round(now + PASS_SECONDS, 3)]))

    def read(self, text: str, now: float) -> Pass | None:
        """The pass, or None where it is forged or has lapsed."""
        try:
            found = Pass(*self._signer.loads(text))
        except BadData:
            return None
        return found if found.until > now else None

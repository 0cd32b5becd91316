"""Secrets that must be read again, such as a channel's signing secrets: kept sealed under the installation's own key."""

import base64
import json
import secrets

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Connection, insert, select, update

from runtime.store.tables import channels

LIVE_SECRETS = 2


class Seal:
    """Seals and opens texts with a key derived from the installation's secret key."""

    def __init__(self, secret_key: str) -> None:
        derived = HKDF(SHA256(), length=32, salt=None, info=b"orderflow channel secrets").derive(secret_key.encode())
        self._fernet = Fernet(base64.urlsafe_b64encode(derived))

    def close(self, texts: tuple[str, ...]) -> str:
        """The texts, sealed."""
        return self._fernet.encrypt(json.dumps(texts).encode()).decode()

    def open(self, sealed: str | None) -> tuple[str, ...]:
        """The sealed texts; none where nothing is sealed or where it was sealed under another key."""
        if not sealed:
            return ()
        try:
            return tuple(json.loads(self._fernet.decrypt(sealed)))
        except InvalidToken:
            return ()


def signing_secrets(connection: Connection, seal: Seal, channel: str) -> tuple[str, ...]:
    """The channel's live signing secrets, the newest first."""
    return seal.open(connection.execute(select(channels.c.secrets).where(channels.c.name == channel)).scalar())


def add_signing_secret(connection: Connection, seal: Seal, channel: str, at: int) -> str:
    """Make a signing secret for the channel, which is made when it is missing. The secret before stays good, older go."""
    made = secrets.token_urlsafe(32)
    keep_signing_secrets(connection, seal, channel, (made, *signing_secrets(connection, seal, channel)), at)
    return made


def drop_old_secrets(connection: Connection, seal: Seal, channel: str, at: int) -> None:
    """End a rotation: only the newest secret stays good."""
    keep_signing_secrets(connection, seal, channel, signing_secrets(connection, seal, channel)[:1], at)


def keep_signing_secrets(connection: Connection, seal: Seal, channel: str, live: tuple[str, ...], at: int) -> None:
    """Let exactly these secrets be good for the channel, at most two."""
    sealed = seal.close(live[:LIVE_SECRETS])
    changed = connection.execute(update(channels).where(channels.c.name == channel).values(secrets=sealed))
    if changed.rowcount == 0:
        connection.execute(insert(channels).values(name=channel, secrets=sealed, made_at=at))

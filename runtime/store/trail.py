"""The audit trail: who did what, when and from where. Only ever appended to."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import Connection

from runtime.actor import Actor
from runtime.store.ids import new_id
from runtime.store.tables import audit


def write(
    connection: Connection,
    actor: Actor,
    at: int,
    action: str,
    subject: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Add an act, in the transaction of what it did. `at` is microseconds since the epoch."""
    row = {
        "id": new_id(datetime.fromtimestamp(at / 1e6, UTC)),
        "at": at,
        "actor": actor.name,
        "ip": actor.ip,
        "device": actor.device and actor.device[:255],
        "action": action,
        "subject": subject,
        "before": before and orjson.dumps(dict(before)).decode(),
        "after": after and orjson.dumps(dict(after)).decode(),
    }
    connection.execute(audit.insert(), row)

"""What a node may ask to know: facts by name, fetched in the transaction that uses them and kept in the journal."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, select

from runtime.store.tables import users


def gather(connection: Connection, names: Iterable[str]) -> dict[str, Any]:
    """The facts of these names. `person:NAME` -> that name, or None where nobody active has it."""
    return {name: _fact(connection, name) for name in names}


def _fact(connection: Connection, name: str) -> Any:
    kind, _, key = name.partition(":")
    match kind:
        case "person":
            query = select(users.c.name).where(users.c.name == key, users.c.active)
            return connection.execute(query).scalar()
        case _:
            raise LookupError(f"no fact is called {name}")

"""What a node may ask to know: facts by name, fetched in the transaction that uses them and kept in the journal."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, select

from runtime.store.tables import team_members, users


def gather(connection: Connection, names: Iterable[str]) -> dict[str, Any]:
    """The facts of these names. `person:NAME` -> {name, display} or None; `team:KEY` -> names of its active members."""
    return {name: _fact(connection, name) for name in names}


def _fact(connection: Connection, name: str) -> Any:
    kind, _, key = name.partition(":")
    match kind:
        case "person":
            query = select(users.c.name, users.c.display).where(users.c.name == key, users.c.active)
            person = connection.execute(query).mappings().first()
            return dict(person) if person else None
        case "team":
            members = select(team_members.c.user_name).join(users, users.c.name == team_members.c.user_name)
            found = connection.execute(members.where(team_members.c.team == key, users.c.active))
            return sorted(found.scalars())
        case _:
            raise LookupError(f"no fact is called {name}")

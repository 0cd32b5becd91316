"""What a node may ask to know: facts by name, fetched in the transaction that uses them and kept in the journal."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, select, true

from runtime import assigning, calendars
from runtime.store.tables import team_members, users


def gather(connection: Connection, names: Iterable[str]) -> dict[str, Any]:
    """The facts of these names.

    `person:NAME` -> that name, or None where nobody active has it. `members:team:KEY` and `members:role:DUTY` -> the names
    of the active people there, sorted. `lead:person:NAME` and `lead:team:KEY` -> the first by name who leads in a team of
    that person (not they themselves), or in that team; None where nobody does. `later:CALENDAR:MINUTES:SINCE` -> when so
    many working minutes have passed, `opens:CALENDAR:SINCE` -> the next moment at which people work, as ISO 8601; None
    where there is no such calendar, or nobody works in it any more. `owner:WISH` (an `assigning.Wish` as JSON) -> who
    owns the order from now on, or None; the order counts in their hands at once.
    """
    return {name: _fact(connection, name) for name in names}


def _fact(connection: Connection, name: str) -> Any:
    kind, _, key = name.partition(":")
    match kind:
        case "person":
            query = select(users.c.name).where(users.c.name == key, users.c.active)
            return connection.execute(query).scalar()
        case "members":
            return _members(connection, *key.split(":", 1))
        case "lead":
            return _lead(connection, *key.split(":", 1))
        case "owner":
            return assigning.give(connection, assigning.Wish(**orjson.loads(key)))
        case "later":
            calendar, minutes, since = key.split(":", 2)
            return _told(calendars.later(connection, calendar, int(minutes), datetime.fromisoformat(since)))
        case "opens":
            calendar, since = key.split(":", 1)
            return _told(calendars.opens(connection, calendar, datetime.fromisoformat(since)))
        case _:
            raise LookupError(f"no fact is called {name}")


def _told(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _members(connection: Connection, kind: str, key: str) -> list[str]:
    query = select(users.c.name, users.c.duties).where(users.c.active).order_by(users.c.name)
    if kind == "team":
        query = query.join(team_members, team_members.c.user_name == users.c.name).where(team_members.c.team == key)
    rows = connection.execute(query)
    return [name for name, duties in rows if kind == "team" or key in orjson.loads(duties)]


def _lead(connection: Connection, kind: str, key: str) -> str | None:
    teams = [key] if kind == "team" else select(team_members.c.team).where(team_members.c.user_name == key)
    others = (
        select(users.c.name, users.c.duties)
        .join(team_members, team_members.c.user_name == users.c.name)
        .where(users.c.active, users.c.name != key if kind == "person" else true(), team_members.c.team.in_(teams))
        .order_by(users.c.name)
    )
    return next((name for name, duties in connection.execute(others) if "lead" in orjson.loads(duties)), None)

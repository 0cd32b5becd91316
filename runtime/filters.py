"""The filters of the inbox that people keep under a name: in an order of their own, and perhaps one to begin with."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, Literal

import orjson
from sqlalchemy import Connection, Engine, RowMapping, delete, insert, select, update

from runtime.store.database import begin
from runtime.store.ids import new_id
from runtime.store.tables import saved_filters, users

MOST: Final = 12
LONGEST_NAME: Final = 40


def of_person(connection: Connection, person: str) -> list[RowMapping]:
    """A person's filters, in their order."""
    query = select(saved_filters).where(saved_filters.c.person == person)
    return list(connection.execute(query.order_by(saved_filters.c.place, saved_filters.c.id)).mappings())


def keep(engine: Engine, person: str, name: str, look: Mapping[str, str], at: int) -> Literal["full", "name"] | None:
    """Keep a filter under a name; one of the same name is replaced. full: they have as many as they may."""
    name = " ".join(name.split())[:LONGEST_NAME]
    if not name:
        return "name"
    with begin(engine, durable=True) as connection:
        rows = _mine(connection, person)
        told = orjson.dumps(dict(look), option=orjson.OPT_SORT_KEYS).decode()
        same = next((row for row in rows if row["name"] == name), None)
        if same is not None:
            connection.execute(update(saved_filters).where(saved_filters.c.id == same["id"]).values(look=told))
            return None
        if len(rows) >= MOST:
            return "full"
        row = {
            "id": new_id(datetime.fromtimestamp(at / 1e6, UTC)),
            "person": person,
            "name": name,
            "look": told,
            "place": len(rows),
            "begins": False,
            "made_at": at,
        }
        connection.execute(insert(saved_filters), row)
    return None


def rename(engine: Engine, person: str, filter_id: str, name: str) -> Literal["unknown", "taken", "name"] | None:
    """Call a filter otherwise. taken: another one is called so."""
    name = " ".join(name.split())[:LONGEST_NAME]
    if not name:
        return "name"
    with begin(engine, durable=True) as connection:
        rows = _mine(connection, person)
        if filter_id not in {row["id"] for row in rows}:
            return "unknown"
        if any(row["name"] == name and row["id"] != filter_id for row in rows):
            return "taken"
        connection.execute(update(saved_filters).where(saved_filters.c.id == filter_id).values(name=name))
    return None


def move(engine: Engine, person: str, filter_id: str, by: Literal[-1, 1]) -> bool:
    """Move a filter one place up (-1) or down. False: it is not theirs."""
    with begin(engine, durable=True) as connection:
        ids = [row["id"] for row in _mine(connection, person)]
        if filter_id not in ids:
            return False
        at = ids.index(filter_id)
        ids.insert(max(0, at + by), ids.pop(at))
        _place(connection, ids)
    return True


def begin_with(engine: Engine, person: str, filter_id: str | None) -> bool:
    """Let the inbox begin with a filter, or (None) with all tasks. False: it is not theirs."""
    with begin(engine, durable=True) as connection:
        ids = {row["id"] for row in _mine(connection, person)}
        if filter_id is not None and filter_id not in ids:
            return False
        connection.execute(update(saved_filters).where(saved_filters.c.person == person).values(begins=False))
        if filter_id is not None:
            connection.execute(update(saved_filters).where(saved_filters.c.id == filter_id).values(begins=True))
    return True


def forget(engine: Engine, person: str, filter_id: str) -> bool:
    """Forget a filter. False: it is not theirs."""
    with begin(engine, durable=True) as connection:
        ids = [row["id"] for row in _mine(connection, person)]
        if filter_id not in ids:
            return False
        connection.execute(delete(saved_filters).where(saved_filters.c.id == filter_id))
        _place(connection, [one for one in ids if one != filter_id])
    return True


def _mine(connection: Connection, person: str) -> list[RowMapping]:
    """A person's filters. Whoever changes them holds the person's row, so that two pages do not cross."""
    connection.execute(select(users.c.id).where(users.c.name == person).with_for_update())
    return of_person(connection, person)


def _place(connection: Connection, ids: list[str]) -> None:
    for place, one in enumerate(ids):
        connection.execute(update(saved_filters).where(saved_filters.c.id == one).values(place=place))

"""The calendars of a house: kept, changed by administrators, and asked when so much working time has passed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import orjson
from sqlalchemy import Connection, RowMapping, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from nodes.contract import Words
from runtime.actor import SYSTEM, Actor
from runtime.core.calendars import problems
from runtime.core.json_text import shown
from runtime.core.problem import Problem
from runtime.core.working import Calendar, read_calendar
from runtime.store import trail, versions
from runtime.store.tables import audit, calendars

LONGEST_KEY: Final = 32
LONGEST_NAME: Final = 100

_FIRST: Final = Path(__file__).with_name("calendar_cn.json")


@dataclass(frozen=True, slots=True)
class Kept:
    """A calendar as it is kept. `rev` counts its changes; `document` is told by `runtime.core.calendars`."""

    key: str
    name: Words
    document: Mapping[str, Any]
    rev: int = 0

    @property
    def calendar(self) -> Calendar:
        """The calendar, ready to be asked."""
        return read_calendar(self.document)


# --- reading --------------------------------------------------------------------------------------------------------------


def all_calendars(connection: Connection) -> list[Kept]:
    """Every calendar, by key."""
    return [_kept(row) for row in connection.execute(select(calendars).order_by(calendars.c.key)).mappings()]


def keys(connection: Connection) -> set[str]:
    """The keys of all calendars."""
    return set(connection.execute(select(calendars.c.key)).scalars())


def find(connection: Connection, key: str) -> Kept | None:
    """The calendar of this key."""
    row = connection.execute(select(calendars).where(calendars.c.key == key)).mappings().first()
    return _kept(row) if row else None


def later(connection: Connection, key: str, minutes: int, since: datetime) -> datetime | None:
    """When so many working minutes have passed. None: no such calendar, or nobody works in it any more."""
    calendar = _calendar(connection, key)
    return calendar.later(since, minutes) if calendar else None


def opens(connection: Connection, key: str, since: datetime) -> datetime | None:
    """`since` itself if people work then, else when they begin to. None as with `later`."""
    calendar = _calendar(connection, key)
    return calendar.opens(since) if calendar else None


def flows_with(connection: Connection, key: str) -> list[str]:
    """The keys of the flows in which a step counts by this calendar."""
    named = versions.documents_in_use(connection)
    return sorted({flow for flow, document in named if _counts_by(document, key)})


# --- checking -------------------------------------------------------------------------------------------------------------


def problems_of(kept: Kept, *, new: bool) -> list[Problem]:
    """What is wrong with a calendar."""
    margin = [_key_problem(kept.key) if new else None, _name_problem(kept.name)]
    return [*(one for one in margin if one), *problems(kept.document)]


def _key_problem(key: str) -> Problem | None:
    fit = 1 <= len(key) <= LONGEST_KEY and all(s.isascii() and (s.isalnum() or s in "-_.") for s in key)
    return (
        None if fit and key[0].isalnum() else Problem("calendar.key", "key", {"key": shown(key), "most": LONGEST_KEY})
    )


def _name_problem(name: Words) -> Problem | None:
    texts = [name] if isinstance(name, str) else list(name.values())
    fit = texts and all(0 < len(text.strip()) <= LONGEST_NAME and text.isprintable() for text in texts)
    return None if fit else Problem("calendar.name", "name", {"most": LONGEST_NAME})


# --- changing -------------------------------------------------------------------------------------------------------------


def add(connection: Connection, kept: Kept, actor: Actor, at: int) -> bool:
    """Add a calendar that is without problems. False: there is one of this key."""
    row = {"key": kept.key, "name": _text(kept.name), "document": _text(kept.document), "rev": 1}
    try:
        with connection.begin_nested():
            connection.execute(insert(calendars).values(**row, made_at=at, made_by=actor.name))
    except IntegrityError:
        return False
    trail.write(connection, actor, at, "calendar.add", kept.key, after=_told(kept))
    return True


def change(connection: Connection, kept: Kept, actor: Actor, at: int) -> bool:
    """Change a calendar to this one, without problems and read at its `rev`. False: somebody changed it since."""
    before = find(connection, kept.key)
    row = {"name": _text(kept.name), "document": _text(kept.document), "rev": kept.rev + 1}
    mine = (calendars.c.key == kept.key, calendars.c.rev == kept.rev)
    if before is None or connection.execute(update(calendars).where(*mine).values(**row)).rowcount == 0:
        return False
    was, told = _differences(before, kept)
    if told or was:
        trail.write(connection, actor, at, "calendar.change", kept.key, was, told)
    return True


def drop(connection: Connection, key: str, actor: Actor, at: int) -> None:
    """Forget a calendar."""
    connection.execute(delete(calendars).where(calendars.c.key == key))
    trail.write(connection, actor, at, "calendar.drop", key)


def furnish(connection: Connection, at: int) -> None:
    """Give a house that never had a calendar its first: office hours with the public holidays of China."""
    first = orjson.loads(_FIRST.read_bytes())
    ever = select(audit.c.id).where(audit.c.subject == first["key"], audit.c.action == "calendar.add").limit(1)
    if not all_calendars(connection) and connection.execute(ever).first() is None:
        add(connection, Kept(first["key"], first["name"], first["document"]), SYSTEM, at)


# --- parts ----------------------------------------------------------------------------------------------------------------


def _kept(row: RowMapping) -> Kept:
    return Kept(row["key"], orjson.loads(row["name"]), orjson.loads(row["document"]), row["rev"])


def _calendar(connection: Connection, key: str) -> Calendar | None:
    document = connection.execute(select(calendars.c.document).where(calendars.c.key == key)).scalar()
    return _read(document) if document else None


@lru_cache(maxsize=16)
def _read(document: str) -> Calendar:
    """Steps ask the same few calendars again and again."""
    return read_calendar(orjson.loads(document))


def _counts_by(document: Mapping[str, Any], key: str) -> bool:
    return any(node.get("settings", {}).get("calendar") == key for node in document.get("nodes", ()))


def _text(value: Words | Mapping[str, Any]) -> str:
    return orjson.dumps(value).decode()


def _told(kept: Kept) -> dict[str, Any]:
    return {"name": kept.name, **kept.document}


def _differences(before: Kept, after: Kept) -> tuple[dict[str, Any], dict[str, Any]]:
    """What was and what is, of that alone which changed; of the special days, those that did."""
    was, told = _told(before), _told(after)
    days = {day for day in {*was["days"], *told["days"]} if was["days"].get(day) != told["days"].get(day)}
    changed = [name for name in {**was, **told} if name != "days" and was.get(name) != told.get(name)]
    return _those(was, changed, days), _those(told, changed, days)


def _those(told: Mapping[str, Any], names: list[str], days: set[str]) -> dict[str, Any]:
    some = {day: told["days"].get(day) for day in sorted(days)}
    return {**{name: told.get(name) for name in names}, **({"days": some} if some else {})}

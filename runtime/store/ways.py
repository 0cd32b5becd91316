"""The ways by which messages go, as they are set up; and what the house chose for all messages."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import orjson
from sqlalchemy import Connection, RowMapping, insert, select, update

from nodes.contract import Words
from runtime.store.tables import choices, message_ways

HOUSE: Final = "messages"


@dataclass(frozen=True, slots=True)
class Way:
    """A way as it is set up. `caps` (cap -> most) where it allows less than its messenger; `sealed` are its secrets.

    Quiet hours are minutes of the day by the clock of the business. `digest_seconds`: what comes within is one message.
    """

    key: str
    name: Words
    messenger: str
    settings: Mapping[str, Any]
    sealed: str | None = field(default=None, repr=False)
    fall_back: str | None = None
    quiet_from: int | None = None
    quiet_to: int | None = None
    digest_seconds: int = 0
    caps: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class House:
    """What holds for all messages: where links lead (`url`), by which way those go who chose none, in which language."""

    url: str = ""
    way: str = ""
    language: str = "zh-CN"


def all_ways(connection: Connection) -> dict[str, Way]:
    """Every way, by its key."""
    rows = connection.execute(select(message_ways).order_by(message_ways.c.key)).mappings()
    return {row["key"]: read_way(row) for row in rows}


def find(connection: Connection, key: str) -> Way | None:
    """A way of this key."""
    row = connection.execute(select(message_ways).where(message_ways.c.key == key)).mappings().first()
    return read_way(row) if row else None


def read_way(row: RowMapping) -> Way:
    """The way of a row."""
    return Way(
        key=row["key"],
        name=orjson.loads(row["name"]),
        messenger=row["messenger"],
        settings=orjson.loads(row["settings"]),
        sealed=row["secrets"],
        fall_back=row["fall_back"],
        quiet_from=row["quiet_from"],
        quiet_to=row["quiet_to"],
        digest_seconds=row["digest_seconds"],
        caps=orjson.loads(row["caps"]),
    )


def chain(ways: Mapping[str, Way], first: str) -> list[str]:
    """The ways that are tried one after the other, from this one on. It ends before it would come back to one."""
    found: list[str] = []
    key: str | None = first
    while key is not None and key in ways and key not in found:
        found.append(key)
        key = ways[key].fall_back
    return found


def house(connection: Connection) -> House:
    """What the house chose for all messages."""
    kept = connection.execute(select(choices.c.value).where(choices.c.name == HOUSE)).scalar()
    return House(**orjson.loads(kept)) if kept else House()


def keep_house(connection: Connection, chosen: House) -> None:
    """Let this hold for all messages from now on."""
    value = orjson.dumps(asdict(chosen)).decode()
    changed = connection.execute(update(choices).where(choices.c.name == HOUSE).values(value=value))
    if changed.rowcount == 0:
        connection.execute(insert(choices).values(name=HOUSE, value=value))

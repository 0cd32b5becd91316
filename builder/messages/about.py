"""Who was told of an order, for the order's page."""

from dataclasses import dataclass

from sqlalchemy import Connection

from builder.i18n import words
from builder.messages.words import letter_state
from builder.orders.names import Names
from builder.systems.health import State
from runtime.carrying import masked_address
from runtime.placing import PERSON, ROOM
from runtime.store import mailbook
from runtime.store.ways import all_ways


@dataclass(frozen=True, slots=True)
class Told:
    """A message to somebody: whom (empty: a group), by which way, what it says, and how it stands."""

    who: str
    way: str
    text: str
    state: State
    at: int


def told_of(connection: Connection, run_id: str, names: Names) -> list[Told]:
    """Who was told of an order, the newest first."""
    rows = mailbook.of_order(connection, run_id)
    known = all_ways(connection) if rows else {}
    return [
        Told(
            who=_who(row["recipient"], names),
            way=words(known[row["way"]].name) if row["way"] in known else row["way"],
            text=words(row["subject"]) or words(row["text"]),
            state=letter_state(row),
            at=row["settled_at"] or row["made_at"],
        )
        for row in rows
    ]


def _who(recipient: str, names: Names) -> str:
    if recipient.startswith(ROOM):
        return ""
    return names.addressee(recipient) if recipient.startswith(PERSON) else masked_address(recipient)

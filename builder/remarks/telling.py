"""What pages tell of comments: the thread of an order, and how often the reader is mentioned."""

import hashlib
from dataclasses import dataclass

from flask import g
from flask_login import current_user
from sqlalchemy import Connection, select

from builder.models import engine
from builder.orders.names import Names, names
from runtime.clock import now
from runtime.core.moment import micros
from runtime.remarks import STRIKE_WITHIN, mentions_in
from runtime.store import remarks
from runtime.store.database import reading
from runtime.store.remarks import Remark
from runtime.store.tables import users


@dataclass(frozen=True, slots=True)
class Thread:
    """The comments on an order. `mark` changes when anything in it does; `unread` are new ones that mention the reader."""

    run_id: str
    remarks: tuple[Remark, ...]
    names: Names
    unread: frozenset[str]
    mark: str

    def may_strike(self, remark: Remark) -> bool:
        """Whether the reader may take a comment back by now."""
        row = remark.row
        young = row["at"] > micros(now()) - STRIKE_WITHIN
        return row["author"] == current_user.name and not row["struck_at"] and young

    def pieces(self, remark: Remark) -> list[tuple[str, bool]]:
        """The text in pieces; with each, whether it is a mention."""
        return pieces(remark.row["text"], {name: self.names.person(name) for name in remark.mentioned})


def pieces(text: str, people: dict[str, str]) -> list[tuple[str, bool]]:
    """A text in pieces; with each, whether it mentions one of these people."""
    found: list[tuple[str, bool]] = []
    end = 0
    for start, stop, _name in mentions_in(text, people):
        found += [(text[end:start], False), (text[start:stop], True)]
        end = stop
    return [piece for piece in (*found, (text[end:], False)) if piece[0]]


def thread(run_id: str) -> Thread:
    """The comments on an order, as the person who asks sees them."""
    with reading(engine()) as connection:
        found = remarks.of_order(connection, run_id)
        unread = remarks.unread_in(connection, current_user.name, run_id) if found else set()
        told = " ".join(f"{one.row['id']}{one.row['struck_at'] or ''}" for one in found)
        return Thread(
            run_id, tuple(found), names(connection), frozenset(unread), hashlib.sha256(told.encode()).hexdigest()[:16]
        )


def unread_mentions() -> int:
    """In how many comments the person who asks is mentioned and has not seen it; found once for a request."""
    if "unread_mentions" not in g:
        with reading(engine()) as connection:
            g.unread_mentions = remarks.count_unread(connection, current_user.name)
    found: int = g.unread_mentions
    return found


def people_to_mention(connection: Connection) -> dict[str, str]:
    """Who can be mentioned: everybody who works here, by the name to sign in with."""
    rows = connection.execute(select(users.c.name, users.c.display).where(users.c.active).order_by(users.c.display))
    return {name: display for name, display in rows}

"""Going away and coming back: who stands in for whom, and from when to when."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

import orjson
from sqlalchemy import Connection, Engine, insert, select, update

from nodes.contract import Words
from runtime.actor import Actor
from runtime.store import trail
from runtime.store.database import begin
from runtime.store.ids import new_id
from runtime.store.tables import absences, users
from runtime.telling import Word, tell

LONGEST: Final = 366 * 24 * 3600 * 1_000_000

Refusal = Literal["unknown", "self", "left", "may_not", "backwards", "over", "long", "twice", "circle"]
"""Why an absence was not taken. left: the stand-in does not work here any more. over: it would have ended before now.
twice: the person is away in that time already. circle: in the end the person would stand in for themselves."""


@dataclass(frozen=True, slots=True)
class Wish:
    """That a person is away in [since, until), in microseconds since the epoch, and who is asked in their place."""

    person: str
    stand_in: str
    since: int
    until: int


def go_away(
    engine: Engine, wish: Wish, actor: Actor, at: int, may_decide: Callable[[frozenset[str]], bool]
) -> Refusal | None:
    """Let somebody be away. `may_decide` says by their duties who can be asked in place of others; None: it is done."""
    with begin(engine, durable=True) as connection:
        refused = _refusal(connection, wish, at, may_decide)
        if refused:
            return refused
        row = {
            "id": new_id(datetime.fromtimestamp(at / 1e6, UTC)),
            "person": wish.person,
            "stand_in": wish.stand_in,
            "since": wish.since,
            "until": wish.until,
            "made_at": at,
            "made_by": actor.name,
        }
        connection.execute(insert(absences), row)
        told = {name: row[name] for name in ("stand_in", "since", "until")}
        trail.write(connection, actor, at, "absence.add", wish.person, after=told)
        if wish.stand_in != actor.name:
            key = f"absence:{row['id']}"
            tell(connection, f"person:{wish.stand_in}", _word(connection, wish.person), key=key, at=at)
    return None


def come_back(engine: Engine, absence_id: str, actor: Actor, at: int) -> bool:
    """End an absence now, or strike it before it begins. False: it is over already."""
    with begin(engine, durable=True) as connection:
        lasting = (absences.c.id == absence_id, absences.c.until > at)
        row = connection.execute(select(absences).where(*lasting).with_for_update()).mappings().first()
        if row is None:
            return False
        ends = {"until": at, "since": min(row["since"], at)}
        connection.execute(update(absences).where(absences.c.id == absence_id).values(**ends))
        before = {name: row[name] for name in ("stand_in", "since", "until")}
        trail.write(connection, actor, at, "absence.end", row["person"], before, {"until": at})
    return True


def _refusal(
    connection: Connection, wish: Wish, at: int, may_decide: Callable[[frozenset[str]], bool]
) -> Refusal | None:
    # All people are locked, so that of two who would stand in for each other the second sees the first.
    rows = connection.execute(select(users).order_by(users.c.name).with_for_update()).mappings().all()
    people = {row["name"]: row for row in rows}
    stand_in = people.get(wish.stand_in)
    if wish.person not in people or stand_in is None:
        return "unknown"
    if not stand_in["active"]:
        return "left"
    if not may_decide(frozenset(orjson.loads(stand_in["duties"]))):
        return "may_not"
    return _out_of_time(wish, at) or _crossed(connection, wish)


def _out_of_time(wish: Wish, at: int) -> Refusal | None:
    if wish.person == wish.stand_in:
        return "self"
    if wish.until <= wish.since:
        return "backwards"
    if wish.until <= at:
        return "over"
    return "long" if wish.until - wish.since > LONGEST else None


def _crossed(connection: Connection, wish: Wish) -> Refusal | None:
    rows = connection.execute(select(absences).where(absences.c.until > wish.since, absences.c.since < wish.until))
    others: dict[str, list[Wish]] = {}
    for row in rows.mappings():
        one = Wish(row["person"], row["stand_in"], row["since"], row["until"])
        others.setdefault(one.person, []).append(one)
    if wish.person in others:
        return "twice"
    return "circle" if _comes_round(wish, others) else None


def _comes_round(wish: Wish, others: dict[str, list[Wish]]) -> bool:
    """Whether at some moment of the absence its stand-ins, one behind the other, lead back to who is away."""
    ways = [wish]
    while ways:
        way = ways.pop()
        for one in others.get(way.stand_in, ()):
            since, until = max(way.since, one.since), min(way.until, one.until)
            if since < until:
                if one.stand_in == wish.person:
                    return True
                ways.append(Wish(one.person, one.stand_in, since, until))
    return False


def _word(connection: Connection, person: str) -> Word:
    name = connection.execute(select(users.c.display).where(users.c.name == person)).scalar_one()
    subject: Words = {"en": f"You stand in for {name}", "zh-CN": f"请你代理 {name} 的待办"}
    text: Words = {
        "en": f"While {name} is away, what asks them asks you too. You find it in your inbox.",
        "zh-CN": f"{name} 外出期间，TA 的待办同时由你处理，可在待办中查看。",
    }
    return Word(subject, text, link="/inbox")

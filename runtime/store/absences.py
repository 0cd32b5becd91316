"""Who is away, and for whom somebody stands in at a moment.

Nothing is moved when somebody goes away: reads of tasks ask for whom the reader stands in now. So what waited already comes
along, and everything ends by itself.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import Connection, RowMapping, select

from runtime.store.tables import absences, users

MOST_STEPS: Final = 3
"""So many stand-ins are asked one behind the other, where a stand-in is away too."""


def away_now(connection: Connection, at: int) -> dict[str, RowMapping]:
    """The absences of this moment, by who is away."""
    query = select(absences).where(absences.c.since <= at, absences.c.until > at).order_by(absences.c.id)
    return {row["person"]: row for row in connection.execute(query).mappings()}


def not_over(connection: Connection, at: int) -> Sequence[RowMapping]:
    """The absences of this moment and those to come, the first on top."""
    query = select(absences).where(absences.c.until > at).order_by(absences.c.since, absences.c.id)
    return connection.execute(query).mappings().all()


def stand_ins(away: Mapping[str, RowMapping], person: str) -> list[str]:
    """Who stands in for a person, the nearest first: theirs, and while that one is away too, the next."""
    found: list[str] = []
    while person in away and len(found) < MOST_STEPS:
        person = away[person]["stand_in"]
        if person in found:
            break
        found.append(person)
    return found


def stands_in_for(connection: Connection, name: str, at: int, *, admin: bool = False) -> tuple[str, ...]:
    """For whom a person stands in at this moment. For those whose stand-ins have all left, the administrators do."""
    away = away_now(connection, at)
    if not away:
        return ()
    there = set(connection.execute(select(users.c.name).where(users.c.active)).scalars()) if admin else set()
    asked = {person: stand_ins(away, person) for person in away}
    mine = (
        person
        for person, chain in asked.items()
        if person != name and (name in chain or (admin and not there & set(chain)))
    )
    return tuple(sorted(mine))

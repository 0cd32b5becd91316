"""What pages tell of people who are away: beside tasks, in the inbox, and on the list of people."""

from dataclasses import dataclass

from flask import g
from flask_login import current_user
from sqlalchemy import RowMapping, select

from builder.auth import reader
from builder.models import engine
from builder.orders.names import Names, names
from runtime.clock import now
from runtime.core.moment import micros
from runtime.store import absences
from runtime.store.database import reading
from runtime.store.tables import tasks, users


@dataclass(frozen=True, slots=True)
class Away:
    """Who is away at this moment, by name."""

    now: dict[str, RowMapping]
    names: Names
    left: frozenset[str]

    def of(self, person: str | None) -> RowMapping | None:
        """The absence of a person who is away now."""
        return self.now.get(person or "")

    @property
    def own(self) -> RowMapping | None:
        """The absence of the person who asks."""
        return self.of(current_user.name)

    @property
    def stood_for(self) -> list[RowMapping]:
        """The absences of all for whom the person who asks stands in."""
        return [self.now[person] for person in reader().stands_for if person in self.now]

    def for_whom(self, task: RowMapping) -> RowMapping | None:
        """The absence for which this task comes to the person who asks; None: it asks them themselves."""
        for person in (task["claimed_by"], task["who"] if task["who_kind"] == "person" else None):
            if person in reader().stands_for:
                return self.of(person)
        return None

    def has_left(self, task: RowMapping) -> bool:
        """Whether the task asks one person, who does not work here any more."""
        return task["who_kind"] == "person" and task["who"] in self.left


def aways() -> Away:
    """Who is away, found once for a request."""
    if "aways" not in g:
        with reading(engine()) as connection:
            left = connection.execute(select(users.c.name).where(users.c.active.is_(False))).scalars()
            g.aways = Away(absences.away_now(connection, micros(now())), names(connection), frozenset(left))
    found: Away = g.aways
    return found


def holder_is_away(trace: str) -> bool:
    """Whether the task was taken on by somebody for whom the person who asks stands in."""
    with reading(engine()) as connection:
        holder = connection.execute(select(tasks.c.claimed_by).where(tasks.c.trace == trace)).scalar()
    return holder in reader().stands_for

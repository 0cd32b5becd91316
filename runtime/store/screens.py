"""Reads for the screens: what waits, for whom, and whether the orders balance."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from runtime.core.run import STATES
from runtime.store.tables import orders, refusals, runs, tasks, team_members

DAY = 24 * 3600 * 1_000_000


@dataclass(frozen=True, slots=True)
class Balance:
    """Every order received is in one state. `difference` is what is missing (or too much): an incident."""

    received: int
    states: Mapping[str, int]

    @property
    def difference(self) -> int:
        return self.received - sum(self.states.values())


@dataclass(frozen=True, slots=True)
class Pulse:
    """What every page shows beside its own content. `tasks` are those that the person may decide."""

    tasks: int
    overdue: int
    refusals: int
    balance: Balance


def pulse(connection: Connection, user: str, duties: Collection[str], at: int) -> Pulse:
    """The counts for one person at one moment. Refusals are those of the last 24 hours."""
    mine = and_(tasks.c.state == "open", concerns(connection, user, duties))
    late = func.count().filter(tasks.c.due_at < at)
    open_tasks, overdue = connection.execute(select(func.count(), late).select_from(tasks).where(mine)).one()
    refused = select(func.count()).select_from(refusals).where(refusals.c.received_at >= at - DAY)
    return Pulse(open_tasks, overdue, connection.scalar(refused) or 0, balance(connection))


def balance(connection: Connection) -> Balance:
    """The order balance over all channels."""
    received = connection.scalar(select(func.count()).select_from(orders)) or 0
    rows = connection.execute(select(runs.c.state, func.count()).group_by(runs.c.state))
    found = {state: number for state, number in rows}
    return Balance(received, {state: found.get(state, 0) for state in STATES})


def concerns(connection: Connection, user: str, duties: Collection[str]) -> ColumnElement[bool]:
    """Condition on `tasks`: the person is asked by name, by team or by duty.

    Admins are also asked for the teams that have no members, so that no task is nobody's.
    """
    teams = select(team_members.c.team).where(team_members.c.user_name == user)
    ways = [
        and_(tasks.c.who_kind == "person", tasks.c.who == user),
        and_(tasks.c.who_kind == "team", tasks.c.who.in_(teams)),
        and_(tasks.c.who_kind == "role", tasks.c.who.in_(tuple(duties))),
    ]
    if "admin" in duties:
        peopled = select(team_members.c.team)
        ways.append(and_(tasks.c.who_kind == "team", tasks.c.who.not_in(peopled)))
    return or_(*ways)

"""Reads of single screens: the counts beside every page, the list of flows, refusals, people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, func, select

from runtime.core.run import STATES
from runtime.store import desk, incidents, mail, notices, queries, surges
from runtime.store.queries import Balance, Reader
from runtime.store.tables import (
    api_tokens,
    channels,
    flows,
    orders,
    refusals,
    runs,
    tasks,
    team_members,
    teams,
    users,
)

DAY = 24 * 3600 * 1_000_000


@dataclass(frozen=True, slots=True)
class Pulse:
    """What every page shows beside its own content.

    `tasks` are those that the person may decide; `surges` are held channels; `incidents` are open ones of the balance;
    `notices` are those that the person has not read; `troubles` are why messages do not arrive.
    """

    tasks: int
    failures: int
    surges: int
    refusals: int
    incidents: int
    notices: int
    troubles: int
    balance: Balance


@dataclass(frozen=True, slots=True)
class Waiting:
    """How a person's tasks stand at a moment."""

    open: int
    overdue: int
    soon: int


@dataclass(frozen=True, slots=True)
class FlowRow:
    """A flow of the list: its row, its channels, and how many orders of the last 24 hours stand in each state."""

    row: RowMapping
    channels: tuple[str, ...]
    states: Mapping[str, int]


def pulse(connection: Connection, reader: Reader, at: int, balance: Balance) -> Pulse:
    """The counts for one person at one moment. Refusals are those of the last 24 hours."""
    refused = select(func.count()).select_from(refusals).where(refusals.c.received_at >= at - DAY)
    return Pulse(
        tasks=queries.count_tasks(connection, reader),
        failures=desk.count_open(connection),
        surges=surges.count_open(connection),
        refusals=connection.execute(refused).scalar_one(),
        incidents=incidents.count_open(connection),
        notices=notices.count_unread(connection, reader.name),
        troubles=mail.count_troubles(connection),
        balance=balance,
    )


def waiting(connection: Connection, reader: Reader, at: int, soon: int) -> Waiting:
    """The reader's open tasks, how many of them are overdue, and how many fall due within `soon` microseconds."""
    due = [row["due_at"] for row in queries.find_tasks(connection, reader, limit=10_000)]
    overdue = sum(one is not None and one < at for one in due)
    near = sum(one is not None and at <= one < at + soon for one in due)
    return Waiting(len(due), overdue, near)


def flow_rows(connection: Connection, at: int) -> list[FlowRow]:
    """Every flow, the last changed first."""
    states: dict[str, dict[str, int]] = {}
    lately = (
        select(runs.c.flow_key, runs.c.state, func.count())
        .where(runs.c.received_at >= at - DAY, runs.c.flow_key.is_not(None))
        .group_by(runs.c.flow_key, runs.c.state)
    )
    for key, state, number in connection.execute(lately):
        states.setdefault(key, {})[state] = number
    taken: dict[str, list[str]] = {}
    for name, key in connection.execute(select(channels.c.name, channels.c.flow_key).order_by(channels.c.name)):
        taken.setdefault(key, []).append(name)
    all_but_drawing = [column for column in flows.c if column is not flows.c.draft]
    query = select(*all_but_drawing).order_by(flows.c.draft_at.desc(), flows.c.key)
    rows = connection.execute(query).mappings().all()
    return [
        FlowRow(
            row=row,
            channels=tuple(taken.get(row["key"], ())),
            states={state: states.get(row["key"], {}).get(state, 0) for state in STATES},
        )
        for row in rows
    ]


def flow_names(connection: Connection, *, published: bool = False) -> dict[str, str]:
    """The stored name (JSON) of each flow by its key; of the published ones only, if so wished."""
    query = select(flows.c.key, flows.c.name).order_by(flows.c.key)
    if published:
        query = query.where(flows.c.version.is_not(None))
    return {key: name for key, name in connection.execute(query)}


def channel_rows(connection: Connection, at: int) -> Sequence[RowMapping]:
    """Every channel with its flow, and how many orders came and were refused in the last 24 hours."""
    came = (
        select(func.count())
        .where(orders.c.channel == channels.c.name, orders.c.received_at >= at - DAY)
        .scalar_subquery()
    )
    refused = (
        select(func.count())
        .where(refusals.c.channel == channels.c.name, refusals.c.received_at >= at - DAY)
        .scalar_subquery()
    )
    query = select(
        channels.c.name,
        channels.c.flow_key,
        channels.c.made_at,
        flows.c.name.label("flow_name"),
        came.label("came"),
        refused.label("refused"),
    ).join(flows, flows.c.key == channels.c.flow_key, isouter=True)
    return connection.execute(query.order_by(channels.c.name)).mappings().all()


def channel_names(connection: Connection) -> list[str]:
    """The names of all channels."""
    return list(connection.execute(select(channels.c.name).order_by(channels.c.name)).scalars())


def find_refusals(
    connection: Connection, *, channel: str | None = None, before: str | None = None, limit: int = 50
) -> Sequence[RowMapping]:
    """What was refused at the door, the newest first, without the bodies. `before` is the last id seen."""
    query = select(
        refusals.c.id,
        refusals.c.channel,
        refusals.c.external_id,
        refusals.c.token_name,
        refusals.c.received_at,
        refusals.c.problems,
        refusals.c.raw_size,
        refusals.c.alarm,
    )
    if channel:
        query = query.where(refusals.c.channel == channel)
    if before:
        query = query.where(refusals.c.id < before)
    return connection.execute(query.order_by(refusals.c.id.desc()).limit(limit)).mappings().all()


def refusal(connection: Connection, refusal_id: str) -> RowMapping | None:
    """A refusal with its body."""
    return connection.execute(select(refusals).where(refusals.c.id == refusal_id)).mappings().first()


def people_rows(connection: Connection) -> Sequence[RowMapping]:
    """Everybody, those who are active first."""
    return connection.execute(select(users).order_by(users.c.active.desc(), users.c.display)).mappings().all()


def team_rows(connection: Connection) -> list[tuple[RowMapping, tuple[str, ...], int]]:
    """Every team with the names of its members and its number of open tasks."""
    members: dict[str, list[str]] = {}
    for team, name in connection.execute(select(team_members).order_by(team_members.c.user_name)):
        members.setdefault(team, []).append(name)
    asked = select(tasks.c.who, func.count()).where(tasks.c.state == "open", tasks.c.who_kind == "team")
    waits = {who: number for who, number in connection.execute(asked.group_by(tasks.c.who))}
    rows = connection.execute(select(teams).order_by(teams.c.key)).mappings().all()
    return [(row, tuple(members.get(row["key"], ())), waits.get(row["key"], 0)) for row in rows]


def token_rows(connection: Connection) -> Sequence[RowMapping]:
    """The API tokens, without what they are."""
    query = select(
        api_tokens.c.id,
        api_tokens.c.name,
        api_tokens.c.role,
        api_tokens.c.channels,
        api_tokens.c.made_at,
        api_tokens.c.revoked_at,
    )
    return connection.execute(query.order_by(api_tokens.c.made_at.desc())).mappings().all()

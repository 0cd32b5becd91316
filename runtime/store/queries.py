"""Named reads. Each takes a connection and gives rows or plain values; nothing here writes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, func, literal, or_, select, union_all

from runtime.core.plan import policy_id
from runtime.core.run import STATES
from runtime.store.tables import effects, flow_versions, flows, journal, orders, runs, tasks, team_members, users

PHONE_TAIL = 4
ULID_LENGTH = 26


@dataclass(frozen=True, slots=True)
class Balance:
    """Where all received orders are. `difference` is what cannot be accounted for: 0, or an incident."""

    received: int
    states: Mapping[str, int]

    @property
    def difference(self) -> int:
        """Received less all states."""
        return self.received - sum(self.states.values())


def balance(connection: Connection) -> dict[str, Balance]:
    """The balance of every channel that has orders, by its name."""
    received = select(orders.c.channel, literal("received"), func.count()).group_by(orders.c.channel)
    standing = select(runs.c.channel, runs.c.state, func.count()).group_by(runs.c.channel, runs.c.state)
    states: dict[str, dict[str, int]] = {}
    # One statement sees one moment. Two would differ by what came in between them.
    for channel, state, count in connection.execute(union_all(received, standing)):
        states.setdefault(channel, {})[state] = count
    counts = {channel: found.pop("received") for channel, found in states.items() if "received" in found}
    return {
        channel: Balance(counts.get(channel, 0), {state: states.get(channel, {}).get(state, 0) for state in STATES})
        for channel in sorted(counts.keys() | states.keys())
    }


def total_balance(channels: Collection[Balance]) -> Balance:
    """The sum of balances."""
    states = {state: sum(one.states[state] for one in channels) for state in STATES}
    return Balance(sum(one.received for one in channels), states)


# --- orders -----------------------------------------------------------------------------------------------------------


def order(connection: Connection, run_id: str) -> RowMapping | None:
    """An order with its run, all columns, or None."""
    query = select(orders, *_run_columns()).join(runs, runs.c.id == orders.c.run_id).where(orders.c.run_id == run_id)
    return connection.execute(query).mappings().first()


def find_orders(
    connection: Connection,
    *,
    text: str = "",
    states: Collection[str] = (),
    channel: str | None = None,
    channels: Collection[str] | None = None,
    external_id: str | None = None,
    flow_key: str | None = None,
    step: str | None = None,
    begun: bool | None = None,
    before: str | None = None,
    limit: int = 50,
) -> Sequence[RowMapping]:
    """Orders with their runs, the newest first, without their bodies.

    `begun` keeps those that have taken their first step, or those that have not; `step` those that stand at it.

    `channels` are those that the reader may see (None: all); `external_id` is the channel's own order id, exactly.
    `text` is an order id, the last four digits of a phone, the beginning of a trace code, a SKU or a buyer's name.
    `before` is the run id after which the page begins.
    """
    query = select(
        orders.c.run_id,
        orders.c.external_id,
        orders.c.received_at,
        orders.c.total,
        orders.c.currency,
        orders.c.buyer,
        *_run_columns(),
    ).join(runs, runs.c.id == orders.c.run_id)
    query = _narrowed(connection, query, text, states, channel, flow_key, step)
    if channels is not None:
        query = query.where(orders.c.channel.in_(channels))
    if external_id is not None:
        query = query.where(orders.c.external_id == external_id)
    if begun is not None:
        query = query.where(runs.c.steps > 0 if begun else runs.c.steps == 0)
    if before:
        query = query.where(orders.c.run_id < before)
    return connection.execute(query.order_by(orders.c.run_id.desc()).limit(limit)).mappings().all()


def state_counts(
    connection: Connection, *, channel: str | None = None, flow_key: str | None = None, step: str | None = None
) -> dict[str, int]:
    """How many orders stand in each state."""
    query = select(runs.c.state, func.count()).group_by(runs.c.state)
    if channel:
        query = query.where(runs.c.channel == channel)
    if flow_key:
        query = query.where(runs.c.flow_key == flow_key)
    if step:
        query = query.where(stands_at(step))
    counts = {state: count for state, count in connection.execute(query)}
    return {state: counts.get(state, 0) for state in STATES}


def count_unreleased(connection: Connection, channel: str | None = None) -> int:
    """How many orders are on hold that have not begun because no flow takes them.

    Those that a held channel keeps are not among them.
    """
    query = select(func.count()).select_from(runs).where(runs.c.state == "held", runs.c.steps == 0)
    query = query.where(func.coalesce(runs.c.reason, "") != "surge")
    return connection.execute(query.where(runs.c.channel == channel) if channel else query).scalar_one()


def trace(connection: Connection, run_id: str) -> list[dict[str, Any]]:
    """An order's journal, the oldest entry first: {rev, at, event, actor?, steps, facts?}."""
    query = select(journal).where(journal.c.run_id == run_id).order_by(journal.c.rev)
    return [
        {"rev": row["rev"], "at": row["at"], **orjson.loads(row["entry"])}
        for row in connection.execute(query).mappings()
    ]


def effects_of(connection: Connection, run_id: str) -> Sequence[RowMapping]:
    """Every outward call of an order, the oldest first."""
    query = select(effects).where(effects.c.run_id == run_id).order_by(effects.c.made_at, effects.c.trace)
    return connection.execute(query).mappings().all()


def tasks_of(connection: Connection, run_id: str) -> Sequence[RowMapping]:
    """Every task of an order, the oldest first."""
    query = select(tasks).where(tasks.c.run_id == run_id).order_by(tasks.c.asked_at, tasks.c.trace)
    return connection.execute(query).mappings().all()


def all_flows(connection: Connection) -> Sequence[RowMapping]:
    """Every flow without its draft, by key."""
    columns = (flows.c.key, flows.c.name, flows.c.version, flows.c.draft_rev, flows.c.draft_by, flows.c.draft_at)
    return connection.execute(select(*columns).order_by(flows.c.key)).mappings().all()


def version(connection: Connection, version_id: str) -> RowMapping | None:
    """A published version of a flow."""
    return connection.execute(select(flow_versions).where(flow_versions.c.id == version_id)).mappings().first()


# --- tasks ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks at tasks: the user's name, and whether tasks that nobody else can see come to them.

    `stands_for` are those who are away, and whose tasks ask the reader meanwhile.
    """

    name: str
    duties: tuple[str, ...]
    admin: bool
    stands_for: tuple[str, ...] = ()


def find_tasks(
    connection: Connection,
    reader: Reader | None,
    *,
    state: str = "open",
    text: str = "",
    who_kind: str | None = None,
    own: str | None = None,
    due_before: int | None = None,
    channels: Collection[str] | None = None,
    narrowed: Collection[ColumnElement[bool]] = (),
    after: tuple[int, str] | None = None,
    limit: int = 50,
) -> Sequence[RowMapping]:
    """Tasks with their orders, the one due first on top. `reader` None sees all. `after` is (order, trace) of the last seen.

    `who_kind` keeps those that ask a person, a team or a role; `own` those that ask this person alone, or that they have
    claimed; `due_before` those whose deadline lies before;
    `channels` those of orders from these; `narrowed` those that fit these conditions on tasks, orders and runs.
    Each row carries `place`, the number by which the list is sorted: the deadline, or what stands for none.
    """
    place = _task_place()
    wanted = _wanted(connection, reader, text, who_kind, own, due_before)
    query = _tasks_with_orders().where(tasks.c.state == state, *wanted, *narrowed)
    if channels is not None:
        query = query.where(orders.c.channel.in_(channels))
    if after:
        query = query.where(or_(place > after[0], and_(place == after[0], tasks.c.trace > after[1])))
    return connection.execute(query.order_by(place, tasks.c.trace).limit(limit)).mappings().all()


def task(connection: Connection, trace: str) -> RowMapping | None:
    """A task with its order, as `find_tasks` gives them, or None."""
    return connection.execute(_tasks_with_orders().where(tasks.c.trace == trace)).mappings().first()


def count_tasks(connection: Connection, reader: Reader | None) -> int:
    """How many open tasks the reader may see."""
    query = select(func.count()).select_from(tasks).where(tasks.c.state == "open")
    return connection.execute(query.where(_may_see(reader)) if reader else query).scalar_one()


def count_found(
    connection: Connection,
    reader: Reader | None,
    *,
    text: str = "",
    who_kind: str | None = None,
    own: str | None = None,
    due_before: int | None = None,
    narrowed: Collection[ColumnElement[bool]] = (),
) -> int:
    """How many open tasks `find_tasks` finds, whatever the page."""
    query = _joined(select(func.count()).select_from(tasks)).where(tasks.c.state == "open", *narrowed)
    wanted = _wanted(connection, reader, text, who_kind, own, due_before)
    return int(connection.execute(query.where(*wanted)).scalar_one())


def may_decide(connection: Connection, task_trace: str, reader: Reader) -> bool:
    """Whether the reader is one of those whom the task asks."""
    return bool(decidable(connection, [task_trace], reader))


def decidable(connection: Connection, traces: Collection[str], reader: Reader) -> list[str]:
    """Those of these tasks that ask the reader, among others."""
    query = select(tasks.c.trace).where(tasks.c.trace.in_(list(traces)), _may_see(reader)).order_by(tasks.c.trace)
    return list(connection.execute(query).scalars())


# --- parts ------------------------------------------------------------------------------------------------------------

# Sorts after every deadline, and still fits a BIGINT.
NEVER = 2**62


def _task_place() -> Any:
    return func.coalesce(tasks.c.due_at, NEVER).label("place")


def _wanted(
    connection: Connection,
    reader: Reader | None,
    text: str,
    who_kind: str | None,
    own: str | None,
    due_before: int | None,
) -> list[ColumnElement[bool]]:
    """The conditions on tasks and their orders that `find_tasks` tells of."""
    told: list[ColumnElement[bool]] = []
    if reader:
        told.append(_may_see(reader))
    if text:
        told.append(matches(connection, text))
    if who_kind:
        told.append(tasks.c.who_kind == who_kind)
    if own:
        told.append(or_(tasks.c.who_kind == "person", tasks.c.claimed_by == own))
    if due_before is not None:
        told.append(tasks.c.due_at < due_before)
    return told


def _joined(query: Select[Any]) -> Select[Any]:
    return query.join(orders, orders.c.run_id == tasks.c.run_id).join(runs, runs.c.id == tasks.c.run_id)


def _tasks_with_orders() -> Select[Any]:
    return _joined(
        select(
            tasks,
            _task_place(),
            orders.c.external_id,
            orders.c.channel,
            orders.c.total,
            orders.c.currency,
            orders.c.buyer,
            orders.c.received_at,
            runs.c.flow_key,
            runs.c.version_id,
        )
    )


def _run_columns() -> tuple[Any, ...]:
    return (
        runs.c.channel,
        runs.c.flow_key,
        runs.c.version_id,
        runs.c.state,
        runs.c.tokens,
        runs.c.changes,
        runs.c.due_at,
        runs.c.reason,
        runs.c.ended_at,
        runs.c.rev,
        runs.c.steps,
    )


def _narrowed(
    connection: Connection,
    query: Select[Any],
    text: str,
    states: Collection[str],
    channel: str | None,
    flow_key: str | None,
    step: str | None,
) -> Select[Any]:
    if text:
        query = query.where(matches(connection, text))
    if states:
        query = query.where(runs.c.state.in_(states))
    if channel:
        query = query.where(runs.c.channel == channel)
    if flow_key:
        query = query.where(runs.c.flow_key == flow_key)
    if step:
        query = query.where(stands_at(step))
    return query


def stands_at(step: str) -> ColumnElement[bool]:
    """Condition on `runs`: whether an order stands at this step, or waits for another try of it.

    A token is an item of the stored list, so `[` or a comma comes before it; what a token tells of another step comes
    after a colon.
    """
    nodes = (step, policy_id(step))
    return or_(*(runs.c.tokens.contains(f'{sign}{{"node":"{one}",', autoescape=True) for sign in "[," for one in nodes))


def matches(connection: Connection, text: str) -> ColumnElement[bool]:
    """Condition on `orders`: order number, trace code and phone tail first, by index; if they find none, SKU and buyer."""
    wanted = text.strip()
    found = orders.c.external_id == wanted
    trace = wanted.partition(".")[0].replace("-", "").replace(" ", "").upper()
    if PHONE_TAIL <= len(trace) <= ULID_LENGTH and trace.isascii() and trace.isalnum():
        found |= orders.c.run_id.between(trace.ljust(ULID_LENGTH, "0"), trace.ljust(ULID_LENGTH, "Z"))
    if wanted.isdigit() and len(wanted) == PHONE_TAIL:
        found |= orders.c.phone_tail == wanted
    if connection.execute(select(orders.c.run_id).where(found).limit(1)).first():
        return found
    return found | orders.c.skus.contains(f" {wanted} ", autoescape=True) | (orders.c.buyer == wanted)


def _may_see(reader: Reader) -> Any:
    mine = and_(tasks.c.who_kind == "person", tasks.c.who.in_((reader.name, *reader.stands_for)))
    if reader.stands_for:
        mine = or_(mine, tasks.c.claimed_by.in_(reader.stands_for))
    my_teams = select(team_members.c.team).where(team_members.c.user_name == reader.name)
    team = and_(tasks.c.who_kind == "team", tasks.c.who.in_(my_teams))
    duty = and_(tasks.c.who_kind == "role", tasks.c.who.in_(reader.duties))
    if not reader.admin:
        return or_(mine, team, duty)
    # Nobody's task is the administrators': a team without active members, a person who is not there any more.
    peopled = select(team_members.c.team).join(users, users.c.name == team_members.c.user_name).where(users.c.active)
    orphaned_team = and_(tasks.c.who_kind == "team", tasks.c.who.not_in(peopled))
    active = select(users.c.name).where(users.c.active)
    orphaned_person = and_(tasks.c.who_kind == "person", tasks.c.who.not_in(active))
    return or_(mine, team, duty, orphaned_team, orphaned_person)

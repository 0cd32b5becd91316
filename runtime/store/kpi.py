"""What the performance page reads: counts of orders and decisions, grouped by the database, and what people typed in.

Orders are found by their ids, which begin with the time at which they came in. So each read is a range of a primary key.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    Label,
    RowMapping,
    Select,
    and_,
    case,
    cast,
    delete,
    func,
    insert,
    null,
    or_,
    select,
    update,
)
from ulid import ULID

from runtime.store.tables import (
    arrivals,
    baselines,
    choices,
    failures,
    flow_versions,
    flows,
    incidents,
    pull_turns,
    refusals,
    runs,
    tasks,
    team_members,
)

SECOND: Final = 1_000_000
DAY: Final = 86_400 * SECOND
EPOCH: Final = date(1970, 1, 1)
STEPS: Final = ((100, 1), (600, 5), (3_600, 20), (21_600, 120), (86_400, 600))
"""Lengths below so many seconds are counted in steps of so many; longer ones by the hour."""
LONGEST_STEP: Final = 3_600
DAY_STEPS: Final = ((10, 1), (60, 5), (600, 30), (3_600, 180), (21_600, 900), (86_400, 3_600))
"""Coarser ones, where the lengths of each single day are counted."""
LOST_KINDS: Final = ("not_stored", "run_missing", "order_missing", "journal_orphan")
COSTS: Final = "kpi_costs"


@dataclass(frozen=True, slots=True)
class Span:
    """From one moment (microseconds) to before another."""

    since: int
    until: int


class OrderCount(NamedTuple):
    """So many orders that are alike. `seconds` is None while they have not ended; `micros` is the sum of their lengths."""

    now: bool
    flow: str | None
    version: str | None
    channel: str
    touched: bool
    failed: bool
    seconds: int | None
    number: int
    micros: int


class OrderDay(NamedTuple):
    """The orders of a day that are alike: how many, how many people touched, how many failed; otherwise as `OrderCount`."""

    day: date
    flow: str | None
    version: str | None
    channel: str
    seconds: int | None
    number: int
    touched: int
    failed: int
    micros: int


class WorkedCount(NamedTuple):
    """So many orders about which `who` (a team or a person) decided at least once; otherwise as `OrderCount`."""

    now: bool
    flow: str | None
    version: str | None
    channel: str
    who: str | None
    failed: bool
    seconds: int | None
    number: int
    micros: int
    touched: bool = True


class TaskCount(NamedTuple):
    """So many tasks that are alike: decided by people, or undecided when their deadline came (`seconds` is None).

    `dated`: there was a deadline when it was asked; `late`: nobody had decided when it came. `person` decided it, else has
    taken it on, else was asked by name; None: nobody.
    """

    now: bool
    flow: str | None
    version: str | None
    channel: str
    team: str | None
    person: str | None
    dated: bool
    late: bool
    seconds: int | None
    number: int
    micros: int


class TaskDay(NamedTuple):
    """Tasks about the orders of a day that are alike: how many, with a deadline, past it; else as `TaskCount`."""

    day: date
    flow: str | None
    version: str | None
    channel: str
    seconds: int | None
    number: int
    dated: int
    late: int
    micros: int


class DeciderDay(NamedTuple):
    """About how many orders a person decided on a day."""

    name: str
    day: date
    number: int


class ChannelTurns(NamedTuple):
    """Of a channel: turns of its pull, those that failed, and orders that were refused."""

    turns: int
    failed: int
    refused: int


@dataclass(frozen=True, slots=True)
class Missed:
    """What the door of a channel counted, and incidents of orders that are not there: found in the time, and still open."""

    counted: int
    found: int
    still: int


def order_counts(connection: Connection, before: Span, now: Span) -> list[OrderCount]:
    """The orders that came in within two spans, counted by everything but the day."""
    keys = (
        _is_now(runs.c.id, now),
        runs.c.flow_key,
        runs.c.version_id,
        runs.c.channel,
        _flag(_TOUCHED),
        _flag(_FAILED),
        _step(_ORDER_LENGTH),
    )
    query = _grouped(select(*_named(keys), _ORDER_LENGTH.label("micros")).where(_within(runs.c.id, before, now)), keys)
    return [
        OrderCount(
            bool(row[0]), row[1], row[2], row[3], bool(row[4]), bool(row[5]), _whole(row[6]), row[7], _number(row[8])
        )
        for row in connection.execute(query)
    ]


def order_days(connection: Connection, span: Span, zone: tzinfo) -> list[OrderDay]:
    """The orders that came in within a span, counted by the day on which they came."""
    length = _step(_ORDER_LENGTH, DAY_STEPS)
    keys = (_day(runs.c.received_at, span, zone), runs.c.flow_key, runs.c.version_id, runs.c.channel, length)
    told = (_flag(_TOUCHED), _flag(_FAILED), _ORDER_LENGTH)
    query = _summed(select(*_named(keys), *_named(told, "s")).where(_in_span(runs.c.id, span)), keys, told)
    return [
        OrderDay(_date(row[0]), row[1], row[2], row[3], _whole(row[4]), *map(_number, row[5:]))
        for row in connection.execute(query)
    ]


def worked_counts(connection: Connection, before: Span, now: Span, who: ColumnElement[Any]) -> list[WorkedCount]:
    """The orders that came in within two spans, counted once for each `who` (of their tasks) that decided about them."""
    decided = (_within(tasks.c.trace, before, now), tasks.c.decided_by.is_not(None))
    worked = select(tasks.c.run_id, who.label("who")).where(*decided).distinct().subquery()
    keys = (
        _is_now(runs.c.id, now),
        runs.c.flow_key,
        runs.c.version_id,
        runs.c.channel,
        worked.c.who,
        _flag(_FAILED),
        _step(_ORDER_LENGTH),
    )
    asked = select(*_named(keys), _ORDER_LENGTH.label("micros")).join(worked, worked.c.run_id == runs.c.id)
    return [
        WorkedCount(
            bool(row[0]),
            row[1],
            row[2],
            row[3],
            row[4],
            bool(row[5]),
            _whole(row[6]),
            number=row[7],
            micros=_number(row[8]),
        )
        for row in connection.execute(_grouped(asked, keys))
    ]


def task_counts(connection: Connection, before: Span, now: Span, at: int) -> list[TaskCount]:
    """What people decided, or had not when its deadline came, about the orders of two spans. `at` is the present."""
    keys = (
        _is_now(tasks.c.trace, now),
        runs.c.flow_key,
        runs.c.version_id,
        runs.c.channel,
        TEAM,
        _PERSON,
        _flag(_DATED),
        _flag(_LATE),
        _step(_TASK_LENGTH),
    )
    within = (_within(tasks.c.trace, before, now), _counts(at))
    asked = select(*_named(keys), _TASK_LENGTH.label("micros")).join(runs, runs.c.id == tasks.c.run_id).where(*within)
    return [
        TaskCount(
            bool(row[0]),
            row[1],
            row[2],
            row[3],
            row[4],
            row[5],
            bool(row[6]),
            bool(row[7]),
            _whole(row[8]),
            row[9],
            _number(row[10]),
        )
        for row in connection.execute(_grouped(asked, keys))
    ]


def task_days(connection: Connection, span: Span, zone: tzinfo, at: int) -> list[TaskDay]:
    """As `task_counts`, about the orders that came in within a span, counted by the day on which those came."""
    length = _step(_TASK_LENGTH, DAY_STEPS)
    keys = (_day(runs.c.received_at, span, zone), runs.c.flow_key, runs.c.version_id, runs.c.channel, length)
    told = (_flag(_DATED), _flag(_LATE), _TASK_LENGTH)
    within = (_in_span(tasks.c.trace, span), _counts(at))
    asked = select(*_named(keys), *_named(told, "s")).join(runs, runs.c.id == tasks.c.run_id).where(*within)
    return [
        TaskDay(_date(row[0]), row[1], row[2], row[3], _whole(row[4]), *map(_number, row[5:]))
        for row in connection.execute(_summed(asked, keys, told))
    ]


def decider_days(connection: Connection, span: Span, zone: tzinfo) -> list[DeciderDay]:
    """About how many orders that came in within the span each person decided on which day."""
    day = _day(tasks.c.decided_at, span, zone).label("day")
    inner = (
        select(tasks.c.decided_by.label("name"), day, tasks.c.run_id)
        .where(_in_span(tasks.c.trace, span), tasks.c.decided_by.is_not(None))
        .distinct()
        .subquery()
    )
    query = select(inner.c.name, inner.c.day, func.count()).group_by(inner.c.name, inner.c.day)
    return [DeciderDay(name, _date(day_number), counted) for name, day_number, counted in connection.execute(query)]


def teams_of(connection: Connection) -> dict[str, frozenset[str]]:
    """The teams that each person is in."""
    found: dict[str, set[str]] = {}
    for name, team in connection.execute(select(team_members.c.user_name, team_members.c.team)):
        found.setdefault(name, set()).add(team)
    return {name: frozenset(keys) for name, keys in found.items()}


def version_names(connection: Connection) -> dict[str, tuple[str, str, int]]:
    """Each published version: flow key, the flow's name as stored, number."""
    query = select(flow_versions.c.id, flows.c.key, flows.c.name, flow_versions.c.number)
    query = query.join(flows, flows.c.key == flow_versions.c.flow_key).order_by(flows.c.key, flow_versions.c.number)
    return {id_: (key, name, number) for id_, key, name, number in connection.execute(query)}


def missed(connection: Connection, span: Span) -> dict[str, Missed]:
    """By channel: what the door counted, and what is missing of it."""
    counted: dict[str, int] = {}
    hours = select(arrivals.c.channel, func.sum(arrivals.c.came)).group_by(arrivals.c.channel)
    for channel, came in connection.execute(hours.where(_since_until(arrivals.c.hour_at, span))):
        counted[channel] = int(came)
    open_ = func.sum(_flag(incidents.c.ended_at.is_(None)))
    query = select(incidents.c.channel, func.count(), open_).group_by(incidents.c.channel)
    query = query.where(_since_until(incidents.c.found_at, span), incidents.c.kind.in_(LOST_KINDS))
    troubled = {channel: (number, int(still)) for channel, number, still in connection.execute(query)}
    return {
        channel: Missed(counted.get(channel, 0), *troubled.get(channel, (0, 0)))
        for channel in sorted({*counted, *troubled})
    }


def channel_turns(connection: Connection, span: Span) -> dict[str, ChannelTurns]:
    """How the pull of each channel went, and what was refused of it."""
    query = select(pull_turns.c.channel, func.sum(pull_turns.c.turns), func.sum(pull_turns.c.failed))
    query = query.where(_since_until(pull_turns.c.hour_at, span)).group_by(pull_turns.c.channel)
    pulled = {channel: (int(turns), int(failed)) for channel, turns, failed in connection.execute(query)}
    bad = select(refusals.c.channel, func.count()).where(_since_until(refusals.c.received_at, span))
    refused = {channel: number for channel, number in connection.execute(bad.group_by(refusals.c.channel))}
    return {
        channel: ChannelTurns(*pulled.get(channel, (0, 0)), refused.get(channel, 0))
        for channel in sorted({*pulled, *refused})
    }


def failure_kinds(connection: Connection, span: Span) -> dict[str, int]:
    """How often steps failed within the span, by kind. The list is asked for by ids, which begin with the time."""
    query = select(failures.c.kind, func.count()).where(_in_span(failures.c.id, span)).group_by(failures.c.kind)
    return {kind: number for kind, number in connection.execute(query)}


# --- what people type in ----------------------------------------------------------------------------------------------


def typed_baselines(connection: Connection) -> dict[str, RowMapping]:
    """The baseline of each figure that has one."""
    return {row["figure"]: row for row in connection.execute(select(baselines)).mappings()}


def set_baselines(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """These baselines, and no others."""
    connection.execute(delete(baselines))
    if rows:
        connection.execute(insert(baselines), [dict(row) for row in rows])


def typed_costs(connection: Connection) -> dict[str, Any]:
    """What a failure of each kind costs, in minor units, with the `currency`; empty: nobody typed it in."""
    kept = connection.execute(select(choices.c.value).where(choices.c.name == COSTS)).scalar()
    found: dict[str, Any] = orjson.loads(kept) if kept else {}
    return found


def set_costs(connection: Connection, costs: Mapping[str, Any]) -> None:
    """Keep what failures cost."""
    value = orjson.dumps(dict(costs)).decode()
    if connection.execute(update(choices).where(choices.c.name == COSTS).values(value=value)).rowcount == 0:
        connection.execute(insert(choices).values(name=COSTS, value=value))


# --- how it is asked --------------------------------------------------------------------------------------------------


def _first_id(at: int) -> str:
    """What every id of that moment or later is not below. Trace codes begin with the run's id."""
    return str(ULID.from_datetime(datetime.fromtimestamp(at / SECOND, UTC)))[:10]


def _in_span(column: Column[Any], span: Span) -> ColumnElement[bool]:
    return and_(column >= _first_id(span.since), column < _first_id(span.until))


def _since_until(column: Column[Any], span: Span) -> ColumnElement[bool]:
    return and_(column >= span.since, column < span.until)


def _within(column: Column[Any], before: Span, now: Span) -> ColumnElement[bool]:
    whole = and_(column >= _first_id(before.since), column < _first_id(now.until))
    gap = or_(column < _first_id(before.until), column >= _first_id(now.since))
    return and_(whole, gap)


def _is_now(column: Column[Any], now: Span) -> ColumnElement[int]:
    return _flag(column >= _first_id(now.since))


def _flag(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)


def _not_below_zero(length: ColumnElement[int]) -> ColumnElement[int]:
    """A clock that was set back makes no negative length."""
    return case((length < 0, 0), else_=length)


def _step(micros: ColumnElement[Any], steps: Sequence[tuple[int, int]] = STEPS) -> ColumnElement[int]:
    """The length in whole seconds, down to its step."""
    seconds = micros // SECOND
    cases = [(seconds < limit, seconds // step * step) for limit, step in steps]
    return cast(case(*cases, else_=seconds // LONGEST_STEP * LONGEST_STEP), Integer)


def _day(column: Column[Any], span: Span, zone: tzinfo) -> ColumnElement[int]:
    """The day in the zone, as a number since 1970; where the clocks change, by the offset at the day's beginning."""
    changes: list[tuple[int, int]] = []
    for at in range(span.since, max(span.until, span.since + 1), DAY):
        offset = datetime.fromtimestamp(at / SECOND, zone).utcoffset() or timedelta()
        micros = offset // timedelta(microseconds=1)
        if not changes or changes[-1][1] != micros:
            changes.append((at, micros))
    day = (column + changes[0][1]) // DAY
    if len(changes) == 1:
        return day
    return case(*[(column >= at, (column + micros) // DAY) for at, micros in reversed(changes[1:])], else_=day)


def _date(number: Any) -> date:
    return EPOCH + timedelta(days=int(number))


def _number(summed: Any) -> int:
    """A sum as PostgreSQL and MariaDB give it, a Decimal or nothing."""
    return int(summed or 0)


def _whole(seconds: Any) -> int | None:
    return None if seconds is None else int(seconds)


def _named(columns: Sequence[ColumnElement[Any]], letter: str = "k") -> list[Label[Any]]:
    return [column.label(f"{letter}{place}") for place, column in enumerate(columns)]


def _grouped(asked: Select[Any], keys: Sequence[ColumnElement[Any]]) -> Select[Any]:
    """How many rows are alike in all keys, and the sum of their `micros`."""
    inner = asked.subquery()
    columns = [inner.c[f"k{place}"] for place in range(len(keys))]
    return select(*columns, func.count(), func.sum(inner.c.micros)).group_by(*columns)


def _summed(asked: Select[Any], keys: Sequence[ColumnElement[Any]], told: Sequence[ColumnElement[Any]]) -> Select[Any]:
    """How many rows are alike in all keys, and the sum of each column that is told of them."""
    inner = asked.subquery()
    columns = [inner.c[f"k{place}"] for place in range(len(keys))]
    sums = [func.sum(inner.c[f"s{place}"]) for place in range(len(told))]
    return select(*columns, func.count(), *sums).group_by(*columns)


_TOUCHED = select(tasks.c.run_id).where(tasks.c.run_id == runs.c.id, tasks.c.decided_by.is_not(None)).exists()
_FAILED = select(failures.c.run_id).where(failures.c.run_id == runs.c.id).exists()
TEAM = case((tasks.c.who_kind == "team", tasks.c.who), else_=None)
"""The team that was asked."""
PERSON = tasks.c.decided_by
"""Who decided."""
_PERSON = func.coalesce(
    tasks.c.decided_by, tasks.c.claimed_by, case((tasks.c.who_kind == "person", tasks.c.who), else_=None)
)
# Whoever was asked after the deadline only, because others had not decided, had none.
_DATED = and_(tasks.c.due_at.is_not(None), tasks.c.asked_at < tasks.c.due_at)
_LATE = and_(_DATED, or_(tasks.c.decided_by.is_(None), tasks.c.decided_at > tasks.c.due_at))
_ORDER_LENGTH = case(
    (runs.c.ended_at.is_not(None), _not_below_zero(runs.c.ended_at - runs.c.received_at)), else_=null()
)
_TASK_LENGTH = case(
    (tasks.c.decided_by.is_not(None), _not_below_zero(tasks.c.decided_at - tasks.c.asked_at)), else_=null()
)


def newcomer(names: Sequence[str]) -> ColumnElement[Any]:
    """Who decided, where that is one of these; nothing for everybody else."""
    return case((tasks.c.decided_by.in_(names), tasks.c.decided_by), else_=None)


def _counts(at: int) -> ColumnElement[bool]:
    """Decided by a person; or open, or given up, at its deadline or later."""
    missed = and_(tasks.c.state == "open", tasks.c.due_at <= at)
    given_up = and_(tasks.c.state == "withdrawn", tasks.c.withdrawn_at >= tasks.c.due_at)
    return or_(tasks.c.decided_by.is_not(None), and_(_DATED, or_(missed, given_up)))

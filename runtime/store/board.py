"""Reads of the board: every open order with whom or what it waits for, and how long stages took lately."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import Connection, and_, or_, select

from runtime.core.run import read_seat, trace_code
from runtime.store.tables import orders, runs, tasks
from runtime.store.versions import OPEN

NOT_BEGUN: Final = "[]"
MOST_BY_ID: Final = 500


class Standing(NamedTuple):
    """One thing that an open order waits for: a person's task, or a place at which no task is open.

    `key` is the task's trace code, else that of the step, else (before it has begun) the order's id. `rest` is as in
    `runtime.core.run`, or `queued` or `held` before it has begun, or `decided` at a task whose order will hear of the
    decision in a moment. `who` is empty where nobody is asked. `due` is the task's own deadline. All times are
    microseconds since the epoch; `stopped` is when it was decided.
    """

    key: str
    run_id: str
    number: str
    buyer: str
    channel: str
    flow: str
    version_id: str | None
    node: str
    rest: str
    who_kind: str
    who: str
    claimed_by: str | None
    since: int
    due: int | None
    stopped: int | None
    received: int


class Stay(NamedTuple):
    """A stage at which people were asked and that is over: when it began, when it was over, and until when it was allowed.

    Where nobody decided in time, it is told as over at its deadline, for it lasted so long at the least (`overdue`).
    """

    flow: str
    node: str
    since: int
    until: int
    due: int | None
    overdue: bool


Shown = tuple[str, str]
"""An order's number and its buyer, as lists show them; they never change."""


def standing(connection: Connection, known: Mapping[str, Shown]) -> list[Standing]:
    """What all open orders wait for, in no order. `known` are orders that were read before: they are not read again."""
    asked: dict[str, list[Any]] = {}
    for task in connection.execute(_asking()).all():
        asked.setdefault(task[1], []).append(task)
    found = connection.execute(_open_runs()).all()
    shown = {**known, **_shown(connection, [run[0] for run in found if run[0] not in known])}
    return [one for run in found if run[0] in shown for one in _of_order(run, shown[run[0]], asked.get(run[0], ()))]


def _of_order(run: Any, shown: Shown, asked: Collection[Any]) -> Iterator[Standing]:
    run_id, channel, flow, version_id, state, tokens, received = run
    order = (run_id, *shown, channel, flow or "", version_id)
    for trace, _run_id, node, task_state, who_kind, who, since, due, stopped, claimed_by, decided_by in asked:
        is_open = task_state == "open"
        rest, owner = ("person", claimed_by) if is_open else ("decided", decided_by)
        yield Standing(trace, *order, node, rest, who_kind, who, owner, since, due, stopped, received)
    if tokens == NOT_BEGUN:
        rest = "held" if state == "held" else "queued"
        yield Standing(run_id, *order, "", rest, "", "", None, received, None, None, received)
        return
    # Most orders stand at one place, and its tasks are told already.
    if len(asked) == 1 and tokens.count('"rest":') == 1:
        return
    places = {trace_code(*read_seat(task[0])[:3]) for task in asked}
    for token in orjson.loads(tokens):
        key = trace_code(run_id, token["step"], token.get("attempt", 1))
        if token["rest"] not in ("inside", "join") and key not in places:
            rest, since = token["rest"], token["since"]
            yield Standing(key, *order, token["node"], rest, "", "", None, since, None, None, received)


def _open_runs() -> Any:
    own = (runs.c.id, runs.c.channel, runs.c.flow_key, runs.c.version_id, runs.c.state, runs.c.tokens)
    return select(*own, runs.c.received_at).where(runs.c.state.in_(OPEN))


def _asking() -> Any:
    told = (tasks.c.trace, tasks.c.run_id, tasks.c.node, tasks.c.state, tasks.c.who_kind, tasks.c.who)
    times = (tasks.c.asked_at, tasks.c.due_at, tasks.c.decided_at)
    undelivered = and_(tasks.c.state == "decided", tasks.c.deliver_at.is_not(None))
    return select(*told, *times, tasks.c.claimed_by, tasks.c.decided_by).where(
        or_(tasks.c.state == "open", undelivered)
    )


def _shown(connection: Connection, run_ids: Sequence[str]) -> dict[str, Shown]:
    """Few are asked for by their ids, many by being open."""
    query = select(orders.c.run_id, orders.c.external_id, orders.c.buyer)
    if len(run_ids) > MOST_BY_ID:
        query = query.join(runs, runs.c.id == orders.c.run_id).where(runs.c.state.in_(OPEN))
    else:
        query = query.where(orders.c.run_id.in_(run_ids))
    return {id_: (number, buyer or "") for id_, number, buyer in connection.execute(query).all()} if run_ids else {}


def stays(connection: Connection, most: int) -> list[Stay]:
    """The newest `most` tasks that are over, as far as they tell how long their stage took."""
    columns = (tasks.c.trace, tasks.c.node, tasks.c.state, tasks.c.asked_at, tasks.c.due_at, tasks.c.decided_at)
    query = select(*columns, runs.c.flow_key, runs.c.ended_at).join(runs, runs.c.id == tasks.c.run_id)
    rows = connection.execute(query.where(tasks.c.state != "open").order_by(tasks.c.trace.desc()).limit(most)).all()
    decided = {trace_code(*read_seat(row.trace)[:3]) for row in rows if row.state == "decided"}
    return [stay for row in rows if (stay := _stay(row, decided))]


def _stay(row: Any, decided: Collection[str]) -> Stay | None:
    """Withdrawn, decided at none of its seats, and its order went on behind the deadline: nobody decided in time."""
    flow = row.flow_key or ""
    if row.state == "decided":
        return Stay(flow, row.node, row.asked_at, row.decided_at, row.due_at, False)
    lived = row.ended_at is None or (row.due_at is not None and row.ended_at >= row.due_at)
    if row.due_at is None or not lived or trace_code(*read_seat(row.trace)[:3]) in decided:
        return None
    return Stay(flow, row.node, row.asked_at, row.due_at, row.due_at, True)

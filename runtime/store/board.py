"""Reads of the board: every open order with whom or what it waits for, and how long stages took lately."""

from collections.abc import Collection, Iterator
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import Connection, and_, or_, select

from runtime.core.run import read_seat, trace_code
from runtime.store.tables import orders, runs, tasks
from runtime.store.versions import OPEN

NOT_BEGUN: Final = "[]"


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


def standing(connection: Connection) -> list[Standing]:
    """What all open orders wait for, in no order. Two statements, however many there are."""
    asked: dict[str, list[Any]] = {}
    for task in connection.execute(_asking()):
        asked.setdefault(task.run_id, []).append(task)
    return [one for order in connection.execute(_open_orders()) for one in _of_order(order, asked.get(order.id, []))]


def _of_order(order: Any, asked: list[Any]) -> Iterator[Standing]:
    yield from (_at_task(order, task) for task in asked)
    if order.tokens == NOT_BEGUN:
        rest = "held" if order.state == "held" else "queued"
        yield _at_place(order, order.id, "", rest, order.received_at)
        return
    places = {trace_code(*read_seat(task.trace)[:3]) for task in asked}
    for token in orjson.loads(order.tokens):
        key = trace_code(order.id, token["step"], token.get("attempt", 1))
        if token["rest"] not in ("inside", "join") and key not in places:
            yield _at_place(order, key, token["node"], token["rest"], token["since"])


def _at_task(order: Any, task: Any) -> Standing:
    return Standing(
        task.trace,
        order.id,
        order.external_id,
        order.buyer or "",
        order.channel,
        order.flow_key or "",
        order.version_id,
        task.node,
        "person" if task.state == "open" else "decided",
        task.who_kind,
        task.who,
        task.claimed_by if task.state == "open" else task.decided_by,
        task.asked_at,
        task.due_at,
        task.decided_at,
        order.received_at,
    )


def _at_place(order: Any, key: str, node: str, rest: str, since: int) -> Standing:
    return Standing(
        key,
        order.id,
        order.external_id,
        order.buyer or "",
        order.channel,
        order.flow_key or "",
        order.version_id,
        node,
        rest,
        "",
        "",
        None,
        since,
        None,
        None,
        order.received_at,
    )


def _open_orders() -> Any:
    told = (orders.c.external_id, orders.c.buyer)
    own = (runs.c.id, runs.c.channel, runs.c.flow_key, runs.c.version_id, runs.c.state, runs.c.tokens)
    query = select(*own, runs.c.received_at, *told).join(orders, orders.c.run_id == runs.c.id)
    return query.where(runs.c.state.in_(OPEN))


def _asking() -> Any:
    told = (tasks.c.trace, tasks.c.run_id, tasks.c.node, tasks.c.state, tasks.c.who_kind, tasks.c.who)
    times = (tasks.c.asked_at, tasks.c.due_at, tasks.c.decided_at)
    undelivered = and_(tasks.c.state == "decided", tasks.c.deliver_at.is_not(None))
    return select(*told, *times, tasks.c.claimed_by, tasks.c.decided_by).where(
        or_(tasks.c.state == "open", undelivered)
    )


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

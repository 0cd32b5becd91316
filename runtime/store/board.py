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
    microseconds since the epoch; `stopped` is when it was decided, `escalated` when somebody called up whoever leads.
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
    escalated: int | None
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


class Known(NamedTuple):
    """An open order as it was last read, and what it waits for. `rev` and `asked` tell whether it must be read anew."""

    rev: int
    asked: Sequence[Any]
    waits: tuple[Standing, ...]


def standing(connection: Connection, before: Mapping[str, Known]) -> dict[str, Known]:
    """All open orders by their ids. What was read `before` and has not changed since is the same object."""
    asked: dict[str, list[Any]] = {}
    for task in connection.execute(_asking()).all():
        asked.setdefault(task[1], []).append(tuple(task))
    found: dict[str, Known] = {}
    others: list[str] = []
    for run_id, rev in connection.execute(_OPEN_REVS).all():
        known = before.get(run_id)
        if known is not None and known.rev == rev and known.asked == asked.get(run_id, ()):
            found[run_id] = known
        else:
            others.append(run_id)
    for run in _read(connection, others):
        own = asked.get(run.id, ())
        found[run.id] = Known(run.rev, own, tuple(_waits(run, own)))
    return found


def _waits(run: Any, asked: Collection[Any]) -> Iterator[Standing]:
    order = (run.id, run.external_id, run.buyer or "", run.channel, run.flow_key or "", run.version_id)
    received = run.received_at
    for trace, _run_id, node, task_state, who_kind, who, since, due, stopped, raised, claimed_by, decided_by in asked:
        is_open = task_state == "open"
        rest, owner = ("person", claimed_by) if is_open else ("decided", decided_by)
        yield Standing(trace, *order, node, rest, who_kind, who, owner, since, due, stopped, raised, received)
    if run.tokens == NOT_BEGUN:
        rest = "held" if run.state == "held" else "queued"
        yield Standing(run.id, *order, "", rest, "", "", None, received, None, None, None, received)
        return
    # Most orders stand at one place, and its tasks are told already.
    if len(asked) == 1 and run.tokens.count('"rest":') == 1:
        return
    places = {trace_code(*read_seat(task[0])[:3]) for task in asked}
    for token in orjson.loads(run.tokens):
        key = trace_code(run.id, token["step"], token.get("attempt", 1))
        if token["rest"] not in ("inside", "join") and key not in places:
            rest, since = token["rest"], token["since"]
            yield Standing(key, *order, token["node"], rest, "", "", None, since, None, None, None, received)


def _asking() -> Any:
    told = (tasks.c.trace, tasks.c.run_id, tasks.c.node, tasks.c.state, tasks.c.who_kind, tasks.c.who)
    times = (tasks.c.asked_at, tasks.c.due_at, tasks.c.decided_at, tasks.c.escalated_at)
    undelivered = and_(tasks.c.state == "decided", tasks.c.deliver_at.is_not(None))
    return select(*told, *times, tasks.c.claimed_by, tasks.c.decided_by).where(
        or_(tasks.c.state == "open", undelivered)
    )


def _read(connection: Connection, run_ids: Sequence[str]) -> Sequence[Any]:
    """Open orders with what lists show of them. Few are asked for by their ids, many by being open."""
    own = (runs.c.id, runs.c.rev, runs.c.channel, runs.c.flow_key, runs.c.version_id, runs.c.state, runs.c.tokens)
    query = select(*own, runs.c.received_at, orders.c.external_id, orders.c.buyer)
    query = query.join(orders, orders.c.run_id == runs.c.id).where(runs.c.state.in_(OPEN))
    if len(run_ids) > MOST_BY_ID:
        wanted = set(run_ids)
        return [run for run in connection.execute(query).all() if run.id in wanted]
    return connection.execute(query.where(runs.c.id.in_(run_ids))).all() if run_ids else ()


_OPEN_REVS: Final = select(runs.c.id, runs.c.rev).where(runs.c.state.in_(OPEN))


def stays(connection: Connection, most: int) -> list[Stay]:
    """The newest `most` tasks that are over, as far as they tell how long their stage took."""
    columns = (tasks.c.node, tasks.c.asked_at, tasks.c.due_at, tasks.c.decided_at)
    outlived = and_(tasks.c.decided_at.is_(None), tasks.c.withdrawn_at >= tasks.c.due_at)
    query = select(*columns, runs.c.flow_key).join(runs, runs.c.id == tasks.c.run_id)
    query = query.where(or_(tasks.c.state == "decided", outlived)).order_by(tasks.c.trace.desc()).limit(most)
    return [
        Stay(flow or "", node, asked, due if decided is None else decided, due, decided is None)
        for node, asked, due, decided, flow in connection.execute(query)
    ]

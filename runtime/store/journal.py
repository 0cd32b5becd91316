"""The one writer of runs. A save is a compare-and-swap on the run's rev, beside its journal entry, tasks and effects.

Nothing else in the product inserts or updates `orders`, `runs`, `journal`, `tasks`, `effects` or `failures`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

import orjson
from sqlalchemy import BigInteger, Connection, Integer, RowMapping, Select, bindparam, or_, select, update

from nodes.contract import Answered, Words
from runtime import crash, reminding
from runtime.actor import Actor
from runtime.core.decision import AskedEffect, AskedTask, Decision
from runtime.core.moment import micros
from runtime.core.run import Run, read_token, token_row
from runtime.store import failure_list, lanes
from runtime.store.tables import effects, journal, orders, runs, tasks


class LostRace(Exception):
    """Somebody saved the run since it was read. The caller holds its lock, so this is a defect or a broken lock."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A run as stored, locked for the rest of the transaction, with the order that it carries."""

    run: Run
    version_id: str | None
    order: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Arrived:
    """A new order and its run, ready to be stored. Amounts are minor units, times microseconds since the epoch."""

    run: Run
    channel: str
    flow_key: str | None
    version_id: str | None
    external_id: str
    digest: str
    order: Mapping[str, Any]
    raw: str
    received_at: int


@dataclass(frozen=True, slots=True)
class ClaimedEffect:
    """An effect that this process may perform until its claim lapses. `sends` counts this one."""

    trace: str
    adapter: str
    target: str
    content: Mapping[str, Any]
    sends: int


# --- runs ---------------------------------------------------------------------------------------------------------------


def arrive(connection: Connection, arrived: Sequence[Arrived]) -> None:
    """Store new orders with their runs. IntegrityError if one of them is there already."""
    connection.execute(_ADD_ORDERS, [_order_row(one) for one in arrived])
    connection.execute(_ADD_RUNS, [_run_row(one) for one in arrived])


def lock_due(connection: Connection, now: int, limit: int) -> list[Loaded]:
    """Lock up to `limit` runs that can go on by themselves, the longest waiting first; those locked elsewhere are left."""
    return _load(connection, _LOCK_DUE, {"now": now, "limit": limit})


def lock(connection: Connection, run_ids: Collection[str]) -> list[Loaded]:
    """Lock these runs, waiting for whoever holds them. Those that do not exist are left out."""
    return _load(connection, _LOCK, {"ids": list(run_ids)})


def save(connection: Connection, decisions: Sequence[Decision], now: int, actor: Actor | None = None) -> None:
    """Store what was decided, all in the running transaction."""
    if not decisions:
        return
    _swap(connection, [decision.run for decision in decisions])
    crash.at("save.swapped")
    connection.execute(_ADD_ENTRIES, [_entry_row(decision, now, actor) for decision in decisions])
    _withdraw(connection, [trace for decision in decisions for trace in decision.withdrawn], now)
    _ask_people(connection, decisions, now)
    _remind(connection, [trace for decision in decisions for trace in decision.reminded], now)
    reminding.tell_people(connection, decisions, now)
    asked = [_effect_row(decision.run.id, one, now) for decision in decisions for one in decision.effects]
    if asked:
        connection.execute(_ADD_EFFECTS, asked)
        lanes.know(connection, {(row["adapter"], row["target"]) for row in asked})
    failure_list.note(connection, decisions, now, actor)


def move(connection: Connection, decisions: Sequence[Decision], version_id: str, now: int, actor: Actor) -> None:
    """Store moves: these runs, locked by the caller, go by this version from now on."""
    if decisions:
        moved = update(runs).where(runs.c.id.in_([decision.run.id for decision in decisions]))
        connection.execute(moved.values(version_id=version_id))
        save(connection, decisions, now, actor)


def list_anew(connection: Connection, run_id: str, order: Mapping[str, Any]) -> None:
    """Let lists and searches find an order by its changed content. What came in stays as it was stored."""
    connection.execute(update(orders).where(orders.c.run_id == run_id).values(_listed(order)))


def release(
    connection: Connection, held: Sequence[Run], flow_key: str, version_id: str, now: int, actor: Actor
) -> None:
    """Let held runs, locked by the caller, start on this version."""
    freed = update(runs).where(runs.c.id.in_([run.id for run in held]))
    values: dict[str, Any] = {
        "state": "running",
        "due_at": now,
        "flow_key": flow_key,
        "version_id": version_id,
        "reason": None,
    }
    connection.execute(freed.values(**values, rev=runs.c.rev + 1))
    entry = _json({"event": {"kind": "release", "flow": flow_key}, "steps": [], "actor": actor.name})
    connection.execute(
        journal.insert(), [{"run_id": run.id, "rev": run.rev + 1, "at": now, "entry": entry} for run in held]
    )


# --- tasks and effects ----------------------------------------------------------------------------------------------------


UNDECIDED: Final[Mapping[str, None]] = MappingProxyType(
    dict.fromkeys(("decision", "reason", "decided_by", "decided_at", "deliver_at", "sent_to"))
)
"""The columns of a decision, in a task that is open."""
_UNTOUCHED: Final[Mapping[str, None]] = MappingProxyType(
    {**UNDECIDED, **dict.fromkeys(("claimed_by", "claimed_at", "withdrawn_at", "escalated_at"))}
)


def settle_task(
    connection: Connection,
    trace: str,
    decision: str,
    reason: str,
    by: str,
    now: int,
    deliver_at: int,
    sent_to: str | None = None,
) -> bool:
    """Write down a person's decision, to be told to the order at `deliver_at`.

    False: the task is not open any more, or somebody else has claimed it.
    """
    free = or_(tasks.c.claimed_by.is_(None), tasks.c.claimed_by == by)
    decided = update(tasks).where(tasks.c.trace == trace, tasks.c.state == "open", free)
    values = {"state": "decided", "decision": decision, "reason": reason, "decided_by": by, "decided_at": now}
    return connection.execute(decided.values(**values, deliver_at=deliver_at, sent_to=sent_to)).rowcount == 1


def claim_effects(
    connection: Connection, target: tuple[str, str], now: int, lease: int, limit: int
) -> list[ClaimedEffect]:
    """Claim up to `limit` effects of a lane that are to be sent, for `lease` microseconds; the longest waiting first.

    A claim that lapsed can be claimed again.
    """
    adapter, name = target
    wanted = {"adapter": adapter, "target": name, "now": now, "limit": limit}
    rows = connection.execute(_LOCK_EFFECTS, wanted).mappings().all()
    if not rows:
        return []
    connection.execute(_CLAIM, {"traces": [row["trace"] for row in rows], "lapses": now + lease})
    return [
        ClaimedEffect(r["trace"], r["adapter"], r["target"], orjson.loads(r["content"]), r["sends"] + 1) for r in rows
    ]


def release_claims(connection: Connection, claims: Mapping[str, int], now: int) -> None:
    """Let effects be claimed again now, trace -> when the claim would lapse. Those that others claimed since stay theirs."""
    rows = [{"of": trace, "lapses": lapses, "now": now} for trace, lapses in claims.items()]
    connection.execute(_RELEASE, rows)


def leave_to_the_post(connection: Connection, traces: Collection[str]) -> None:
    """These effects, claimed in this transaction, are claimed by nobody else: the post answers for them."""
    if traces:
        connection.execute(update(effects).where(effects.c.trace.in_(traces)).values(due_at=None))


def settle_effects(connection: Connection, answers: Mapping[str, Answered], now: int) -> None:
    """Write down the answers to effects, also of those that nobody waits for any more. The first answer stays."""
    rows = [{"of": trace, "now": now, "answer": _json(_answer_row(answer))} for trace, answer in answers.items()]
    connection.execute(_SETTLE, rows)


# --- statements, built once ------------------------------------------------------------------------------------------------

_NOW = bindparam("now", type_=BigInteger)
_LIMIT = bindparam("limit", type_=Integer)
_SAVED = ("state", "tokens", "changes", "steps", "rev", "reason", "due_at", "ended_at", "owner")

_ADD_ORDERS = orders.insert()
_ADD_RUNS = runs.insert()
_ADD_ENTRIES = journal.insert()
_ADD_EFFECTS = effects.insert()

_LOADED = select(
    runs.c.id,
    runs.c.version_id,
    runs.c.state,
    runs.c.tokens,
    runs.c.changes,
    runs.c.steps,
    runs.c.rev,
    runs.c.reason,
    runs.c.due_at,
    runs.c.ended_at,
    orders.c.document,
).join(orders, orders.c.run_id == runs.c.id)
_LOCK_DUE = (
    _LOADED.where(runs.c.due_at <= _NOW)
    .order_by(runs.c.due_at)
    .limit(_LIMIT)
    .with_for_update(of=runs, skip_locked=True)
)
# In the order of their ids, so that two who lock several never wait for each other.
_LOCK = _LOADED.where(runs.c.id.in_(bindparam("ids", expanding=True))).order_by(runs.c.id).with_for_update(of=runs)
_SWAP = (
    update(runs)
    .where(runs.c.id == bindparam("of"), runs.c.rev == bindparam("was"))
    .values({name: bindparam(name) for name in _SAVED})
)

_LOCK_EFFECTS = (
    select(effects.c.trace, effects.c.adapter, effects.c.target, effects.c.content, effects.c.sends)
    .where(effects.c.adapter == bindparam("adapter"), effects.c.target == bindparam("target"), effects.c.due_at <= _NOW)
    .order_by(effects.c.due_at)
    .limit(_LIMIT)
    .with_for_update(skip_locked=True)
)
_CLAIM = (
    update(effects)
    .where(effects.c.trace.in_(bindparam("traces", expanding=True)))
    .values(state="claimed", due_at=bindparam("lapses"), sends=effects.c.sends + 1)
)
_RELEASE = (
    update(effects)
    .where(effects.c.trace == bindparam("of"), effects.c.state == "claimed", effects.c.due_at == bindparam("lapses"))
    .values(due_at=bindparam("now"))
)
_SETTLE = (
    update(effects)
    .where(effects.c.trace == bindparam("of"), effects.c.state != "answered")
    .values(state="answered", due_at=None, answered_at=bindparam("now"), answer=bindparam("answer"))
)

# --- rows -----------------------------------------------------------------------------------------------------------------


def _load(connection: Connection, query: Select[Any], wanted: Mapping[str, Any]) -> list[Loaded]:
    rows = connection.execute(query, wanted).mappings()
    return [Loaded(read_run(row), row["version_id"], orjson.loads(row["document"])) for row in rows]


def read_run(row: RowMapping) -> Run:
    """The run of a row of the table `runs`."""
    return Run(
        id=row["id"],
        state=row["state"],
        tokens=tuple(read_token(token) for token in orjson.loads(row["tokens"])),
        changes=orjson.loads(row["changes"]),
        steps=row["steps"],
        rev=row["rev"],
        reason=row["reason"],
        due_at=row["due_at"],
        ended_at=row["ended_at"],
    )


def _swap(connection: Connection, saved: Sequence[Run]) -> None:
    result = connection.execute(_SWAP, [_saved_row(run) for run in saved])
    if result.rowcount != len(saved):
        raise LostRace(f"{len(saved) - result.rowcount} of {len(saved)} runs were saved by somebody else")


def _saved_row(run: Run) -> dict[str, Any]:
    return {
        "of": run.id,
        "was": run.rev - 1,
        "state": run.state,
        "tokens": _json([token_row(token) for token in run.tokens]),
        "changes": _json(dict(run.changes)),
        "steps": run.steps,
        "rev": run.rev,
        "reason": _words(run.reason) if run.reason else None,
        "due_at": run.due_at,
        "ended_at": run.ended_at,
        "owner": run.changes.get("owner"),
    }


def _entry_row(decision: Decision, now: int, actor: Actor | None) -> dict[str, Any]:
    entry = {**decision.entry, "actor": actor.name} if actor else decision.entry
    return {"run_id": decision.run.id, "rev": decision.run.rev, "at": now, "entry": _json(entry)}


def _withdraw(connection: Connection, traces: Sequence[str], now: int) -> None:
    if not traces:
        return
    connection.execute(
        update(tasks)
        .where(tasks.c.trace.in_(traces), or_(tasks.c.state == "open", tasks.c.deliver_at.is_not(None)))
        .values(state="withdrawn", deliver_at=None, withdrawn_at=now)
    )
    unsent = update(effects).where(effects.c.trace.in_(traces), effects.c.state.in_(("ready", "claimed")))
    connection.execute(unsent.values(state="withdrawn", due_at=None))


def _ask_people(connection: Connection, decisions: Iterable[Decision], now: int) -> None:
    asked = [_task_row(decision.run.id, one, now) for decision in decisions for one in decision.tasks]
    if not asked:
        return
    query = select(tasks.c.trace, tasks.c.state, tasks.c.who_kind, tasks.c.who)
    rows = connection.execute(query.where(tasks.c.trace.in_([row["trace"] for row in asked])))
    known = {row["trace"]: (row["state"], row["who_kind"], row["who"]) for row in rows.mappings()}
    for row in (row for row in asked if row["trace"] in known):
        same = known[row["trace"]] == ("open", row["who_kind"], row["who"])
        told = {name: row[name] for name in ("due_at", "title", "reasons")}
        anew = {name: row[name] for name in ("who_kind", "who", "state")} | dict(_UNTOUCHED)
        # What somebody decided a moment ago, and the order has not heard of, still counts.
        free = or_(tasks.c.state != "decided", tasks.c.deliver_at.is_(None))
        change = update(tasks).where(tasks.c.trace == row["trace"], free)
        connection.execute(change.values(told if same else told | anew))
    new = [row for row in asked if row["trace"] not in known]
    if new:
        connection.execute(tasks.insert(), new)


def _remind(connection: Connection, traces: Sequence[str], now: int) -> None:
    """Bring tasks to mind."""
    if not traces:
        return
    open_ones = (tasks.c.trace.in_(traces), tasks.c.state == "open")
    connection.execute(update(tasks).where(*open_ones).values(reminders=tasks.c.reminders + 1, reminded_at=now))


def _task_row(run_id: str, asked: AskedTask, now: int) -> dict[str, Any]:
    return {
        "trace": asked.trace,
        "run_id": run_id,
        "node": asked.node,
        "title": _words(asked.ask.title),
        "who_kind": asked.ask.who["kind"],
        "who": asked.ask.who["value"],
        "reasons": _json(list(asked.ask.reasons)),
        "state": "open",
        "asked_at": now,
        "due_at": micros(asked.ask.due) if asked.ask.due else None,
    }


def _effect_row(run_id: str, asked: AskedEffect, now: int) -> dict[str, Any]:
    return {
        "trace": asked.trace,
        "run_id": run_id,
        "adapter": asked.effect.adapter,
        "target": asked.effect.target,
        "content": _json(dict(asked.effect.content)),
        "state": "ready",
        "due_at": now,
        "sends": 0,
        "made_at": now,
    }


def _order_row(arrived: Arrived) -> dict[str, Any]:
    order = arrived.order
    return {
        "run_id": arrived.run.id,
        "channel": arrived.channel,
        "external_id": arrived.external_id,
        "digest": arrived.digest,
        "document": _json(order),
        "raw": arrived.raw,
        "received_at": arrived.received_at,
        "total": order["total"],
        "currency": order["currency"],
        **_listed(order),
    }


def _listed(order: Mapping[str, Any]) -> dict[str, Any]:
    """What of an order's content lists show and searches find."""
    buyer = order.get("buyer") or {}
    name, phone = buyer.get("name"), buyer.get("phone")
    skus = [line["sku"] for line in order.get("lines") or () if isinstance(line.get("sku"), str)]
    digits = [letter for letter in phone if letter.isdigit()] if isinstance(phone, str) else []
    return {
        "buyer": name[:255] if isinstance(name, str) else None,
        "phone_tail": "".join(digits[-4:]) or None,
        "skus": f" {' '.join(skus)} " if skus else "",
    }


def _run_row(arrived: Arrived) -> dict[str, Any]:
    run = arrived.run
    row = _saved_row(replace(run, rev=1))
    del row["of"], row["was"]
    return row | {
        "id": run.id,
        "channel": arrived.channel,
        "flow_key": arrived.flow_key,
        "version_id": arrived.version_id,
        "rev": run.rev,
        "received_at": arrived.received_at,
    }


def _answer_row(answer: Answered) -> dict[str, Any]:
    return {"result": answer.result, "content": dict(answer.content), "message": answer.message}


def _words(words: Words) -> str:
    """Words as they are stored: a text as it is, a text a language as JSON."""
    return words if isinstance(words, str) else _json(dict(words))


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()

"""Messages about tasks: to whom somebody or the time calls up, and to whom a task is brought to mind."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, select

from nodes.contract import Words
from runtime import telling
from runtime.core.decision import Decision
from runtime.store.tables import tasks


def tell_people(connection: Connection, decisions: Sequence[Decision], now: int) -> None:
    """Tell what these decisions, being saved in this transaction, have for people. `now` is microseconds since the epoch."""
    for decision in decisions:
        for one in decision.tasks:
            if one.ask.tell:
                _tell(connection, "task.called", one.trace, decision, one.ask.who, one.ask.title, now)
        for row in _open(connection, decision.reminded):
            who = {"kind": row["who_kind"], "value": row["who"]}
            _tell(connection, "task.reminded", row["trace"], decision, who, _read(row["title"]), now)


def _open(connection: Connection, traces: Sequence[str]) -> Sequence[Mapping[Any, Any]]:
    if not traces:
        return ()
    query = select(tasks).where(tasks.c.trace.in_(traces), tasks.c.state == "open").order_by(tasks.c.trace)
    return connection.execute(query).mappings().all()


def _tell(
    connection: Connection,
    code: str,
    trace: str,
    decision: Decision,
    who: Mapping[str, Any],
    title: Words,
    now: int,
) -> None:
    """Once for what happened, however often it is saved."""
    word = telling.word_of(code, {"title": title}, link=f"/inbox/{trace}", run_id=decision.run.id)
    telling.tell(connection, who, word, key=f"{code}:{trace}:{decision.run.rev}", at=now, urgent=True)


def _read(stored: str) -> Words:
    """A title as the journal stores it: a text as it is, a text a language as JSON."""
    if not stored.startswith("{"):
        return stored
    try:
        words: Words = orjson.loads(stored)
    except orjson.JSONDecodeError:
        return stored
    return words if isinstance(words, dict) else stored

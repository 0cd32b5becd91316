"""Stages that turned red: whoever owns the task is told, once a stage, and those who lead where nobody took it on.

Of failed orders that nobody looked after those who lead are told, once an hour for each cause.
"""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, Engine, and_, or_, select

from runtime import limits, telling
from runtime.clock import Clock
from runtime.core.moment import micros
from runtime.limits import MINUTE, Limits
from runtime.store.database import begin, reading
from runtime.store.tables import failures, orders, runs, tasks

EVERY: Final = 15 * 1_000_000
LOOK_BACK: Final = 15 * MINUTE
LAG: Final = 5 * 1_000_000
HOUR: Final = 60 * MINUTE
MOST: Final = 200


class Breaches:
    """Looks four times a minute which tasks have turned red since it last looked. For the clock, which is one thread.

    A new one looks back a quarter of an hour; what was told by another before is not told again, for a stage's message has
    a key of its own. A deadline of the flow has five seconds to be acted on by the flow itself.
    """

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._looked_at: int | None = None
        self._next = 0

    def tick(self) -> int:
        """Tell of what is red by now. How many stages were told of."""
        at = micros(self._clock())
        if at < self._next:
            return 0
        since = max(self._looked_at or 0, at - LOOK_BACK) - LAG
        with reading(self._engine) as connection:
            known = limits.find(connection)
            found = turned_red(connection, known, since, at - LAG)
            failed = failed_red(connection, known, since, at - LAG)
        # What was asked in one moment is told of together; what is left of a crowd, at the next tick.
        told = [task for task in found if task["red_at"] <= found[min(MOST, len(found)) - 1]["red_at"]]
        told_anew = 0
        if told or failed:
            with begin(self._engine, durable=False) as connection:
                told_anew = sum(_tell(connection, task, at) for task in told)
                told_anew += sum(_tell_failed(connection, one, at) for one in failed)
        crowd = len(told) < len(found)
        self._looked_at = told[-1]["red_at"] + LAG if crowd else at
        self._next = at if crowd else at + EVERY
        return told_anew


def turned_red(connection: Connection, known: Limits, since: int, until: int) -> list[Mapping[str, Any]]:
    """Open tasks whose time ended after `since` and up to `until`, each with `red_at`, the first first."""
    shortest, longest = _extremes(known)
    own = and_(tasks.c.due_at > since, tasks.c.due_at <= until)
    limited = or_(tasks.c.due_at.is_(None), tasks.c.node.in_(known.stages()))
    by_limit = and_(limited, tasks.c.asked_at > since - longest, tasks.c.asked_at <= until - shortest)
    query = (
        select(tasks, runs.c.flow_key, orders.c.external_id)
        .join(runs, runs.c.id == tasks.c.run_id)
        .join(orders, orders.c.run_id == tasks.c.run_id)
        .where(tasks.c.state == "open", or_(own, by_limit))
    )
    red = [{**row, "red_at": _red_at(row, known)} for row in connection.execute(query).mappings()]
    return sorted((one for one in red if since < one["red_at"] <= until), key=lambda one: (one["red_at"], one["trace"]))


def failed_red(connection: Connection, known: Limits, since: int, until: int) -> list[Mapping[str, Any]]:
    """Open failures whose time ended after `since` and up to `until`: the first of each cause and hour, with `red_at`."""
    shortest, longest = _extremes(known)
    query = (
        select(failures, orders.c.external_id)
        .join(orders, orders.c.run_id == failures.c.run_id)
        .where(failures.c.state == "open")
        .where(failures.c.failed_at > since - longest, failures.c.failed_at <= until - shortest)
        .order_by(failures.c.id)
    )
    first: dict[tuple[str, int], Mapping[str, Any]] = {}
    for row in connection.execute(query).mappings():
        red_at = known.end_of_stage(row["flow_key"], row["node"], row["failed_at"], None)
        if since < red_at <= until:
            first.setdefault((row["cause"], red_at // HOUR), {**row, "red_at": red_at})
    return list(first.values())


def _red_at(task: Mapping[Any, Any], known: Limits) -> int:
    return known.end_of_stage(task["flow_key"] or "", task["node"], task["asked_at"], task["due_at"])


def _extremes(known: Limits) -> tuple[int, int]:
    minutes = [one.minutes for (_flow, node), one in known.known.items() if node != limits.WHOLE_ORDER]
    minutes.append(limits.USUAL.minutes)
    return min(minutes) * MINUTE, max(minutes) * MINUTE


def _tell(connection: Connection, task: Mapping[str, Any], at: int) -> int:
    """The owner; while nobody has taken it on, all who are asked, and those who lead."""
    owner = f"person:{task['claimed_by']}" if task["claimed_by"] else f"{task['who_kind']}:{task['who']}"
    told = (owner,) if task["claimed_by"] else dict.fromkeys((owner, "role:lead"))
    word = breach_word(task, at)
    return int(sum(_tell_one(connection, who, word, task["trace"], at) for who in told) > 0)


def _tell_failed(connection: Connection, failure: Mapping[str, Any], at: int) -> int:
    params = {"order": failure["external_id"], "minutes": max(0, at - failure["failed_at"]) // MINUTE}
    word = telling.word_of("board.failed", params, link=f"/failures/{failure['id']}", run_id=failure["run_id"])
    key = f"board.failed:{failure['cause']}:{failure['red_at'] // HOUR}"
    return int(telling.tell(connection, "role:lead", word, key=key, at=at, urgent=True))


def _tell_one(connection: Connection, who: str, word: telling.Word, trace: str, at: int) -> bool:
    to = "lead" if who == "role:lead" else "owner"
    return telling.tell(connection, who, word, key=f"board.red:{trace}:{to}", at=at, urgent=True)


def breach_word(task: Mapping[str, Any], at: int) -> telling.Word:
    """What is said of a task that is late."""
    minutes = max(0, at - task["asked_at"]) // MINUTE
    params = {"order": task["external_id"], "minutes": minutes}
    return telling.word_of("board.red", params, link=f"/inbox/{task['trace']}", run_id=task["run_id"])

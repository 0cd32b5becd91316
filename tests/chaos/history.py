"""Judges what became of the orders. Knows nothing of the engine: it reads the tables by plain SQL, and beside them what
outsiders saw: the answers to the senders and to the people, the calls that a system got, and who was killed when.

For flows whose branches do not go on side by side: there every order ends by exactly one journal entry.
"""

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from sqlalchemy.engine import URL, make_url

STATES = {"running", "waiting", "held", "failed", "done", "cancelled", "merged"}
ENDED = {"done", "cancelled", "merged"}
# What a process sent just before it died is logged a moment later; no call is out for longer than this.
ON_THE_WIRE_SECONDS = 1.0
LONGEST_CALL_SECONDS = 5.0
LEFT = ("port", "finish", "fork", "again", "passed_over")


@dataclass(frozen=True, slots=True)
class Call:
    """A call as a system got it: its idempotency key, and when (seconds since the epoch)."""

    key: str
    at: float


@dataclass(frozen=True, slots=True)
class Death:
    """A process that was killed without warning."""

    part: str
    pid: int
    at: float


@dataclass(frozen=True, slots=True)
class Seen:
    """What outsiders saw.

    `acknowledged`: order id -> the trace code it was answered. `decided`: task -> the decision that was confirmed.
    `calls` are all that the system `system` got. `deaths` are kills only: whoever was asked politely has no excuse.
    """

    acknowledged: Mapping[str, str] = field(default_factory=dict)
    decided: Mapping[str, str] = field(default_factory=dict)
    system: str = ""
    calls: Sequence[Call] = ()
    deaths: Sequence[Death] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """A promise that was broken, and where."""

    promise: str
    where: str

    def __str__(self) -> str:
        return f"{self.promise}: {self.where}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`lost` are acknowledged orders that are not there; `repeats` are calls made again, all of them, excused or not."""

    faults: tuple[Fault, ...]
    orders: int
    ended: int
    lost: int
    calls: int
    repeats: int
    excused: int

    def __str__(self) -> str:
        told = "\n".join(map(str, self.faults[:20]))
        return f"{len(self.faults)} faults in {self.orders} orders\n{told}"


def judge(url: str, seen: Seen, *, at_rest: bool = True) -> Verdict:
    """Reads the database and says which promises were broken. `at_rest`: nothing may be left to do either."""
    kept = _read(url)
    repeats = list(_repeats(seen.calls))
    excused = [pair for pair in repeats if _died_in_between(pair, seen.deaths)]
    faults = [
        *_orders_and_runs(kept, seen),
        *_journals(kept),
        *_effects(kept, seen),
        *(
            Fault("a call is repeated only when its sender died", f"{one.key} at {one.at:.3f} and {two.at:.3f}")
            for one, two in repeats
            if (one, two) not in excused
        ),
        *_decisions(kept, seen.decided),
        *_balance(kept),
        *(_unfinished(kept) if at_rest else ()),
    ]
    ids = {row["external_id"] for row in kept.orders}
    return Verdict(
        faults=tuple(faults),
        orders=len(kept.orders),
        ended=sum(run["state"] in ENDED for run in kept.runs),
        lost=len(seen.acknowledged.keys() - ids),
        calls=len(seen.calls),
        repeats=len(repeats),
        excused=len(excused),
    )


# --- reading ------------------------------------------------------------------------------------------------------------

Row = dict[str, Any]

_QUERIES = {
    "orders": "SELECT run_id, channel, external_id FROM orders",
    "runs": "SELECT id, channel, state, rev, due_at, ended_at, version_id FROM runs",
    "entries": "SELECT run_id, rev, entry FROM journal ORDER BY run_id, rev",
    "effects": "SELECT trace, run_id, adapter, target, state, due_at, sends, answer FROM effects",
    "tasks": "SELECT trace, run_id, state, decision FROM tasks",
    "versions": "SELECT id FROM flow_versions",
}


@dataclass(frozen=True, slots=True)
class _Kept:
    orders: list[Row]
    runs: list[Row]
    entries: list[Row]
    effects: list[Row]
    tasks: list[Row]
    versions: list[Row]


def _read(url: str) -> _Kept:
    with closing(_connection(make_url(url))) as connection:
        return _Kept(**{name: _rows(connection, query) for name, query in _QUERIES.items()})


def _connection(url: URL) -> Any:
    """A connection that sees one moment of the database, whatever is written meanwhile."""
    match url.get_backend_name():
        case "sqlite":
            connection = sqlite3.connect(f"file:{url.database}?mode=ro", uri=True, isolation_level=None)
            connection.execute("BEGIN")
            return connection
        case "postgresql":
            import psycopg

            opened = psycopg.connect(dbname=url.database, user=url.username, host=str(url.query["host"]))
            opened.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            return opened
        case _:
            import pymysql

            # MariaDB begins with one view of it all where nothing else is told.
            return pymysql.connect(unix_socket=str(url.query["unix_socket"]), user=url.username, database=url.database)


def _rows(connection: Any, query: str) -> list[Row]:
    cursor = connection.cursor()
    cursor.execute(query)
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    cursor.close()
    return rows


# --- the promises -------------------------------------------------------------------------------------------------------


def _orders_and_runs(kept: _Kept, seen: Seen) -> Iterator[Fault]:
    runs_of = defaultdict(list)
    for order in kept.orders:
        runs_of[order["external_id"]].append(order["run_id"])
    for order_id, trace in seen.acknowledged.items():
        if not runs_of[order_id]:
            yield Fault("an acknowledged order is there", f"{order_id}, answered {trace}")
        elif trace not in runs_of[order_id]:
            yield Fault("an order keeps the trace code that was answered", f"{order_id}: {trace}, {runs_of[order_id]}")
    for order_id, run_ids in runs_of.items():
        if len(run_ids) > 1:
            yield Fault("an order is there once", f"{order_id}: {run_ids}")
    with_order, with_run = {one["run_id"] for one in kept.orders}, {one["id"] for one in kept.runs}
    versions = {version["id"] for version in kept.versions}
    yield from (Fault("every order has its run", run_id) for run_id in with_order - with_run)
    yield from (Fault("every run has its order", run_id) for run_id in with_run - with_order)
    for run in kept.runs:
        if run["version_id"] and run["version_id"] not in versions:
            yield Fault("every run goes by a version that exists", run["id"])


def _journals(kept: _Kept) -> Iterator[Fault]:
    journals: dict[str, list[Row]] = defaultdict(list)
    for entry in kept.entries:
        journals[entry["run_id"]].append({"rev": entry["rev"], **json.loads(entry["entry"])})
    for run in kept.runs:
        entries = journals.pop(run["id"], [])
        if [entry["rev"] for entry in entries] != list(range(1, run["rev"] + 1)):
            yield Fault("a journal has no gap", f"{run['id']} at rev {run['rev']}: {[one['rev'] for one in entries]}")
        yield from _ends(run, entries)
        yield from _twice(run, entries)
    yield from (Fault("every journal has its run", run_id) for run_id in journals)


def _ends(run: Row, entries: Sequence[Row]) -> Iterator[Fault]:
    ends = [one["rev"] for one in entries if _closes(one) or any("finish" in visit for visit in one["steps"])]
    if run["state"] not in ENDED:
        if ends or run["ended_at"] is not None:
            yield Fault("an order that ended stays ended", f"{run['id']} is {run['state']}, ended at revs {ends}")
        return
    if len(ends) != 1:
        yield Fault("an order ends once", f"{run['id']} is {run['state']}, ended at revs {ends}")
    elif ends[0] != run["rev"] or run["ended_at"] is None:
        yield Fault("nothing happens to an order after its end", f"{run['id']} ended at rev {ends[0]} of {run['rev']}")


def _closes(entry: Row) -> bool:
    return bool(entry["event"].get("kind") == "close")


def _twice(run: Row, entries: Sequence[Row]) -> Iterator[Fault]:
    left: Counter[tuple[int, int]] = Counter()
    replies: Counter[tuple[int, int]] = Counter()
    for entry in entries:
        event = entry["event"]
        if event.get("kind") in ("answered", "decided"):
            replies[event["step"], event["attempt"]] += 1
        for visit in entry["steps"]:
            if any(way in visit for way in LEFT) and not visit.get("skipped"):
                left[visit["step"], visit["attempt"]] += 1
    for step, times in left.items():
        if times > 1:
            yield Fault("a step is left once", f"{run['id']}, step and attempt {step}: {times} times")
    for step, times in replies.items():
        if times > 1:
            yield Fault("an answer counts once", f"{run['id']}, step and attempt {step}: {times} times")


def _effects(kept: _Kept, seen: Seen) -> Iterator[Fault]:
    known = {effect["trace"]: effect for effect in kept.effects}
    asked = Counter(_asking_steps(kept.entries))
    got = Counter(call.key for call in seen.calls)
    yield from (Fault("every step that asks a system has one call", trace) for trace in asked.keys() - known.keys())
    yield from (Fault("every call belongs to a step that asks", trace) for trace in known.keys() - asked.keys())
    yield from (Fault("a step asks once", f"{trace}: {times} times") for trace, times in asked.items() if times > 1)
    yield from (Fault("nothing is sent that the database does not know", key) for key in got.keys() - known.keys())
    for trace, effect in known.items():
        if not trace.startswith(effect["run_id"] + "."):
            yield Fault("a call's key tells its order", f"{trace} of {effect['run_id']}")
        if got[trace] > effect["sends"]:
            yield Fault("every sending is counted", f"{trace}: sent {got[trace]} times, counted {effect['sends']}")
        if effect["target"] == seen.system and not got[trace] and _went_well(effect):
            yield Fault("what was answered was called", trace)


def _went_well(effect: Row) -> bool:
    return bool(effect["state"] == "answered") and json.loads(effect["answer"])["result"] == "ok"


def _asking_steps(entries: Iterable[Row]) -> Iterator[str]:
    for entry in entries:
        for visit in json.loads(entry["entry"])["steps"]:
            if visit.get("rest") == "system":
                yield f"{entry['run_id']}.{visit['step']}.{visit['attempt']}"


def _repeats(calls: Iterable[Call]) -> Iterator[tuple[Call, Call]]:
    """Each call that was made again, with the next one of the same key."""
    by_key: dict[str, list[Call]] = defaultdict(list)
    for call in sorted(calls, key=lambda call: call.at):
        by_key[call.key].append(call)
    for same in by_key.values():
        yield from pairwise(same)


def _died_in_between(pair: tuple[Call, Call], deaths: Iterable[Death]) -> bool:
    """Whether a worker was killed while the first call may have been out, and before the second came."""
    first, second = pair
    earliest, latest = first.at - ON_THE_WIRE_SECONDS, min(first.at + LONGEST_CALL_SECONDS, second.at)
    return any(death.part == "worker" and earliest <= death.at <= latest for death in deaths)


def _decisions(kept: _Kept, decided: Mapping[str, str]) -> Iterator[Fault]:
    tasks = {task["trace"]: task for task in kept.tasks}
    for trace, decision in decided.items():
        task = tasks.get(trace)
        if task is None or (task["state"], task["decision"]) != ("decided", decision):
            yield Fault("a confirmed decision is kept", f"{trace}: {decision}, kept {task}")


def _balance(kept: _Kept) -> Iterator[Fault]:
    received = Counter(order["channel"] for order in kept.orders)
    standing = Counter(run["channel"] for run in kept.runs if run["state"] in STATES)
    for channel in received.keys() | standing.keys():
        if received[channel] != standing[channel]:
            yield Fault("the balance has no difference", f"{channel}: {received[channel]} and {standing[channel]}")


def _unfinished(kept: _Kept) -> Iterator[Fault]:
    yield from (
        Fault("every order ends", f"{run['id']} is {run['state']}") for run in kept.runs if run["state"] not in ENDED
    )
    yield from (
        Fault("every call is answered", f"{effect['trace']} is {effect['state']}")
        for effect in kept.effects
        if effect["state"] not in ("answered", "withdrawn")
    )
    yield from (Fault("every question is decided", task["trace"]) for task in kept.tasks if task["state"] == "open")

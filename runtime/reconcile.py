"""The reconciler: does every order that came in stand where its journal says? What does not is an incident with a name.

It only reads, each slice in one snapshot, so that an order in flight is seen before a burst or after it and never between.
What a slice finds is looked at once more before it is told.
"""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

import orjson
import structlog
from sqlalchemy import Column, ColumnElement, Connection, Engine, RowMapping, func, or_, select
from sqlalchemy.exc import IntegrityError
from ulid import ULID

from runtime.clock import Clock
from runtime.core.ledger import Asked, Entry, Finding, Place, Stored, differences
from runtime.core.moment import micros
from runtime.core.run import read_seat, read_trace
from runtime.core.surge import HOUR
from runtime.store import incidents
from runtime.store.database import begin, reading
from runtime.store.ids import new_id
from runtime.store.incidents import Found
from runtime.store.tables import arrivals, effects, failures, journal, orders, receipts, runs, tasks

log = structlog.get_logger()

SLICE = 1000
MINUTE = 60_000_000
DAY = 24 * 60 * MINUTE
NIGHT_HOUR = 3
# A tick never takes longer for it than this: whoever ticks rings for orders too.
TICK_SECONDS = 0.3
MOST_NAMED = 50

Within = Callable[[Column[Any]], ColumnElement[bool]]
"""Makes the condition that a column of run ids lies among those that are looked at."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a full check came to."""

    looked: int
    found: tuple[Found, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class _Looked:
    """A slice: up to which run it went (None: to the end), how many runs there were, and what was found."""

    upto: str | None
    runs: int
    found: list[Found]


class Reconciler:
    """Checks the balance bit by bit, or all of it at once. Safe to share between threads."""

    def __init__(self, engine: Engine, clock: Clock, zone: tzinfo) -> None:
        self._engine = engine
        self._clock = clock
        self._zone = zone
        self._next_at = 0

    # --- all at once ------------------------------------------------------------------------------------------------------

    def check_all(self, by: str, progress: Callable[[int, int], None] = lambda looked, total: None) -> Checked:
        """Look at everything now and write down the incidents. `progress` is told (looked, total) after each slice."""
        began = time.monotonic()
        check_id = self._begin("full", by)
        found: list[Found] = []
        while check := self._check(check_id):
            found += self._go_on(check)
            after = self._check(check_id, over=True) or check
            progress(after["looked"], after["total"])
        looked = self._check(check_id, over=True)
        return Checked(looked["looked"] if looked else 0, tuple(found), time.monotonic() - began)

    def ask_for_all(self, by: str) -> None:
        """Let the clock look at everything, beginning with its next tick. One that runs already will do."""
        with reading(self._engine) as connection:
            running = incidents.running(connection, "full")
        if running is None:
            self._begin("full", by)

    # --- bit by bit -------------------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """A part of the full check that somebody asked for; once a minute what is new, a slice of the rest, the sums."""
        until = time.monotonic() + TICK_SECONDS
        at = micros(self._clock())
        if at >= self._next_at:
            self._next_at = at + MINUTE
            self._look_at_the_minute(at)
        while time.monotonic() < until:
            with reading(self._engine) as connection:
                check = incidents.running(connection, "full")
            if check is None:
                return
            self._go_on(check)

    def _look_at_the_minute(self, at: int) -> None:
        with reading(self._engine) as connection:
            known = incidents.open_ones(connection)
            round_ = incidents.running(connection, "round")
            full = incidents.last_full(connection)
        suspects = {row["run_id"] for row in known if row["run_id"]}
        if suspects:
            self._tell(self._look_at(suspects), lambda c: incidents.open_of(c, suspects), at)
        newest = str(ULID.from_timestamp((at - 2 * MINUTE) / 1e6))[:10].ljust(26, "0")
        self._look_behind(newest)
        self._count(at)
        if round_ is None:
            self._begin("round", "orderflow")
        else:
            self._go_on(round_)
        local = datetime.fromtimestamp(at / 1e6, UTC).astimezone(self._zone)
        if local.hour == NIGHT_HOUR and (full is None or full["began_at"] < at - DAY // 2):
            self.ask_for_all("orderflow")

    def _begin(self, pace: incidents.Pace, by: str) -> str:
        now = self._clock()
        check_id = new_id(now)
        with begin(self._engine, durable=False) as connection:
            incidents.begin_check(connection, check_id, pace, by, micros(now))
            if pace == "round":
                incidents.forget_rounds(connection, micros(now) - 30 * DAY)
        return check_id

    def _check(self, check_id: str, *, over: bool = False) -> RowMapping | None:
        with reading(self._engine) as connection:
            return incidents.check(connection, check_id, over=over)

    def _go_on(self, check: RowMapping) -> list[Found]:
        """The next slice of a check; behind the last one the sums."""
        looked = self._look_behind(check["place"])
        at = micros(self._clock())
        found = looked.found + (self._count(at) if looked.upto is None else [])
        reached: dict[str, Any] = {
            "place": looked.upto or check["place"],
            "looked": check["looked"] + looked.runs,
            "found": check["found"] + len(found),
            "looked_at": at,
            "ended_at": at if looked.upto is None else None,
        }
        with begin(self._engine, durable=False) as connection:
            incidents.reach(connection, check, **reached)
        return found

    # --- looking ----------------------------------------------------------------------------------------------------------

    def _look_behind(self, place: str) -> _Looked:
        """The next slice of runs behind a place, and what of it is still so at a second look."""
        with snapshot(self._engine) as connection:
            upto = _end_of_slice(connection, place)
            last = upto or "Z" * 26
            count, found = _look(connection, lambda column: (column > place) & (column <= last))
        suspects = {one.run_id for one in found if one.run_id}
        sure = self._look_at(suspects) if suspects else []
        self._tell(sure, lambda c: incidents.open_between(c, place, last), micros(self._clock()))
        return _Looked(upto, count, sure)

    def _look_at(self, run_ids: Collection[str]) -> list[Found]:
        with snapshot(self._engine) as connection:
            return _look(connection, lambda column: column.in_(run_ids))[1]

    def _count(self, at: int) -> list[Found]:
        """Compare what the counter at the door says with the orders that are stored."""
        with snapshot(self._engine) as connection:
            found = _uncounted(connection)
        self._tell(found, incidents.open_of_no_run, at)
        return found

    def _tell(self, found: Sequence[Found], known: Callable[[Connection], Mapping[str, str]], at: int) -> None:
        """Open what is new, end what is not so any more. `known` reads what is open of all that was looked at."""
        now_open = {one.open_as: one for one in found}
        with reading(self._engine) as connection:
            before = known(connection)
        if not now_open and not before:
            return
        with begin(self._engine, durable=True) as connection:
            if over := [incident_id for open_as, incident_id in before.items() if open_as not in now_open]:
                incidents.end(connection, over, at)
            for open_as, one in now_open.items():
                if open_as in before:
                    incidents.tell_anew(connection, before[open_as], one)
                elif _add(connection, one, at):
                    log.error("balance.incident", kind=one.finding.kind, order=one.external_id, run=one.run_id)


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A reading transaction in which all queries see the same moment, on each of the databases."""
    if engine.dialect.name == "sqlite":
        with reading(engine) as connection:
            yield connection
        return
    with engine.connect() as plain:
        yield plain.execution_options(isolation_level="REPEATABLE READ")


def _add(connection: Connection, found: Found, at: int) -> bool:
    try:
        with connection.begin_nested():
            incidents.add(connection, new_id(datetime.fromtimestamp(at / 1e6, UTC)), found, at)
    except IntegrityError:
        # Another clock found it in the same moment.
        return False
    return True


def _end_of_slice(connection: Connection, place: str) -> str | None:
    """Up to which id a slice goes, so that no table brings much more than a slice of rows; None: to the end."""
    last = []
    for column in (runs.c.id, orders.c.run_id, journal.c.run_id):
        query = select(column).where(column > place).order_by(column).distinct().offset(SLICE - 1).limit(1)
        last.append(connection.execute(query).scalar())
    return min((one for one in last if one), default=None)


def _look(connection: Connection, within: Within) -> tuple[int, list[Found]]:
    """How many runs lie within, and all that is wrong with them."""
    known_orders = {row.run_id: row for row in connection.execute(_ORDERS.where(within(orders.c.run_id)))}
    known_runs = {row.id: row for row in connection.execute(_RUNS.where(within(runs.c.id)))}
    entries = _entries(connection, within)
    places = _Places.read(connection, within)
    found: list[Found] = []
    for run_id in sorted(known_orders.keys() | known_runs.keys() | entries.keys()):
        order, run = known_orders.get(run_id), known_runs.get(run_id)
        wrong = _missing(order, run) + (_compared(run, entries.get(run_id, []), places) if run else [])
        channel = order.channel if order else run.channel if run else ""
        number = order.external_id if order else _number_of(connection, run_id) if wrong else None
        found += [Found(finding, run_id, channel, run_id, number) for finding in wrong]
    return len(known_runs), found


_ORDERS = select(orders.c.run_id, orders.c.channel, orders.c.external_id)
_RUNS = select(runs.c.id, runs.c.channel, runs.c.state, runs.c.tokens, runs.c.rev, runs.c.due_at)
_ENTRIES = select(journal.c.run_id, journal.c.rev, journal.c.entry)


def _entries(connection: Connection, within: Within) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    query = _ENTRIES.where(within(journal.c.run_id)).order_by(journal.c.run_id, journal.c.rev)
    for run_id, rev, text in connection.execute(query):
        entry = orjson.loads(text)
        found.setdefault(run_id, []).append(Entry(rev, entry["event"], entry["steps"]))
    return found


def _missing(order: Any, run: Any) -> list[Finding]:
    if order and run:
        return []
    return [Finding("run_missing" if order else "order_missing" if run else "journal_orphan")]


def _compared(run: Any, entries: Sequence[Entry], places: "_Places") -> list[Finding]:
    tokens = {(row["step"], row.get("attempt", 1)): row for row in orjson.loads(run.tokens)}
    stored = Stored(
        run.state,
        run.rev,
        run.due_at,
        {place: row["rest"] for place, row in tokens.items()},
        places.tasks.get(run.id, ()),
        places.calls.get(run.id, ()),
        places.failures.get(run.id, ()),
        {place: row["seats"] for place, row in tokens.items() if "seats" in row},
    )
    return differences(entries, stored)


@dataclass(frozen=True, slots=True)
class _Places:
    """By run: where a task is open (with its seat), a call is not answered, a failure is open."""

    tasks: Mapping[str, set[Asked]]
    calls: Mapping[str, set[Place]]
    failures: Mapping[str, set[Place]]

    @classmethod
    def read(cls, connection: Connection, within: Within) -> "_Places":
        # What was decided and not told to the order yet is still waited for.
        waited = or_(tasks.c.state == "open", tasks.c.deliver_at.is_not(None))
        asked = select(tasks.c.trace).where(waited, within(tasks.c.run_id))
        sent = select(effects.c.trace).where(effects.c.state.in_(("ready", "claimed")), within(effects.c.run_id))
        failed = select(failures.c.run_id, failures.c.step, failures.c.attempt).where(
            failures.c.state == "open", within(failures.c.run_id)
        )
        return cls(
            _by_run(map(read_seat, connection.execute(asked).scalars())),
            _by_run(map(read_trace, connection.execute(sent).scalars())),
            _by_run((run_id, step, attempt) for run_id, step, attempt in connection.execute(failed)),
        )


def _by_run(traces: Any) -> dict[str, set[Any]]:
    found: dict[str, set[Any]] = {}
    for run_id, *place in traces:
        found.setdefault(run_id, set()).add(tuple(place))
    return found


# --- what the counter at the door knows ---------------------------------------------------------------------------------


def _uncounted(connection: Connection) -> list[Found]:
    """Channels and hours in which more orders were counted than are stored, or fewer."""
    sums = select(arrivals.c.channel, func.sum(arrivals.c.came)).group_by(arrivals.c.channel)
    counted = {channel: int(came) for channel, came in connection.execute(sums)}
    counts = select(orders.c.channel, func.count()).group_by(orders.c.channel)
    stored: dict[str, int] = {channel: count for channel, count in connection.execute(counts)}
    odd = [
        channel
        for channel in sorted(counted.keys() | stored.keys())
        if counted.get(channel, 0) != stored.get(channel, 0)
    ]
    return [one for channel in odd for one in _uncounted_hours(connection, channel)]


def _uncounted_hours(connection: Connection, channel: str) -> list[Found]:
    query = select(arrivals.c.hour_at, arrivals.c.came).where(arrivals.c.channel == channel)
    counted: Counter[int] = Counter({hour: int(came) for hour, came in connection.execute(query)})
    # The hours of a zone may begin at the half of ours.
    shift = next(iter(counted), 0) % HOUR
    hour = orders.c.received_at - (orders.c.received_at - shift) % HOUR
    hours = select(hour.label("hour"), func.count()).where(orders.c.channel == channel).group_by("hour")
    stored: Counter[int] = Counter({int(at): count for at, count in connection.execute(hours)})
    return [
        _not_stored(connection, channel, at, counted[at], stored[at])
        for at in sorted(counted.keys() | stored.keys())
        if counted[at] != stored[at]
    ]


def _not_stored(connection: Connection, channel: str, hour: int, counted: int, stored: int) -> Found:
    lost = _acknowledged(connection, hour) if counted > stored else {}
    params = {
        "hour": hour,
        "counted": counted,
        "stored": stored,
        "orders": sorted(lost.values())[:MOST_NAMED],
        "traces": sorted(lost)[:MOST_NAMED],
    }
    number = next(iter(lost.values())) if len(lost) == 1 else None
    return Found(Finding("not_stored", params), f"{channel}:{hour}", channel, None, number)


def _acknowledged(connection: Connection, hour: int) -> dict[str, str]:
    """Orders that were acknowledged in this hour and are nowhere stored, trace code -> order number.

    The answers under the askers' keys tell them; they are kept for 30 days.
    """
    query = select(receipts.c.answer).where(receipts.c.made_at >= hour, receipts.c.made_at < hour + HOUR)
    told: dict[str, str] = {}
    for answer in connection.execute(query).scalars():
        told.update(_accepted(answer))
    known: set[str] = set()
    ids = sorted(told)
    for first in range(0, len(ids), SLICE):
        some = select(orders.c.run_id).where(orders.c.run_id.in_(ids[first : first + SLICE]))
        known.update(connection.execute(some).scalars())
    return {run_id: number for run_id, number in told.items() if run_id not in known}


def _number_of(connection: Connection, run_id: str) -> str | None:
    """The number of an order whose row is lost, from the answer that its sender got."""
    query = select(receipts.c.answer).where(receipts.c.answer.contains(run_id)).limit(1)
    answer = connection.execute(query).scalar()
    return _accepted(answer).get(run_id) if answer else None


def _accepted(answer: str) -> dict[str, str]:
    """Trace code -> order number of what an answer accepted."""
    told = orjson.loads(answer)
    results = told.get("results", [told]) if isinstance(told, dict) else []
    return {one["trace"]: str(one["id"]) for one in results if one.get("trace") and one.get("status") == "accepted"}

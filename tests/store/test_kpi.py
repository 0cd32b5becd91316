"""What the performance page reads, on every database, against a world that was counted by hand."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert
from ulid import ULID

from runtime import kpi as figures
from runtime.store import kpi, pulls
from runtime.store.database import begin, reading
from runtime.store.kpi import DeciderDay, Span
from runtime.store.tables import arrivals, failures, incidents, runs, tasks
from tests.store.conftest import House

NOON = datetime(2026, 3, 10, 4, tzinfo=UTC)  # in Shanghai
SHANGHAI = ZoneInfo("Asia/Shanghai")
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def micros(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000)


def span(since: datetime, until: datetime) -> Span:
    return Span(micros(since), micros(until))


def run(came: datetime, took: timedelta | None, **more: Any) -> dict[str, Any]:
    return {
        "id": str(ULID.from_datetime(came)),
        "channel": "own-shop",
        "flow_key": "f",
        "version_id": "v1",
        "state": "waiting" if took is None else "done",
        "tokens": "[]",
        "changes": "{}",
        "steps": 1,
        "rev": 1,
        "received_at": micros(came),
        "ended_at": None if took is None else micros(came + took),
    } | more


def task(run_id: str, asked: datetime, took: timedelta | None, due: timedelta | None, who: str) -> dict[str, Any]:
    return {
        "trace": f"{run_id}.1.1",
        "run_id": run_id,
        "node": "ask",
        "title": "t",
        "who_kind": "team",
        "who": "leads",
        "reasons": "[]",
        "state": "withdrawn" if took is None else "decided",
        "asked_at": micros(asked),
        "due_at": None if due is None else micros(asked + due),
        "decided_at": None if took is None else micros(asked + took),
        "decided_by": None if took is None else who,
        "withdrawn_at": micros(asked + due) if took is None and due else None,
    }


def fail(run_id: str, at: datetime, kind: str) -> dict[str, Any]:
    empty = dict.fromkeys(("channel", "flow_key", "version_id", "node", "code", "cause", "system"), "")
    numbers = dict.fromkeys(("step", "attempt", "tries", "by_hand"), 1)
    more = {"kind": kind, "params": "{}", "changes": "{}", "failed_at": micros(at), "state": "open"}
    return {"id": str(ULID.from_datetime(at)), "run_id": run_id, **empty, **numbers, **more}


def furnish(house: House) -> None:
    """Four orders of this day and one of the day before.

    Of this day: one took 5 minutes and was decided in 3 of 10 minutes; one took 90 minutes, decided after 80 of 30, and
    failed twice; one is open, its deadline decided; one comes from another shop, took 10 seconds and nobody touched it.
    """
    five, late = run(NOON, 5 * MINUTE), run(NOON + MINUTE, 90 * MINUTE, version_id="v2")
    open_ = run(NOON + 2 * MINUTE, None)
    quick = run(NOON + 3 * MINUTE, timedelta(seconds=10), channel="jd", flow_key=None, version_id=None)
    old = run(NOON - DAY, 7 * MINUTE)
    with begin(house.service.engine, durable=False) as connection:
        connection.execute(insert(runs), [five, late, open_, quick, old])
        connection.execute(
            insert(tasks),
            [
                task(five["id"], NOON, 3 * MINUTE, 10 * MINUTE, "zhao"),
                task(late["id"], NOON, 80 * MINUTE, 30 * MINUTE, "wang"),
                task(open_["id"], NOON, None, 5 * MINUTE, ""),
                task(old["id"], NOON - DAY, MINUTE, None, "zhao"),
            ],
        )
        kinds = ("timeout", "refused")
        rows = [fail(late["id"], NOON + place * MINUTE, kind) for place, kind in enumerate(kinds)]
        connection.execute(insert(failures), rows)


TODAY = span(NOON - timedelta(hours=12), NOON + timedelta(hours=12))
YESTERDAY = span(NOON - timedelta(hours=36), NOON - timedelta(hours=12))
BOTH = Span(YESTERDAY.since, TODAY.until)


def test_everything_is_as_counted_by_hand(house: House) -> None:
    furnish(house)
    orders_are_as_counted_by_hand(house)
    decisions_are_as_counted_by_hand_and_those_of_time_are_late_and_nobodys(house)
    missing_orders_failures_and_pulls_are_told_by_channel(house)


def orders_are_as_counted_by_hand(house: House) -> None:
    with reading(house.service.engine) as connection:
        counted = kpi.order_counts(connection, YESTERDAY, TODAY)
        days = kpi.order_days(connection, BOTH, SHANGHAI)
    sides = figures.orders_by(counted, lambda row: row.now)
    today, before = sides[True], sides[False]
    assert (today.received, today.touched, today.failed, today.handling.number) == (4, 2, 1, 3)
    assert today.handling.mean == (5 * 60 + 90 * 60 + 10) * 1_000_000 // 3
    assert today.handling.reached(0.9) == 90 * 60 * 1_000_000
    assert today.handling.reached(0.5) == 5 * 60 * 1_000_000
    assert (before.received, before.touched, before.handling.mean) == (1, 1, 7 * 60 * 1_000_000)
    by_version = figures.orders_by(counted, lambda row: (row.now, row.version))
    assert {key: side.received for key, side in by_version.items()} == {
        (True, "v1"): 2,
        (True, "v2"): 1,
        (True, None): 1,
        (False, "v1"): 1,
    }
    by_day = figures.orders_by(days, lambda row: row.day)
    assert {day: (side.received, side.touched, side.failed) for day, side in by_day.items()} == {
        date(2026, 3, 10): (4, 2, 1),
        date(2026, 3, 9): (1, 1, 0),
    }


def decisions_are_as_counted_by_hand_and_those_of_time_are_late_and_nobodys(house: House) -> None:
    with reading(house.service.engine) as connection:
        counted = kpi.task_counts(connection, YESTERDAY, TODAY, TODAY.until)
        days = kpi.task_days(connection, BOTH, SHANGHAI, TODAY.until)
        deciders = kpi.decider_days(connection, BOTH, SHANGHAI)
    people = figures.decisions_by(counted, lambda row: (row.now, row.person, row.team))
    assert {key: (one.number, one.dated, one.late, one.handling.mean) for key, one in people.items()} == {
        (True, "zhao", "leads"): (1, 1, 0, 180_000_000),
        (True, "wang", "leads"): (1, 1, 1, 4_800_000_000),
        (True, None, "leads"): (0, 1, 1, None),
        (False, "zhao", "leads"): (1, 0, 0, 60_000_000),
    }
    by_day = figures.decisions_by(days, lambda row: row.day)
    assert {day: (one.number, one.late) for day, one in by_day.items()} == {
        date(2026, 3, 10): (2, 2),
        date(2026, 3, 9): (1, 0),
    }
    assert sorted(deciders) == [
        DeciderDay("wang", date(2026, 3, 10), 1),
        DeciderDay("zhao", date(2026, 3, 9), 1),
        DeciderDay("zhao", date(2026, 3, 10), 1),
    ]


def test_what_lies_between_the_two_spans_is_in_neither(sqlite_house: House) -> None:
    with begin(sqlite_house.service.engine, durable=False) as connection:
        connection.execute(insert(runs), [run(NOON - hours * timedelta(hours=1), MINUTE) for hours in (0, 5, 20)])
    before = span(NOON - timedelta(hours=24), NOON - timedelta(hours=12))
    with reading(sqlite_house.service.engine) as connection:
        rows = kpi.order_counts(connection, before, span(NOON - timedelta(hours=1), NOON + MINUTE))
    assert sorted((row.now, row.number) for row in rows) == [(False, 1), (True, 1)]


def test_a_day_begins_at_midnight_of_the_business_also_where_the_clocks_change(house: House) -> None:
    berlin = ZoneInfo("Europe/Berlin")  # goes on to summer time in the night to 29 March 2026
    evenings = [datetime(2026, 3, day, 23, 30, tzinfo=berlin) for day in (27, 30)]
    mornings = [datetime(2026, 3, day, 0, 30, tzinfo=berlin) for day in (28, 31)]
    with begin(house.service.engine, durable=False) as connection:
        connection.execute(insert(runs), [run(at, MINUTE) for at in (*evenings, *mornings)])
    whole = span(datetime(2026, 3, 20, tzinfo=berlin), datetime(2026, 4, 5, tzinfo=berlin))
    with reading(house.service.engine) as connection:
        days = kpi.order_days(connection, whole, berlin)
    assert sorted((row.day.day, row.number) for row in days) == [(27, 1), (28, 1), (30, 1), (31, 1)]


def missing_orders_failures_and_pulls_are_told_by_channel(house: House) -> None:
    hour = micros(NOON)
    incident = {"kind": "run_missing", "channel": "jd", "detail": "{}", "found_at": hour}
    with begin(house.service.engine, durable=False) as connection:
        connection.execute(insert(arrivals), [{"channel": "jd", "hour_at": hour, "came": 3}])
        connection.execute(insert(incidents), [{**incident, "id": "a", "open_as": "x", "ended_at": None}])
        connection.execute(insert(incidents), [{**incident, "id": "b", "open_as": None, "ended_at": hour}])
        for failed in (False, True, False):
            pulls.count_turn(connection, "jd", hour, failed=failed)
    with reading(house.service.engine) as connection:
        assert kpi.missed(connection, TODAY) == {"jd": kpi.Missed(counted=3, found=2, still=1)}
        assert kpi.channel_turns(connection, TODAY) == {"jd": kpi.ChannelTurns(turns=3, failed=1, refused=0)}
        assert kpi.failure_kinds(connection, TODAY) == {"timeout": 1, "refused": 1}
        assert kpi.failure_kinds(connection, YESTERDAY) == {}


def test_who_decides_twice_about_an_order_has_worked_on_one(house: House) -> None:
    came = run(NOON, 5 * MINUTE)
    first = task(came["id"], NOON, MINUTE, None, "zhao")
    with begin(house.service.engine, durable=False) as connection:
        connection.execute(insert(runs), came)
        connection.execute(insert(tasks), [first, {**first, "trace": f"{came['id']}.2.1"}])
    with reading(house.service.engine) as connection:
        assert kpi.decider_days(connection, TODAY, SHANGHAI) == [DeciderDay("zhao", date(2026, 3, 10), 1)]
        for who, name in ((kpi.TEAM, "leads"), (kpi.newcomer(["zhao"]), "zhao"), (kpi.newcomer([]), None)):
            (worked,) = kpi.worked_counts(connection, YESTERDAY, TODAY, who)
            assert (worked.who, worked.number, worked.micros) == (name, 1, 300_000_000)


def test_what_is_typed_in_is_kept_as_typed(sqlite_house: House) -> None:
    row = {"figure": "touched", "value": 625_000, "period": "三月", "note": "", "made_at": 1, "made_by": "root"}
    with begin(sqlite_house.service.engine, durable=False) as connection:
        kpi.set_baselines(connection, [row])
        kpi.set_costs(connection, {"currency": "CNY", "timeout": 350})
    with reading(sqlite_house.service.engine) as connection:
        assert [dict(one) for one in kpi.typed_baselines(connection).values()] == [row]
        assert kpi.typed_costs(connection) == {"currency": "CNY", "timeout": 350}
    with begin(sqlite_house.service.engine, durable=False) as connection:
        kpi.set_baselines(connection, [])
        kpi.set_costs(connection, {})
        assert (kpi.typed_baselines(connection), kpi.typed_costs(connection)) == ({}, {})

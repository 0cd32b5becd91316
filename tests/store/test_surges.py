"""Held channels: the door trips, the orders wait, a person decides, and the clock lets them go in waves."""

import importlib
import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from sqlalchemy import delete, func, insert, select, text, update

from runtime.clock import Clock
from runtime.core.moment import BUSINESS_ZONE, micros
from runtime.core.surge import HOUR, hour_of
from runtime.service import Service
from runtime.store import surges
from runtime.store.database import begin, connect, reading
from runtime.store.tables import arrivals as arrivals_table
from runtime.store.tables import audit, channels, choices, journal, orders, runs
from tests.core.flow_documents import REQUEST, document
from tests.store.conftest import House, SilentBell
from tests.trade import MANAGER, SIX_STEPS, arrival, arrivals, order, publish

SHOP = "own-shop"


@pytest.fixture
def shop(house: House) -> House:
    """A shop that sold two orders an hour for a day: the eighth order of the hour is a surge."""
    publish(house.service, SIX_STEPS)
    remember(house, dict.fromkeys(range(1, 25), 2))
    return house


def remember(house: House, by_hours_ago: Mapping[int, int], channel: str = SHOP) -> None:
    """What came in earlier hours."""
    hour = hour_of(micros(house.watch.now), BUSINESS_ZONE)
    rows = [{"channel": channel, "hour_at": hour - ago * HOUR, "came": came} for ago, came in by_hours_ago.items()]
    with begin(house.service.engine, durable=False) as connection:
        connection.execute(insert(arrivals_table), rows)


def states(house: House) -> dict[str, int]:
    with reading(house.service.engine) as connection:
        rows = connection.execute(select(runs.c.state, func.count()).group_by(runs.c.state))
        return {state: count for state, count in rows}


def held(house: House) -> dict[str, Any]:
    """The one hold that is open."""
    with reading(house.service.engine) as connection:
        (row,) = surges.open_surges(connection)
        return dict(row)


def counted(house: House) -> int:
    """Orders of the running hour, as the door counted them."""
    with reading(house.service.engine) as connection:
        hour = hour_of(micros(house.watch.now), BUSINESS_ZONE)
        return surges.arrived(connection, SHOP, [hour]).get(hour, 0)


def deeds(house: House) -> list[str]:
    with reading(house.service.engine) as connection:
        return list(
            connection.execute(
                select(audit.c.action).where(audit.c.action.startswith("surge.")).order_by(audit.c.id)
            ).scalars()
        )


def tick(house: House, times: int = 1) -> None:
    for _ in range(times):
        house.watch.go_on(seconds=1)
        house.service.tick()
        house.settle()


# --- the door ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("together", [1, 3, 20])
def test_the_order_that_reaches_four_times_the_usual_is_the_first_that_waits(shop: House, together: int) -> None:
    taken = []
    for start in range(0, 20, together):
        taken += shop.service.receive(arrivals(range(start, min(20, start + together))))
    assert {receipt.status for receipt in taken} == {"accepted"}
    assert states(shop) == {"running": 7, "held": 13}
    shop.settle()
    assert states(shop) == {"done": 7, "held": 13}
    row = held(shop)
    assert (row["kind"], row["state"], row["rule"], row["usual"], row["usual_hours"]) == (
        "surge",
        "open",
        "day",
        48,
        24,
    )
    assert deeds(shop) == ["surge.trip"]
    assert counted(shop) == 20


def test_seven_orders_are_no_surge_and_a_new_channel_has_nothing_to_compare(shop: House) -> None:
    shop.service.receive(arrivals(range(7)))
    shop.service.receive([arrival(order(number), "new-shop") for number in range(100, 160)])
    with reading(shop.service.engine) as connection:
        assert surges.count_open(connection) == 0


def test_what_is_fed_twice_is_counted_once(shop: House) -> None:
    for _ in range(5):
        shop.service.receive(arrivals(range(5)))
    assert counted(shop) == 5
    assert states(shop) == {"running": 5}


def test_two_doors_that_trip_at_once_make_one_hold_and_count_every_order(shop: House) -> None:
    doors = [_second(shop) for _ in range(2)]
    together = threading.Barrier(2)
    broken: list[BaseException] = []

    def feed(door: Service, numbers: range) -> None:
        try:
            together.wait()
            for number in numbers:
                door.receive(arrivals([number]))
        except BaseException as error:  # noqa: BLE001 - told below
            broken.append(error)

    threads = [
        threading.Thread(target=feed, args=(door, range(at * 100, at * 100 + 20))) for at, door in enumerate(doors)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for door in doors:
        door.engine.dispose()
    assert not broken
    assert counted(shop) == 40
    assert states(shop) == {"running": 7, "held": 33}
    assert held(shop)["came"] == 8


def test_the_orders_counted_are_the_orders_stored_also_when_a_delivery_breaks(shop: House) -> None:
    good, bad = arrivals([1, 2]), arrival(order(3))
    broken = bad.__class__(bad.channel, {**bad.order, "total": "not a number", "id": object()}, bad.digest, bad.raw)
    with pytest.raises(Exception, match=r"."):
        shop.service.receive([*good, broken])
    shop.service.receive(good)
    with reading(shop.service.engine) as connection:
        assert connection.execute(select(func.count()).select_from(orders)).scalar() == counted(shop) == 2


def test_a_clock_set_back_trips_nothing_and_loses_no_count(shop: House) -> None:
    shop.service.receive(arrivals(range(5)))
    shop.watch.go_on(hours=-3)
    shop.service.receive(arrivals(range(10, 13)))
    shop.watch.go_on(hours=3)
    shop.service.receive(arrivals(range(20, 22)))
    assert states(shop) == {"running": 10}
    with reading(shop.service.engine) as connection:
        assert connection.execute(select(func.sum(arrivals_table.c.came))).scalar() == 48 + 10


def test_below_its_floor_a_channel_never_trips(shop: House) -> None:
    shop.service.surges.set_floor(SHOP, 15, MANAGER)
    shop.service.receive(arrivals(range(20)))
    assert states(shop) == {"running": 14, "held": 6}


def test_floors_that_several_people_say_at_once_are_all_kept(house: House) -> None:
    wanted = {f"shop-{number}": number for number in range(1, 9)}
    doors = [_second(house) for _ in wanted]
    together = threading.Barrier(len(doors))
    broken: list[BaseException] = []

    def say(door: Service, channel: str, floor: int) -> None:
        try:
            together.wait()
            for least in (floor + 100, floor):
                door.surges.set_floor(channel, least, MANAGER)
        except BaseException as error:  # noqa: BLE001 - told below
            broken.append(error)

    said = [threading.Thread(target=say, args=(door, *one)) for door, one in zip(doors, wanted.items(), strict=True)]
    for one in said:
        one.start()
    for one in said:
        one.join()
    for door in doors:
        door.engine.dispose()
    assert not broken
    with reading(house.service.engine) as connection:
        assert surges.floors(connection) == wanted


# --- a person decides -------------------------------------------------------------------------------------------------


def surge_of(shop: House, count: int = 47) -> str:
    """A surge with so many held orders; its id."""
    shop.service.receive(arrivals(range(count + 7)))
    shop.settle()
    assert states(shop)["held"] == count
    return str(held(shop)["id"])


def test_a_release_goes_in_waves_and_opens_the_channel_at_its_end(shop: House) -> None:
    surge_id = surge_of(shop)
    assert shop.service.surges.release(surge_id, "waves", "four_hours", MANAGER)
    assert not shop.service.surges.release(surge_id, "all", "hour", MANAGER)
    seen = []
    for _ in range(4):
        tick(shop)
        seen.append(states(shop).get("held", 0))
        if seen[-1]:
            shop.service.receive(arrivals([1000 + len(seen)]))
    # 5 % of 47 are 3; a quarter of what is held then; then all with what came meanwhile.
    assert seen[0] == 44
    assert seen[1] == 44 + 1 - 12
    assert seen[2] == 0
    with reading(shop.service.engine) as connection:
        row = surges.surge(connection, surge_id)
        assert row is not None
        assert (row["state"], row["released"], row["holds"]) == ("closed", 49, None)
        entries = connection.execute(select(journal.c.entry)).scalars().all()
    released = [entry for entry in map(orjson.loads, entries) if entry["event"]["kind"] == "release"]
    assert len(released) == 49
    assert {entry["actor"] for entry in released} == {"manager"}
    assert Counter(deeds(shop)) == {
        "surge.trip": 1,
        "surge.release_waves": 1,
        "surge.wave": 3,
        "surge.close": 1,
    }
    # It stays quiet for four hours, then the rule holds again.
    shop.service.receive(arrivals(range(2000, 2030)))
    assert states(shop).get("held", 0) == 0
    shop.watch.go_on(hours=4, minutes=1)
    shop.service.receive(arrivals(range(3000, 3200)))
    assert states(shop)["held"] > 0


SHAKY = document(
    [("in", "ingest", {}), ("call", "request", {**REQUEST, "system": "nowhere"}), ("end", "end", {})],
    ["in.out>call", "call.ok>end"],
    key="shaky",
    channels=["shaky-shop"],
)
"""A system that nobody has set up, without a retry."""


def test_a_wave_that_fails_stops_the_release_and_a_person_goes_on(shop: House) -> None:
    surge_id = surge_of(shop)
    _break_the_flow(shop)
    shop.service.surges.release(surge_id, "waves", "four_hours", MANAGER)
    tick(shop, 3)
    row = held(shop)
    assert (row["state"], row["stopped_by"], row["wave"], row["failed"]) == ("stopped", "failures", 1, 3)
    assert states(shop)["held"] == 44
    assert "surge.stop" in deeds(shop)
    tick(shop, 3)
    assert states(shop)["held"] == 44
    assert shop.service.surges.release(surge_id, "waves", "four_hours", MANAGER)
    tick(shop)
    assert held(shop)["wave"] == 2
    assert states(shop)["held"] == 33


@pytest.mark.parametrize(
    "failures",
    [
        {"refused": "retry", "max_tries": 3, "first_delay_seconds": 600},
        {"refused": "person", "who": {"kind": "team", "value": "leads"}},
    ],
    ids=["tried again", "given to a person"],
)
def test_a_wave_whose_orders_wait_for_another_try_is_not_taken_for_a_good_one(
    shop: House, failures: Mapping[str, Any]
) -> None:
    surge_id = surge_of(shop)
    _break_the_flow(shop, failures)
    shop.service.surges.release(surge_id, "waves", "four_hours", MANAGER)
    for _ in range(6):
        shop.watch.go_on(seconds=30)
        shop.service.tick()
        shop.settle()
    row = held(shop)
    assert (row["state"], row["stopped_by"], row["wave"], row["failed"]) == ("stopped", "failures", 1, 3)
    assert states(shop)["held"] == 44


def test_a_wave_is_watched_until_it_rests_or_two_minutes_are_over(shop: House) -> None:
    surge_id = surge_of(shop)
    shop.service.surges.release(surge_id, "waves", "day", MANAGER)
    shop.service.surges.tick()  # nobody works: the first wave keeps running
    for _ in range(3):
        shop.watch.go_on(seconds=30)
        shop.service.surges.tick()
    assert held(shop)["wave"] == 1
    shop.watch.go_on(hours=-5)
    shop.service.surges.tick()
    shop.watch.go_on(seconds=119)
    shop.service.surges.tick()
    assert held(shop)["wave"] == 1
    shop.watch.go_on(seconds=2)
    shop.service.surges.tick()
    assert held(shop)["wave"] == 2


def test_a_wave_whose_calls_are_not_answered_yet_has_not_come_to_rest(shop: House) -> None:
    surge_id = surge_of(shop)
    shop.service.surges.release(surge_id, "waves", "day", MANAGER)
    shop.service.surges.tick()
    assert shop.service.drain() == 3
    shop.service.surges.tick()
    assert held(shop)["wave"] == 1
    shop.settle()
    shop.service.surges.tick()
    assert held(shop)["wave"] == 2


def test_a_killed_clock_leaves_nothing_half_done_and_the_next_goes_on(
    shop: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    surge_id = surge_of(shop)
    shop.service.surges.release(surge_id, "all", "day", MANAGER)

    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        # After the orders were let go, before the hold knows it.
        patch.setattr(surges, "change", killed)
        with pytest.raises(KeyboardInterrupt):
            shop.service.surges.tick()
    assert states(shop)["held"] == 47
    tick(shop)
    assert states(shop) == {"done": 54}


def test_two_clocks_let_every_order_go_once(shop: House) -> None:
    surge_id = surge_of(shop, 400)
    shop.service.surges.release(surge_id, "waves", "day", MANAGER)
    clocks = [_second(shop) for _ in range(2)]
    broken: list[BaseException] = []

    def run(clock: Service) -> None:
        try:
            for _ in range(6):
                clock.surges.tick()
        except BaseException as error:  # noqa: BLE001 - told below
            broken.append(error)

    while states(shop).get("held"):
        threads = [threading.Thread(target=run, args=(clock,)) for clock in clocks]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        shop.settle()
    assert not broken
    for clock in clocks:
        clock.surges.tick()
        clock.engine.dispose()
    with reading(shop.service.engine) as connection:
        row = surges.surge(connection, surge_id)
        assert row is not None
        assert (row["state"], row["released"]) == ("closed", 400)
        releases = [
            1
            for entry in connection.execute(select(journal.c.entry)).scalars()
            if orjson.loads(entry)["event"]["kind"] == "release"
        ]
    assert len(releases) == 400
    assert states(shop) == {"done": 407}


def test_no_order_is_left_behind_that_comes_while_the_channel_opens(shop: House) -> None:
    surge_id = surge_of(shop)
    door = _second(shop)
    broken: list[BaseException] = []

    def feed() -> None:
        try:
            for number in range(1_000, 1_060):
                door.receive(arrivals([number]))
        except BaseException as error:  # noqa: BLE001 - told below
            broken.append(error)

    feeding = threading.Thread(target=feed)
    feeding.start()
    shop.service.surges.release(surge_id, "all", "day", MANAGER)
    while feeding.is_alive():
        shop.service.surges.tick()
    feeding.join()
    # Where the last order and the last tick stood in each other's way, the tick gave way.
    shop.service.surges.tick()
    door.engine.dispose()
    assert not broken
    with reading(shop.service.engine) as connection:
        assert surges.count_open(connection) == 0
    shop.settle()
    assert states(shop) == {"done": 54 + 60}


def test_what_is_cancelled_is_what_was_held_when_the_person_decided(shop: House) -> None:
    surge_id = surge_of(shop)
    assert shop.service.surges.cancel(surge_id, "bots", "hour", MANAGER)
    shop.watch.go_on(seconds=1)
    shop.service.receive(arrivals([900]))
    tick(shop)
    assert states(shop) == {"done": 7, "cancelled": 47, "held": 1}
    assert held(shop)["state"] == "open"
    with reading(shop.service.engine) as connection:
        reasons = connection.execute(select(runs.c.reason).where(runs.c.state == "cancelled").distinct()).scalars()
        assert list(reasons) == ["bots"]
    assert shop.service.surges.cancel(surge_id, "bots again", "none", MANAGER)
    tick(shop)
    with reading(shop.service.engine) as connection:
        assert surges.count_open(connection) == 0
    # Nobody asked for quiet: the robots' next order is held again.
    shop.service.receive(arrivals([901]))
    assert states(shop)["held"] == 1
    assert held(shop)["id"] != surge_id


def test_a_release_without_a_flow_stops_and_says_so(shop: House) -> None:
    surge_id = surge_of(shop)
    with begin(shop.service.engine, durable=False) as connection:
        connection.execute(update(channels).values(flow_key=None))
        connection.execute(delete(choices))
    shop.service.surges.release(surge_id, "all", "hour", MANAGER)
    tick(shop)
    assert (held(shop)["state"], held(shop)["stopped_by"]) == ("stopped", "no_flow")
    assert states(shop)["held"] == 47


def test_a_person_holds_a_channel_and_lets_it_go(shop: House) -> None:
    surge_id = shop.service.surges.hold(SHOP, "price was wrong", MANAGER)
    assert surge_id is not None
    assert shop.service.surges.hold(SHOP, "again", MANAGER) is None
    shop.service.receive(arrivals(range(3)))
    assert states(shop) == {"held": 3}
    assert shop.service.surges.release(surge_id, "all", "hour", MANAGER)
    assert shop.service.surges.keep(surge_id, MANAGER)
    tick(shop)
    assert states(shop) == {"held": 3}
    shop.service.surges.release(surge_id, "all", "hour", MANAGER)
    tick(shop)
    assert states(shop) == {"done": 3}
    assert {"surge.hold", "surge.release_all", "surge.keep"} <= set(deeds(shop))


# --- silence ----------------------------------------------------------------------------------------------------------


def test_a_channel_that_always_sells_and_does_not_is_told_once_until_it_speaks(shop: House) -> None:
    remember(shop, {24: 9, 48: 12, 72: 9, 100: 1}, "busy-shop")
    shop.service.tick()
    shop.watch.go_on(minutes=59)
    shop.service.tick()
    assert _silent(shop) == []
    for _ in range(2):
        shop.watch.go_on(minutes=2)
        shop.service.tick()
        # The own shop sells two an hour: an hour without any is nothing strange.
        assert _silent(shop) == [("busy-shop", 9)]
    shop.service.receive([arrival(order(1), "busy-shop")])
    shop.watch.go_on(minutes=2)
    shop.service.tick()
    assert _silent(shop) == []


def test_an_hour_that_the_clock_has_not_seen_whole_is_not_judged(shop: House) -> None:
    remember(shop, {24: 9, 48: 12, 72: 9, 100: 1}, "busy-shop")
    shop.watch.go_on(minutes=20)
    shop.service.tick()
    shop.watch.go_on(minutes=50)
    shop.service.tick()
    assert _silent(shop) == []


def _silent(house: House) -> list[tuple[str, int]]:
    with reading(house.service.engine) as connection:
        return [(row["channel"], row["expected"]) for row in surges.open_silences(connection)]


def _second(house: House) -> Service:
    """Another process of the same house: its own connections and its own memory."""
    clock: Clock = house.watch
    return Service(connect(house.url), SilentBell(), SilentBell(), SilentBell(), SilentBell(), clock, house.outlets)


def _break_the_flow(house: House, failures: Mapping[str, Any] | None = None) -> None:
    publish(house.service, SHAKY | ({"failures": dict(failures)} if failures else {}))
    with begin(house.service.engine, durable=False) as connection:
        connection.execute(update(channels).where(channels.c.name == SHOP).values(flow_key="shaky"))


def test_orders_of_before_are_counted_when_the_house_is_migrated(shop: House) -> None:
    shop.service.receive(arrivals(range(5)))
    shop.watch.go_on(hours=1)
    shop.service.receive(arrivals(range(10, 13)))
    migration = importlib.import_module("runtime.store.migrations.versions.0003_surges")
    with begin(shop.service.engine, durable=False) as connection:
        connection.execute(delete(arrivals_table))
        connection.execute(text(migration.ARRIVALS_SO_FAR))
    assert counted(shop) == 3
    shop.watch.go_on(hours=-1)
    assert counted(shop) == 5

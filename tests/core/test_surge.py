"""The surge rule against hours that somebody else counted in real orders, and laws that hold for all hours."""

import csv
import gzip
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core.moment import micros
from runtime.core.surge import (
    HOUR,
    Baseline,
    baseline,
    day_baseline,
    expected_in,
    hour_of,
    same_hours,
    too_many_fail,
    wave_size,
    weeks_baseline,
)
from tests.olist import mapping

OLIST = "olist/orders-2017.jsonl.gz"
RETAIL = "online-retail/online-retail-2010-12_2011-05.csv.gz"
SHANGHAI = ZoneInfo("Asia/Shanghai")
WEEK = 7 * 24 * HOUR


def olist_times() -> Iterator[str]:
    for order in mapping.orders():
        yield order["order_purchase_timestamp"]


def retail_times() -> Iterator[str]:
    """When each invoice was first seen."""
    seen: set[str] = set()
    with gzip.open(mapping.folder() / RETAIL, "rt", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            number = row["InvoiceNo"]
            if number not in seen:
                seen.add(number)
                yield row["InvoiceDate"]


def counted(times: Iterator[str]) -> Counter[int]:
    """Orders by hour, local text as it stands."""
    return Counter(hour_of(micros(datetime.fromisoformat(time).replace(tzinfo=UTC)), UTC) for time in times)


def surges(counts: Counter[int], rule: str) -> list[list[Any]]:
    found = []
    # The first rule asks for four weeks of history, the second for a day.
    begin = min(counts) + (4 * WEEK if rule == "A" else 24 * HOUR)
    for hour in sorted(one for one in counts if one >= begin):
        usual = weeks_baseline(counts, hour, UTC) if rule == "A" else day_baseline(counts, hour)
        if usual.trips_at is not None and counts[hour] >= usual.trips_at:
            told = datetime.fromtimestamp(hour / 1e6, UTC).strftime("%Y-%m-%d %H")
            found.append([told, counts[hour], round(float(usual.mean), 2)])
    return found


@pytest.fixture(scope="module", params=[OLIST, RETAIL], ids=["olist", "retail"])
def real(request: pytest.FixtureRequest) -> tuple[Counter[int], dict[str, Any]]:
    if not (mapping.folder() / "expected.json").is_file():
        pytest.skip(f"no order data in {mapping.folder()}: say where they lie with DATA")
    expected = json.loads((mapping.folder() / "expected.json").read_text("utf-8"))[request.param]
    return counted(olist_times() if request.param == OLIST else retail_times()), expected


@pytest.mark.parametrize("rule", ["A", "B"])
def test_real_orders_trip_in_exactly_the_hours_that_were_counted(
    real: tuple[Counter[int], dict[str, Any]], rule: str
) -> None:
    counts, expected = real
    assert surges(counts, rule) == expected[f"rule_{rule}_hours"]
    assert max(counts.values()) == expected["busiest_hour"]


HOURS = st.integers(min_value=0, max_value=4 * 365 * 24).map(lambda n: 1_600_000_000_000_000 // HOUR * HOUR + n * HOUR)
USUAL = st.lists(st.integers(min_value=0, max_value=500), min_size=4, max_size=4)


@given(HOURS, USUAL, st.integers(min_value=0, max_value=5_000))
def test_a_channel_trips_at_four_times_its_mean_and_never_below_a_mean_of_two(
    hour: int, usual: list[int], count: int
) -> None:
    counts = dict(zip(same_hours(hour, SHANGHAI, 7, 4), usual, strict=True))
    found = baseline(counts, hour - 4 * WEEK, hour, SHANGHAI)
    assert found is not None
    trips = found.trips_at is not None and count >= found.trips_at
    assert trips == (count >= 4 * sum(usual) / 4 and sum(usual) / 4 >= 2)


@given(HOURS, st.integers(min_value=0, max_value=60 * 24), st.integers(min_value=1, max_value=90))
def test_a_steady_channel_never_trips(hour: int, age: int, pace: int) -> None:
    first = hour - age * HOUR
    counts = dict.fromkeys(range(first, hour, HOUR), pace)
    found = baseline(counts, first, hour, SHANGHAI)
    # In its first day nothing is known, whatever comes; afterwards the same pace is no surge.
    assert (found is None) == (age < 24)
    assert found is None or found.trips_at is None or pace < found.trips_at


def test_the_rule_changes_when_the_first_order_is_four_weeks_old() -> None:
    hour = hour_of(micros(datetime(2026, 11, 22, 10, 30, tzinfo=SHANGHAI)), SHANGHAI)
    day = dict.fromkeys(range(hour - 24 * HOUR, hour, HOUR), 6)
    assert baseline(day, hour - 4 * WEEK + HOUR, hour, SHANGHAI) == Baseline("day", 144, 24)
    assert baseline(day, hour - 4 * WEEK, hour, SHANGHAI) == Baseline("weeks", 0, 4)


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/Berlin", "America/Sao_Paulo", "Asia/Kolkata"])
def test_the_same_hour_is_the_same_on_the_clock_of_the_wall(zone: str) -> None:
    place = ZoneInfo(zone)
    wall = datetime(2026, 11, 3, 20, 0, tzinfo=place)  # after the clocks of Europe went back
    for back, hour in enumerate(same_hours(micros(wall), place, 7, 4), start=1):
        local = datetime.fromtimestamp(hour / 1e6, place)
        assert (local.hour, local.minute, local.date()) == (20, 0, (wall - timedelta(weeks=back)).date())


@given(st.integers(min_value=1, max_value=100_000))
def test_waves_grow_and_reach_everybody(held: int) -> None:
    left, sizes = held, []
    for wave in (1, 2, 3):
        sizes.append(wave_size(wave, left))
        left -= sizes[-1]
    assert left == 0
    assert sizes[0] >= 1
    assert sizes[0] <= held / 20 + 1


@pytest.mark.parametrize(
    ("failed", "released", "stops"), [(1, 1, False), (2, 20, False), (2, 19, True), (3, 20, True), (0, 0, False)]
)
def test_a_wave_stops_when_more_than_a_tenth_fail_and_one_failure_is_no_sign(
    failed: int, released: int, stops: bool
) -> None:
    assert too_many_fail(failed, released) is stops


def test_silence_is_strange_only_where_orders_never_failed_to_come() -> None:
    hour = hour_of(micros(datetime(2026, 11, 22, 10, tzinfo=SHANGHAI)), SHANGHAI)
    weeks = same_hours(hour, SHANGHAI, 7, 4)
    first = hour - 5 * WEEK
    assert expected_in(dict.fromkeys(weeks, 9), first, hour, SHANGHAI) == 9
    assert expected_in({**dict.fromkeys(weeks, 90), weeks[2]: 4}, first, hour, SHANGHAI) is None
    # A young channel sells by day: the mean of 24 hours would cry wolf every night.
    busy_days = dict.fromkeys(range(hour - 20 * HOUR, hour - 10 * HOUR, HOUR), 60)
    assert expected_in(busy_days, hour - 6 * 24 * HOUR, hour, SHANGHAI) is None
    days = dict.fromkeys(same_hours(hour, SHANGHAI, 1, 3), 6)
    assert expected_in(days, hour - 6 * 24 * HOUR, hour, SHANGHAI) == 6
    assert expected_in(days, hour - 2 * 24 * HOUR, hour, SHANGHAI) is None

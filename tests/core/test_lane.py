"""How calls go out: never more than set, never into a system that is ill, and again soon after it is well."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core.lane import (
    LONGEST_PAUSE,
    MINUTE,
    RANGES,
    SECOND,
    Lane,
    Limits,
    Mark,
    Paused,
    Result,
    answered,
    claimed,
    closed,
    opened,
    room,
)

NOW = 1_000 * SECOND


def lane(**limits: int) -> Lane:
    return Lane("system", "erp", Limits(**limits))


def told(result: Result, trace: str = "t", wait: int = 0) -> Mark:
    return Mark(trace, result, "", 12, wait)


def ill(lane: Lane, times: int, now: int = NOW) -> Lane:
    return answered(lane, [told("error")] * times, now)


def test_no_more_calls_go_out_than_the_limit_whoever_sends_them() -> None:
    assert [room(lane(calls_at_once=3), out, NOW) for out in (0, 2, 3, 7)] == [3, 1, 0, 0]


@pytest.mark.parametrize("result", ["error", "timeout", "bad_answer"])
def test_failures_in_a_row_open_the_breaker(result: Result) -> None:
    almost = answered(lane(trip_after=3), [told(result)] * 2, NOW)
    assert almost.breaker(NOW) == "closed"
    assert answered(answered(almost, [told("ok")], NOW), [told(result)] * 2, NOW).breaker(NOW) == "closed"
    tripped = answered(almost, [told(result)], NOW)
    assert (tripped.breaker(NOW), room(tripped, 0, NOW)) == ("open", 0)


def test_a_system_that_refuses_orders_is_well() -> None:
    assert answered(lane(trip_after=1), [told("refused")] * 50, NOW).breaker(NOW) == "closed"


def test_after_the_pause_one_probe_goes_out_and_decides() -> None:
    tripped = ill(lane(trip_after=1, pause_seconds=30), 1)
    assert room(tripped, 0, NOW + 30 * SECOND - 1) == 0
    later = NOW + 30 * SECOND
    assert (tripped.breaker(later), room(tripped, 0, later)) == ("half_open", 1)
    probing = claimed(tripped, ["probe"], later)
    assert room(probing, 1, later) == 0, "one probe at a time"
    assert answered(probing, [told("ok", "an old call")], later).breaker(later) == "half_open"
    well = answered(probing, [told("ok", "probe")], later)
    assert (well.breaker(later), room(well, 0, later)) == ("closed", 8)
    still_ill = answered(probing, [told("timeout", "probe")], later)
    assert still_ill.next_at == later + 60 * SECOND, "twice as long as before"


def test_a_probe_whose_sender_died_is_followed_by_another() -> None:
    tripped = ill(lane(trip_after=1), 1)
    later = NOW + 30 * SECOND
    probing = claimed(tripped, ["probe"], later)
    assert room(probing, 0, later + tripped.limits.lease - 1) == 0
    assert room(probing, 0, later + tripped.limits.lease) == 1


def test_the_pause_grows_to_ten_minutes_and_begins_anew_once_the_system_was_well() -> None:
    sick, now, pauses = ill(lane(trip_after=1, pause_seconds=30), 1), NOW, []
    for _ in range(8):
        assert sick.open is not None
        pauses.append((sick.open.until - now) // SECOND)
        now = sick.open.until
        sick = answered(claimed(sick, ["p"], now), [told("error", "p")], now)
    assert pauses == [30, 60, 120, 240, 480, 600, 600, 600]
    again = ill(closed(sick), 1, now)
    assert again.open is not None and again.open.until == now + 30 * SECOND


def test_a_system_that_asks_for_time_gets_it() -> None:
    asked = answered(lane(), [told("error", wait=90)], NOW)
    assert room(asked, 0, NOW + 90 * SECOND - 1) == 0
    assert room(asked, 0, NOW + 90 * SECOND) == 8
    assert answered(lane(), [told("error", wait=10**9)], NOW).next_at == NOW + 3_600 * SECOND, "an hour at the most"


def test_a_paused_lane_waits_for_a_person() -> None:
    paused = replace(lane(), paused=Paused("root", NOW, "stocktaking"))
    assert (paused.next_at, room(paused, 0, NOW + LONGEST_PAUSE * 100)) == (None, 0)


def test_a_breaker_opened_by_hand_tries_again_by_itself() -> None:
    by_hand = opened(lane(pause_seconds=30), NOW, "they told us of a restart")
    assert by_hand.open is not None and by_hand.open.reason
    assert (room(by_hand, 0, NOW), room(by_hand, 0, NOW + 30 * SECOND)) == (0, 1)


@given(
    a_minute=st.integers(1, RANGES["calls_per_minute"][1]),
    looks=st.lists(st.integers(0, 30 * SECOND), min_size=1, max_size=60),
)
def test_no_minute_ever_sees_more_calls_than_allowed(a_minute: int, looks: list[int]) -> None:
    going, now, made = lane(calls_per_minute=a_minute, calls_at_once=100), NOW, []
    for pause in looks:
        now += pause
        count = room(going, 0, now)
        going = claimed(going, ["t"] * count, now)
        made += [now] * count
        assert sum(at > now - MINUTE for at in made) <= a_minute


def test_calls_by_the_minute_go_on_evenly_and_none_is_lost_for_good() -> None:
    going, now, made = lane(calls_per_minute=20, calls_at_once=100), NOW, 0
    for _ in range(600):
        count = room(going, 0, now)
        made, going, now = made + count, claimed(going, ["t"] * count, now), now + SECOND
    assert 17 * 10 <= made <= 20 * 10

"""What the past foretells: the remaining time of a stage, and how often that was right."""

import pytest

from runtime.core.forecast import Passed, back_test, becomes_late, nearest, remaining, spread, spreads

HOUR = 3_600_000_000


def past(seconds: list[int], flow: str = "big", node: str = "ask", limit: int | None = 1800) -> list[Passed]:
    """Stages one behind the other, a day's hours over and over."""
    return [Passed(flow, node, number % 24, number * HOUR, one, limit) for number, one in enumerate(seconds)]


def test_who_has_waited_longer_needs_what_those_needed_who_waited_as_long() -> None:
    even = spread(range(2001))
    assert remaining(even, 0, 0.5) == 1000
    assert remaining(even, 1000, 0.5) == 500
    assert remaining(even, 1000, 0.9) == pytest.approx(900)


def test_nobody_ever_stood_so_long_is_said_and_no_number_made_up() -> None:
    even = spread(range(2001))
    assert remaining(even, 2000, 0.5) is None
    assert becomes_late(even, 2000, 5000)


def test_a_past_in_which_all_took_the_same_time_foretells_that_time() -> None:
    same = spread([600] * 60)
    assert remaining(same, 0, 0.5) == 600
    assert remaining(same, 599, 0.9) == 1
    assert not becomes_late(same, 0, 601)
    assert becomes_late(same, 0, 599)


def test_a_stage_of_which_too_little_is_known_goes_by_its_flow_and_that_by_the_house() -> None:
    known = spreads([*past([100] * 49, node="rare"), *past([900] * 60, node="ask"), *past([300] * 20, flow="new")])
    assert nearest(known, "big", "ask", 3) == ("big", "ask", -1)
    assert nearest(known, "big", "rare", 3) == ("big", "", -1)
    assert nearest(known, "new", "ask", 3) == ("", "", -1)
    assert nearest({}, "big", "ask", 3) is None


def test_an_hour_of_which_enough_is_known_tells_for_itself() -> None:
    slow = [Passed("big", "ask", 3, number, 5000, 1800) for number in range(50)]
    known = spreads([*past([60] * 60), *slow])
    assert nearest(known, "big", "ask", 3) == ("big", "ask", 3)
    assert known["big", "ask", 3][10] == 5000


def test_the_back_test_counts_what_it_would_have_said_of_the_newer_part() -> None:
    """Of ten, nine take 40 minutes and one 10: all who stand there longer than 10 minutes are late, and are foretold."""
    rate = back_test(past(([2400] * 9 + [600]) * 20))
    # 60 in the newer part: 54 late ones are looked at three times, 6 others once.
    assert (rate.looked, rate.late) == (54 * 3 + 6, 54 * 3)
    assert (rate.predicted, rate.hits) == (54 * 3 + 6, 54 * 3)


def test_without_enough_of_a_past_nothing_is_foretold_and_nothing_tested() -> None:
    rate = back_test(past([2400] * 40))
    assert (rate.looked, rate.predicted, rate.late) == (0, 0, 0)

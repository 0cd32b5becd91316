"""When a newcomer keeps pace, and what may be said of a change."""

from datetime import date, timedelta

from runtime.kpi import Lengths, Turn, newcomers, spread, turn_of_length, turn_of_share
from runtime.store.kpi import DeciderDay

FIRST = date(2026, 3, 2)
LEADS = {name: frozenset(("leads",)) for name in ("old", "older", "mei")}


def days(name: str, first: date, *numbers: int) -> list[DeciderDay]:
    """So many decisions on each day from the first on; none on a day with 0."""
    return [DeciderDay(name, first + timedelta(days=place), number) for place, number in enumerate(numbers) if number]


def old_hands() -> list[DeciderDay]:
    """Two who decide 10 and 20 a day: the team's median is 15."""
    return days("old", FIRST, *[10] * 30) + days("older", FIRST, *[20] * 30)


def test_a_newcomer_keeps_pace_from_the_day_on_which_seven_days_reach_the_teams_median() -> None:
    # Over the last seven days: day 3: 5, day 6: 10, day 9: (5 + 15·3 + 20·3) / 7 = 15.7, day 8: (10 + 45 + 40) / 7 = 13.6
    began = FIRST + timedelta(days=10)
    (mei,) = newcomers(old_hands() + days("mei", began, 5, 5, 5, 15, 15, 15, 20, 20, 20), LEADS)
    assert (mei.name, mei.first, mei.team_pace, mei.days) == ("mei", began, 15, 9)


def test_free_days_do_not_slow_a_newcomer_and_two_days_do_not_make_a_pace() -> None:
    began = FIRST + timedelta(days=10)
    (mei,) = newcomers(old_hands() + days("mei", began, 16, 16, 0, 0, 16), LEADS)
    assert mei.days == 5
    (mei,) = newcomers(old_hands() + days("mei", began, 30, 30), LEADS)
    assert mei.days is None


def test_who_began_with_the_team_or_has_no_team_mates_is_no_newcomer() -> None:
    assert newcomers(old_hands(), LEADS) == []
    alone = {**LEADS, "mei": frozenset(("warehouse",))}
    assert newcomers(old_hands() + days("mei", FIRST + timedelta(days=10), 9), alone) == []
    (mei,) = newcomers(old_hands() + days("mei", FIRST + timedelta(days=10), 9), {})
    assert mei.name == "mei"


def test_a_change_is_told_only_where_there_are_enough_and_it_is_not_chance() -> None:
    told: list[Turn] = [
        turn_of_length(60, 30, 29),
        turn_of_length(60, 30, 30),
        turn_of_length(30, 60, 30),
        turn_of_length(100, 96, 30),
        turn_of_length(None, 30, 30),
        turn_of_share((10, 29), (0, 1000)),
        turn_of_share((5, 100), (6, 100)),
        turn_of_share((400, 1000), (200, 1000)),
        turn_of_share((0, 100), (0, 100)),
    ]
    assert told == ["few", "fell", "rose", "same", "few", "few", "same", "fell", "same"]


def test_the_ninth_tenth_is_the_length_that_nine_in_ten_did_not_exceed() -> None:
    lengths = Lengths()
    for seconds in (50, 10, 20, 30, 40, 60, 70, 80, 90, 5000):
        lengths.add(seconds, 1, seconds * 1_000_000)
    assert (lengths.reached(0.9), lengths.reached(0.5)) == (90_000_000, 50_000_000)
    assert lengths.mean == 545_000_000
    assert spread(lengths, (0, 30, 60, 3600)) == [2, 3, 4, 1]
    assert Lengths().reached(0.9) is None

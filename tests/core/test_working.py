"""Working time: what a deadline on a calendar promises, over weekends, holidays, nights and changes of the clocks."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core.working import WEEKDAYS, Calendar, read_calendar

OFFICE = {weekday: [["09:00", "18:00"]] for weekday in WEEKDAYS[:5]}

# Half-hours, midnight jumps, a day that never was (Apia), and one zone without any change.
ZONES = ("Asia/Shanghai", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Pacific/Apia")


def calendar(week: object = OFFICE, days: object = (), zone: str = "Asia/Shanghai") -> Calendar:
    return read_calendar({"zone": zone, "week": week, "days": dict(days)})  # type: ignore[call-overload]


def at(told: str, zone: str = "Asia/Shanghai") -> datetime:
    return datetime.fromisoformat(told).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


# --- what operators would work out by hand ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("since", "minutes", "until"),
    [
        ("2026-11-23T10:00", 60, "2026-11-23T11:00"),
        ("2026-11-23T17:30", 30, "2026-11-23T18:00"),
        ("2026-11-23T17:30", 31, "2026-11-24T09:01"),
        ("2026-11-27T17:30", 60, "2026-11-30T09:30"),
        ("2026-11-28T12:00", 1, "2026-11-30T09:01"),
        ("2026-11-23T07:00", 0, "2026-11-23T07:00"),
        ("2026-11-23T18:00", 1, "2026-11-24T09:01"),
    ],
    ids=["same day", "to the bell", "over night", "over the weekend", "from a Saturday", "no minutes", "at closing"],
)
def test_minutes_count_in_shifts_only(since: str, minutes: int, until: str) -> None:
    assert calendar().later(at(since), minutes) == at(until)
    assert calendar().between(at(since), at(until)) == minutes


def test_holidays_are_passed_over_and_swapped_days_are_worked() -> None:
    days = {f"2026-10-0{day}": {"kind": "off"} for day in range(1, 8)} | {
        "2026-10-10": {"kind": "works", "like": "mon"},
        "2026-10-11": {"kind": "works", "shifts": [["10:00", "11:00"]]},
    }
    china = calendar(days=days)
    assert china.later(at("2026-09-30T17:00"), 120) == at("2026-10-08T10:00")
    assert china.later(at("2026-10-09T17:00"), 120) == at("2026-10-10T10:00")
    assert china.later(at("2026-10-10T18:00"), 61) == at("2026-10-12T09:01")
    assert not china.works_at(at("2026-10-01T10:00"))
    assert china.opens(at("2026-10-01T10:00")) == at("2026-10-08T09:00")


def test_a_night_shift_belongs_to_the_day_on_which_it_begins() -> None:
    night = calendar({"fri": [["22:00", "06:00"], ["08:00", "12:00"]], "sat": [["05:00", "07:00"]]})
    assert night.works_at(at("2026-11-28T05:59")), "Friday's night goes on into Saturday"
    assert night.later(at("2026-11-27T22:00"), 9 * 60) == at("2026-11-28T07:00"), "an hour of both shifts counts once"
    assert not night.works_at(at("2026-11-27T03:00"))


def test_a_day_may_end_at_midnight_or_have_no_end() -> None:
    late = calendar({"mon": [["18:00", "24:00"]]})
    assert late.later(at("2026-11-23T23:30"), 31) == at("2026-11-30T18:01")
    always = calendar({weekday: [["00:00", "24:00"]] for weekday in WEEKDAYS})
    assert always.between(at("2026-01-01T00:00"), at("2027-01-01T00:00")) == 365 * 24 * 60


def test_a_night_on_which_the_clocks_change_has_the_minutes_that_it_has() -> None:
    night = calendar({"sat": [["22:00", "06:00"]]}, zone="Europe/London")
    forward, back = at("2026-03-28T22:00", "Europe/London"), at("2026-10-24T22:00", "Europe/London")
    assert night.between(forward, forward + timedelta(days=1)) == 7 * 60
    assert night.between(back, back + timedelta(days=1)) == 9 * 60
    begins_in_the_gap = calendar({"sun": [["01:30", "03:00"]]}, zone="Europe/London")
    assert begins_in_the_gap.opens(at("2026-03-29T00:00", "Europe/London")) == datetime(2026, 3, 29, 1, tzinfo=UTC)


def test_nobody_ever_works() -> None:
    nobody = calendar({})
    assert nobody.later(at("2026-11-23T10:00"), 1) is None
    assert nobody.opens(at("2026-11-23T10:00")) is None
    assert not nobody.works_at(at("2026-11-23T10:00"))
    assert nobody.between(at("2026-11-23T10:00"), at("2027-11-23T10:00")) == 0


def test_the_end_of_all_dates_is_no_error() -> None:
    last = datetime.max.replace(tzinfo=UTC, microsecond=0) - timedelta(days=2)
    assert calendar().later(last, 525_600) is None


# --- what holds for every calendar --------------------------------------------------------------------------------------

CLOCK = st.integers(0, 24 * 60 - 1).map(lambda minute: f"{minute // 60:02}:{minute % 60:02}")
SHIFT = st.tuples(CLOCK, CLOCK | st.just("24:00")).map(list)
WEEK = st.dictionaries(st.sampled_from(WEEKDAYS), st.lists(SHIFT, min_size=1, max_size=3), min_size=1)
DATE = st.dates(date(2026, 1, 1), date(2026, 12, 31)).map(date.isoformat)
DAY = st.just({"kind": "off"}) | st.builds(lambda shifts: {"kind": "works", "shifts": shifts}, st.lists(SHIFT))
CALENDAR = st.builds(calendar, WEEK, st.dictionaries(DATE, DAY, max_size=20), st.sampled_from(ZONES))
YEAR = timedelta(days=365) // timedelta(minutes=1)
MOMENT = st.integers(0, YEAR * 60).map(lambda seconds: at("2026-01-01T00:00") + timedelta(seconds=seconds))
MINUTES = st.integers(0, 3_000)


@given(CALENDAR, MOMENT, MINUTES)
def test_between_gives_back_what_later_was_given(worked: Calendar, since: datetime, minutes: int) -> None:
    until = worked.later(since, minutes)
    if until is not None:
        assert until >= since
        assert worked.between(since, until) == minutes


@given(CALENDAR, MOMENT, MOMENT)
def test_later_never_passes_what_between_counted(worked: Calendar, since: datetime, until: datetime) -> None:
    minutes = worked.between(since, until)
    reached = worked.later(since, minutes)
    assert reached is not None
    assert reached <= max(since, until)


@given(CALENDAR, MOMENT, MOMENT, MINUTES)
def test_who_begins_later_is_never_due_before(worked: Calendar, one: datetime, other: datetime, minutes: int) -> None:
    early, late = (worked.later(moment, minutes) for moment in sorted((one, other)))
    assert late is None or (early is not None and early <= late)


@given(CALENDAR, MOMENT, MINUTES, MINUTES)
def test_more_minutes_are_never_due_before_fewer(worked: Calendar, since: datetime, one: int, other: int) -> None:
    soon, late = (worked.later(since, minutes) for minutes in sorted((one, other)))
    assert late is None or (soon is not None and soon <= late)


@given(CALENDAR, MOMENT)
def test_work_opens_when_people_work(worked: Calendar, since: datetime) -> None:
    opened = worked.opens(since)
    assert opened is not None
    assert opened >= since
    assert worked.works_at(opened)
    assert worked.between(since, opened) == 0

"""What people write into a calendar: clear findings for what cannot be, and lines read as they are typed and pasted."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core.calendars import MOST_DAYS, MOST_LINES, problems, show_shifts, type_days, type_shifts
from runtime.core.words import LANGUAGES, text

WEEK = {"mon": [["09:00", "18:00"]], "fri": [["09:00", "17:00"]]}
FIRST = Path(__file__).parents[2] / "runtime" / "calendar_cn.json"


def document(**other: Any) -> dict[str, Any]:
    return {"zone": "Asia/Shanghai", "week": WEEK, "days": {}, **other}


def codes(given: Any) -> list[tuple[str, str]]:
    return [(problem.code, problem.where) for problem in problems(given)]


def test_a_calendar_without_working_hours_is_refused_in_words() -> None:
    [problem] = problems(document(week={}))
    for language in LANGUAGES:
        why, how = text(problem.code, problem.params, language)
        assert why
        assert "09:00-18:00" in how


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (document(), []),
        (document(zone="Asia/Atlantis"), [("calendar.zone", "zone")]),
        (document(week={"mon": [["09:00", "13:00"], ["12:00", "18:00"]]}), [("calendar.overlap", "week.mon")]),
        (document(week={"mon": [["22:00", "06:00"], ["23:00", "23:30"]]}), [("calendar.overlap", "week.mon")]),
        (document(week={"mon": [["13:00", "18:00"], ["09:00", "13:00"]]}), []),
        (document(week={"mon": [["9:00", "18:00"]]}), [("shape.pattern", "week.mon.0.0")]),
        (document(week={"mon": [["24:00", "18:00"]]}), [("shape.pattern", "week.mon.0.0")]),
        (document(week={"monday": []}), [("shape.unknown_near", "week.monday")]),
        (document(days={"2026-02-30": {"kind": "off"}}), [("calendar.date", "days.2026-02-30")]),
        (document(days={"2026-2-3": {"kind": "off"}}), [("calendar.date", "days.2026-2-3")]),
        (document(days={"2026-02-03": {"kind": "off", "like": "mon"}}), [("calendar.off_works", "days.2026-02-03")]),
        (document(days={"2026-02-03": {"kind": "works"}}), [("calendar.works_when", "days.2026-02-03")]),
        (
            document(days={"2026-02-03": {"kind": "works", "like": "sun"}}),
            [("calendar.like_off", "days.2026-02-03.like")],
        ),
        (document(known_until="2026-13-01"), [("calendar.date", "known_until")]),
        ({"zone": "Asia/Shanghai"}, [("shape.required", "week"), ("shape.required", "days")]),
        (["nothing of the kind"], [("shape.wants_object", "")]),
    ],
    ids=range(16),
)
def test_what_cannot_be_is_named_by_its_place(given: Any, found: list[tuple[str, str]]) -> None:
    assert codes(given) == found


def test_special_days_have_an_end() -> None:
    first = date(2026, 1, 1)
    many = {(first + timedelta(days=day)).isoformat(): {"kind": "off"} for day in range(MOST_DAYS + 1)}
    assert codes(document(days=many)) == [("calendar.many_days", "days")]


@given(
    st.recursive(st.none() | st.integers() | st.text(), lambda part: st.dictionaries(st.text(), part) | st.lists(part))
)
def test_whatever_stands_there_is_told_and_never_breaks(anything: Any) -> None:
    assert problems(anything)
    assert problems(document(days={"2026-02-03": anything}))
    assert isinstance(problems(document(week=anything)), list)


# --- shifts that are typed ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("09:00-18:00", [["09:00", "18:00"]]),
        (" 9:00 – 12:00 ，13：00～18：00 ", [["09:00", "12:00"], ["13:00", "18:00"]]),
        ("09:00至12:00、13:00到24:00", [["09:00", "12:00"], ["13:00", "24:00"]]),
        ("22:00-06:00", [["22:00", "06:00"]]),
        ("", []),
        ("nine to five", None),
        ("09:00-25:00", None),
        ("09:00", None),
        ("09:00-24:30", None),
    ],
    ids=range(9),
)
def test_shifts_are_read_as_people_type_them(typed: str, read: object) -> None:
    assert type_shifts(typed) == read
    if read:
        assert type_shifts(show_shifts(read)) == read


# --- days that are pasted -----------------------------------------------------------------------------------------------


def test_lines_tell_days_off_swapped_days_and_stretches() -> None:
    pasted = """
    2027-02-06 off 春节
    2027/2/7 works 调休
    2027年2月8日 班 fri 补周五的班
    2027-02-09..2027-02-11 休 Spring Festival
    2027-02-12 WORKS 10:00 - 12:00, 13:00-16:00 short day
    2027-02-13　放假
    """
    read = type_days(pasted, WEEK)
    assert [line.problem for line in read] == [None] * 6
    assert {day: special for line in read for day, special in line.days.items()} == {
        "2027-02-06": {"kind": "off", "name": "春节"},
        "2027-02-07": {"kind": "works", "like": "mon", "name": "调休"},
        "2027-02-08": {"kind": "works", "like": "fri", "name": "补周五的班"},
        "2027-02-09": {"kind": "off", "name": "Spring Festival"},
        "2027-02-10": {"kind": "off", "name": "Spring Festival"},
        "2027-02-11": {"kind": "off", "name": "Spring Festival"},
        "2027-02-12": {"kind": "works", "shifts": [["10:00", "12:00"], ["13:00", "16:00"]], "name": "short day"},
        "2027-02-13": {"kind": "off"},
    }
    assert not problems(document(days={day: special for line in read for day, special in line.days.items()}))


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("tomorrow off", "calendar.line_date"),
        ("2027-02-30 off", "calendar.line_date"),
        ("2027-02-06..2027-02-07..2027-02-08 off", "calendar.line_date"),
        ("2027-02-08..2027-02-06 off", "calendar.line_stretch"),
        ("2027-02-06..2028-02-06 off", "calendar.line_stretch"),
        ("2027-02-06", "calendar.line_kind"),
        ("2027-02-06 perhaps", "calendar.line_kind"),
        ("2027-02-06 works sun", "calendar.like_off"),
        ("2027-02-06 off " + "x" * 101, "calendar.line_name"),
        ("2027-02-06 off " + "x" * 400, "calendar.line_long"),
    ],
    ids=range(10),
)
def test_a_line_that_cannot_be_read_says_why_and_spares_its_neighbours(line: str, code: str) -> None:
    wrong, fit = type_days(f"{line}\n2027-03-01 off", WEEK)
    assert wrong.problem
    assert wrong.problem.code == code
    assert not wrong.days
    assert list(fit.days) == ["2027-03-01"]
    for language in LANGUAGES:
        assert all(text(code, wrong.problem.params, language))


def test_a_day_that_stands_twice_is_told_with_the_line_before() -> None:
    _, again = type_days("2027-02-01..2027-02-03 off\n2027-02-03 works", WEEK)
    assert again.problem
    assert again.problem.code == "calendar.twice"
    assert again.problem.params == {"date": "2027-02-03", "line": 1}


def test_a_paste_without_end_is_read_to_a_limit() -> None:
    read = type_days("2027-02-01 maybe\n" * (MOST_LINES + 50), WEEK)
    assert len(read) == MOST_LINES + 1
    assert read[-1].problem
    assert read[-1].problem.code == "calendar.many_lines"


@given(st.text())
def test_whatever_is_pasted_is_answered(anything: str) -> None:
    for line in type_days(anything, WEEK):
        assert line.problem or line.days


# --- the calendar that every house begins with --------------------------------------------------------------------------


def test_the_holidays_of_2026_are_those_of_the_state_council() -> None:
    """国办发明电〔2025〕7号: 33 days off, six days worked in exchange; the weekdays among them are 26 and none."""
    given = json.loads(FIRST.read_text("utf-8"))["document"]
    assert problems(given) == []
    off = {date.fromisoformat(day) for day, special in given["days"].items() if special["kind"] == "off"}
    works = {date.fromisoformat(day) for day, special in given["days"].items() if special["kind"] == "works"}
    stretches = [("01-01", 3), ("02-15", 9), ("04-04", 3), ("05-01", 5), ("06-19", 3), ("09-25", 3), ("10-01", 7)]
    assert off == {
        date.fromisoformat(f"2026-{first}") + timedelta(days=n) for first, days in stretches for n in range(days)
    }
    swapped = ("01-04", "02-14", "02-28", "05-09", "09-20", "10-10")
    assert works == {date.fromisoformat(f"2026-{day}") for day in swapped}
    assert all(day.weekday() > 4 for day in works)
    assert given["known_until"] == "2026-12-31"

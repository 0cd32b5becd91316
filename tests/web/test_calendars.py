"""The pages of the calendars: who sees and changes them, days one by one and pasted, and what is never lost."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from runtime import calendars
from runtime.calendars import Kept
from runtime.store import tables
from runtime.store.database import begin, reading
from tests.core.flow_documents import approval, document
from tests.trade import publish
from tests.web.conftest import House, Visitor

WEEK = {f"week.{day}": "09:00-18:00" for day in ("mon", "tue", "wed", "thu", "fri")}
SETTINGS = {"name_en": "China", "name_zh": "中国", "zone": "Asia/Shanghai", "known_until": "2026-12-31", **WEEK}
ASKS = document(
    [
        ("in", "ingest", {}),
        ("ask", "approval", approval(deadline_minutes=60, calendar="CN", who={"kind": "role", "value": "lead"})),
        ("end", "end", {}),
    ],
    ["in.out>ask", "ask.approved>end", "ask.rejected>end"],
    key="office-hours",
    channels=["office"],
)
NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)


@pytest.fixture
def root(house: House, monkeypatch: pytest.MonkeyPatch) -> Visitor:
    """An administrator, at noon of a Monday in Shanghai, in a house with its first calendar."""
    monkeypatch.setattr("builder.calendars.views.now", lambda: NOON)
    with begin(house.service.engine, durable=True) as connection:
        calendars.furnish(connection, 1)
    root = house.enter("root")
    root.get("/calendars")
    return root


def kept(house: House, key: str = "CN") -> Kept:
    with reading(house.service.engine) as connection:
        found = calendars.find(connection, key)
    assert found
    return found


def acts(house: House, key: str = "CN") -> list[tuple[str, str]]:
    with reading(house.service.engine) as connection:
        query = select(tables.audit.c.action, tables.audit.c.actor).where(tables.audit.c.subject == key)
        return [(action, actor) for action, actor in connection.execute(query.order_by(tables.audit.c.id))]


def test_people_see_shifts_holidays_and_until_when_they_are_known(root: Visitor) -> None:
    listed = root.get("/calendars")
    assert "Mon–Fri 09:00–18:00" in listed
    assert "Holidays known until 31 December 2026" in listed
    page = root.get("/calendars/CN")
    assert "38 more days" in page
    assert "People work now" in page
    assert 'aria-label="Thursday, 1 October 2026: off · National Day"' in page
    assert 'aria-label="Saturday, 10 October 2026: worked like Monday · National Day, swapped day"' in page
    assert "1 Oct – 7 Oct" in page
    tried = root.get("/calendars/CN?since=2026-09-30T17:00&minutes=120")
    assert "Thursday, 8 October 2026, 10:00" in tried
    root.speak("zh-CN")
    assert "国庆节" in root.get("/calendars/CN?day=2026-10-01")


def test_a_day_and_the_days_after_it_are_changed_together(house: House, root: Visitor) -> None:
    told = {"day": "2026-12-24", "until": "2026-12-26", "kind": "off", "name": "Stock-taking"}
    answer = root.post("/calendars/CN/days", told)
    assert answer.status_code == 303
    assert answer.location.endswith("year=2026&day=2026-12-24")
    days = kept(house).document["days"]
    assert [days[f"2026-12-{day}"] for day in (24, 25, 26)] == [{"kind": "off", "name": "Stock-taking"}] * 3
    root.post("/calendars/CN/days", {"day": "2026-12-26", "kind": "works", "shifts": "10:00-14:00"})
    root.post("/calendars/CN/days", {"day": "2026-12-27", "kind": "works", "like": "fri"})
    root.post("/calendars/CN/days", {"day": "2026-12-25", "kind": "usual"})
    days = kept(house).document["days"]
    assert days["2026-12-26"] == {"kind": "works", "shifts": [["10:00", "14:00"]]}
    assert days["2026-12-27"] == {"kind": "works", "like": "fri"}
    assert "2026-12-25" not in days
    assert acts(house) == [("calendar.add", "orderflow"), *[("calendar.change", "root")] * 4]
    root.post("/calendars/CN/days", {"day": "2026-10-07", "kind": "off", "name": "National Day"})
    name = kept(house).document["days"]["2026-10-07"]["name"]
    assert name == {"en": "National Day", "zh-CN": "国庆节"}, "a name that was not touched stays in both languages"


def test_a_day_that_cannot_be_so_is_refused_and_what_was_typed_stays(house: House, root: Visitor) -> None:
    before = kept(house)
    for told, why in (
        ({"kind": "works", "shifts": "nine to five"}, "cannot be read as shifts"),
        ({"kind": "works", "like": "sun"}, "has no shifts that another day could be worked by"),
        ({"kind": "works", "shifts": "09:00-12:00, 11:00-13:00"}, "run into each other"),
        ({"kind": "off", "until": "2026-12-01"}, "The last day is not"),
        ({"kind": "off", "until": "x"}, "The last day is not"),
    ):
        answer = root.post("/calendars/CN/days", {"day": "2026-12-24", "name": "Typed & kept", **told})
        assert answer.status_code == 422
        assert why in answer.text
        assert "Typed &amp; kept" in answer.text
        assert kept(house) == before


def test_pasted_days_are_shown_line_by_line_before_they_are_taken_over(house: House, root: Visitor) -> None:
    lines = "2027-02-05..2027-02-11 off 春节\n2027-02-14 works 调休\n2026-10-07 works 值班\nnonsense"
    shown = root.post("/calendars/CN/lines", {"lines": lines, "act": "preview"}).text
    assert "Take 9 days over" in shown
    assert "replaces what stands there" in shown
    assert "“nonsense” is no day" in shown
    assert 'value="2027-12-31"' in shown, "until when holidays are then known is proposed"
    assert "2027-02-05" not in kept(house).document["days"]

    taken = root.post("/calendars/CN/lines", {"lines": lines, "act": "take", "known_until": "2027-12-31"})
    assert taken.status_code == 422
    assert "9 days taken over." in taken.text
    rest = re.search(r"<textarea[^>]*>([^<]*)</textarea>", taken.text)
    assert rest
    assert rest[1].strip() == "nonsense"
    document = kept(house).document
    assert document["days"]["2027-02-14"] == {"kind": "works", "like": "mon", "name": "调休"}
    assert document["known_until"] == "2027-12-31"
    assert list(document["days"]) == sorted(document["days"])
    clean = root.post("/calendars/CN/lines", {"lines": "2027-05-01 off 劳动节", "act": "take"})
    assert clean.status_code == 303
    assert clean.location.endswith("year=2027")


def test_shifts_of_the_week_are_changed_and_a_week_without_any_is_refused(house: House, root: Visitor) -> None:
    rev = str(kept(house).rev)
    night = {**SETTINGS, "rev": rev, "week.sat": "22:00-06:00", "week.sun": ""}
    assert root.post("/calendars/CN", night).status_code == 303
    assert kept(house).document["week"]["sat"] == [["22:00", "06:00"]]
    assert len(kept(house).document["days"]) == 39, "the holidays stay"
    idle = {**SETTINGS, "rev": str(kept(house).rev), **dict.fromkeys(WEEK, "")}
    refused = root.post("/calendars/CN", {**idle, "name_en": "Typed & kept"})
    assert refused.status_code == 422
    assert "Nobody works on any weekday" in refused.text
    assert "Typed &amp; kept" in refused.text
    assert "mon" in kept(house).document["week"]


def test_who_saves_over_somebody_elses_change_is_told_first(house: House, root: Visitor) -> None:
    rev = str(kept(house).rev)
    root.post("/calendars/CN/days", {"day": "2026-12-24", "kind": "off"})
    refused = root.post("/calendars/CN", {**SETTINGS, "rev": rev, "name_en": "Mine"})
    assert refused.status_code == 409
    assert "Somebody else has changed the calendar meanwhile" in refused.text
    assert 'value="Mine"' in refused.text
    again = re.search(r'name="rev" value="(\d+)"', refused.text)
    assert again
    assert root.post("/calendars/CN", {**SETTINGS, "rev": again[1], "name_en": "Mine"}).status_code == 303
    assert kept(house).document["days"]["2026-12-24"] == {"kind": "off"}


def test_a_calendar_is_added_copied_and_forgotten(house: House, root: Visitor) -> None:
    told = {"key": "night", "name_en": "Night shift", "zone": "Asia/Shanghai", "like": ""}
    assert root.post("/calendars/new", told).status_code == 303
    assert kept(house, "night").document["days"] == {}
    taken = root.post("/calendars/new", told)
    assert (taken.status_code, "There is a calendar “night” already." in taken.text) == (422, True)
    assert root.post("/calendars/new", {**told, "key": "bad key"}).status_code == 422
    assert root.post("/calendars/new", {**told, "key": "zone", "zone": "Asia/Atlantis"}).status_code == 422
    root.post("/calendars/new", {"key": "CN-2", "name_en": "Copy", "like": "CN"})
    assert kept(house, "CN-2").document == kept(house).document
    assert root.post("/calendars/night/deletion").status_code == 303
    root.get("/calendars/night", 404)
    assert acts(house, "night") == [("calendar.add", "root"), ("calendar.drop", "root")]


def test_an_approval_on_a_calendar_is_due_in_working_time_and_its_calendar_stays(house: House, root: Visitor) -> None:
    publish(house.service, ASKS)
    run_id = house.take(1, "office")
    with reading(house.service.engine) as connection:
        asked, due = connection.execute(
            select(tables.tasks.c.asked_at, tables.tasks.c.due_at).where(tables.tasks.c.run_id == run_id)
        ).one()
        wanted = calendars.later(connection, "CN", 60, datetime.fromtimestamp(asked / 1e6, UTC))
    assert wanted
    assert abs(due - wanted.timestamp() * 1e6) < 1_000_000
    refused = root.post("/calendars/CN/deletion")
    assert (refused.status_code, "/flows/office-hours/canvas" in refused.text) == (409, True)
    assert kept(house)
    palette: dict[str, Any] = json.loads(root.get("/canvas/palette"))
    assert {"key": "CN", "label": "China, office hours"} in palette["calendars"]


def test_leads_look_and_administrators_change(house: House, root: Visitor) -> None:
    lead = house.enter("zhao")
    page = lead.get("/calendars/CN?day=2026-10-01")
    assert "National Day" in page
    assert "<textarea" not in page
    assert 'name="kind"' not in page
    assert lead.post("/calendars/CN/days", {"day": "2026-12-24", "kind": "off"}).status_code == 403
    house.enter("chen").get("/calendars", 403)


def test_whatever_is_sent_is_answered(house: House, root: Visitor) -> None:
    odd = ("", "-1", "9" * 30, "<b>", "💥", "1e5", "a" * 3000, "2026-10-01")
    names = ("year", "day", "since", "minutes", "rev", "until", "kind", "like", "shifts", "name", "lines", "act")
    root.get("/calendars/nowhere", 404)
    for value in odd:
        everywhere = dict.fromkeys((*names, *WEEK, "key", "name_en", "zone", "known_until", "source"), value)
        assert root.look("/calendars/CN", query_string=everywhere).status_code == 200
        for address in ("", "/days", "/lines"):
            assert root.post(f"/calendars/CN{address}", everywhere).status_code < 500, (address, value)
        assert root.post("/calendars/new", everywhere).status_code < 500
    assert calendars.problems_of(kept(house), new=False) == []

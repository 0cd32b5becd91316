"""Calendars as they are kept: the first of a house, changes told in the trail, and what steps ask of them."""

import json
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import Connection, select

from runtime import calendars
from runtime.actor import Actor
from runtime.calendars import Kept
from runtime.facts import gather
from runtime.store.database import begin, reading
from runtime.store.tables import audit
from tests.core.flow_documents import approval, document
from tests.store.conftest import House

ADMIN = Actor("sun.wei")
AT = 1_000_000
DOCUMENT = {"zone": "Asia/Shanghai", "week": {"mon": [["09:00", "18:00"]]}, "days": {}}
EAST = Kept("east", {"en": "East", "zh-CN": "华东"}, DOCUMENT)


def trail_of(connection: Connection, key: str) -> list[tuple[str, object, object]]:
    rows = connection.execute(select(audit).where(audit.c.subject == key).order_by(audit.c.id)).mappings()
    return [(row["action"], *(json.loads(row[side] or "null") for side in ("before", "after"))) for row in rows]


def test_a_new_house_begins_with_the_holidays_of_china_once(house: House) -> None:
    with begin(house.service.engine, durable=True) as connection:
        calendars.furnish(connection, AT)
        calendars.furnish(connection, AT)
        assert [one.key for one in calendars.all_calendars(connection)] == ["CN"]
        facts = [
            "later:CN:60:2026-09-30T09:30:00+00:00",
            "opens:CN:2026-10-01T02:00:00+00:00",
            "opens:CN:2026-10-10T02:00:00+00:00",
            "later:nowhere:60:2026-09-30T09:30:00+00:00",
        ]
        assert list(gather(connection, facts).values()) == [
            "2026-10-08T01:30:00+00:00",
            "2026-10-08T01:00:00+00:00",
            "2026-10-10T02:00:00+00:00",
            None,
        ]
        calendars.drop(connection, "CN", ADMIN, AT)
        calendars.furnish(connection, AT)
        assert calendars.all_calendars(connection) == [], "who threw the first one away is not given it again"


def test_before_publishing_a_step_tells_that_its_calendar_is_not_here(house: House) -> None:
    steps = [
        ("in", "ingest", {}),
        ("east", "approval", approval(deadline_minutes=60, calendar="east")),
        ("west", "approval", approval(deadline_minutes=60, calendar="west")),
        ("broken", "approval", approval(deadline_minutes=60, calendar=["east"])),
        ("end", "end", {}),
    ]
    ways = ["in.out>east", "east.approved>west", "west.approved>end", "east.rejected>end", "west.rejected>end"]
    drawn = document(steps, ways)

    def told() -> list[tuple[object, ...]]:
        found = house.service.flows.check(drawn).problems
        return [(one.node, one.where, one.level) for one in found if one.code == "flow.calendar_unknown"]

    west = ("west", "nodes.2.settings.calendar", "warning")
    assert told() == [("east", "nodes.1.settings.calendar", "warning"), west]
    with begin(house.service.engine, durable=True) as connection:
        calendars.add(connection, EAST, ADMIN, AT)
    assert told() == [west]


def test_a_changed_calendar_counts_at_once_and_the_trail_tells_what_changed(house: House) -> None:
    engine = house.service.engine
    asked = "later:east:60:2026-11-23T01:00:00+00:00"
    with begin(engine, durable=True) as connection:
        assert calendars.add(connection, EAST, ADMIN, AT)
        assert not calendars.add(connection, EAST, ADMIN, AT), "a key is given once"
    with reading(engine) as connection:
        assert gather(connection, [asked]) == {asked: "2026-11-23T02:00:00+00:00"}
        kept = calendars.find(connection, "east")
    assert kept
    off = {**DOCUMENT, "days": {"2026-11-23": {"kind": "off", "name": "盘点"}}}
    with begin(engine, durable=True) as connection:
        assert calendars.change(connection, replace(kept, document=off), ADMIN, AT)
        assert not calendars.change(connection, replace(kept, name="too late"), ADMIN, AT)
        assert gather(connection, [asked]) == {asked: "2026-11-30T02:00:00+00:00"}
        assert trail_of(connection, "east")[1:] == [
            (
                "calendar.change",
                {"days": {"2026-11-23": None}},
                {"days": {"2026-11-23": {"kind": "off", "name": "盘点"}}},
            )
        ]


def test_a_calendar_in_which_nobody_works_any_more_answers_no_moment(house: House) -> None:
    with begin(house.service.engine, durable=True) as connection:
        calendars.add(connection, replace(EAST, document={**DOCUMENT, "week": {}}), ADMIN, AT)
        assert calendars.later(connection, "east", 1, datetime(2026, 11, 23, tzinfo=UTC)) is None
        assert calendars.opens(connection, "east", datetime(2026, 11, 23, tzinfo=UTC)) is None


def test_a_calendar_is_checked_with_its_key_and_name() -> None:
    wrong = Kept("no such key!", "", {**DOCUMENT, "week": {}})
    assert [one.code for one in calendars.problems_of(wrong, new=True)] == [
        "calendar.key",
        "calendar.name",
        "calendar.no_hours",
    ]
    assert not calendars.problems_of(EAST, new=True)

"""Flows of a house: those made at the same moment get keys of their own, and their texts tell times by its clocks."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from runtime.actor import Actor
from runtime.clock import now
from runtime.core.rehearsal import rehearse
from runtime.flows import Flows, Published, Saved
from runtime.store.database import reading
from runtime.store.tables import audit, flows
from tests.core.flow_documents import document
from tests.store.conftest import House
from tests.web.conftest import SHAKY

LIN, ROOT = Actor("lin"), Actor("root")


def test_a_taken_key_is_told_and_the_flow_that_has_it_stays(house: House) -> None:
    first = house.service.flows.add_new({**SHAKY, "key": "tea", "name": "First"}, LIN)
    second = house.service.flows.add_new({**SHAKY, "key": "tea", "name": "Second"}, ROOT)

    assert isinstance(first, Saved)
    assert second is None
    kept = house.service.flows.draft("tea")
    assert kept is not None
    assert (kept.document["name"], kept.by) == ("First", "lin")
    with reading(house.service.engine) as connection:
        acts = connection.execute(select(audit.c.action).where(audit.c.subject == "tea")).scalars().all()
    assert acts == ["flow.import"]


def test_of_many_who_want_one_key_at_once_one_gets_it(house: House) -> None:
    def add(number: int) -> bool:
        return house.service.flows.add_new({**SHAKY, "key": "tea", "name": f"{number}"}, LIN) is not None

    with ThreadPoolExecutor(8) as people:
        got = list(people.map(add, range(8)))

    assert got.count(True) == 1
    with reading(house.service.engine) as connection:
        assert connection.execute(select(flows.c.key)).scalars().all().count("tea") == 1


def test_a_text_tells_times_by_the_clocks_of_the_business(house: House) -> None:
    told = {"to": "sales", "text": "{created_at:date}, {created_at:time}"}
    steps = [("in", "ingest", {}), ("tell", "notify", told), ("end", "end", {})]
    in_berlin = Flows(house.service.engine, now, zone=ZoneInfo("Europe/Berlin"))
    in_berlin.add(document(steps, ["in.out>tell", "tell.sent>end"], key="berlin"), LIN)
    published = in_berlin.publish("berlin", "", LIN)
    assert isinstance(published, Published)
    with reading(house.service.engine) as connection:
        plan = in_berlin.plan(connection, published.version_id)
    order = {"id": "A-1", "currency": "EUR", "total": 1, "created_at": "2026-11-22T23:30:00Z"}
    (asked,) = rehearse(plan, order, (), datetime(2026, 11, 23, tzinfo=UTC)).scenes[0].decision.effects
    assert asked.effect.content["text"] == "2026-11-23, 00:30"

"""Flows that are made at the same moment get keys of their own: none takes the place of another."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import select

from runtime.actor import Actor
from runtime.flows import Saved
from runtime.store.database import reading
from runtime.store.tables import audit, flows
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

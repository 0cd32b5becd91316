"""Filters of the inbox on each database: they narrow and count alike, and stay in a person's own order."""

from builder.auth import add_user
from builder.inbox.narrowing import read_narrow
from runtime import filters as acts
from runtime.store import queries
from runtime.store.database import begin, reading
from tests.core.flow_documents import approval, document
from tests.store.conftest import House
from tests.trade import arrivals, publish

ASKS = document(
    [("in", "ingest", {}), ("ask", "approval", approval()), ("end", "end", {}), ("no", "end", {"result": "cancelled"})],
    ["in.out>ask", "ask.approved>end", "ask.rejected>no"],
    key="asks",
    channels=["own-shop"],
)


def test_tasks_are_narrowed_and_counted_alike(house: House) -> None:
    publish(house.service, ASKS)
    house.service.receive(arrivals([1], total="100.00") + arrivals([2, 3], total="5000.00"))
    house.settle()
    for told, number in (({"least": "5000"}, 2), ({"most": "4999"}, 1), ({"flow": "asks", "asks": "team:leads"}, 3)):
        narrowed = read_narrow(told).conditions()
        with reading(house.service.engine) as connection:
            assert queries.count_found(connection, None, narrowed=narrowed) == number
            assert len(queries.find_tasks(connection, None, narrowed=narrowed)) == number


def test_kept_filters_stay_in_the_persons_own_order(house: House) -> None:
    engine = house.service.engine
    with begin(engine, durable=True) as connection:
        add_user(connection, "zhao", "Zhao", ("lead",))
    for number, name in enumerate(("甲", "乙", "丙")):
        assert acts.keep(engine, "zhao", name, {"q": name}, 1_000_000 + number) is None
    with reading(engine) as connection:
        ids = [row["id"] for row in acts.of_person(connection, "zhao")]
    assert acts.move(engine, "zhao", ids[2], -1)
    assert acts.forget(engine, "zhao", ids[0])
    assert acts.begin_with(engine, "zhao", ids[1])
    with reading(engine) as connection:
        told = [(row["name"], row["place"], row["begins"]) for row in acts.of_person(connection, "zhao")]
    assert told == [("丙", 0, False), ("乙", 1, True)]

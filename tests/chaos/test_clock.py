"""The clock of the machine is set back an hour, and set right again: nothing is lost and nothing is done twice."""

from collections.abc import Iterator

import pytest

from nodes.contract import Answered
from runtime.adapters.contract import Call as OutwardCall
from runtime.adapters.contract import Outlet
from tests.chaos.history import Call, Seen, judge
from tests.core.flow_documents import NOTIFY, document
from tests.store.conftest import House
from tests.trade import all_outlets, arrivals, publish

FLOW = document(
    [
        ("in", "ingest", {}),
        ("call", "request", {"system": "sink", "action": "reserve"}),
        ("again", "retry", {"first_delay_seconds": 1}),
        ("tell", "notify", NOTIFY),
        ("wait", "wait", {"kind": "duration", "minutes": 5}),
        ("end", "end", {}),
    ],
    ["in.out>call", "call.ok>tell", "call.timeout>again", "tell.sent>wait", "wait.out>end"],
    channels=["own-shop"],
)


@pytest.fixture
def calls() -> list[Call]:
    return []


@pytest.fixture
def house(sqlite_url: str, calls: list[Call]) -> Iterator[House]:
    def send(call: OutwardCall) -> Answered:
        calls.append(Call(call.key, float(len(calls))))
        return Answered("ok")

    house = House(sqlite_url, outlets={**all_outlets(), ("system", "sink"): Outlet({"en": "Sink"}, send)})
    publish(house.service, FLOW)
    yield house
    house.service.engine.dispose()


def test_a_clock_that_is_set_back_and_right_again_loses_nothing(house: House, calls: list[Call]) -> None:
    receipts = house.service.receive(arrivals(range(6)))
    house.service.drain(3)
    house.watch.go_on(hours=-1)
    receipts += house.service.receive(arrivals(range(6, 12)))
    house.settle()
    assert len(calls) >= 6, "what came after it was set back goes on at once"
    # What was asked before waits for its time to come again; by then it is late, and tried once more.
    for minutes in (6, 60, 6, 6):
        house.watch.go_on(minutes=minutes)
        house.settle()
    acknowledged = {f"A-{number:05}": receipt.run_id for number, receipt in enumerate(receipts)}
    verdict = judge(house.url, Seen(acknowledged, {}, "sink", tuple(calls)))
    assert not verdict.faults, str(verdict)
    assert (verdict.ended, verdict.calls, verdict.repeats) == (12, 12, 0)

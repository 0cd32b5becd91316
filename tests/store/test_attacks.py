"""What people may do to an order that hit a defect of ours: decide, try again, close."""

from typing import Any

import pytest

from runtime.flows import Flows
from runtime.store.tables import runs, tasks
from tests.store.conftest import House
from tests.store.test_orders_travel import only, states
from tests.trade import APPROVAL, MANAGER, SIX_STEPS, arrivals, publish


def breaks(*_: Any) -> Any:
    raise ZeroDivisionError("a defect of ours")


def test_a_decision_that_hits_a_defect_counts_and_the_order_is_on_the_failure_list(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(house.service, APPROVAL)
    house.service.receive(arrivals([1]))
    house.settle()
    with monkeypatch.context() as patched:
        patched.setattr("runtime.deciding.decide", breaks)
        assert house.service.decide_task(only(house, tasks)["trace"], "approve", "", MANAGER) is None
    assert (only(house, tasks)["state"], states(house)) == ("decided", {"failed": 1})


def test_an_order_that_still_hits_the_defect_stays_on_the_failure_list(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(house.service, SIX_STEPS)
    [receipt] = house.service.receive(arrivals([1]))
    monkeypatch.setattr("runtime.deciding.decide", breaks)
    house.settle()
    assert house.service.retry(receipt.run_id, None, MANAGER) is None
    assert states(house) == {"failed": 1}


def test_an_order_whose_version_cannot_be_read_can_be_closed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(house.service, SIX_STEPS)
    [receipt] = house.service.receive(arrivals([1]))
    monkeypatch.setattr(Flows, "plan", breaks)
    house.settle()
    assert house.service.close(receipt.run_id, "cancelled", "given up", MANAGER) is None
    assert (only(house, runs)["state"], states(house)) == ("cancelled", {"cancelled": 1})

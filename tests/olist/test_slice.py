"""Two thousand real orders, the odd ones among them, from the API over real workers to the desk that asks."""

from decimal import Decimal
from itertools import islice
from typing import Any

import pytest

from tests import live
from tests.olist import feeding, mapping
from tests.olist.mapping import paid

pytestmark = pytest.mark.redis

SLICE = 2_000
NO_PAYMENT = "bfbd0f9bdef84302105ad712db648a6c"


@pytest.fixture(scope="module")
def given() -> list[dict[str, Any]]:
    """The first orders, and further on those over 5000, some over 1000 and the one that was never paid."""
    if not (mapping.folder() / "expected.json").is_file():
        pytest.skip(f"no order data in {mapping.folder()}: say where they lie with DATA")
    counted = mapping.expected()
    odd = {*counted["total_gt_5000"], *counted["no_payment_row"]}
    every = mapping.orders()
    chosen = list(islice(every, SLICE - 100))
    rest = [order for order in every if order["order_id"] in odd or paid(order) > 1000]
    chosen += [order for order in rest if order["order_id"] in odd]
    chosen += [order for order in rest if order["order_id"] not in odd][: SLICE - len(chosen)]
    return chosen


def test_real_orders_all_arrive_and_the_large_ones_are_asked_about(given: list[dict[str, Any]]) -> None:
    asked = frozenset(mapping.expected()["total_gt_5000"])
    told = sum(1 for order in given if 1000 < paid(order) <= 5000)
    expected = feeding.Expected(len(given), asked, told, sum((paid(order) for order in given), Decimal(0)))
    assert (expected.orders, told > 90) == (SLICE, True)
    with live.running() as house:
        feeding.publish(house)
        fed = feeding.feed(house, given)
        feeding.wait_until_all_rest(house)
        first = feeding.look(house)
        again = feeding.feed(house, given)
        feeding.wait_until_all_rest(house)
        checks = feeding.compare(expected, fed, again, first, feeding.look(house))
    assert all(check.holds for check in checks), "\n".join(map(str, checks))


def test_an_order_without_payment_costs_nothing_and_says_so(given: list[dict[str, Any]]) -> None:
    [unpaid] = [mapping.document(order) for order in given if order["order_id"] == NO_PAYMENT]
    assert (unpaid["total"], unpaid["payments"]) == ("0.00", [])


def test_items_that_are_not_known_are_not_told(given: list[dict[str, Any]]) -> None:
    for order in given:
        assert ("lines" in mapping.document(order)) == (order["items"] is not None)

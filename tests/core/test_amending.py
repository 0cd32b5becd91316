"""What people may change of an order, and that a changed order is as sound as one that comes in."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core.amending import Amendment, amended, under_patch
from runtime.core.order import Order, read_order, show_order
from runtime.core.run import with_changes
from tests.trade import order as document


def canonical(**more: Any) -> Order:
    read = read_order(document(1, **more))
    assert isinstance(read, dict)
    return read


def fits(order: Order, patch: dict[str, Any]) -> Amendment:
    found = amended(order, patch)
    assert isinstance(found, Amendment), found
    return found


def codes(order: Order, patch: dict[str, Any]) -> dict[str, str]:
    found = amended(order, patch)
    assert isinstance(found, tuple)
    return {under_patch(problem, patch): problem.code for problem in found}


def test_a_phone_a_sku_and_tags_are_changed_and_the_rest_stays() -> None:
    order = canonical()
    patch = {"buyer.phone": "13900001111", "lines.1.sku": "SKU-9", "tags": ["vip"]}
    found = fits(order, patch)
    changed = with_changes(order, found.changes)
    assert changed == found.order
    assert (changed["buyer"]["phone"], changed["lines"][1]["sku"], changed["tags"]) == ("13900001111", "SKU-9", ["vip"])
    assert found.before == {"buyer.phone": "+86 138 0013 8000", "lines.1.sku": "SKU-2", "tags": ["gift-wrap"]}
    assert found.after == patch
    back = fits(dict(changed), dict(found.before))
    assert back.order == order


def test_what_the_order_says_already_is_no_change() -> None:
    assert not fits(canonical(), {"note": "请放门口，谢谢", "buyer.email": None, "attributes.new": None}).changes


def test_a_field_is_emptied_and_one_is_told_for_the_first_time() -> None:
    order = canonical(buyer=None)
    found = fits(order, {"buyer.name": "李雷", "note": None, "attributes.a.b": "x"})
    assert found.order["buyer"] == {"name": "李雷"}
    assert found.order["note"] is None
    assert found.order["attributes"] == {"source": "app", "a.b": "x"}
    assert with_changes(order, found.changes) == found.order


@pytest.mark.parametrize(
    "path",
    ["total", "currency", "id", "channel", "created_at", "payments", "lines.0.price", "lines", "buyer", "buyer.age",
     "address.country.x", "attributes", "attributes.", "", "lines.x.sku", "kind", "status", "lines.٠.sku"],
)  # fmt: skip
def test_amounts_and_what_names_the_order_cannot_be_changed(path: str) -> None:
    assert codes(canonical(), {path: "1"}) == {path: "amend.fixed"}


def test_a_line_that_is_not_there_is_told() -> None:
    assert codes(canonical(), {"lines.2.sku": "x"}) == {"lines.2.sku": "amend.no_line"}


def test_a_line_with_a_number_beyond_all_numbers_is_none() -> None:
    path = f"lines.{'9' * 5000}.sku"
    problems = amended(canonical(), {path: "x"})
    assert isinstance(problems, tuple)
    assert [problem.code for problem in problems] == ["amend.fixed"]


def test_what_does_not_fit_is_refused_as_at_the_door_and_at_its_field() -> None:
    patch = {"lines.0.quantity": "two", "tags": ["", "ok"], "priority": "soon", "buyer.name": "x" * 1001}
    assert codes(canonical(), patch) == {
        "lines.0.quantity": "order.kind",
        "tags": "order.short",
        "priority": "order.choice",
        "buyer.name": "order.long",
    }


VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.lists(st.text(max_size=5), max_size=3)
PATHS = st.sampled_from(
    [
        "buyer.name",
        "buyer.id",
        "address.zip",
        "lines.0.quantity",
        "lines.1.gift",
        "note",
        "tags",
        "priority",
        "attributes.x",
    ]
)


@given(st.dictionaries(PATHS, VALUES, min_size=1))
def test_a_changed_order_could_have_come_in_by_the_door(patch: dict[str, Any]) -> None:
    order = canonical()
    found = amended(order, patch)
    if isinstance(found, Amendment):
        assert with_changes(order, found.changes) == found.order
        assert read_order(show_order(found.order)) == found.order
    else:
        assert all(under_patch(problem, patch) for problem in found)

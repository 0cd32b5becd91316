"""The list of flows: found, new ones from nothing, many of them as one file, the default."""

import json

import pytest

from tests.core.flow_documents import document
from tests.trade import DESIGNER
from tests.web.conftest import BIG_ORDERS, House, Visitor


@pytest.fixture
def designer(house: House) -> Visitor:
    return house.enter("lin")


def test_a_flow_begins_from_nothing_under_a_free_key(house: House, designer: Visitor) -> None:
    designer.get("/flows/new")
    assert designer.post("/flows/new", {"name": "我的流程"}).status_code == 303
    assert designer.post("/flows/new", {"name": "Import"}).status_code == 303
    page = designer.get("/flows")
    assert "我的流程" in page
    assert house.service.flows.draft("import-2") is not None  # /flows/import is another page


def test_the_default_flow_can_be_changed(designer: Visitor) -> None:
    assert designer.post("/flows/shaky/default").status_code == 303
    page = designer.get("/flows")
    row = next(part for part in page.split('<li class="flow-row">') if "/flows/shaky/export" in part)
    assert "Default flow" in row


def test_a_flow_is_found_by_its_name_in_any_language_and_by_its_key(house: House, designer: Visitor) -> None:
    house.service.flows.add({**BIG_ORDERS, "key": "sorted", "name": {"en": "Sorting", "zh-CN": "分拣"}}, DESIGNER)
    for text in ("sort", "分拣", "SORTED"):
        found = designer.get(f"/flows?q={text}")
        assert found.count('class="flow-row"') == 1
        assert "Sorting" in found
    assert "No flow fits" in designer.get("/flows?q=nonsense")


def test_a_long_list_has_pages(house: House, designer: Visitor) -> None:
    for number in range(60):
        house.service.flows.add({**BIG_ORDERS, "key": f"flow-{number}"}, DESIGNER)
    first, second = designer.get("/flows"), designer.get("/flows?from=50")
    assert first.count('class="flow-row"') == 50
    assert second.count('class="flow-row"') == 12
    assert "51 to 62 of 62" in second
    assert "/flows?from=50" in first


def test_chosen_flows_go_out_as_one_file(designer: Visitor) -> None:
    bundle = json.loads(designer.get("/flows/export?key=shaky&key=big-orders&key=nothing"))
    assert bundle["format"] == "orderflow-flows/1"
    assert [flow["key"] for flow in bundle["flows"]] == ["shaky", "big-orders"]
    assert designer.look("/flows/export").status_code == 303  # nothing chosen
    one = json.loads(designer.get("/flows/big-orders/export"))
    assert (one["key"], one["format"]) == ("big-orders", "orderflow/1")


def test_a_flow_goes_out_with_the_flows_that_it_goes_through(house: House, designer: Visitor) -> None:
    steps = [("in", "ingest", {}), ("sub", "sub-flow", {"flow": "big-orders", "version": 1}), ("end", "end", {})]
    drawn = document(steps, ["in.out>sub", "sub.done>end"], key="around")
    house.service.flows.add(drawn, DESIGNER)
    told = json.loads(designer.get("/flows/around/export"))
    assert [flow["key"] for flow in told["flows"]] == ["big-orders", "around"]
    many = json.loads(designer.get("/flows/export?key=big-orders&key=around"))
    assert [flow["key"] for flow in many["flows"]] == ["big-orders", "around"]

"""The list of flows: new ones, files in and out, the default."""

import json

import pytest

from tests.web.conftest import BIG_ORDERS, House, Visitor


@pytest.fixture
def designer(house: House) -> Visitor:
    return house.enter("lin")


def test_a_flow_begins_from_an_example_or_from_nothing(house: House, designer: Visitor) -> None:
    assert "Big orders need a yes" in designer.get("/flows/new")
    assert designer.post("/flows/new", {"example": "big-order-approval"}).status_code == 303
    assert designer.post("/flows/new", {"example": "big-order-approval"}).status_code == 303
    assert designer.post("/flows/new", {"name": "我的流程"}).status_code == 303
    page = designer.get("/flows")
    assert "我的流程" in page
    for key in ("big-order-approval", "big-order-approval-2"):
        assert house.service.flows.draft(key) is not None


def test_a_file_goes_out_and_comes_in_again(house: House, designer: Visitor) -> None:
    exported = json.loads(designer.get("/flows/big-orders/export"))
    assert exported == json.loads(json.dumps(BIG_ORDERS))
    exported["name"] = "Another"
    told = {"document": json.dumps(exported), "copy": "1"}
    assert designer.post("/flows/import", told).status_code == 303
    assert house.service.flows.draft("big-orders-2") is not None


@pytest.mark.parametrize("text", ["{", '{"format": "n8n"}', '{"format": "orderflow/1", "format": 1}', "[]", ""])
def test_what_is_no_flow_is_refused_with_reasons_and_not_stored(house: House, designer: Visitor, text: str) -> None:
    before = designer.get("/flows").count('class="flow-row"')
    refused = designer.post("/flows/import", {"document": text})
    assert refused.status_code == 422
    assert "Nothing was stored" in refused.text
    assert designer.get("/flows").count('class="flow-row"') == before


def test_the_default_flow_can_be_changed(designer: Visitor) -> None:
    assert designer.post("/flows/shaky/default").status_code == 303
    page = designer.get("/flows")
    row = next(part for part in page.split('<li class="flow-row">') if "/flows/shaky/export" in part)
    assert "Default flow" in row

"""Changing the content of an order on its page: checked in place, told in its story, never over another change."""

import re
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from runtime.store.database import reading
from runtime.store.tables import order_changes
from tests.web.conftest import House, Visitor


@pytest.fixture
def lead(house: House) -> Visitor:
    return house.enter("zhao")


def filled(page: str) -> dict[str, Any]:
    """What a browser would send back of the form as it is shown."""
    form = page[page.index('class="stack content-form"') :]
    sent = {}
    for tag in re.findall(r"<input [^>]*>", form):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and ('type="checkbox"' not in tag or " checked" in tag):
            sent[name[1]] = value[1] if value else ""
    for name, text in re.findall(r'<textarea [^>]*name="([^"]*)"[^>]*>\n(.*?)</textarea>', form, re.S):
        sent[name] = text
    for name, options in re.findall(r'<select [^>]*name="([^"]*)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'value="([^"]*)" selected', options)
        sent[name] = chosen[1] if chosen else ""
    return sent


def test_a_new_phone_is_saved_and_told_in_the_orders_story(house: House, lead: Visitor) -> None:
    run_id = house.take(1, total="6000.00")
    path = f"/orders/{run_id}/content"
    sent = filled(lead.get(path)) | {"buyer.phone": "139 0000 1234", "lines.0.quantity": "3", "lines.1.gift": "1"}
    assert lead.post(path, sent | {"reason": "buyer called"}).status_code == 303
    page = lead.get(f"/orders/{run_id}")
    for told in (
        "139 0000 1234",
        "Content changed",
        "+86 138 0013 8000 → 139 0000 1234",
        "1 → 3",
        "– → yes",
        "by Zhao",
        "buyer called",
    ):
        assert told in page
    assert "A-00001" in lead.get("/orders?q=1234")


def test_what_does_not_fit_stands_at_its_field_and_what_was_typed_stays(house: House, lead: Visitor) -> None:
    run_id = house.take(1, total="6000.00")
    path = f"/orders/{run_id}/content"
    sent = filled(lead.get(path)) | {"lines.0.quantity": "many", "buyer.name": "Ada", "reason": "buyer called"}
    answer = lead.post(path, sent)
    assert answer.status_code == 422
    assert 'id="lines.0.quantity-error"' in answer.text
    for kept in ('value="many"', 'value="Ada"', 'value="buyer called"'):
        assert kept in answer.text
    assert "Ada" not in lead.get(f"/orders/{run_id}")


def test_a_field_that_nobody_touched_keeps_its_line_breaks(house: House, lead: Visitor) -> None:
    """A browser sends a field of one line back without its breaks: that is no change by the person."""
    run_id = house.take(1, total="6000.00", buyer={"name": "Ada\nLovelace"}, note="ring\r\ntwice")
    path = f"/orders/{run_id}/content"
    sent = filled(lead.get(path)) | {
        "buyer.name": "AdaLovelace",
        "note": "ring\r\ntwice",
        "buyer.phone": "139 0000 1234",
    }
    assert lead.post(path, sent | {"reason": "buyer called"}).status_code == 303
    with reading(house.service.engine) as connection:
        after = connection.execute(select(order_changes.c.after)).scalar_one()
    assert orjson.loads(after) == {"buyer.phone": "139 0000 1234"}


def test_a_reason_is_wanted_and_no_change_is_told(house: House, lead: Visitor) -> None:
    run_id = house.take(1, total="6000.00")
    path = f"/orders/{run_id}/content"
    sent = filled(lead.get(path))
    assert "Say why" in lead.post(path, sent | {"note": "ring twice"}).text
    assert "Nothing is changed: the order says this already." in lead.post(path, sent | {"reason": "x"}).text


def test_the_first_of_two_wins_and_the_second_sees_both_values(house: House, lead: Visitor) -> None:
    run_id = house.take(1, total="6000.00")
    path = f"/orders/{run_id}/content"
    sent = filled(lead.get(path))
    wang = house.enter("wang")
    assert wang.post(path, filled(wang.get(path)) | {"note": "ring twice", "reason": "asked"}).status_code == 303
    late = lead.post(path, sent | {"buyer.name": "Ada", "reason": "buyer called"})
    assert late.status_code == 409
    assert "Wang changed the order at" in late.text
    assert "The order says now: ring twice" in late.text
    assert 'value="Ada"' in late.text
    assert lead.post(path, filled(late.text) | {"note": "ring twice", "reason": "buyer called"}).status_code == 303
    page = lead.get(f"/orders/{run_id}")
    assert "Ada" in page
    assert "ring twice" in page


def test_a_masked_phone_is_kept_unless_another_is_typed(house: House, lead: Visitor) -> None:
    run_id = house.take(1, total="6000.00", buyer={"name": "Li", "phone": {"masked": "138****8000"}})
    path = f"/orders/{run_id}/content"
    page = lead.get(path)
    assert "The channel hides it." in page
    assert lead.post(path, filled(page) | {"buyer.name": "Ada", "reason": "asked"}).status_code == 303
    assert "138****8000" in lead.get(f"/orders/{run_id}")


def test_from_a_failure_one_comes_back_to_it(house: House, lead: Visitor) -> None:
    run_id = house.take(1, "shaky-shop")
    found = re.search(r'href="(/failures/([0-9A-Z]{26}))"', lead.get("/failures?single=1"))
    assert found
    page = lead.get(found[1])
    assert f"/orders/{run_id}/content?failure={found[2]}" in page
    path = f"/orders/{run_id}/content"
    sent = filled(lead.get(f"{path}?failure={found[2]}"))
    answer = lead.post(path, sent | {"address.city": "宁波市", "reason": "wrong city"})
    assert answer.headers["Location"] == found[1]
    # The failure keeps the order as it was, beside what was changed since; the next try sends what it is now.
    page = lead.get(found[1])
    assert "杭州市 → 宁波市" in page
    assert '<span class="part">杭州市</span>' in page
    assert '<span class="part">宁波市</span>' not in page
    lead.post(f"{found[1]}/mending", {"do": "retry"})
    house.settle()
    again = re.search(r'href="(/failures/[0-9A-Z]{26})"', lead.get("/failures?single=1"))
    assert again
    assert '<span class="part">宁波市</span>' in lead.get(again[1])


def test_only_those_who_may_change_and_no_ended_order(house: House, lead: Visitor) -> None:
    run_id = house.take(1, total="6000.00")
    path = f"/orders/{run_id}/content"
    house.enter("chen").get(path, status=403)
    assert house.enter("chen").post(path, {"note": "x", "reason": "x"}).status_code == 403
    sent = filled(lead.get(path)) | {"note": "x", "reason": "x"}
    lead.post(f"/orders/{run_id}/closure", {"reason": "sold out"})
    assert "The order had ended at" in lead.post(path, sent).text
    assert path not in lead.get(f"/orders/{run_id}")
    lead.get("/orders/unknown/content", status=404)

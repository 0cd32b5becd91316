"""Orders on screen: found, told in words, mended, and what was refused at the door."""

import re

import orjson
import pytest
from sqlalchemy import insert

from runtime.clock import now
from runtime.core.moment import micros
from runtime.store import tables
from runtime.store.database import begin
from runtime.store.ids import new_id
from tests.core.flow_documents import document
from tests.trade import publish
from tests.web.conftest import House, Visitor


@pytest.fixture
def lead(house: House) -> Visitor:
    return house.enter("zhao")


def test_a_waiting_order_says_for_whom_and_since_when(house: House, lead: Visitor) -> None:
    page = lead.get(f"/orders/{house.take(1, total='9000.00')}")
    assert re.search(r"Waiting for team Supervisors, since \d\d:\d\d, due ", page)
    assert "Because order total is more than CN¥5,000.00." in page
    assert "over 5,000" in page


def test_the_way_is_lit_on_the_picture(house: House, lead: Visitor) -> None:
    page = lead.get(f"/orders/{house.take(1, total='9000.00')}")
    picture = page[page.index('<svg class="flow-picture"') :]
    assert picture.count('class="edge lit"') == 2
    assert picture.count('class="edge"') == 4
    assert picture.count('class="spot waiting seen"') == 1


def test_what_was_sent_can_be_had_unchanged(house: House, lead: Visitor) -> None:
    run_id = house.take(1, note="𠮷 <script>alert(1)</script>")
    answer = lead.look(f"/orders/{run_id}/raw")
    assert orjson.loads(answer.data)["note"] == "𠮷 <script>alert(1)</script>"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    page = lead.get(f"/orders/{run_id}")
    assert "<script>alert" not in page
    assert "𠮷 &lt;script&gt;" in page


@pytest.mark.parametrize("text", ["A-00007", "8000", "SKU-1", "张𠮷", "trace"])
def test_orders_are_found(house: House, lead: Visitor, text: str) -> None:
    run_id = house.take(7)
    sought = run_id[:14].lower() if text == "trace" else text
    assert run_id in lead.get(f"/orders?q={sought}")
    assert run_id not in lead.get("/orders?q=A-70000")


def test_states_are_counted_and_filter(house: House, lead: Visitor) -> None:
    done, waits = house.take(1), house.take(2, total="9000.00")
    page = lead.get("/orders?state=waiting")
    assert waits in page
    assert done not in page
    for told in ("Received <b>2</b>", "Waiting <b>1</b>", "Done <b>1</b>", "Even"):
        assert told in page


def test_an_order_that_is_missing_from_the_balance_alarms(house: House, lead: Visitor) -> None:
    run_id = house.take(1)
    with begin(house.service.engine, durable=True) as connection:
        connection.execute(tables.runs.delete().where(tables.runs.c.id == run_id))
    page = lead.get("/")
    assert "Difference 1" in page
    assert "cannot be accounted for" in page


def test_a_failed_order_is_tried_again_or_closed_with_a_reason(house: House, lead: Visitor) -> None:
    run_id = house.take(1, "shaky-shop")
    page = lead.get(f"/orders/{run_id}")
    assert "Failed at" in page
    assert "Try again</button>" in page
    assert lead.post(f"/orders/{run_id}/closure", {"reason": " "}).status_code == 422
    assert lead.post(f"/orders/{run_id}/retry", {"step": "2"}).status_code == 303
    house.settle()
    assert "try 2" in lead.get(f"/orders/{run_id}")
    assert lead.post(f"/orders/{run_id}/closure", {"reason": "buyer cancelled by phone"}).status_code == 303
    page = lead.get(f"/orders/{run_id}")
    assert "buyer cancelled by phone" in page
    assert lead.post(f"/orders/{run_id}/closure", {"reason": "again"}).status_code == 409


def test_operators_do_not_mend(house: House) -> None:
    run_id = house.take(1, "shaky-shop")
    chen = house.enter("chen")
    assert "Try again</button>" not in chen.get(f"/orders/{run_id}")
    assert chen.post(f"/orders/{run_id}/retry").status_code == 403


def test_a_refusal_is_shown_with_reason_remedy_and_body(house: House, lead: Visitor) -> None:
    refused = new_id(now())
    problems = [{"code": "order.required", "where": "total", "params": {"field": "total"}}]
    row = {
        "id": refused,
        "channel": "own-shop",
        "external_id": "A-13",
        "token_name": "shop",
        "received_at": micros(now()),
        "problems": orjson.dumps(problems).decode(),
        "raw": '{"id": "A-13", "note": "<b>"}',
        "raw_size": 29,
        "alarm": True,
    }
    with begin(house.service.engine, durable=True) as connection:
        connection.execute(insert(tables.refusals).values(row))
    assert "A-13" in lead.get("/refusals")
    page = lead.get(f"/refusals/{refused}")
    assert "&lt;b&gt;" in page
    assert "total" in page
    assert lead.look(f"/refusals/{refused}/raw").data == b'{"id": "A-13", "note": "<b>"}'
    assert 'id="rail-refusals" class="count alarm">1<' in page


def test_an_order_that_nobody_takes_is_held_seen_and_released(house: House, lead: Visitor) -> None:
    with begin(house.service.engine, durable=True) as connection:
        connection.execute(tables.choices.delete())
    run_id = house.take(1, "pop-up-shop")
    assert "no flow takes" in lead.get("/orders?state=held")
    page = lead.get(f"/orders/{run_id}")
    assert "On hold since" in page
    assert lead.post(f"/orders/{run_id}/release", {"flow": "big-orders"}).status_code == 303
    house.settle()
    assert "Arrived at" in lead.get(f"/orders/{run_id}")


def test_all_held_orders_of_a_channel_are_released_at_once(house: House, lead: Visitor) -> None:
    with begin(house.service.engine, durable=True) as connection:
        connection.execute(tables.choices.delete())
    held = [house.take(number, "pop-up-shop") for number in (1, 2, 3)]
    other = house.take(4, "market-stall")
    assert "Release all 3" in lead.get("/orders?state=held&channel=pop-up-shop")
    form = {"flow": "big-orders", "channel": "pop-up-shop"}
    assert lead.post("/orders/release", form).status_code == 303
    house.settle()
    assert all("Arrived at" in lead.get(f"/orders/{run_id}") for run_id in held)
    assert "On hold since" in lead.get(f"/orders/{other}")
    assert lead.post("/orders/release", form | {"flow": "nobody"}).status_code == 303
    assert "Nothing was released" in lead.get("/orders")


def test_an_open_order_is_sent_again_only_when_it_has_moved(house: House, lead: Visitor) -> None:
    run_id = house.take(1, total="9000.00")
    [address] = re.findall(rf'hx-get="(/orders/{run_id}\?rev=\d+)"', lead.get(f"/orders/{run_id}"))
    asked = {"HX-Request": "true"}
    assert lead.client.get(address, headers=asked).status_code == 204
    closed = lead.post(f"/orders/{run_id}/closure", {"reason": "buyer cancelled"})
    assert closed.status_code == 303, closed.text
    moved = lead.client.get(address, headers=asked).get_data(as_text=True)
    assert "buyer cancelled" in moved
    assert "?rev=" not in moved


def test_people_stand_on_an_order_by_their_names_and_decided_nothing_before_they_did(house: House) -> None:
    drawn = document(
        [
            ("in", "ingest", {}),
            ("give", "assign", {"team": "leads"}),
            ("ask", "approval", {"title": "Look", "who": {"kind": "field", "value": "owner"}}),
            ("end", "end", {}),
        ],
        ["in.out>give", "give.assigned>ask", "ask.approved>end", "ask.rejected>end"],
        key="given",
        channels=["given-shop"],
    )
    publish(house.service, drawn)
    page = house.enter("root").get(f"/orders/{house.take(1, 'given-shop')}")
    assert "<strong>Wang</strong>" in page and "<strong>wang</strong>" not in page
    assert " for Wang</span>" not in page

"""What the live canvas is told: numbers that lead to their orders, answers that cost nothing while nothing moves."""

import re
from typing import Any

from runtime.actor import SYSTEM, Actor
from tests.trade import publish
from tests.web.conftest import BIG_ORDERS, House, Visitor

LIVE = "/flows/big-orders/live"


def told(visitor: Visitor, path: str) -> dict[str, Any]:
    answer = visitor.client.get(path, headers={"Accept": "application/json"})
    assert answer.status_code == 200, answer.text[:400]
    found = answer.json
    assert isinstance(found, dict)
    return found


def test_each_number_leads_to_its_orders(house: House) -> None:
    big = [house.take(number, total="9000.00") for number in (1, 2, 3)]
    house.take(4)
    lin = house.enter("lin")

    standing = told(lin, f"{LIVE}/standing?window=week")
    assert (standing["version"], standing["counted"], standing["cut"]) == (1, 4, False)
    assert {node: crowd["number"] for node, crowd in standing["nodes"].items()} == {"ask": 3}
    assert ["way", "big", 3] in standing["ways"] and ["way", "else", 1] in standing["ways"]

    here = told(lin, f"{LIVE}/orders?node=ask")
    assert here["number"] == 3 and here["more"] is None
    assert sorted(one["run"] for one in here["orders"]) == sorted(big)
    assert {one["rest"] for one in here["orders"]} == {"person"}
    assert told(lin, f"{LIVE}/orders?node=ask&only=late")["orders"] == []
    passed = told(lin, f"{LIVE}/orders?node=way&port=big&window=week")
    assert [one["run"] for one in passed["orders"]] == sorted(big, reverse=True)
    lin.get(here["orders"][0]["address"])


def test_pages_of_orders_meet_without_a_gap_or_a_double(house: House) -> None:
    taken = {house.take(number, total="9000.00") for number in range(53)}
    chen = house.enter("chen")

    first = told(chen, f"{LIVE}/orders?node=ask")
    second = told(chen, f"{LIVE}/orders?node=ask&after={first['more']}")
    assert (len(first["orders"]), second["more"]) == (50, None)
    assert {one["run"] for one in first["orders"] + second["orders"]} == taken

    ways = told(chen, f"{LIVE}/orders?node=in&port=out")
    rest = told(chen, f"{LIVE}/orders?node=in&port=out&after={ways['more']}")
    assert [one["run"] for one in ways["orders"] + rest["orders"]] == sorted(taken, reverse=True)


def test_a_page_that_has_the_answer_is_not_told_it_again_until_something_moves(house: House) -> None:
    run_id = house.take(1, total="9000.00")
    lin = house.enter("lin")
    answer = lin.client.get(f"{LIVE}/standing")
    etag = answer.headers["ETag"]

    same = lin.client.get(f"{LIVE}/standing", headers={"If-None-Match": etag})
    assert (same.status_code, same.text) == (304, "")
    assert house.service.decide_task(f"{run_id}.3.1", "reject", "", Actor("zhao")) is None
    moved = lin.client.get(f"{LIVE}/standing", headers={"If-None-Match": etag})
    assert moved.status_code == 200 and moved.json is not None and moved.json["nodes"] == {}


def test_orders_of_an_older_version_are_a_number_with_a_way_to_them(house: House) -> None:
    house.take(1, total="9000.00")
    publish(house.service, BIG_ORDERS | {"name": "Anew"})
    lin = house.enter("lin")

    standing = told(lin, f"{LIVE}/standing")
    assert (standing["version"], standing["nodes"], standing["older"]["orders"]) == (2, {}, 1)
    lin.get(standing["older"]["address"])
    assert told(lin, f"{LIVE}/document")["document"]["name"] == "Anew"


def test_a_flow_that_was_never_published_says_so(house: House) -> None:
    house.service.flows.add(BIG_ORDERS | {"key": "sketch", "channels": []}, SYSTEM)
    lin = house.enter("lin")

    assert told(lin, "/flows/sketch/live/standing") == {"version": None}
    assert lin.look("/flows/sketch/live/document").status_code == 404
    lin.get("/flows/sketch/live")
    lin.get("/flows/nowhere/live", 404)


def test_the_way_of_an_order_tells_each_step_with_who_decided_in_the_version_that_it_went_by(house: House) -> None:
    run_id = house.take(1, total="9000.00")
    assert house.service.decide_task(f"{run_id}.3.1", "approve", "Stock confirmed", Actor("zhao")) is None
    house.settle()
    publish(house.service, BIG_ORDERS | {"name": "Anew"})
    lin = house.enter("lin")

    journey = told(lin, f"/orders/{run_id}/journey")
    assert (journey["version"], journey["is_published"]) == (1, False)
    assert journey["document"]["name"] == BIG_ORDERS["name"]
    visits = {visit["node"]: visit for visit in journey["visits"]}
    assert list(visits) == ["in", "way", "ask", "tell", "end"]
    assert (visits["way"]["ports"], visits["ask"]["ports"]) == (["big"], ["approved"])
    assert visits["ask"]["by"] == "Zhao" and "“Stock confirmed”" in visits["ask"]["why"]
    assert journey["ended"] is not None and journey["standings"][0]["text"]


def test_the_page_of_an_order_leads_to_its_way_on_the_canvas(house: House) -> None:
    run_id = house.take(1, total="9000.00")
    chen = house.enter("chen")

    found = re.search(r'href="(/flows/big-orders/live\?order=[0-9A-Z]+)"', chen.get(f"/orders/{run_id}"))
    assert found and found[1].endswith(run_id)
    assert f'data-order="{run_id}"' in chen.get(found[1])


def test_the_orders_at_a_step_are_the_same_in_the_list_of_orders(house: House) -> None:
    for number in (1, 2):
        house.take(number, total="9000.00")
    house.take(3)
    chen = house.enter("chen")

    page = chen.get("/orders?flow=big-orders&step=ask")
    assert "A-00001" in page and "A-00002" in page and "A-00003" not in page
    assert "that stand at “Approval”" in page
    assert "A-00003" in chen.get("/orders?flow=big-orders")
    assert "A-00001" not in chen.get("/orders?flow=big-orders&step=tell")
    assert "A-00001" not in chen.get("/orders?flow=shaky&step=ask")
    chen.get("/orders?flow=nowhere&step=ask")


def test_a_search_finds_orders_of_this_flow_alone(house: House) -> None:
    house.take(1, total="9000.00")
    house.take(2, "shaky-shop")
    lin = house.enter("lin")

    assert [one["number"] for one in told(lin, f"{LIVE}/search?q=A-00001")["orders"]] == ["A-00001"]
    assert told(lin, f"{LIVE}/search?q=A-00002")["orders"] == []


def test_nonsense_in_the_address_is_no_error(house: House) -> None:
    house.take(1, total="9000.00")
    lin = house.enter("lin")

    assert told(lin, f"{LIVE}/standing?window=forever")["window"] == "day"
    assert told(lin, f"{LIVE}/orders?node=ask&after=²².x")["number"] == 1
    assert told(lin, f"{LIVE}/orders?node=nowhere&only=late&after=.")["orders"] == []
    assert lin.look("/orders/01NOWHERE/journey").status_code == 404

"""What the canvas asks to try an order: steps with their reasons, refusals that say where, and masked persons."""

import json
from typing import Any

from runtime import calendars
from runtime.store.database import begin
from tests.core.flow_documents import approval, document
from tests.trade import order
from tests.web.conftest import BIG_ORDERS, House, Visitor
from tests.web.test_canvas import send

TRY, CASES = "/flows/big-orders/try", "/flows/big-orders/cases"


def tried(visitor: Visitor, drawn: dict[str, Any] = BIG_ORDERS, status: int = 200, **asked: Any) -> dict[str, Any]:
    answer = send(visitor, "POST", TRY, {"document": drawn, "answers": [], **asked})
    assert answer.status_code == status, answer.text
    assert isinstance(answer.json, dict)
    return answer.json


def test_a_typed_order_goes_step_by_step_and_waits_for_the_person(house: House) -> None:
    told = tried(house.enter("lin"), text=json.dumps(order(total="9000.00")))

    assert [(step["node"], step["left"], step["rest"]) for step in told["steps"]] == [
        ("in", ["out"], ""),
        ("way", ["big"], ""),
        ("ask", [], "person"),
    ]
    way = told["steps"][1]
    assert way["why"][0]["truth"] is True and way["why"][0]["seen"] == "CN¥9,000.00"
    assert way["others"][0]["way"] == "else"
    assert way["others"][0]["changes"][0]["value"] == "5000.00"
    assert told["state"] == "waiting"


def test_trying_sends_nothing_and_stores_nothing(house: House) -> None:
    lin = house.enter("lin")
    told = tried(lin, order=order(total="10.00"))
    house.settle()

    assert told["state"] == "done" and told["steps"][2]["sent"]
    assert house.service.perform() == 0
    found = house.enter("root").client.get(f"{TRY}/orders").json
    assert found == {"orders": []}


def test_an_order_that_cannot_be_read_is_refused_with_its_place_in_the_readers_language(house: House) -> None:
    lin = house.enter("lin")
    told = tried(lin, status=422, text=json.dumps(order(total="many")))
    assert told["problems"][0]["where"] == "total" and told["problems"][0]["text"]
    english = told["problems"][0]["text"]
    lin.speak("zh-CN")
    assert tried(lin, status=422, text=json.dumps(order(total="many")))["problems"][0]["text"] != english
    for broken in ("{", "", "[1]", '"x"', "null", "{}"):
        assert tried(lin, status=422, text=broken)["problems"]


def test_a_real_order_is_tried_with_its_person_masked(house: House) -> None:
    note = {"to": "sales", "text": "Call {buyer.name} on {buyer.phone}"}
    drawn = document(
        [
            ("in", "ingest", {}),
            ("way", "route", {"rules": [{"id": "x", "when": {"field": "buyer.name", "op": "eq", "value": "李四"}}]}),
            ("tell", "notify", note),
            ("end", "end", {}),
        ],
        ["in.out>way", "way.x>tell", "way.else>tell", "tell.sent>end"],
        key="big-orders",
    )
    run = house.take(7, total="10.00")
    chen = house.enter("root")
    answer = send(chen, "POST", TRY, {"document": drawn, "answers": [], "run": run})

    assert answer.status_code == 200
    assert "张𠮷" not in answer.text and "138 0013 8000" not in answer.text
    assert "***8000" in answer.text
    found = chen.client.get(f"{TRY}/orders?q=A-00007").json
    assert found is not None and [one["run"] for one in found["orders"]] == [run]
    assert send(chen, "POST", TRY, {"document": drawn, "answers": [], "run": "nobody"}).status_code == 404


def test_each_case_says_whether_it_still_comes_out_as_expected(house: House) -> None:
    through = {"path": ["in", "way", "tell", "end"], "state": "done"}
    cases = [
        {"name": "small", "order": order(total="10.00"), "expect": through},
        {"name": "large", "order": order(total="9000.00"), "expect": through},
        {"name": "odd", "order": {}, "expect": through},
    ]
    lin = house.enter("lin")
    told = send(lin, "POST", CASES, {"document": BIG_ORDERS | {"cases": cases}}).json
    assert told is not None
    assert [one["verdict"] for one in told["cases"]] == ["pass", "fail", "blocked"]
    assert told["cases"][1]["got"] == {"path": ["in", "way", "ask"], "state": "waiting"}


def test_a_draft_that_is_wrong_elsewhere_runs_and_one_without_a_start_says_why(house: House) -> None:
    lin = house.enter("lin")
    nodes = [*BIG_ORDERS["nodes"], {"id": "odd", "type": "approval", "settings": {}}]
    assert tried(lin, BIG_ORDERS | {"nodes": nodes}, order=order(total="10.00"))["state"] == "done"
    empty = BIG_ORDERS | {"nodes": [], "edges": []}
    assert tried(lin, empty, 422, order=order())["problems"][0]["text"]


def test_a_trial_counts_working_time_by_the_calendars_of_the_house(house: House) -> None:
    with begin(house.service.engine, durable=True) as connection:
        calendars.furnish(connection, 1)
    drawn = document(
        [("in", "ingest", {}), ("ask", "approval", approval(deadline_minutes=60, calendar="CN")), ("end", "end", {})],
        ["in.out>ask", "ask.approved>end", "ask.rejected>end", "ask.late>end"],
        key="big-orders",
        teams=[{"key": "leads", "name": "Leads"}],
    )
    friday_half_past_five = order(created_at="2026-11-27T17:30:00+08:00")
    step = tried(house.enter("lin"), drawn, order=friday_half_past_five)["steps"][1]
    assert step["until"].startswith("2026-11-30T01:30:30")


def test_nonsense_is_refused(house: House) -> None:
    lin = house.enter("lin")
    nonsense: list[Any] = [
        "x",
        [1],
        [{}],
        [{"node": 1}],
        [{"node": "ask", "decision": "maybe"}],
        [{"node": "a", "due": False}],
    ]
    for answers in nonsense:
        assert send(lin, "POST", TRY, {"document": BIG_ORDERS, "answers": answers}).status_code == 400
    assert send(lin, "POST", TRY, {"document": 1}).status_code == 400
    assert send(lin, "POST", "/flows/nowhere/try", {"document": BIG_ORDERS}).status_code == 404
    tried(lin, status=422, order=None)
    tried(lin, status=422, text='{"a": "\\ud800"}')


def test_a_change_that_was_told_can_be_tried_on_a_real_order(house: House) -> None:
    run = house.take(7, total="10.00")
    root = house.enter("root")
    first = tried(root, run=run)
    (other,) = [one for one in first["steps"][1]["others"] if one["way"] == "big"]
    edits = [{"path": one["path"], "value": one["value"]} for one in other["changes"]]
    assert tried(root, run=run, edits=edits)["steps"][1]["left"] == ["big"]

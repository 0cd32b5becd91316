"""Moves by the API: preview, do, undo; each answer is held against the OpenAPI document."""

import copy
from typing import Any

import orjson
import pytest
from werkzeug.test import TestResponse

from tests.api.conftest import Api
from tests.trade import APPROVAL, order, publish

MOVES = "/api/v1/flows/approval/moves"


@pytest.fixture
def behind(asking_shop: Api) -> Api:
    """Two orders wait on version 1; version 2 asks finance."""
    asking_shop.orders([order(1), order(2)])
    asking_shop.drain()
    drawn = copy.deepcopy(APPROVAL)
    drawn["nodes"][1]["settings"]["who"]["value"] = "finance"
    publish(asking_shop.service, drawn)
    return asking_shop


def told(answer: TestResponse) -> Any:
    return orjson.loads(answer.data)


def test_preview_move_and_undo(behind: Api) -> None:
    found = told(behind.get(f"{MOVES}/preview?to=2"))
    [group] = found["groups"]
    assert (found["movable"], group["count"], group["from"], group["obstacles"]) == (2, 2, 1, [])
    assert group["changes"][0]["code"] == "move.asked_anew"
    opened = told(behind.get(f"{MOVES}/preview?orders={group['key']}"))["groups"][0]["orders"]
    moved = behind.post(MOVES, {"to": 2, "reason": "finance approves", "orders": opened[:1]})
    assert moved.status_code == 201
    assert (told(moved)["moved"], told(moved)["declined"], told(moved)["by"]) == (1, 0, "token:admin")
    rest = told(behind.post(MOVES, {"to": 2, "reason": "all"}))
    assert rest["moved"] == 1
    again = behind.post(MOVES, {"to": 2, "reason": "all"})
    assert (again.status_code, told(again)["code"]) == (409, "api.move_nothing")
    back = behind.post(f"{MOVES}/{rest['id']}/undo", {"reason": "too early"})
    assert (back.status_code, told(back)["undoes"], told(back)["moved"]) == (201, rest["id"], 1)
    assert told(behind.get(f"{MOVES}/{rest['id']}"))["undone"] == 1
    page = told(behind.get(f"{MOVES}?limit=2"))
    assert len(page["items"]) == 2
    assert len(told(behind.get(f"{MOVES}?limit=2&cursor={page['next']}"))["items"]) == 1


def test_an_order_that_stays_is_named_with_the_reason(behind: Api) -> None:
    drawn = copy.deepcopy(APPROVAL)
    drawn["nodes"][1]["id"] = "look"
    for edge in drawn["edges"]:
        edge |= {end: "look" for end in ("from", "to") if edge[end] == "ask"}
    publish(behind.service, drawn)
    found = told(behind.get(f"{MOVES}/preview"))
    assert found["groups"][0]["obstacles"][0]["remedy"]
    key = found["groups"][0]["key"]
    [one, _other] = told(behind.get(f"{MOVES}/preview?orders={key}"))["groups"][0]["orders"]
    answer = told(behind.post(MOVES, {"to": 3, "reason": "try", "orders": [one]}))
    assert (answer["declined"], answer["stayed"][0]["why"][0]["code"]) == (1, "move.no_step")


def test_what_is_wrong_is_told(behind: Api) -> None:
    wrong = [
        ({"to": 9, "reason": "x"}, 422),
        ({"to": 2, "reason": " "}, 422),
        ({"to": "two", "reason": "x"}, 422),
        ({"to": 2, "reason": "x", "orders": []}, 422),
        ({"to": 2, "reason": "x", "more": 1}, 422),
    ]
    for body, status in wrong:
        assert behind.post(MOVES, body).status_code == status
    assert behind.get("/api/v1/flows/none/moves/preview").status_code == 404
    assert behind.get(f"{MOVES}/{'0' * 26}").status_code == 404
    assert behind.post(f"{MOVES}/{'0' * 26}/undo", {"reason": "x"}).status_code == 404
    operator = behind.token("operator")
    assert behind.get(f"{MOVES}/preview", operator).status_code == 403
    assert behind.post(MOVES, {"to": 2, "reason": "x"}, operator).status_code == 403

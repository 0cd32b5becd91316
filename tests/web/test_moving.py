"""Moves on screen: what a new version would change, moving with a reason, and taking it back."""

import copy
import re
from typing import Any

import pytest

from tests.trade import publish
from tests.web.conftest import BIG_ORDERS, SHAKY, House, Visitor

MOVES = "/flows/big-orders/moves"


@pytest.fixture
def designer(house: House) -> Visitor:
    return house.enter("lin")


@pytest.fixture
def lead(house: House) -> Visitor:
    return house.enter("zhao")


def changed(**settings: Any) -> dict[str, Any]:
    """The flow with another approval."""
    drawn = copy.deepcopy(BIG_ORDERS)
    drawn["nodes"][2]["settings"] |= settings
    return drawn


def waiting(house: House, number: int) -> list[str]:
    return [house.take(one, total="6000.00") for one in range(number)]


def new_team(house: House) -> None:
    drawn = changed(who={"kind": "team", "value": "finance"})
    drawn["teams"] = [*drawn["teams"], {"key": "finance", "name": {"en": "Finance desk", "zh-CN": "财务组"}}]
    publish(house.service, drawn)
    house.hire("fang", "finance", team="finance")


def form(page: str) -> dict[str, str]:
    """What the hidden fields of the page's form say."""
    return {name: re.findall(rf'name="{name}" value="([^"]+)"', page)[0] for name in ("once", "to")}


def test_nothing_is_behind_and_the_page_says_what_would_be_here(house: House, designer: Visitor) -> None:
    assert "Every order goes by version 1" in designer.get(MOVES)
    assert "still go" not in designer.get("/flows")


def test_the_list_of_flows_tells_who_is_behind_and_leads_there(house: House, designer: Visitor) -> None:
    waiting(house, 2)
    new_team(house)
    page = designer.get("/flows")
    assert "2 orders still go by version 1" in page
    assert f'href="{MOVES}"' in page


def test_a_move_asks_the_new_team_and_undo_asks_the_old_one(house: House, designer: Visitor) -> None:
    waiting(house, 2)
    new_team(house)
    page = designer.get(MOVES)
    assert "is asked anew" in page
    assert "team Supervisors → team Finance desk" in page
    answer = designer.post(MOVES, {**form(page), "all": "1", "reason": "finance approves"})
    assert answer.status_code == 303
    moved = designer.get(answer.location)
    assert "finance approves" in moved
    assert moved.count("v1 → v2") == 2
    assert "A-00001" in house.enter("fang").get("/inbox")
    assert "A-00001" not in house.enter("zhao").get("/inbox")
    once = form(f'name="to" value="2" {moved}')["once"]
    back = designer.post(f"{answer.location}/undo", {"once": once, "reason": "too early"})
    assert back.status_code == 303
    assert "Taken back" in designer.get(back.location)
    assert "A-00001" in house.enter("zhao").get("/inbox")
    assert "2 taken back" in designer.get(MOVES)


def test_a_move_is_taken_back_at_its_own_flow_only(house: House, designer: Visitor) -> None:
    waiting(house, 1)
    new_team(house)
    answer = designer.post(MOVES, {**form(designer.get(MOVES)), "all": "1", "reason": "finance approves"})
    move_id = str(answer.location).rpartition("/")[2]
    other = designer.post(f"/flows/another/moves/{move_id}/undo", {"once": "0" * 26, "reason": "too early"})
    assert other.status_code == 404
    assert "A-00000" in house.enter("fang").get("/inbox")
    assert designer.post(MOVES, {"once": "é" * 26, "to": "2", "all": "1", "reason": "x"}).status_code == 400


def test_some_of_a_group_move_alone(house: House, designer: Visitor) -> None:
    first, second = waiting(house, 2)
    new_team(house)
    page = designer.get(MOVES)
    group = re.search(r"group=([0-9a-f]{16})", page)
    assert group
    behind = designer.get(f"{MOVES}?to=2&group={group[1]}")
    assert first in behind
    assert second in behind
    designer.post(MOVES, {**form(behind), "run": first, "reason": "this one"})
    assert "1 order goes by another version than 2" in designer.get(MOVES)


def test_a_length_of_time_is_told_with_its_unit(house: House, designer: Visitor) -> None:
    waiting(house, 1)
    publish(house.service, changed(deadline_minutes=45))
    assert "→ 45 min" in designer.get(MOVES)


def test_an_order_that_waits_by_a_failure_policy_is_told_that_the_version_has_none(house: House, lead: Visitor) -> None:
    then = dict.fromkeys(("error", "refused", "timeout", "bad_answer"), "person")
    asking = {**SHAKY, "key": "asking", "channels": ["asking-shop"]}
    publish(house.service, {**asking, "failures": {**then, "who": {"kind": "role", "value": "lead"}}})
    house.take(1, "asking-shop")
    publish(house.service, asking)
    page = lead.get("/flows/asking/moves")
    assert "that version has no such policy" in page
    assert "has no step" not in page


def test_what_cannot_move_is_told_with_a_remedy(house: House, designer: Visitor) -> None:
    waiting(house, 1)
    drawn = copy.deepcopy(BIG_ORDERS)
    drawn["nodes"][2]["id"] = "look"
    for edge in drawn["edges"]:
        edge |= {end: "look" for end in ("from", "to") if edge[end] == "ask"}
    publish(house.service, drawn)
    page = designer.get(MOVES)
    assert "Cannot move" in page
    assert "Draw that step again with the same id" in page
    assert "data-all" not in page


def test_without_a_reason_nothing_moves_and_what_was_ticked_stays(house: House, designer: Visitor) -> None:
    waiting(house, 1)
    new_team(house)
    page = designer.get(MOVES)
    answer = designer.post(MOVES, {**form(page), "all": "1", "reason": " "})
    assert answer.status_code == 422
    assert "Say why" in answer.text
    assert "1 order goes by another version than 2" in answer.text


def test_who_sends_the_form_second_is_told_who_was_first(house: House, designer: Visitor) -> None:
    waiting(house, 1)
    new_team(house)
    root = house.enter("root")
    pages = designer.get(MOVES), root.get(MOVES)
    designer.post(MOVES, {**form(pages[0]), "all": "1", "reason": "mine"})
    answer = root.post(MOVES, {**form(pages[1]), "all": "1", "reason": "mine too"})
    assert answer.status_code == 409
    assert "Lin was the last who moved orders" in answer.text


def test_one_order_moves_from_its_own_page_and_its_story_tells_it(house: House, designer: Visitor) -> None:
    run_id = waiting(house, 1)[0]
    new_team(house)
    assert f"/orders/{run_id}/move" in designer.get(f"/orders/{run_id}")
    page = designer.get(f"/orders/{run_id}/move")
    assert "It goes by version 1" in page
    designer.post(MOVES, {**form(page), "run": run_id, "reason": "this one"})
    story = designer.get(f"/orders/{run_id}")
    assert "Moved from version 1 to version 2" in story
    assert "There is nothing to move" in designer.get(f"/orders/{run_id}/move")


def test_only_who_may_publish_moves_orders(house: House) -> None:
    waiting(house, 1)
    new_team(house)
    lead = house.enter("zhao")
    assert "Move to version" not in lead.get(MOVES)
    assert lead.post(MOVES, {"all": "1", "reason": "x", "to": "2", "once": "0" * 26}).status_code == 403


def test_unknown_flows_versions_and_moves_are_not_found(designer: Visitor) -> None:
    for path in ("/flows/none/moves", f"{MOVES}?to=99", f"{MOVES}/{'0' * 26}", "/orders/none/move"):
        designer.get(path, 404)

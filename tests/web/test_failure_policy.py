"""What a flow's failure policy looks like to people: waiting, failed and asked are told apart, at the step that failed."""

import re
from typing import Any

import pytest

from tests.trade import publish
from tests.web.conftest import SHAKY, House, Visitor


def guarded(house: House, then: str, **more: Any) -> str:
    """The order of a flow whose failures go all by this policy."""
    kinds = dict.fromkeys(("error", "refused", "timeout", "bad_answer"), then)
    publish(house.service, {**SHAKY, "key": "guarded", "channels": ["guarded-shop"], "failures": {**kinds, **more}})
    return house.take(1, "guarded-shop")


@pytest.fixture
def lead(house: House) -> Visitor:
    return house.enter("zhao")


def test_a_pause_is_waiting_with_its_try_and_time_and_no_failure(house: House, lead: Visitor) -> None:
    run_id = guarded(house, "retry")
    assert re.search(r"Waiting for try 2 of 3 of .*? at ", lead.get(f"/orders/{run_id}"))
    assert "waiting for try 2 of 3 of" in lead.get("/orders?state=waiting")
    assert "Nothing has to be mended" in lead.get("/failures")


def test_what_failed_is_told_with_its_tries(house: House, lead: Visitor) -> None:
    run_id = guarded(house, "stop")
    assert re.search(r"Failed at .*?, after 1 try: ", lead.get(f"/orders/{run_id}"))
    assert "after 1 try" in lead.get("/orders?state=failed")


def test_a_person_is_asked_in_the_words_of_the_policy_and_tells_why(house: House, lead: Visitor) -> None:
    run_id = guarded(house, "person", who={"kind": "role", "value": "lead"})
    page = lead.get("/inbox")
    assert "no system is called nowhere" in page
    assert re.search(r'value="approve">.*?Try again<', page, re.DOTALL)
    assert re.search(r'value="reject">.*?Give up<', page, re.DOTALL)
    trace = re.search(r'action="/tasks/([^/]+)/decision', page)
    assert trace
    lead.post(f"/tasks/{trace[1]}/decision", {"decision": "approve"})
    house.settle()
    another = re.search(r'action="/tasks/([^/]+)/decision', lead.get("/inbox"))
    assert another
    lead.post(f"/tasks/{another[1]}/decision", {"decision": "reject", "words": "no use"})
    house.settle()
    assert "after 1 try, then 1 by hand" in lead.get(f"/orders/{run_id}")

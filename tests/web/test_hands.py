"""What one may do with a task besides deciding it: call others in, send the order back, and see who signs."""

import pytest

from tests.core.flow_documents import approval, document
from tests.trade import publish
from tests.web.conftest import House
from tests.web.test_inbox import HTMX, state_of

TWICE = document(
    [
        ("in", "ingest", {}),
        ("first", "approval", approval()),
        ("second", "approval", approval(rule="all")),
        ("end", "end", {}),
        ("no", "end", {"result": "cancelled", "reason": "rejected"}),
    ],
    ["in.out>first", "first.approved>second", "first.rejected>no", "second.approved>end", "second.rejected>no"],
    key="twice",
    channels=["second-shop"],
    teams=[{"key": "leads", "name": {"en": "Supervisors", "zh-CN": "主管"}}],
)


@pytest.fixture
def run_id(house: House) -> str:
    """An order that the leads are asked about, and then each of them."""
    publish(house.service, TWICE)
    return house.take(1, "second-shop", total="9000.00")


def test_who_is_called_in_signs_first_and_all_are_told_who_signs(house: House, run_id: str) -> None:
    zhao, chen = house.enter("zhao"), house.enter("chen")
    task = f"{run_id}.2.1"
    assert "Call in" in zhao.get(f"/inbox/{task}")
    assert chen.post(f"/tasks/{task}/signers", {"to": "person:chen"}, headers=HTMX).status_code == 403
    assert zhao.post(f"/tasks/{task}/signers", {"to": "person:nobody"}, headers=HTMX).status_code == 422
    told = zhao.post(
        f"/tasks/{task}/signers", {"to": "person:chen", "place": "before", "note": "you know her"}, headers=HTMX
    )
    assert "Chen is asked first" in told.text
    assert task not in zhao.get("/inbox")
    page = chen.get(f"/inbox/{task}.1")
    assert "Who signs" in page
    assert "asked Chen to sign first" in page and "you know her" in page, "who is asked is told by whom and why"
    assert chen.post(f"/tasks/{task}.1/decision", {"decision": "approve", "words": "fine"}).status_code == 303
    assert "fine" in zhao.get(f"/inbox/{task}")
    story = zhao.get(f"/orders/{run_id}")
    assert "asked Chen to sign first" in story
    assert "you know her" in story


def test_an_order_is_sent_back_with_a_note_and_the_way_back_is_offered_where_there_is_one(
    house: House, run_id: str
) -> None:
    zhao, wang = house.enter("zhao"), house.enter("wang")
    assert "Send back" not in zhao.get(f"/inbox/{run_id}.2.1")
    early = zhao.post(f"/tasks/{run_id}.2.1/back", {"to": "first", "note": "why"}, headers=HTMX)
    assert (early.status_code, "cannot go back" in early.text) == (409, True)
    zhao.post(f"/tasks/{run_id}.2.1/decision", {"decision": "approve"})
    assert "Back to which step" in wang.get(f"/inbox/{run_id}.3.1")
    assert wang.post(f"/tasks/{run_id}.3.1/back", {"to": "first", "note": " "}, headers=HTMX).status_code == 422
    assert wang.post(f"/tasks/{run_id}.3.1/back", {"to": "end", "note": "no"}, headers=HTMX).status_code == 409
    done = wang.post(f"/tasks/{run_id}.3.1/back", {"to": "first", "note": "the address is old"}, headers=HTMX)
    assert (done.status_code, "Sent back." in done.text) == (200, True)
    house.settle()
    story = zhao.get(f"/orders/{run_id}")
    assert "the address is old" in story
    assert f"{run_id}.4.1" in zhao.get("/inbox")
    again = zhao.get(f"/inbox/{run_id}.4.1")
    assert "sent back to “" in again and "the address is old" in again, "who is asked again is told by whom and why"
    assert "the address is old" not in zhao.get(f"/inbox/{run_id}.2.1"), "an answered question is not asked again"
    assert state_of(house, run_id) == "waiting"


def test_the_order_tells_everybody_whom_it_waits_for(house: House, run_id: str) -> None:
    zhao = house.enter("zhao")
    zhao.post(f"/tasks/{run_id}.2.1/decision", {"decision": "approve"})
    assert "Waiting for Wang, Zhao, since" in zhao.get(f"/orders/{run_id}")

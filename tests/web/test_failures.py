"""The failure desk on screen: causes, one failure with all that was known, and what people do about them."""

import re

import pytest

from tests.core.flow_documents import REQUEST
from tests.trade import publish
from tests.web.conftest import SHAKY, House, Visitor

NEWER = {"id": "call", "type": "request", "settings": {**REQUEST, "system": "elsewhere"}}


@pytest.fixture
def lead(house: House) -> Visitor:
    return house.enter("zhao")


def failure_of(lead: Visitor, number: int) -> str:
    """The page of the failure of this order."""
    page = lead.get(f"/failures?single=1&state=all&q=A-{number:05d}")
    found = re.search(r'href="(/failures/[0-9A-Z]{26})"', page)
    assert found
    return found[1]


def test_nothing_failed_and_the_page_says_what_would_be_here(lead: Visitor) -> None:
    assert "Nothing has to be mended" in lead.get("/failures")


def test_failures_stand_by_cause_with_their_number_and_step(house: House, lead: Visitor) -> None:
    for number in range(3):
        house.take(number, "shaky-shop")
    page = lead.get("/failures")
    assert "no system is called nowhere" in page
    assert "<strong>3</strong>" in page
    assert 'id="rail-failures" class="count alarm">3<' in page
    link = re.search(r'href="(/failures\?cause=[0-9a-f]{64})"', page)
    assert link
    assert lead.get(link[1]).count("data-tick ") + lead.seen.count("data-tick>") == 3


def test_a_failure_shows_the_order_what_was_sent_and_every_try(house: House, lead: Visitor) -> None:
    house.take(1, "shaky-shop")
    path = failure_of(lead, 1)
    lead.post(f"{path}/mending", {"do": "retry"})
    house.settle()
    path = failure_of(lead, 1)
    page = lead.get(path)
    assert "Try 1" in page
    assert "Try 2" in page
    assert "1 automatic, 1 by hand" in page
    assert "What was sent last" in page
    assert "The order as it was" in page
    assert "by Zhao" in page


def test_who_may_not_mend_is_told_who_does(house: House, lead: Visitor) -> None:
    house.take(1, "shaky-shop")
    path = failure_of(lead, 1)
    told = "Team leads, after-sales and administrators can mend it."
    assert told not in lead.get(path)
    assert told in house.enter("chen").get(path)


def test_a_failed_order_leads_to_its_failure(house: House, lead: Visitor) -> None:
    run_id = house.take(1, "shaky-shop")
    link = re.search(r'href="(/failures\?q=[^"]+)"', lead.get(f"/orders/{run_id}"))
    assert link
    assert failure_of(lead, 1) in lead.get(link[1].replace("&amp;", "&"))


def test_what_needs_a_reason_is_refused_without_one_and_nothing_changes(house: House, lead: Visitor) -> None:
    house.take(1, "shaky-shop")
    path = failure_of(lead, 1)
    for do in ("skip", "done", "cancelled"):
        answer = lead.post(f"{path}/mending", {"do": do, "reason": "  "})
        assert answer.status_code == 422
        assert "Say why" in answer.text
    assert "Failed <b>1</b>" in lead.get("/")


def test_a_skipped_step_lets_the_order_arrive(house: House, lead: Visitor) -> None:
    run_id = house.take(1, "shaky-shop")
    lead.post(f"{failure_of(lead, 1)}/mending", {"do": "skip", "reason": "told them by phone"})
    page = lead.get(f"/orders/{run_id}")
    assert "Arrived at" in page
    page = lead.get(failure_of(lead, 1))
    assert "Skipped by Zhao at" in page
    assert "told them by phone" in page


def test_who_comes_second_is_told_who_was_first(house: House, lead: Visitor) -> None:
    house.take(1, "shaky-shop")
    path = failure_of(lead, 1)
    house.enter("wang").post(f"{path}/mending", {"do": "cancelled", "reason": "buyer called"})
    answer = lead.post(f"{path}/mending", {"do": "retry"})
    assert answer.status_code == 409
    assert "by Wang" in answer.text


def test_many_are_mended_at_once_and_the_page_tells_how_far_it_is(house: House, lead: Visitor) -> None:
    for number in range(5):
        house.take(number, "shaky-shop")
    page = lead.get("/failures?single=1")
    once = re.search(r'name="once" value="([0-9A-Z]{26})"', page)
    assert once
    told = {"once": once[1], "all": "1", "do": "cancelled", "reason": "sold out"}
    first = lead.post("/failures/acts", told)
    again = lead.post("/failures/acts", told)
    assert first.headers["Location"] == again.headers["Location"]
    assert "0 of 5 failures" in lead.get(first.headers["Location"])
    while house.service.acts.work():
        pass
    page = lead.get(first.headers["Location"])
    assert "5 failures were worked on" in page
    assert "Cancelled <b>5</b>" in page


def test_an_act_has_an_id_as_we_make_them(house: House, lead: Visitor) -> None:
    house.take(1, "shaky-shop")
    answer = lead.post("/failures/acts", {"once": "é" * 26, "do": "retry", "all": "1"})
    assert answer.status_code == 400
    assert house.service.acts.work() == 0


def test_nothing_ticked_begins_nothing(house: House, lead: Visitor) -> None:
    house.take(1, "shaky-shop")
    answer = lead.post("/failures/acts", {"once": "0" * 26, "do": "retry"})
    assert answer.status_code == 303
    assert "Tick the failures first." in lead.get("/failures")


def test_only_those_who_may_mend_can(house: House, lead: Visitor) -> None:
    house.take(1, "shaky-shop")
    path = failure_of(lead, 1)
    auditor = house.enter("oliver")
    assert "data-mending" not in auditor.get(path)
    assert auditor.post(f"{path}/mending", {"do": "retry"}).status_code == 403
    assert auditor.post("/failures/acts", {"once": "0" * 26, "do": "retry", "all": "1"}).status_code == 403


def test_odd_addresses_are_no_page(lead: Visitor) -> None:
    lead.get("/failures/unknown", status=404)
    lead.get("/failures/acts/unknown", status=404)
    assert "No failure fits" in lead.get("/failures?cause=x&kind=y&page=-1&state=z&q=%25_")


def test_an_order_is_tried_again_with_the_flow_as_it_is_published_now(house: House, lead: Visitor) -> None:
    house.take(1, "shaky-shop")
    path = failure_of(lead, 1)
    assert "retry_published" not in lead.get(path)
    publish(house.service, {**SHAKY, "nodes": [one if one["id"] != "call" else NEWER for one in SHAKY["nodes"]]})
    assert "With the published version v2" in " ".join(re.sub(r"<[^>]+>", " ", lead.get(path)).split())
    assert lead.post(f"{path}/mending", {"do": "retry_published"}).status_code == 422
    lead.post(f"{path}/mending", {"do": "retry_published", "reason": "the right system"})
    assert "Moved from version 1 to version 2" in lead.get(lead_to_order(lead, path))


def test_a_step_that_is_gone_from_the_published_version_is_told(house: House, lead: Visitor) -> None:
    house.take(1, "shaky-shop")
    path = failure_of(lead, 1)
    nodes = [one for one in SHAKY["nodes"] if one["id"] != "call"]
    publish(house.service, {**SHAKY, "nodes": nodes, "edges": [{"id": "e", "from": "in", "port": "out", "to": "end"}]})
    answer = lead.post(f"{path}/mending", {"do": "retry_published", "reason": "without the call"})
    assert answer.status_code == 409
    assert "Its step does not fit the published version" in answer.text
    assert "data-mending" in lead.get(path)


@pytest.mark.parametrize("query", ["system=nowhere", "age=hour", "age=day"])
def test_the_list_is_narrowed_by_system_and_age(house: House, lead: Visitor, query: str) -> None:
    house.take(1, "shaky-shop")
    assert "A-00001" in lead.get(f"/failures?single=1&{query}")
    assert "No failure fits" in lead.get("/failures?single=1&age=older")
    assert "No failure fits" in lead.get("/failures?single=1&system=other")


def lead_to_order(lead: Visitor, path: str) -> str:
    found = re.search(r'href="(/orders/[0-9A-Z]{26})"[^>]*data-order-link', lead.get(path))
    assert found
    return found[1]

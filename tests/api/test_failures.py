"""The failure list by API: found, read whole, and mended by one machine once."""

from typing import Any

import pytest

from tests.api.conftest import Api
from tests.core.flow_documents import REQUEST, document
from tests.trade import order, publish

FAILURES = "/api/v1/failures"


@pytest.fixture
def shaky(api: Api) -> Api:
    """Three orders whose system nobody has set up."""
    nodes: list[Any] = [("in", "ingest", {}), ("call", "request", {**REQUEST, "system": "nowhere"}), ("end", "end", {})]
    publish(api.service, document(nodes, ["in.out>call", "call.ok>end"], key="shaky", channels=["own-shop"]))
    api.orders([order(number, channel="own-shop") for number in range(3)])
    api.drain()
    return api


def found(api: Api, query: str = "", token: str = "operator") -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = api.get(f"{FAILURES}?{query}", token).get_json()["items"]
    return items


def test_failures_come_in_pages_the_newest_first(shaky: Api) -> None:
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = shaky.get(f"{FAILURES}?limit=2&cursor={cursor}", "operator").get_json()
        seen += [item["order"]["id"] for item in page["items"]]
        cursor = page["next"]
    assert sorted(seen) == ["A-00000", "A-00001", "A-00002"]


def test_failures_are_narrowed_by_what_they_are(shaky: Api) -> None:
    [first, *_] = found(shaky)
    assert len(found(shaky, f"cause={first['cause']}&state=open&flow=shaky&channel=own-shop&kind={first['kind']}")) == 3
    assert [one["order"]["id"] for one in found(shaky, "search=A-00001")] == ["A-00001"]
    for nothing in ("state=mended", "flow=other", "channel=other", "system=other", "cause=0", "search=unheard"):
        assert found(shaky, nothing) == []
    assert shaky.get(f"{FAILURES}?state=lost").status_code == 422


def test_one_failure_tells_the_order_the_calls_and_the_ways(shaky: Api) -> None:
    told = shaky.get(f"{FAILURES}/{found(shaky)[0]['id']}", "auditor").get_json()
    assert (told["ways"], told["node"], told["system"]) == (["ok"], "call", "nowhere")
    assert told["document"]["buyer"]["name"] == "张𠮷"
    assert [call["target"] for call in told["calls"]] == ["nowhere"]
    assert told["calls"][0]["content"]
    assert (told["automatic_tries"], told["tries_by_hand"]) == (1, 0)


def test_a_retry_is_another_failure_if_it_fails_again(shaky: Api) -> None:
    first = found(shaky, "search=A-00001")[0]["id"]
    answer = shaky.post(f"{FAILURES}/{first}/retry", token="operator")
    assert (answer.status_code, answer.get_json()["state"]) == (200, "retried")
    shaky.drain()
    [again] = found(shaky, "search=A-00001&state=open")
    assert again["id"] != first
    assert again["tries_by_hand"] == 1


def test_a_skip_goes_on_and_a_closure_ends(shaky: Api) -> None:
    first, second, third = (one["id"] for one in found(shaky))
    assert shaky.post(f"{FAILURES}/{first}/skip", {"reason": " "}).status_code == 422
    assert shaky.post(f"{FAILURES}/{first}/skip", {"reason": "by phone", "way": "failed"}).status_code == 409
    skipped = shaky.post(f"{FAILURES}/{first}/skip", {"reason": "by phone"}).get_json()
    assert (skipped["state"], skipped["reason"], skipped["order"]["state"]) == ("skipped", "by phone", "done")
    closed = shaky.post(f"{FAILURES}/{second}/closure", {"result": "cancelled", "reason": "sold out"}).get_json()
    assert (closed["state"], closed["order"]["state"]) == ("closed", "cancelled")
    done = shaky.post(f"{FAILURES}/{third}/closure", {"result": "done", "reason": "sent by hand"}).get_json()
    assert done["order"]["state"] == "done"


@pytest.mark.parametrize(
    ("act", "body", "code"),
    [
        ("retry", {}, "failure.retried"),
        ("skip", {"reason": "by phone"}, "failure.skipped"),
        ("closure", {"result": "cancelled", "reason": "sold out"}, "failure.closed"),
    ],
)
def test_the_second_is_told_who_was_first(shaky: Api, act: str, body: dict[str, str], code: str) -> None:
    failure = found(shaky)[0]["id"]
    assert shaky.post(f"{FAILURES}/{failure}/{act}", body, "operator").status_code == 200
    late = shaky.post(f"{FAILURES}/{failure}/retry", token="admin")
    assert (late.status_code, late.get_json()["code"]) == (409, code)
    assert "token:operator" in late.get_json()["detail"]


def test_a_token_sees_and_mends_its_own_channels_only(shaky: Api) -> None:
    other = shaky.token("operator", "other-shop")
    failure = found(shaky)[0]["id"]
    assert found(shaky, token=other) == []
    assert shaky.get(f"{FAILURES}/{failure}", other).status_code == 404
    assert shaky.post(f"{FAILURES}/{failure}/retry", token=other).status_code == 404
    assert shaky.post(f"{FAILURES}/{failure}/retry", token="auditor").status_code == 403
    assert shaky.get(f"{FAILURES}/unknown").status_code == 404

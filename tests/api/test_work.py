"""What became of orders: state and trace, tasks and decisions, failures, balance."""

from typing import Any

import pytest

from tests.api.conftest import Api
from tests.core.flow_documents import document
from tests.trade import order, publish

ORDERS = "/api/v1/orders"
TASKS = "/api/v1/tasks"


def one_task(api: Api, number: int = 1) -> tuple[dict[str, Any], dict[str, Any]]:
    """An order that waits for a decision, and its task."""
    [result] = api.orders(order(number))
    api.drain()
    [task] = [item for item in api.get(TASKS, "operator").get_json()["items"] if item["order"]["id"] == result["id"]]
    return result, task


def test_an_order_tells_state_standing_document_and_trace(shop: Api) -> None:
    [result] = shop.orders(order(1))
    shop.drain()
    told = shop.get(f"{ORDERS}/{result['trace']}").get_json()
    assert (told["state"], told["state_words"], told["standing"]) == ("done", "Done", [])
    assert [step["node"] for step in told["steps"]] == ["in", "look", "way", "mark", "tell", "tell", "end"]
    assert told["order"]["total"] == "121.00" and told["order"]["buyer"] == order(1)["buyer"]
    assert told["changes"]["note"] == "looked at"
    [effect] = told["effects"]
    assert effect["state"] == "answered" and effect["trace"].startswith(result["trace"])
    assert (told["flow"], told["version"]) == ("six-steps", 1)


def test_an_order_is_found_by_the_channels_own_number(shop: Api) -> None:
    shop.orders([order(1), order(1, channel="other"), order(2)])
    found = shop.get(f"{ORDERS}?channel=other&id=A-00001").get_json()["items"]
    assert [(item["channel"], item["id"]) for item in found] == [("other", "A-00001")]


@pytest.mark.parametrize("trace", ["01M827H0J27X3Z5ZN182PVA7RS", "x", "%00", "a%2Fb", "é"])
def test_an_unknown_order_is_404(shop: Api, trace: str) -> None:
    assert shop.get(f"{ORDERS}/{trace}").status_code == 404


def test_orders_come_in_pages(shop: Api) -> None:
    shop.orders([order(number) for number in range(5)])
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = shop.get(f"{ORDERS}?limit=2&cursor={cursor}").get_json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
    assert seen == [f"A-0000{number}" for number in (4, 3, 2, 1, 0)]


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=x", "limit=1001", "state=lost", "cursor=!!", "cursor=WzFd", "cursor=WyJcdTAwMDAiXQ", "id=%00"],
)
def test_a_filter_that_is_none_is_refused(shop: Api, query: str) -> None:
    answer = shop.get(f"{ORDERS}?{query}")
    assert answer.status_code == 422 and answer.get_json()["where"] == query.partition("=")[0]


@pytest.mark.parametrize("cursor", ["WzE4NDQ2NzQ0MDczNzA5NTUxNjE1LCJ4Il0", "WyJ4IiwieCJd", "W10", "e30"])
def test_a_cursor_that_no_list_gave_is_refused(shop: Api, cursor: str) -> None:
    assert shop.get(f"{TASKS}?cursor={cursor}").status_code == 422


def test_orders_are_filtered_by_state(asking_shop: Api) -> None:
    asking_shop.orders(order(1))
    asking_shop.drain()
    asking_shop.orders(order(2))
    states = {item["id"]: item["state"] for item in asking_shop.get(ORDERS).get_json()["items"]}
    assert states == {"A-00001": "waiting", "A-00002": "running"}
    assert [item["id"] for item in asking_shop.get(f"{ORDERS}?state=waiting,held").get_json()["items"]] == ["A-00001"]
    assert len(asking_shop.get(f"{ORDERS}?state=waiting&state=running").get_json()["items"]) == 2


def test_a_waiting_order_says_for_whom(asking_shop: Api) -> None:
    result, task = one_task(asking_shop)
    told = asking_shop.get(f"{ORDERS}/{result['trace']}", headers={"Accept-Language": "zh"}).get_json()
    [standing] = told["standing"]
    assert (standing["node"], standing["type"], standing["waits_for"]) == ("ask", "approval", "person")
    assert standing["who"] == {"kind": "team", "value": "leads"} and standing["trace"] == task["trace"]
    assert (told["state_words"], standing["words"]) == ("等待中", "等待人工处理")


def test_an_approval_lets_the_order_go_on(asking_shop: Api) -> None:
    result, task = one_task(asking_shop)
    answer = asking_shop.post(f"{TASKS}/{task['trace']}/decision", {"decision": "approve"}, "operator")
    assert answer.status_code == 200
    assert (answer.get_json()["trace"], answer.get_json()["state"]) == (result["trace"], "done")
    told = asking_shop.get(f"{TASKS}/{task['trace']}", "auditor").get_json()
    assert (told["state"], told["decision"], told["decided_by"]) == ("decided", "approve", "token:operator")
    assert asking_shop.get(TASKS).get_json()["items"] == []


def test_a_rejection_wants_a_reason_and_ends_the_order(asking_shop: Api) -> None:
    _, task = one_task(asking_shop)
    path = f"{TASKS}/{task['trace']}/decision"
    for body in (
        {"decision": "reject"},
        {"decision": "reject", "reason": "  "},
        {"decision": "reject", "reason": None},
    ):
        answer = asking_shop.post(path, body)
        assert (answer.status_code, answer.get_json()["where"]) == (422, "reason")
    answer = asking_shop.post(path, {"decision": "reject", "reason": "太贵"})
    assert (answer.status_code, answer.get_json()["state"]) == (200, "cancelled")


def test_the_first_decision_counts_and_the_second_hears_who_and_when(asking_shop: Api) -> None:
    _, task = one_task(asking_shop)
    path = f"{TASKS}/{task['trace']}/decision"
    asking_shop.post(path, {"decision": "approve"}, "operator")
    answer = asking_shop.post(path, {"decision": "reject", "reason": "no"})
    assert answer.status_code == 409
    told = answer.get_json()
    assert (told["by"], told["decision"]) == ("token:operator", "approve")
    assert told["at"].endswith("Z") and told["by"] in told["detail"]


def test_a_withdrawn_task_is_409(asking_shop: Api) -> None:
    result, task = one_task(asking_shop)
    asking_shop.post(f"{ORDERS}/{result['trace']}/close", {"result": "cancelled", "reason": "buyer left"}, "operator")
    answer = asking_shop.post(f"{TASKS}/{task['trace']}/decision", {"decision": "approve"})
    assert answer.status_code == 409


@pytest.mark.parametrize("trace", ["01M827H0J27X3Z5ZN182PVA7RS.2.1", "x", "1.2.3"])
def test_an_unknown_task_is_404(asking_shop: Api, trace: str) -> None:
    assert asking_shop.get(f"{TASKS}/{trace}").status_code == 404
    assert asking_shop.post(f"{TASKS}/{trace}/decision", {"decision": "approve"}).status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "where"),
    [
        (b"{", 400, ""),
        (b"[]", 422, ""),
        ({"decision": "maybe"}, 422, "decision"),
        ({}, 422, "decision"),
        ({"decision": "approve", "reson": "x"}, 422, "reson"),
        ({"decision": "approve", "reason": 7}, 422, "reason"),
        ({"decision": "approve", "reason": "x" * 2001}, 422, "reason"),
    ],
)
def test_a_decision_that_is_none_is_refused(asking_shop: Api, body: Any, status: int, where: str) -> None:
    _, task = one_task(asking_shop)
    answer = asking_shop.post(f"{TASKS}/{task['trace']}/decision", body)
    assert (answer.status_code, answer.get_json()["where"]) == (status, where)
    assert asking_shop.get(f"{TASKS}/{task['trace']}").get_json()["state"] == "open"


def test_tasks_come_in_pages(asking_shop: Api) -> None:
    asking_shop.orders([order(number) for number in range(5)])
    asking_shop.drain()
    first = asking_shop.get(f"{TASKS}?limit=3").get_json()
    rest = asking_shop.get(f"{TASKS}?limit=3&cursor={first['next']}").get_json()
    assert len({task["trace"] for task in [*first["items"], *rest["items"]]}) == 5
    assert rest["next"] is None


FAILING = document(
    [("in", "ingest", {}), ("call", "request", {"system": "nobody", "action": "x"}), ("end", "end", {})],
    ["in.out>call", "call.ok>end"],
    key="failing",
    channels=["own-shop"],
)


@pytest.fixture
def failed(api: Api) -> tuple[Api, str]:
    """A house with one order on the failure list."""
    publish(api.service, FAILING)
    [result] = api.orders(order(1))
    api.drain()
    return api, result["trace"]


def test_a_failed_order_says_why_and_can_be_tried_again(failed: tuple[Api, str]) -> None:
    api, trace = failed
    told = api.get(f"{ORDERS}/{trace}").get_json()
    [standing] = told["standing"]
    assert (told["state"], standing["waits_for"]) == ("failed", "failed")
    assert standing["failure"]["message"] and standing["failure"]["kind"]
    answer = api.post(f"{ORDERS}/{trace}/retry", None, "operator")
    assert (answer.status_code, answer.get_json()["state"]) == (200, "waiting")
    assert api.post(f"{ORDERS}/{trace}/retry", {"step": 2}, "operator").status_code == 409


def test_an_order_is_closed_once_with_a_reason(failed: tuple[Api, str]) -> None:
    api, trace = failed
    path = f"{ORDERS}/{trace}/close"
    assert api.post(path, {"result": "cancelled"}).get_json()["where"] == "reason"
    assert api.post(path, {"result": "gone", "reason": "x"}).get_json()["where"] == "result"
    answer = api.post(path, {"result": "done", "reason": "sent by hand"}, "operator")
    assert (answer.status_code, answer.get_json()["state"]) == (200, "done")
    assert api.post(path, {"result": "done", "reason": "again"}).status_code == 409
    last = api.get(f"{ORDERS}/{trace}").get_json()["steps"][-1]
    assert last["event"] == {"kind": "close", "result": "done", "reason": "sent by hand"}
    assert last["by"] == "token:operator"


@pytest.mark.parametrize("act", ["retry", "close"])
def test_nothing_is_done_to_an_unknown_order(api: Api, act: str) -> None:
    body = {"result": "done", "reason": "x"} if act == "close" else None
    assert api.post(f"{ORDERS}/01M827H0J27X3Z5ZN182PVA7RS/{act}", body).status_code == 404


def test_the_balance_has_exactly_these_figures(asking_shop: Api) -> None:
    asking_shop.orders([order(1), order(2), order(3, channel="other")])
    asking_shop.drain()
    [task, *_] = asking_shop.get(TASKS).get_json()["items"]
    asking_shop.post(f"{TASKS}/{task['trace']}/decision", {"decision": "approve"})
    asking_shop.orders([order(1), order(9, total="x"), order(4)])
    told = asking_shop.get("/api/v1/balance").get_json()
    names = ["received", "running", "waiting", "held", "failed", "done", "cancelled", "merged", "difference"]
    assert list(told) == [*names, "channels", "checked_at", "incidents"]
    assert [told[name] for name in names] == [4, 1, 2, 0, 0, 1, 0, 0, 0]
    assert set(told["channels"]) == {"own-shop", "other"}
    assert all(list(one) == names for one in told["channels"].values())
    assert sum(one["received"] for one in told["channels"].values()) == 4

"""Questions, reasons and endings that a flow says in each language reach every asker in their own."""

from tests.api.conftest import Api
from tests.core.flow_documents import approval, document
from tests.trade import order, publish

CHINESE = {"Accept-Language": "zh-CN"}
ENGLISH = {"Accept-Language": "en"}
BOTH = document(
    [
        ("in", "ingest", {}),
        (
            "ask",
            "approval",
            approval(
                title={"en": "Approve {total}?", "zh-CN": "请审核 {total}"},
                reasons=[{"en": "Paid", "zh-CN": "已付款"}, "VIP"],
            ),
        ),
        ("yes", "end", {}),
        ("no", "end", {"result": "cancelled", "reason": {"en": "rejected", "zh-CN": "审批未通过"}}),
    ],
    ["in.out>ask", "ask.approved>yes", "ask.rejected>no"],
    key="both",
    channels=["own-shop"],
    teams=[{"key": "leads"}],
)


def test_a_task_is_asked_in_the_askers_language(api: Api) -> None:
    publish(api.service, BOTH)
    api.orders(order(1, total="13492.00"))
    api.drain()
    [chinese] = api.get("/api/v1/tasks", headers=CHINESE).get_json()["items"]
    [english] = api.get("/api/v1/tasks", headers=ENGLISH).get_json()["items"]
    assert (chinese["title"], chinese["reasons"]) == ("请审核 ¥13,492.00", ["已付款", "VIP"])
    assert (english["title"], english["reasons"]) == ("Approve CN¥13,492.00?", ["Paid", "VIP"])


def test_a_cancelled_order_says_why_in_the_askers_language(api: Api) -> None:
    publish(api.service, BOTH)
    [taken] = api.orders(order(1))
    api.drain()
    [task] = api.get("/api/v1/tasks").get_json()["items"]
    api.post(f"/api/v1/tasks/{task['trace']}/decision", {"decision": "reject", "reason": "no"})
    api.drain()
    path = f"/api/v1/orders/{taken['trace']}"
    for headers, reason in ((CHINESE, "审批未通过"), (ENGLISH, "rejected")):
        told = api.get(path, headers=headers).get_json()
        assert (told["state"], told["reason"]) == ("cancelled", reason)
        assert told["steps"][-1]["outcome"]["reason"] == reason

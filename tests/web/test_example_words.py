"""Who reads the pages of the example flows meets questions, reasons, messages and endings in one language only."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.trade import publish
from tests.web.conftest import House

EXAMPLE = json.loads((Path(__file__).parents[2] / "flows_examples" / "big-order-approval.json").read_text("utf-8"))
SAID = {
    "en": ("Approve CN¥13,492.00 from 张𠮷?", "Stock confirmed", "may go out", "rejected"),
    "zh-CN": ("请审核 张𠮷 的订单 ¥13,492.00", "库存已确认", "可以发货", "审批未通过"),
}
OTHER = {"en": "zh-CN", "zh-CN": "en"}
ADDRESS = {"country": "CN", "province": "浙江省", "city": "杭州市", "street": "文三路 90 号"}


@pytest.fixture
def shop(house: House) -> House:
    publish(house.service, {**EXAMPLE, "channels": ["tea-house"], "key": "tea"})
    house.hire("mei", "admin", "lead", team="supervisors")
    return house


@pytest.mark.parametrize("language", SAID)
def test_a_task_and_the_story_of_its_order_are_told_in_one_language(shop: House, language: str) -> None:
    question, reason, message, rejected = SAID[language]
    runs = [shop.take(number, "tea-house", total="13492.00", address=ADDRESS) for number in (1, 2)]
    mei = shop.enter("mei")
    mei.speak(language)
    pages = [mei.get("/"), mei.get("/inbox")]
    sheets = [mei.get(f"/inbox/{run}.4.1") for run in runs]
    assert all(question in page for page in [*pages, *sheets])
    assert all(reason in sheet for sheet in sheets)
    for run, decision in zip(runs, ("approve", "reject"), strict=True):
        mei.get(f"/inbox/{run}.4.1")
        assert mei.post(f"/tasks/{run}.4.1/decision", {"decision": decision, "reason": reason}).status_code < 400
    shop.settle()
    approved, refused = (mei.get(f"/orders/{run}") for run in runs)
    assert message in approved
    assert rejected in refused
    for page in (*pages, *sheets, approved, refused):
        assert [words for words in _texts(EXAMPLE, OTHER[language]) if words in page] == []


def _texts(document: dict[str, Any], language: str) -> Iterator[str]:
    """What the flow says in a language in questions, reasons, messages and names, where no field stands in it."""
    for node in document["nodes"]:
        yield node["name"][language]
        settings = node.get("settings", {})
        for words in (settings.get("title"), settings.get("text"), *settings.get("reasons", ())):
            if words:
                yield max(words[language].replace("}", "{").split("{")[::2], key=len)

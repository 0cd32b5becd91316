"""Filters of the inbox: what they narrow it to, and how a person keeps them."""

import re

import pytest

from tests.core.flow_documents import approval, document
from tests.trade import publish
from tests.web.conftest import House, Visitor

OTHER = document(
    [
        ("in", "ingest", {}),
        ("ask", "approval", approval()),
        ("end", "end", {}),
        ("no", "end", {"result": "cancelled", "reason": "rejected"}),
    ],
    ["in.out>ask", "ask.approved>end", "ask.rejected>no"],
    key="other",
    channels=["other-shop"],
)


@pytest.fixture
def tasks(house: House) -> tuple[str, str, str]:
    """Three tasks of the leads: of 6,000 and 9,000 yuan, and one of another channel and flow over 100."""
    publish(house.service, OTHER)
    return (
        f"{house.take(1, total='6000.00')}.3.1",
        f"{house.take(2, total='9000.00')}.3.1",
        f"{house.take(3, channel='other-shop')}.2.1",
    )


def shown(who: Visitor, query: str) -> set[str]:
    found = re.findall(r'id="task-(\w+)-(\d)-(\d)"', who.get(f"/inbox?{query}"))
    return {".".join(parts) for parts in found}


def test_the_list_is_narrowed_by_flow_channel_amount_and_who_is_asked(
    house: House, tasks: tuple[str, str, str]
) -> None:
    small, big, other = tasks
    zhao = house.enter("zhao")
    assert shown(zhao, "") == set(tasks)
    assert shown(zhao, "flow=big-orders") == {small, big}
    assert shown(zhao, "channel=other-shop") == {other}
    assert shown(zhao, "least=6000&most=8999.99") == {small}
    assert shown(zhao, "least=6,001") == {big}
    assert shown(zhao, "asks=team:leads&flow=other") == {other}
    assert shown(zhao, "asks=person:zhao") == set()
    assert shown(zhao, "least=lots&asks=nobody&flow=") == set(tasks), "what cannot be narrows nothing"
    assert "No task fits this filter" in zhao.get("/inbox?channel=none")


def keep(who: Visitor, name: str, query: str) -> int:
    return who.post(f"/inbox/filters?{query}", {"name": name}).status_code


def test_a_filter_is_kept_with_its_count_and_is_ones_own(house: House, tasks: tuple[str, str, str]) -> None:
    zhao = house.enter("zhao")
    assert keep(zhao, "Big ones", "flow=big-orders&least=8000") == 303
    page = zhao.get("/inbox")
    kept = re.search(r'<a class="kept" href="([^"]+)" data-go="1"[^>]*><span class="clip">Big ones</span> '
                     r'<span class="n">(\d+)</span>', page)  # fmt: skip
    assert kept
    assert kept[2] == "1"
    address = kept[1].replace("&amp;", "&")
    assert shown(zhao, address.partition("?")[2]) == {tasks[1]}
    assert 'aria-current="true" title="g 1"' in zhao.get(address)
    assert "Big ones" not in house.enter("wang").get("/inbox")


def test_the_inbox_begins_with_a_filter_if_so_wished(house: House, tasks: tuple[str, str, str]) -> None:
    zhao = house.enter("zhao")
    keep(zhao, "Other", "channel=other-shop")
    filter_id = re.findall(r'action="/inbox/filters/(\w+)"', zhao.get("/inbox/filters"))[0]
    zhao.post(f"/inbox/filters/{filter_id}", {"act": "begin"})
    assert zhao.look("/inbox").headers["Location"] == "/inbox?channel=other-shop"
    assert shown(zhao, "show=all") == set(tasks)
    zhao.post(f"/inbox/filters/{filter_id}", {"act": "begin_with_all"})
    assert shown(zhao, "") == set(tasks)


def test_filters_are_renamed_put_in_order_and_forgotten(house: House) -> None:
    zhao = house.enter("zhao")
    for name in ("one", "two"):
        keep(zhao, name, f"q={name}")
    first, second = dict.fromkeys(re.findall(r'action="/inbox/filters/(\w+)"', zhao.get("/inbox/filters")))
    assert zhao.post(f"/inbox/filters/{second}", {"act": "up"}).status_code == 303
    assert zhao.post(f"/inbox/filters/{first}", {"act": "rename", "name": "two"}).status_code == 409
    assert zhao.post(f"/inbox/filters/{first}", {"act": "rename", "name": " three "}).status_code == 303
    assert re.findall(r'class="strong" href="[^"]+">(\w+)<', zhao.get("/inbox/filters")) == ["two", "three"]
    assert house.enter("wang").post(f"/inbox/filters/{first}", {"act": "forget"}).status_code == 404
    assert zhao.post(f"/inbox/filters/{first}", {"act": "forget"}).status_code == 303
    assert "three" not in zhao.get("/inbox/filters")
    assert zhao.post(f"/inbox/filters/{second}", {"act": "dance"}).status_code == 400


def test_what_cannot_be_kept_is_told(house: House) -> None:
    zhao = house.enter("zhao")
    assert keep(zhao, "all", "") == 422
    assert keep(zhao, "  ", "q=a") == 422
    assert [keep(zhao, f"f{number}", "q=a") for number in range(13)] == [303] * 12 + [409]
    assert keep(zhao, "f1", "q=other") == 303, "one of the same name is replaced"
    assert keep(house.enter("oliver"), "mine", "q=a") == 303
    assert house.stranger().look("/inbox/filters").status_code == 302

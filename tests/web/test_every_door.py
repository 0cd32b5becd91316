"""Every address of the house: nothing that is asked of it or sent to it breaks it."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import select
from werkzeug.routing import Rule

from runtime.store.database import reading
from runtime.store.tables import failures, tasks
from tests.web.conftest import TOKEN, House, Visitor

ODD = ("", "-1", "0", "9" * 30, "abc", "'\"<b>", "../..", "💥", "1e5", "null", "%ED%A0%80", "a" * 3000)
NAMES = re.findall(
    r"\w+",
    """
    action after all before cause channel currency decision duty example failure flow from group id kind limit name next
    node number of offset order page part q reason rev run show sort state step system team text theme to trace unit
    version wave window
    """,
)
OPEN = ("api", "static", "signin", "health")  # what a stranger may ask: these have tests of their own


def rules(house: House, *methods: str) -> Iterator[tuple[Rule, str]]:
    """The rules of pages, each with a method."""
    for rule in house.app.url_map.iter_rules():
        if rule.endpoint.split(".")[0] not in OPEN and not rule.rule.startswith("/api"):
            yield from ((rule, method) for method in methods if method in (rule.methods or ()))


def filled(rule: Rule, values: dict[str, str], otherwise: str) -> str:
    """The rule's path with what its places are given."""
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: quote(values.get(found[1], otherwise), safe="%"), rule.rule)


def everywhere(value: str) -> str:
    """A query in which everything is this."""
    return "&".join(f"{name}={value}" for name in NAMES)


@pytest.fixture
def real(house: House) -> dict[str, str]:
    """Values that lead to something real."""
    run = house.take(1, total="9000.00", payments=[])
    house.take(2, channel="shaky-shop")
    with reading(house.service.engine) as connection:
        failure = connection.execute(select(failures.c.id)).scalar_one()
        trace = connection.execute(select(tasks.c.trace)).scalar_one()
    return {
        "key": "big-orders",
        "run_id": run,
        "number": "1",
        "failure_id": failure,
        "trace": trace,
        "kind": "route",
        "name": "finance",
        "adapter": "system",
    }


def test_whatever_is_asked_for_no_page_breaks(house: House, real: dict[str, str]) -> None:
    root = house.enter("root")
    broken = []
    for rule, _ in rules(house, "GET"):
        asked = [filled(rule, real, "x"), *(filled(rule, {}, odd or "x") for odd in ODD)]
        asked += [f"{asked[0]}?{everywhere(quote(odd, safe='%'))}" for odd in ODD]
        asked += [f"{asked[0]}?{everywhere('1')}&{everywhere('2')}"]
        broken += [path for path in asked if _breaks(root, "GET", path)]
    assert not broken, "\n".join(map(str, broken))


def test_whatever_is_sent_no_page_breaks(house: House, real: dict[str, str]) -> None:
    root = house.enter("root")
    broken = []
    for rule, method in rules(house, "POST", "PUT", "DELETE"):
        if rule.endpoint.endswith((".sign_out", ".leave")):
            continue
        path = filled(rule, real, "x")
        sent: list[dict[str, Any]] = [{"data": dict.fromkeys(NAMES, odd)} for odd in ODD if "%" not in odd]
        bodies: list[Any] = [[], {}, {name: [None] for name in NAMES}, {name: {} for name in NAMES}, 5]
        sent += [{"json": body} for body in bodies]
        broken += [(path, str(one)[:80]) for one in sent if _breaks(root, method, path, **one)]
    assert not broken, "\n".join(map(str, broken))


def _breaks(visitor: Visitor, method: str, path: str, **more: Any) -> bool:
    found = TOKEN.search(visitor.seen)
    headers = {"X-CSRFToken": found[1] if found else ""}
    return visitor.client.open(path, method=method, headers=headers, **more).status_code >= 500

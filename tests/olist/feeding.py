"""Feeds the orders through the API in batches and says where each of them came to stand."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import func, select

from runtime.store.database import reading
from runtime.store.tables import effects, journal, orders, runs
from tests.core.flow_documents import approval, total_over
from tests.core.flow_documents import document as flow
from tests.live import Line, Live
from tests.olist import mapping

BATCH = 500
PATIENCE_SECONDS = 900

FLOW = flow(
    [
        ("in", "ingest", {}),
        (
            "way",
            "route",
            {
                "rules": [
                    {"id": "large", "when": total_over("5000.00", "BRL")},
                    {"id": "notable", "when": total_over("1000.00", "BRL")},
                ]
            },
        ),
        ("ask", "approval", approval()),
        ("tell", "notify", {"to": "sales", "text": "Order {id} over {total}"}),
        ("end", "end", {}),
        ("no", "end", {"result": "cancelled", "reason": "not approved"}),
    ],
    [
        "in.out>way",
        "way.large>ask",
        "way.notable>tell",
        "way.else>end",
        "ask.approved>end",
        "ask.rejected>no",
        "tell.sent>end",
    ],
    key="olist",
    channels=[mapping.CHANNEL],
    teams=[{"key": "leads", "name": "Leads"}],
)
"""Paid over 5000 real: a person looks at it; over 1000: somebody is told; everything else straight on."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the orders stand: what is to be compared."""

    balance: Mapping[str, int]
    asked: frozenset[str]
    told: int
    ended_once: int
    ended_more: int
    total: Decimal


def publish(house: Live) -> None:
    """Publish the flow through the API."""
    line = house.line()
    line.tell("/api/v1/flows", FLOW)
    line.tell("/api/v1/flows/olist/publication", {"note": "real orders"})
    line.close()


def feed(house: Live, given: Iterable[Mapping[str, Any]]) -> Counter[str]:
    """Send the orders in batches; how many were answered with each status."""
    line = house.line()
    found: Counter[str] = Counter()
    for batch in batched_lists(given, BATCH):
        body = json.dumps([mapping.document(order) for order in batch], ensure_ascii=False).encode()
        status, answer = line.post("/api/v1/orders", body)
        if status not in (202, 422):
            raise RuntimeError(f"{status}: {answer[:1000]!r}")
        found.update(_statuses(answer))
    line.close()
    return found


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be so."""

    what: str
    expected: object
    found: object

    @property
    def holds(self) -> bool:
        return self.expected == self.found

    def __str__(self) -> str:
        return f"{'ok  ' if self.holds else 'WRONG'} {self.what:<44} {self.found!s:>14}" + (
            "" if self.holds else f"   expected {self.expected}"
        )


@dataclass(frozen=True, slots=True)
class Expected:
    """What must come of some orders, by counts that are not ours."""

    orders: int
    asked: frozenset[str]
    told: int
    total: Decimal


def compare(expected: Expected, fed: Counter[str], again: Counter[str], first: Standing, last: Standing) -> list[Check]:
    """Everything that must be so after the first and after the second feeding."""
    ended = expected.orders - len(expected.asked)
    return [
        Check("orders accepted", {"accepted": expected.orders}, dict(fed)),
        Check("orders received", expected.orders, first.balance["received"]),
        Check("orders done", ended, first.balance["done"]),
        Check("orders that ended exactly once", ended, first.ended_once),
        Check("orders that ended more than once", 0, first.ended_more),
        Check("orders that wait for approval", sorted(expected.asked), sorted(first.asked)),
        Check("orders that wait", len(expected.asked), first.balance["waiting"]),
        Check("orders notified", expected.told, first.told),
        Check("sum of all totals, BRL", expected.total, first.total),
        Check("balance difference", 0, first.balance["difference"]),
        Check("second feeding", {"duplicate": expected.orders}, dict(again)),
        Check("standing after the second feeding is the same", True, first == last),
    ]


def batched_lists(given: Iterable[Any], size: int) -> Iterable[Sequence[Any]]:
    """Lists of at most so many."""
    batch: list[Any] = []
    for one in given:
        batch.append(one)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def wait_until_all_rest(house: Live, wait: Callable[[float], None] = time.sleep) -> None:
    """Until every order has ended or waits for a person."""
    until = time.monotonic() + PATIENCE_SECONDS
    query = select(func.count()).select_from(runs).where(runs.c.due_at.is_not(None))
    moving = select(func.count()).select_from(effects).where(effects.c.due_at.is_not(None))
    while True:
        with reading(house.engine) as connection:
            if not connection.execute(query).scalar_one() + connection.execute(moving).scalar_one():
                return
        if time.monotonic() > until:
            raise RuntimeError("the orders do not come to rest")
        wait(0.1)


def look(house: Live) -> Standing:
    """Where the orders stand, by the API where it tells, else by the tables."""
    line = house.line()
    balance = line.get("/api/v1/balance")["channels"][mapping.CHANNEL]
    asked = frozenset(_asked(line))
    line.close()
    with reading(house.engine) as connection:
        total = connection.execute(select(func.sum(orders.c.total))).scalar_one()
        told = select(func.count(effects.c.run_id.distinct())).where(effects.c.state == "answered")
        notified = connection.execute(told).scalar_one()
        ends: Counter[str] = Counter()
        for run_id, entry in connection.execute(select(journal.c.run_id, journal.c.entry)):
            ends[run_id] += sum("finish" in visit for visit in orjson.loads(entry)["steps"])
    once = sum(1 for times in ends.values() if times == 1)
    more = sum(1 for times in ends.values() if times > 1)
    return Standing(balance, asked, notified, once, more, Decimal(total) / 100)


def _asked(line: Line) -> Iterable[str]:
    page = "/api/v1/tasks?limit=100"
    while True:
        found = line.get(page)
        yield from (task["order"]["id"] for task in found["items"])
        if found["next"] is None:
            return
        page = f"/api/v1/tasks?limit=100&cursor={found['next']}"


def _statuses(answer: bytes) -> list[str]:
    return [result["status"] for result in orjson.loads(answer)["results"]]

"""Orders to try a flow on, its own cases and variations or the last that came in, each walked through it as drawn."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from builder.drawn import DrawnFlow
from builder.flows.fitting import soon_after
from builder.i18n import words
from builder.i18n.text import _
from runtime.core.money import CURRENCIES, read_amount, show_amount
from runtime.core.order import Order, read_order
from runtime.core.plan import Plan, drawn_id
from runtime.core.rehearsal import Rehearsal, rehearse
from runtime.core.run import RunState

Document = dict[str, Any]

SAMPLES: Final = 20
ORDINARY: Final[Document] = {
    "id": "S-0",
    "channel": "own-shop",
    "created_at": "2026-11-22T10:00:00+08:00",
    "currency": "CNY",
    "total": "268.00",
    "buyer": {"id": "b-7", "name": "张伟", "phone": "+86 138 0013 8000", "email": None},
    "address": {
        "country": "CN",
        "province": "浙江省",
        "city": "杭州市",
        "district": "西湖区",
        "street": "文三路 1 号",
        "zip": "310012",
    },
    "lines": [{"sku": "SKU-1", "title": "保温杯", "quantity": 2, "price": "134.00", "custom": False, "gift": False}],
    "payments": [{"method": "alipay", "amount": "268.00", "paid_at": "2026-11-22T10:01:00+08:00"}],
    "tags": [],
    "priority": "normal",
    "kind": "sale",
    "status": "paid",
}
"""What is varied where a flow has no case of its own."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What is special about an order, the order, what people and systems answer on its way, and its run if it is real."""

    name: str
    order: Order
    answers: Sequence[Mapping[str, Any]] = ()
    run_id: str = ""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where a sample order came to: its state, the step that it stands at, all that it visited, and the ways it took."""

    name: str
    run_id: str
    total: int
    currency: str
    buyer: Any
    state: RunState
    step: str
    step_name: str
    visited: frozenset[str]
    ways: frozenset[tuple[str, str]]


def sample_orders(document: Mapping[str, Any], most: int = SAMPLES) -> tuple[Sample, ...]:
    """The flow's cases, then variations of the first, as many as wished in all."""
    cases = document.get("cases", ())
    base = next((case["order"] for case in cases if isinstance(read_order(case["order"]), dict)), ORDINARY)
    told = [(words(case["name"]), case["order"], case.get("answers", ())) for case in cases]
    varied = [(name, change(deepcopy(dict(base))), ()) for name, change in _variations()]
    read = (
        Sample(name, order, answers)
        for name, outside, answers in (*told, *varied)
        if isinstance(order := read_order(outside), dict)
    )
    return tuple(islice(read, most))


def arrivals(plan: Plan, drawn: DrawnFlow, samples: Sequence[Sample]) -> tuple[Arrival, ...]:
    """Where each sample order comes to with its answers alone. Nothing leaves, nothing is stored."""
    return tuple(_arrival(plan, drawn, one) for one in samples)


def visits(arrived: Sequence[Arrival]) -> dict[str, int]:
    """How many of the orders came to each step."""
    return dict(Counter(step for one in arrived for step in one.visited))


def _arrival(plan: Plan, drawn: DrawnFlow, sample: Sample) -> Arrival:
    order = sample.order
    rehearsal = rehearse(plan, order, sample.answers, soon_after(order))
    step = _standing(rehearsal)
    return Arrival(
        name=sample.name,
        run_id=sample.run_id,
        total=order.get("total") or 0,
        currency=order["currency"],
        buyer=(order.get("buyer") or {}).get("name"),
        state=rehearsal.state,
        step=step,
        step_name=drawn.node_name(step),
        visited=frozenset(rehearsal.path),
        ways=frozenset(_ways(rehearsal)),
    )


def _ways(rehearsal: Rehearsal) -> Iterator[tuple[str, str]]:
    """The ways out that the order took: a step's id and its port."""
    for entry in rehearsal.journal:
        for visit in entry["steps"]:
            for port in visit.get("fork", (visit.get("port"),)):
                if port:
                    yield drawn_id(visit["node"]), port


def _standing(rehearsal: Rehearsal) -> str:
    """The step at which the order waits; else the last that it came to."""
    waits = sorted(rehearsal.run.tokens, key=lambda token: token.step)
    return drawn_id(waits[-1].node) if waits else rehearsal.path[-1]


# --- variations -------------------------------------------------------------------------------------------------------

Change = Callable[[Document], Document]


def _variations() -> Iterator[tuple[str, Change]]:
    """What may be otherwise about an order, and the order made so."""
    yield _("a very small amount"), lambda order: _times(order, 1, 50)
    yield _("ten times the amount"), lambda order: _times(order, 10)
    yield _("a hundred times the amount"), lambda order: _times(order, 100)
    yield _("urgent"), lambda order: order | {"priority": "urgent"}
    yield _("a restock order"), lambda order: order | {"kind": "restock"}
    yield _("an exchange"), lambda order: order | {"kind": "exchange"}
    yield _("not paid yet"), lambda order: order | {"status": "pending", "payments": []}
    yield _("shipped already"), lambda order: order | {"status": "shipped"}
    yield _("no phone number"), lambda order: order | {"buyer": {**_part(order, "buyer"), "phone": None}}
    yield _("no street"), lambda order: order | {"address": {**_part(order, "address"), "street": None}}
    yield _("in another currency"), _abroad
    yield _("60 pieces of one item"), lambda order: _line(order, quantity=60)
    yield _("made to order"), lambda order: _line(order, custom=True)
    yield _("an item with a variant"), lambda order: _line(order, variant="蓝色 / L")
    yield _("an item that costs next to nothing"), lambda order: _line(order, price="0.01", gift=False)
    yield _("a note of the buyer"), lambda order: order | {"note": "请周末送货"}
    yield _("the tag VIP"), lambda order: order | {"tags": ["VIP"]}
    yield _("an emoji in the name"), lambda order: order | {"buyer": {**_part(order, "buyer"), "name": "小王🎉"}}
    yield _("a rare character in the name"), lambda order: order | {"buyer": {**_part(order, "buyer"), "name": "张𠮷"}}
    yield _("a masked name"), lambda order: order | {"buyer": {**_part(order, "buyer"), "name": {"masked": "张*"}}}
    yield _("urgent, and ten times the amount"), lambda order: _times(order, 10) | {"priority": "urgent"}
    yield _("no status told"), lambda order: {name: part for name, part in order.items() if name != "status"}


def _part(order: Document, name: str) -> Mapping[str, Any]:
    found = order.get(name)
    return found if isinstance(found, Mapping) else {}


def _times(order: Document, times: int, parts: int = 1) -> Document:
    amount = read_amount(order.get("total", "0"), order["currency"])
    total = amount * times // parts if isinstance(amount, int) else 0
    return order | {"total": show_amount(total, order["currency"])}


def _abroad(order: Document) -> Document:
    currency = "EUR" if order.get("currency") == "USD" else "USD"
    money = [name for name in ("lines", "payments") if name in order]
    kept = {name: part for name, part in order.items() if name not in money}
    return kept | {"currency": currency, "total": "90.00"}


def _line(order: Document, **more: Any) -> Document:
    if CURRENCIES.get(order.get("currency", "")) != 2:
        more.pop("price", None)
    lines = order.get("lines") or [{"sku": "SKU-1", "title": "保温杯", "quantity": 1, "price": "1.00"}]
    return order | {"lines": [{**lines[0], **more}, *lines[1:]]}

"""From what was sent to what the runtime takes: one document at a time, for the API and for uploaded files alike."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from runtime.core.json_text import Item
from runtime.core.order import digest, read_order
from runtime.core.problem import Problem
from runtime.core.words import text
from runtime.intake import Answer, Arrival, Receipt, Refused, conflict, fit_name, refuse

OWN_SHOP = "own-shop"
LONGEST_CHANNEL = 64
LONGEST_ID = 128


@dataclass(frozen=True, slots=True)
class Sender:
    """Who brings orders. `owner` scopes its keys (at most 26 characters); `channels` None means every channel."""

    name: str
    owner: str
    channels: frozenset[str] | None

    @property
    def channel(self) -> str:
        """The channel of orders that do not tell theirs."""
        only = self.channels if self.channels and len(self.channels) == 1 else (OWN_SHOP,)
        return next(iter(only))

    @property
    def ledger(self) -> str:
        """The channel under which refusals are kept that name none of the sender's own."""
        return self.channel if self.may_bring(self.channel) else min(self.channels or (OWN_SHOP,))

    def may_bring(self, channel: str) -> bool:
        """Whether the sender may bring orders of the channel."""
        return self.channels is None or channel in self.channels


Checked = Arrival | Refused


def check(item: Item, sender: Sender) -> Checked:
    """One document as an order at the door, or all that is wrong with it."""
    if item.problems:
        return refuse(_channel_of(item.wreck, sender), _id_of(item.wreck), item.problems, item.raw)
    order = read_order(item.value)
    if isinstance(order, tuple):
        return refuse(_channel_of(item.value, sender), _id_of(item.value), order, item.raw)
    channel = order.get("channel") or sender.channel
    if not sender.may_bring(channel):
        allowed = ", ".join(sorted(sender.channels or ()))
        problem = Problem("intake.channel_not_allowed", "channel", {"channel": channel, "allowed": allowed})
        return refuse(sender.ledger, order["id"], [problem], item.raw)
    order["channel"] = channel
    return Arrival(channel, order, digest(order), item.raw.decode())


def answer(checked: Sequence[Checked], receipts: Sequence[Receipt], language: str) -> Answer:
    """What became of each order: 202 as long as one was accepted or is a duplicate, 422 when all were refused."""
    stored = iter(receipts)
    results = [
        _refused(one.external_id, one.problems, language)
        if isinstance(one, Refused)
        else _received(one, next(stored), language)
        for one in checked
    ]
    taken = any(result["status"] != "refused" for result in results)
    return Answer(202 if taken else 422, orjson.dumps({"results": results}))


def told(problems: Iterable[Problem], language: str) -> list[dict[str, Any]]:
    """Problems as people and programs read them."""
    return [
        {"code": one.code, "where": one.where, "message": message, "remedy": remedy}
        for one in problems
        for message, remedy in (text(one.code, one.params, language),)
    ]


def _received(arrival: Arrival, receipt: Receipt, language: str) -> dict[str, Any]:
    order_id = arrival.order["id"]
    if receipt.status == "conflict":
        return _refused(order_id, (conflict(arrival, receipt),), language)
    return {"id": order_id, "status": receipt.status, "trace": receipt.run_id, "errors": []}


def _refused(order_id: str | None, problems: Iterable[Problem], language: str) -> dict[str, Any]:
    return {"id": order_id, "status": "refused", "trace": None, "errors": told(problems, language)}


def _channel_of(document: Any, sender: Sender) -> str:
    named = fit_name(document.get("channel"), LONGEST_CHANNEL) if isinstance(document, dict) else None
    return named if named and sender.may_bring(named) else sender.ledger


def _id_of(document: Any) -> str | None:
    return fit_name(document.get("id"), LONGEST_ID) if isinstance(document, dict) else None

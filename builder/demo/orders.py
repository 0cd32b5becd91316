"""Simulated orders. The kinds are mixed so that every way of the example flows is taken."""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any

from builder.demo.catalogue import BUYERS, METHODS, NOTES, PLACES, PRODUCTS, RARE_BUYERS, Product

CHANNELS = {  # the demo's shops, and the example flow that takes the orders of each
    "own-shop": "big-order-approval",
    "tmall-tea-house": "parallel-release",
    "douyin-live": "failing-system",
    "wechat-mall": "unpaid-reminder",
}

SHOP_ZONE = timezone(timedelta(hours=8))

RARE = 0.06  # of the buyers have a name that older systems cannot write

CHEAP = tuple(product for product in PRODUCTS if product.price < 100_000 and not product.custom)
DEAR = tuple(product for product in PRODUCTS if product.price >= 300_000 and not product.custom)
CUSTOM = tuple(product for product in PRODUCTS if product.custom)

# Of 100 orders: what makes them different, and how many are so; in a mall where people pay later, more are unpaid.
KINDS = {"plain": 52, "dear": 14, "custom": 10, "unpaid": 8, "urgent": 8, "no phone": 4, "no address": 4}
KINDS_OF_CHANNEL = {"wechat-mall": KINDS | {"unpaid": 60}}


def simulated_order(number: int, channel: str, made_at: datetime, chance: Random) -> dict[str, Any]:
    """One order document of a channel, as `POST /api/v1/orders` takes it. The same chance makes the same order."""
    kinds = KINDS_OF_CHANNEL.get(channel, KINDS)
    kind = chance.choices(list(kinds), list(kinds.values()))[0]
    lines = [_line(product, chance) for product in _chosen(kind, chance)]
    total = sum(line["quantity"] * int(line["price"].replace(".", "")) for line in lines)
    paid = kind != "unpaid"
    return {
        "id": f"D{made_at.astimezone(SHOP_ZONE):%y%m%d}-{number:05d}",
        "channel": channel,
        "created_at": _moment(made_at),
        "currency": "CNY",
        "total": _yuan(total),
        "buyer": _buyer(kind, chance),
        "address": _address(kind, chance),
        "lines": lines,
        "payments": [_payment(total, made_at, chance)] if paid else [],
        "note": chance.choice(NOTES),
        "tags": ["gift-wrap"] if chance.random() < 0.15 else [],
        "priority": "urgent" if kind == "urgent" else "normal",
        "kind": "sale",
        "status": "paid" if paid else "unpaid",
    }


def _chosen(kind: str, chance: Random) -> list[Product]:
    rest = chance.sample(CHEAP, chance.randint(1, 3))
    match kind:
        case "dear":
            return [chance.choice(DEAR), *rest]
        case "custom":
            return [chance.choice(CUSTOM), *rest]
        case _:
            return rest


def _line(product: Product, chance: Random) -> dict[str, Any]:
    quantity = 1 if product.price >= 100_000 else chance.randint(1, 3)
    return {
        "sku": product.sku,
        "title": product.title,
        "quantity": quantity,
        "price": _yuan(product.price),
        "custom": product.custom,
    }


def _buyer(kind: str, chance: Random) -> Mapping[str, Any]:
    phone = f"+86 1{chance.choice('3589')}{chance.randint(0, 9)} {chance.randint(0, 9999):04d} {chance.randint(0, 9999):04d}"
    name = chance.choice(RARE_BUYERS if chance.random() < RARE else BUYERS)
    return {
        "id": f"b-{(*BUYERS, *RARE_BUYERS).index(name)}",
        "name": name,
        "phone": None if kind == "no phone" else phone,
    }


def _address(kind: str, chance: Random) -> Mapping[str, Any]:
    province, city, district, street, code = chance.choice(PLACES)
    place = {"country": "CN", "province": province, "city": city, "district": district}
    if kind == "no address":
        return place
    return {**place, "street": f"{street} {chance.randint(1, 299)} 号", "zip": code}


def _payment(total: int, made_at: datetime, chance: Random) -> Mapping[str, Any]:
    return {
        "method": chance.choice(METHODS),
        "amount": _yuan(total),
        "paid_at": _moment(made_at + timedelta(seconds=40)),
    }


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def _moment(at: datetime) -> str:
    return at.astimezone(SHOP_ZONE).isoformat(timespec="seconds")

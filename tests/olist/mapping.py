"""Orders of the Olist data set as our own order documents. The data are read where they lie and never copied."""

import gzip
import json
import os
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

CHANNEL = "olist"
ZONE = "-03:00"

TIMES = {
    "approved_at": "order_approved_at",
    "handed_over_at": "order_delivered_carrier_date",
    "delivered_at": "order_delivered_customer_date",
    "promised_for": "order_estimated_delivery_date",
}


def folder() -> Path:
    """Where the data lie: DATA, or beside the checkout."""
    told = os.environ.get("DATA")
    return Path(told) if told else Path(__file__).resolve().parents[3] / "shared" / "data"


def orders() -> Iterator[dict[str, Any]]:
    """Every order as it was published, amounts as exact decimals."""
    with gzip.open(folder() / "olist" / "orders-2017.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line, parse_float=Decimal)


def expected() -> dict[str, Any]:
    """What was counted in these orders by somebody else."""
    read: dict[str, Any] = json.loads((folder() / "expected.json").read_text("utf-8"), parse_float=Decimal)
    found: dict[str, Any] = read["olist/orders-2017.jsonl.gz"]
    return found


def paid(order: Mapping[str, Any]) -> Decimal:
    """The exact sum of what was paid."""
    return sum((Decimal(payment["payment_value"]) for payment in order["payments"] or ()), Decimal("0.00"))


def document(order: Mapping[str, Any]) -> dict[str, Any]:
    """The order document: what was paid is the total, times are Brazilian, what is not known is not told."""
    made = {
        "id": order["order_id"],
        "channel": CHANNEL,
        "created_at": _moment(order["order_purchase_timestamp"]),
        "currency": "BRL",
        "total": str(paid(order)),
        "payments": [
            {
                "method": payment["payment_type"],
                "amount": str(payment["payment_value"]),
            }
            for payment in order["payments"] or ()
        ],
        "kind": "sale",
        "status": order["order_status"],
        "attributes": _attributes(order),
    }
    if order["items"] is not None:
        made["lines"] = [_line(item) for item in order["items"]]
    if order["customer"] is not None:
        made |= _customer(order["customer"])
    return made


def _line(item: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "sku": item["product_id"],
        "title": item.get("product_category_name_english") or (item["product"] or {}).get("product_category_name"),
        "quantity": 1,
        "price": str(item["price"]),
        "attributes": {"seller": item["seller_id"], "freight": str(item["freight_value"])},
    }


def _customer(customer: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "buyer": {"id": customer["customer_unique_id"]},
        "address": {
            "country": "BR",
            "province": customer["customer_state"],
            "city": customer["customer_city"],
            "zip": customer["customer_zip_code_prefix"],
        },
    }


def _attributes(order: Mapping[str, Any]) -> dict[str, Any]:
    times = {name: _moment(order[told]) for name, told in TIMES.items()}
    reviews = [
        {
            "score": review["review_score"],
            "title": review["review_comment_title"],
            "text": review["review_comment_message"],
        }
        for review in order["reviews"] or ()
    ]
    return {"customer": order["customer_id"], **times, "reviews": reviews}


def _moment(local: str | None) -> str | None:
    return local and local.replace(" ", "T") + ZONE

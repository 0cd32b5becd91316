"""Names and notes in every script are accepted, stored and given back unchanged."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.conftest import Api
from tests.trade import order

DATA = Path(__file__).parents[3] / "shared" / "data"

NASTY = [
    "张𠮷",
    "𪚥𪚥𪚥𪚥",
    "Ω≈ç√∫˜µ≤≥÷",
    "اَلْعَرَبِيَّةُ",
    "👩‍👩‍👧‍👦 🏳️‍🌈",
    "\u202eright to left\u202c",
    "e\u0301 and é",
    " \t leading and trailing \r\n ",
    "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!",
    "\ufeffmarked",
    "\x01\x1f\x7f\x80\x9f",
    "\U0010ffff\ufffe",
    "'; DROP TABLE orders; --",
    "{{ 7 * 7 }} ${7*7} <script>alert(1)</script>",
]


def every_text() -> Iterator[str]:
    yield from NASTY
    if DATA.is_dir():
        yield from json.loads((DATA / "strings" / "blns.json").read_text("utf-8"))
        for name in ("standard-4byte-a.txt", "standard-8105-bmp.txt"):
            whole = (DATA / "rare-characters" / name).read_text("utf-8")
            yield from (whole[start : start + 500] for start in range(0, len(whole), 500))


def test_every_text_comes_back_unchanged(shop: Api) -> None:
    texts = list(dict.fromkeys(every_text()))
    for text in texts:
        assert "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)
    sent = [
        order(number, buyer={"name": text}, note=text, attributes={"text": text, f"k{text[:200]}": [text]})
        for number, text in enumerate(texts)
    ]
    results = shop.orders(sent)
    assert [result["status"] for result in results] == ["accepted"] * len(sent)
    shop.drain()
    for document, result in zip(sent, results, strict=True):
        told = shop.get(f"/api/v1/orders/{result['trace']}").get_json()
        assert told["state"] == "done"
        for name in ("buyer", "note", "attributes"):
            assert told["order"][name] == document[name]
    assert [result["status"] for result in shop.orders(sent)] == ["duplicate"] * len(sent)


@pytest.mark.parametrize("written", ['"\\ud83d"', '"a\\u0000b"'])
def test_what_no_database_can_keep_is_refused_by_name(shop: Api, written: str) -> None:
    body = json.dumps(order(1, buyer={"name": "NAME"})).replace('"NAME"', written)
    [result] = shop.orders(body)
    assert result["status"] == "refused"
    assert result["errors"][0]["where"] == "buyer.name"

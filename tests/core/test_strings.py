"""Names and notes in every script go in and come out unchanged: the shared public strings, one order each."""

import json
from pathlib import Path
from typing import Any

import pytest

from runtime.core.conditions import check, compile
from runtime.core.json_text import read_many
from runtime.core.order import read_order, show_order

SHARED = Path(__file__).parents[3] / "shared" / "data"
STRINGS, RARE = SHARED / "strings", SHARED / "rare-characters"
needs_shared = pytest.mark.skipif(
    not (STRINGS.is_dir() and RARE.is_dir()),
    reason="the shared strings are not there: ../shared/data/strings and rare-characters",
)


def naughty_texts() -> list[str]:
    return [text for text in json.loads((STRINGS / "blns.json").read_text("utf-8")) if text]


def mistaken_texts() -> list[str]:
    cases = [case for path in sorted(STRINGS.glob("ftfy-*.json")) for case in json.loads(path.read_text("utf-8"))]
    return [case[side] for case in cases for side in ("original", "fixed") if case.get(side)]


def rare_names() -> list[str]:
    characters = [line for path in sorted(RARE.glob("*.txt")) for line in path.read_text("utf-8").split()]
    return ["张" + character for character in characters]


def document(number: int, text: str) -> dict[str, Any]:
    return {
        "id": f"{number}",
        "created_at": "2026-11-22T10:00:00+08:00",
        "currency": "CNY",
        "total": "1.00",
        "buyer": {"name": text},
        "address": {"street": text},
        "note": text,
        "lines": [{"title": text}],
        "tags": [text[:100]],
        "attributes": {text: text},
    }


def assert_unchanged(texts: list[str], ascii_only: bool) -> None:
    """In batches of a thousand: read, made canonical, shown again; each compared with what was sent."""
    for start in range(0, len(texts), 1000):
        documents = [document(start + index, text) for index, text in enumerate(texts[start : start + 1000])]
        raw = json.dumps(documents, ensure_ascii=ascii_only).encode()
        batch = read_many(raw)
        assert not batch.problems and len(batch.items) == len(documents)
        for sent, item in zip(documents, batch.items, strict=True):
            order = read_order(item.value)
            assert isinstance(order, dict), (sent["note"], item.problems, order)
            assert show_order(order) == {**sent, "created_at": "2026-11-22T02:00:00Z"}


@needs_shared
@pytest.mark.parametrize("ascii_only", [False, True])
def test_naughty_strings_are_kept_unchanged(ascii_only: bool) -> None:
    texts = naughty_texts()
    assert len(texts) > 500
    assert_unchanged(texts, ascii_only)


@needs_shared
@pytest.mark.parametrize("ascii_only", [False, True])
def test_text_that_looks_mistaken_is_not_mended(ascii_only: bool) -> None:
    texts = mistaken_texts()
    assert len(texts) > 100
    assert_unchanged(texts, ascii_only)


@needs_shared
@pytest.mark.parametrize("ascii_only", [False, True])
def test_every_character_of_the_national_standard_can_stand_in_a_name(ascii_only: bool) -> None:
    names = rare_names()
    assert len(names) > 8000 and any(ord(name[1]) > 0xFFFF for name in names)
    assert_unchanged(names, ascii_only)


@needs_shared
def test_rules_can_name_every_such_text_exactly() -> None:
    texts = [text for text in (*naughty_texts(), *rare_names()[::50]) if len(text) <= 1000]
    for number, text in enumerate(texts):
        rule = {"field": "buyer.name", "op": "eq", "value": text}
        assert check(rule) == ()
        order = read_order(document(number, text))
        assert isinstance(order, dict)
        assert compile(rule)(order) is True
        assert compile(rule)({**order, "buyer": {"name": text + " "}}) is False

"""Reading one page of a feed as strictly as everything that comes from outside, each order by itself.

An order that breaks a rule is refused alone. What breaks the page (its JSON, its members, its cursor) refuses the page: then
the cursor stands still, so that nothing is skipped.
"""

import re
from collections.abc import Iterator
from json import JSONDecodeError, JSONDecoder
from typing import Any, Final

from runtime.adapters.contract import Page
from runtime.core import json_text
from runtime.core.json_text import Item, end_of_brackets
from runtime.core.problem import Problem

LONGEST_CURSOR: Final = 1_000

_BLANK = re.compile(r"[ \t\n\r]*")
_NO_ORDERS = re.compile(rb"\[[ \t\n\r]*\]")
# Finds where members end, and builds nothing that a number could break.
_SPANS = JSONDecoder(parse_int=str, parse_float=str, parse_constant=str, strict=False)


def read_page(raw: bytes, asked: str | None) -> Page | Problem:
    """The page that answers a request with the cursor `asked`, or what is wrong with it. Unknown members are let be."""
    try:
        pairs = list(_members(raw.decode("utf-8", "surrogateescape")))
    except JSONDecodeError:
        return next(iter(json_text.read(raw).problems), Problem("feed.no_object"))
    members = dict(pairs)
    if len(members) < len(pairs):
        return Problem("feed.twice")
    orders = _read_orders(members.get("orders", b""))
    if isinstance(orders, Problem):
        return orders
    if members.get("more") not in (b"true", b"false"):
        return Problem("feed.more")
    more = members["more"] == b"true"
    cursor = _read_cursor(members.get("cursor", b""))
    if isinstance(cursor, Problem):
        return cursor
    if cursor in (None, asked) and (orders or more):
        return Problem("feed.stands_still")
    return Page(orders, cursor, more)


def _members(text: str) -> Iterator[tuple[str, bytes]]:
    """The members of an object, name and value as it stands. JSONDecodeError when the text is none, or an empty one."""
    index = _sign(text, 0, "{")
    while True:
        name, index = _SPANS.raw_decode(text, _skip(text, index))
        if not isinstance(name, str):
            raise JSONDecodeError("Expecting a name", text, index)
        start = _skip(text, _sign(text, index, ":"))
        index = _end_of(text, start)
        yield name, text[start:index].encode("utf-8", "surrogateescape")
        index = _skip(text, index)
        if text[index : index + 1] == "}":
            break
        index = _sign(text, index, ",")
    if _skip(text, index + 1) < len(text):
        raise JSONDecodeError("Extra text", text, index + 1)


def _end_of(text: str, start: int) -> int:
    try:
        return _SPANS.raw_decode(text, start)[1]
    except RecursionError:
        return end_of_brackets(text, start)


def _sign(text: str, index: int, wanted: str) -> int:
    """The place behind a sign that must stand next."""
    index = _skip(text, index)
    if text[index : index + 1] != wanted:
        raise JSONDecodeError(f"Expecting {wanted}", text, index)
    return index + 1


def _skip(text: str, index: int) -> int:
    found = _BLANK.match(text, index)
    return found.end() if found else index


def _read_orders(raw: bytes) -> tuple[Item, ...] | Problem:
    if not raw.startswith(b"["):
        return Problem("feed.orders")
    if _NO_ORDERS.fullmatch(raw):
        return ()
    batch = json_text.read_many(raw, lines=False)
    if not batch.problems:
        return batch.items
    too_many = batch.problems[0].code == "json.too_many"
    return Problem("feed.many", params={"most": json_text.MOST_ORDERS}) if too_many else batch.problems[0]


def _read_cursor(raw: bytes) -> str | Problem | None:
    value: Any = json_text.read(raw).value
    if value is None and raw in (b"", b"null"):
        return None
    fit = isinstance(value, str) and 0 < len(value) <= LONGEST_CURSOR and value.isprintable()
    return str(value) if fit else Problem("feed.cursor", params={"most": LONGEST_CURSOR})

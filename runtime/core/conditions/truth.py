"""Conditions compiled to closures: the truth of a condition for an order, in three values."""

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from math import isfinite
from typing import Any

from runtime.core.json_text import LARGEST_NUMBER
from runtime.core.moment import read_moment
from runtime.core.money import read_amount
from runtime.core.order import MISSING, value_at

Truth = bool | None
Condition = Mapping[str, Any]
Test = Callable[[Mapping[str, Any]], Truth]

_Judge = Callable[[Mapping[str, Any], Mapping[str, Any]], Truth]
"""Judges a subject (the order, or one of its lines) of an order."""


def compile(condition: Condition) -> Test:
    """The condition, which `check` must have accepted, as a function of a canonical order."""
    judge = judge_of(condition)

    def test(order: Mapping[str, Any]) -> Truth:
        return judge(order, order)

    return test


def judge_of(condition: Condition) -> _Judge:
    """The same for a subject of an order: the order itself, or the line that a condition over items is asked about."""
    match condition:
        case {"all": parts}:
            return _group([judge_of(part) for part in parts], all_of)
        case {"any": parts}:
            return _group([judge_of(part) for part in parts], any_of)
        case {"not": part}:
            return _not(judge_of(part))
        case {"any_item": part}:
            return _over_items(judge_of(part), any_of)
        case {"every_item": part}:
            return _over_items(judge_of(part), all_of)
        case _:
            return _clause(condition)


def all_of(truths: Iterator[Truth]) -> Truth:
    """Kleene's "and": False wins, then None; True over nothing."""
    unknown = False
    for truth in truths:
        if truth is False:
            return False
        unknown = unknown or truth is None
    return None if unknown else True


def any_of(truths: Iterator[Truth]) -> Truth:
    """Kleene's "or": True wins, then None; False over nothing."""
    unknown = False
    for truth in truths:
        if truth:
            return True
        unknown = unknown or truth is None
    return None if unknown else False


def _group(parts: Sequence[_Judge], together: Callable[[Iterator[Truth]], Truth]) -> _Judge:
    def judge(subject: Mapping[str, Any], order: Mapping[str, Any]) -> Truth:
        return together(part(subject, order) for part in parts)

    return judge


def _not(part: _Judge) -> _Judge:
    def judge(subject: Mapping[str, Any], order: Mapping[str, Any]) -> Truth:
        truth = part(subject, order)
        return None if truth is None else not truth

    return judge


def _over_items(part: _Judge, together: Callable[[Iterator[Truth]], Truth]) -> _Judge:
    def judge(subject: Mapping[str, Any], order: Mapping[str, Any]) -> Truth:
        lines = order.get("lines", MISSING)
        if lines is MISSING:
            return None
        return together(part(line, order) for line in lines or ())

    return judge


def _clause(clause: Condition) -> _Judge:
    look = _looker(clause["field"])
    verdict = _verdict(clause)
    if clause["op"] in ("missing", "null", "known"):
        return lambda subject, order: verdict(look(subject))
    if isinstance(clause.get("value"), Mapping):
        return _money_clause(look, verdict, clause["value"]["currency"])

    def judge(subject: Mapping[str, Any], order: Mapping[str, Any]) -> Truth:
        value = look(subject)
        return None if value is None or value is MISSING else verdict(value)

    return judge


def _money_clause(look: Callable[[Mapping[str, Any]], Any], verdict: Callable[[Any], Truth], currency: str) -> _Judge:
    def judge(subject: Mapping[str, Any], order: Mapping[str, Any]) -> Truth:
        value = look(subject)
        if value is None or value is MISSING or order.get("currency") != currency:
            return None
        return verdict(value)

    return judge


def _looker(path: str) -> Callable[[Mapping[str, Any]], Any]:
    """`value_at` for one path; the plain fields, which most conditions name, without a walk."""
    if "." in path:
        return partial(value_at, path=path)
    return lambda subject: subject.get(path, MISSING)


def _verdict(clause: Condition) -> Callable[[Any], Truth]:
    """The comparison with the clause's value, for a value that is there. A value of another kind cannot be told."""
    op, wanted = clause["op"], clause.get("value")
    match op:
        case "missing":
            return lambda value: value is MISSING
        case "null":
            return lambda value: value is None
        case "known":
            return lambda value: value is not None and value is not MISSING
        case "is_true" | "is_false":
            expected = op == "is_true"
            return lambda value: value is expected if isinstance(value, bool) else None
        case "before" | "after":
            return _time_verdict(op, read_moment(wanted))
        case "in" | "not_in":
            return _list_verdict(tuple(wanted or ()), op == "in")
        case "starts_with" | "ends_with" | "contains":
            return _text_verdict(op, str(wanted))
        case _:
            return _comparison(op, wanted)


_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}


def _comparison(op: str, wanted: Any) -> Callable[[Any], Truth]:
    compare = _COMPARE[op]
    if isinstance(wanted, str):
        return lambda value: compare(value, wanted) if isinstance(value, str) else None
    if isinstance(wanted, Mapping):
        amount = read_amount(wanted["amount"], wanted["currency"])
        return lambda value: compare(value, amount) if type(value) is int else None
    number = _exact(wanted)
    return lambda value: compare(_exact(value), number) if is_number(value) else None


def _exact(number: int | float | Decimal) -> int | Decimal:
    """A number by the digits that were written, so that 0.1 from an order and 0.1 from a condition are the same."""
    return Decimal(repr(number)) if isinstance(number, float) else number


def _time_verdict(op: str, limit: datetime | None) -> Callable[[Any], Truth]:
    def verdict(value: Any) -> Truth:
        moment = read_moment(value)
        if moment is None or limit is None:
            return None
        return moment < limit if op == "before" else moment > limit

    return verdict


def _list_verdict(wanted: Sequence[Any], inside: bool) -> Callable[[Any], Truth]:
    texts = frozenset(each for each in wanted if isinstance(each, str))
    numbers = frozenset(_exact(each) for each in wanted if not isinstance(each, str))

    def verdict(value: Any) -> Truth:
        if isinstance(value, str):
            return (value in texts) is inside if texts else None
        return (_exact(value) in numbers) is inside if numbers and is_number(value) else None

    return verdict


def _text_verdict(op: str, part: str) -> Callable[[Any], Truth]:
    if op == "starts_with":
        return lambda value: value.startswith(part) if isinstance(value, str) else None
    if op == "ends_with":
        return lambda value: value.endswith(part) if isinstance(value, str) else None
    return lambda value: part in value if isinstance(value, (str, list)) else None


def is_number(value: Any) -> bool:
    """Whether a value is a number that is compared: finite, and no larger than JSON keeps exactly."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return False
    if not isinstance(value, int) and not isfinite(value):
        return False
    return -LARGEST_NUMBER <= value <= LARGEST_NUMBER

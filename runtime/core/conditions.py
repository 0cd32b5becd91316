"""Conditions: typed trees over the order's fields, checked, compiled to closures, explained and told as a sentence.

Truth has three values (Kleene): True, False and None, which means "cannot be told". A comparison cannot be told when
its field is not there, is empty (null), is masked, is of another kind, or is an amount in another currency; the
operators `missing`, `null` and `known` always can. No text is ever evaluated.

Over items: `any_item` is "or" and `every_item` is "and" over the lines. An order known to have no lines (null or
empty) has no item that fits, and all of its items fit; when the lines were not told, neither can be told.
"""

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from difflib import get_close_matches
from functools import partial
from itertools import islice
from types import MappingProxyType
from typing import Any, Literal

from runtime.core.json_text import LARGEST_NUMBER, shown
from runtime.core.moment import read_moment
from runtime.core.money import CURRENCIES, read_amount, show_amount, show_money, type_name
from runtime.core.order import (
    CHOICE_LABELS,
    FIELDS,
    LINE_FIELDS,
    MISSING,
    Field,
    Kind,
    field_at,
    is_masked,
    value_at,
)
from runtime.core.problem import Problem
from runtime.core.words import Language, spoken

Truth = bool | None
Condition = Mapping[str, Any]
Test = Callable[[Mapping[str, Any]], Truth]
Reason = Literal["missing", "null", "masked", "other_currency", "other_kind"]

MOST_LEVELS = 20
MOST_CLAUSES = 200
MOST_CHOICES = 500
MOST_PROBLEMS = 50
LONGEST_TEXT = 1000
MOST_ITEMS_TOLD = 20

GROUPS = ("all", "any", "not", "any_item", "every_item")


# --- operators ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator as the form offers it. `takes` is the kind of value asked for, None when it asks for none."""

    op: str
    label: Mapping[str, str]
    takes: Literal["amount", "number", "text", "texts", "choice", "choices", "time", "free", "frees"] | None


def _operator(op: str, takes: Any, english: str, chinese: str) -> Operator:
    return Operator(op, MappingProxyType({"en": english, "zh-CN": chinese}), takes)


def _comparisons(takes: str) -> tuple[Operator, ...]:
    return (
        _operator("gt", takes, "is more than", "大于"),
        _operator("ge", takes, "is at least", "不小于"),
        _operator("lt", takes, "is less than", "小于"),
        _operator("le", takes, "is at most", "不大于"),
        _operator("eq", takes, "is", "等于"),
        _operator("ne", takes, "is not", "不等于"),
    )


def _lists(takes: str) -> tuple[Operator, ...]:
    return (
        _operator("in", takes, "is one of", "属于"),
        _operator("not_in", takes, "is none of", "不属于"),
    )


_EQUALITY_TEXT = (_operator("eq", "text", "is", "是"), _operator("ne", "text", "is not", "不是"))
_EQUALITY_CHOICE = (_operator("eq", "choice", "is", "是"), _operator("ne", "choice", "is not", "不是"))
_PARTS_OF_TEXT = (
    _operator("contains", "text", "contains", "包含"),
    _operator("starts_with", "text", "starts with", "开头是"),
    _operator("ends_with", "text", "ends with", "结尾是"),
)
_FLAGS = (
    _operator("is_true", None, "is yes", "为是"),
    _operator("is_false", None, "is no", "为否"),
)
_PRESENCE = (
    _operator("known", None, "is known", "有值"),
    _operator("missing", None, "was not told", "未提供"),
    _operator("null", None, "is known to be empty", "确认为空"),
)

OPERATORS: Mapping[Kind, tuple[Operator, ...]] = MappingProxyType(
    {
        "money": (*_comparisons("amount"), *_PRESENCE),
        "number": (*_comparisons("number"), *_lists("frees"), *_PRESENCE),
        "text": (*_EQUALITY_TEXT, *_PARTS_OF_TEXT, *_lists("texts"), *_PRESENCE),
        "choice": (*_EQUALITY_CHOICE, *_lists("choices"), *_PRESENCE),
        "bool": (*_FLAGS, *_PRESENCE),
        "time": (
            _operator("before", "time", "is before", "早于"),
            _operator("after", "time", "is after", "晚于"),
            *_PRESENCE,
        ),
        "texts": (_operator("contains", "text", "contain", "包含"), *_PRESENCE),
        "any": (*_comparisons("free"), *_PARTS_OF_TEXT, *_lists("frees"), *_FLAGS, *_PRESENCE),
    }
)
"""Operators of each kind of field, in the order in which the form offers them."""

_OPERATOR: Mapping[tuple[str, str], Operator] = {
    (kind, each.op): each for kind, operators in OPERATORS.items() for each in operators
}
_ALL_OPERATORS = tuple(dict.fromkeys(each.op for operators in OPERATORS.values() for each in operators))

CONDITION_SCHEMA: Mapping[str, Any] = MappingProxyType(
    {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": "#/$defs/condition",
        "$defs": {
            "condition": {
                "type": "object",
                "oneOf": [
                    *(
                        {
                            "properties": {
                                group: {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/condition"}}
                            },
                            "required": [group],
                            "additionalProperties": False,
                        }
                        for group in ("all", "any")
                    ),
                    *(
                        {
                            "properties": {group: {"$ref": "#/$defs/condition"}},
                            "required": [group],
                            "additionalProperties": False,
                        }
                        for group in ("not", "any_item", "every_item")
                    ),
                    {
                        "properties": {
                            "field": {"type": "string", "minLength": 1, "maxLength": 200},
                            "op": {"enum": list(_ALL_OPERATORS)},
                            "value": {},
                        },
                        "required": ["field", "op"],
                        "additionalProperties": False,
                    },
                ],
            }
        },
    }
)
"""JSON Schema 2020-12 of the structure; what fits which field is said by `check`."""


# --- check ----------------------------------------------------------------------------------------------------------


def check(condition: Any, where: str = "") -> tuple[Problem, ...]:
    """Everything that is wrong with a condition, each with its exact path below `where`. Empty: it can be compiled."""
    clauses = _Count()
    problems = tuple(islice(_group_problems(condition, where, FIELDS, False, 1, clauses), MOST_PROBLEMS))
    if clauses.number > MOST_CLAUSES:
        return (*problems, Problem("condition.many", where, {"count": clauses.number, "most": MOST_CLAUSES}))
    return problems


class _Count:
    number = 0


def _group_problems(
    condition: Any, where: str, fields: Mapping[str, Field], inside: bool, level: int, clauses: _Count
) -> Iterator[Problem]:
    if level > MOST_LEVELS:
        yield Problem("condition.deep", where, {"most": MOST_LEVELS})
        return
    if not isinstance(condition, Mapping):
        yield Problem("condition.kind", where, {"given_kind": type_name(condition)})
        return
    group = next((name for name in GROUPS if name in condition), None)
    if group is None:
        clauses.number += 1
        yield from _clause_problems(condition, where, fields)
        return
    for name in condition:
        if name != group:
            yield Problem("condition.extra", _joined(where, name), {"name": shown(str(name)), "beside": group})
    own = _joined(where, group)
    if group in ("any_item", "every_item"):
        if inside:
            yield Problem("condition.items_in_items", own)
        else:
            yield from _group_problems(condition[group], own, LINE_FIELDS, True, level + 1, clauses)
    elif group == "not":
        yield from _group_problems(condition[group], own, fields, inside, level + 1, clauses)
    else:
        yield from _list_problems(condition[group], own, fields, inside, level, clauses)


def _list_problems(
    parts: Any, where: str, fields: Mapping[str, Field], inside: bool, level: int, clauses: _Count
) -> Iterator[Problem]:
    if not isinstance(parts, list) or not parts:
        yield Problem("condition.empty", where)
        return
    for index, part in enumerate(parts):
        yield from _group_problems(part, f"{where}.{index}", fields, inside, level + 1, clauses)


def _clause_problems(clause: Condition, where: str, fields: Mapping[str, Field]) -> Iterator[Problem]:
    for name in clause:
        if name not in ("field", "op", "value"):
            yield Problem("condition.unknown_key", _joined(where, name), {"name": shown(str(name))})
    path, op = clause.get("field"), clause.get("op")
    if not isinstance(path, str) or not path:
        yield Problem("condition.no_field", _joined(where, "field"))
        return
    found = field_at(path, fields)
    if found is None:
        yield _unknown_field(path, _joined(where, "field"), fields)
        return
    if not isinstance(op, str) or not op:
        yield Problem("condition.no_op", _joined(where, "op"), {"field": path})
        return
    known = _OPERATOR.get((found.kind, op))
    if known is None:
        offered = ", ".join(each.op for each in OPERATORS[found.kind])
        yield Problem("condition.op", _joined(where, "op"), {"op": shown(op), "field": path, "offered": offered})
    elif known.takes is None:
        if clause.get("value") is not None:
            yield Problem("condition.no_value_wanted", _joined(where, "value"), {"op": op})
    else:
        yield from _value_problems(clause.get("value"), known, found, _joined(where, "value"))


def _unknown_field(path: str, where: str, fields: Mapping[str, Field]) -> Problem:
    elsewhere = LINE_FIELDS if fields is FIELDS else FIELDS
    if path in elsewhere:
        code = "condition.field_of_items" if fields is FIELDS else "condition.field_of_order"
        return Problem(code, where, {"field": path})
    nearest = get_close_matches(path, list(fields), n=1, cutoff=0.5)
    if nearest:
        return Problem("condition.unknown_field_near", where, {"field": shown(path), "nearest": nearest[0]})
    return Problem("condition.unknown_field", where, {"field": shown(path)})


def _value_problems(value: Any, known: Operator, found: Field, where: str) -> Iterator[Problem]:
    match known.takes:
        case "amount":
            yield from _amount_problems(value, where)
        case "number":
            if not _is_number(value):
                yield _wrong_value(value, where, found, "number")
        case "text" if not isinstance(value, str):
            yield _wrong_value(value, where, found, "text")
        case "text":
            yield from _text_problems(value, where)
        case "choice":
            yield from _choice_problems(value, found, where)
        case "time":
            if read_moment(value) is None:
                yield Problem("condition.time", where, {"given": shown(str(value))})
        case "free":
            yield from _free_problems(value, known.op, found, where)
        case _:
            yield from _several_problems(value, known, found, where)


def _amount_problems(value: Any, where: str) -> Iterator[Problem]:
    if not isinstance(value, Mapping) or set(value) - {"amount", "currency"} or "amount" not in value:
        yield Problem("condition.amount", where, {"given_kind": type_name(value)})
        return
    currency = value.get("currency")
    if currency is None:
        yield Problem("condition.no_currency", _joined(where, "currency"))
    elif not isinstance(currency, str) or currency not in CURRENCIES:
        yield Problem("condition.currency", _joined(where, "currency"), {"given": shown(str(currency))})
    else:
        amount = read_amount(value["amount"], currency)
        if isinstance(amount, Problem):
            yield Problem(amount.code, _joined(where, "amount"), amount.params)


def _text_problems(value: str, where: str) -> Iterator[Problem]:
    if value == "":
        yield Problem("condition.empty_text", where)
    elif len(value) > LONGEST_TEXT:
        yield Problem("condition.long_text", where, {"length": len(value), "most": LONGEST_TEXT})
    elif shown(value) != value[:40]:
        yield Problem("condition.unwritable", where)


def _choice_problems(value: Any, found: Field, where: str) -> Iterator[Problem]:
    if not isinstance(value, str) or value not in found.choices:
        listed = ", ".join(found.choices) if len(found.choices) < 10 else ""
        yield Problem("condition.choice", where, {"given": shown(str(value)), "field": found.path, "choices": listed})


def _free_problems(value: Any, op: str, found: Field, where: str) -> Iterator[Problem]:
    if _is_number(value):
        return
    if not isinstance(value, str):
        yield _wrong_value(value, where, found, "text_or_number")
    elif op not in ("eq", "ne"):
        yield _wrong_value(value, where, found, "number")
    else:
        yield from _text_problems(value, where)


def _several_problems(values: Any, known: Operator, found: Field, where: str) -> Iterator[Problem]:
    if not isinstance(values, list) or not values:
        yield Problem("condition.no_list", where, {"op": known.op})
        return
    if len(values) > MOST_CHOICES:
        yield Problem("condition.long_list", where, {"count": len(values), "most": MOST_CHOICES})
        return
    for index, value in enumerate(values):
        own = f"{where}.{index}"
        if known.takes == "choices":
            yield from _choice_problems(value, found, own)
        elif known.takes == "texts" or isinstance(value, str):
            if not isinstance(value, str) or found.kind == "number":
                yield _wrong_value(value, own, found, "number" if found.kind == "number" else "text")
            else:
                yield from _text_problems(value, own)
        elif not _is_number(value):
            yield _wrong_value(value, own, found, "number" if found.kind == "number" else "text_or_number")


def _wrong_value(value: Any, where: str, found: Field, wanted: str) -> Problem:
    return Problem(
        "condition.value", where, {"given_kind": type_name(value), "field": found.path, "wanted_kind": wanted}
    )


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return False
    return -LARGEST_NUMBER <= value <= LARGEST_NUMBER


def _joined(where: str, name: Any) -> str:
    return f"{where}.{shown(str(name))}" if where else shown(str(name))


# --- compile --------------------------------------------------------------------------------------------------------

_Judge = Callable[[Mapping[str, Any], Mapping[str, Any]], Truth]
"""Judges a subject (the order, or one of its lines) of an order."""


def compile(condition: Condition) -> Test:
    """The condition, which `check` must have accepted, as a function of a canonical order."""
    judge = _compiled(condition)

    def test(order: Mapping[str, Any]) -> Truth:
        return judge(order, order)

    return test


def _compiled(condition: Condition) -> _Judge:
    match condition:
        case {"all": parts}:
            return _group([_compiled(part) for part in parts], all_of)
        case {"any": parts}:
            return _group([_compiled(part) for part in parts], any_of)
        case {"not": part}:
            return _not(_compiled(part))
        case {"any_item": part}:
            return _over_items(_compiled(part), any_of)
        case {"every_item": part}:
            return _over_items(_compiled(part), all_of)
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
    return lambda value: compare(_exact(value), number) if _is_number(value) else None


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
            return (value in texts) is inside
        return (_exact(value) in numbers) is inside if _is_number(value) else None

    return verdict


def _text_verdict(op: str, part: str) -> Callable[[Any], Truth]:
    if op == "starts_with":
        return lambda value: value.startswith(part) if isinstance(value, str) else None
    if op == "ends_with":
        return lambda value: value.endswith(part) if isinstance(value, str) else None
    return lambda value: part in value if isinstance(value, (str, list)) else None


# --- explain --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Clause:
    """How a part of a condition came out: its path, its truth, and for a comparison what was seen and wanted.

    `reason` says why a comparison could not be told. Groups hold their parts; parts over items hold one `item` for
    each line (the first 20), whose `where` ends in the line's number.
    """

    where: str
    kind: Literal["all", "any", "not", "any_item", "every_item", "item", "clause"]
    truth: Truth
    field: str = ""
    op: str = ""
    wanted: Any = None
    seen: Any = MISSING
    currency: str | None = None
    reason: Reason | None = None
    parts: tuple["Clause", ...] = ()

    def document(self) -> dict[str, Any]:
        """The same as JSON, for the trace. A value that was not told is left out."""
        told: dict[str, Any] = {"where": self.where, "kind": self.kind, "truth": self.truth}
        if self.kind == "clause":
            told.update(field=self.field, op=self.op)
            if self.wanted is not None:
                told["wanted"] = self.wanted
            if self.seen is not MISSING:
                told["seen"] = self.seen
            if self.currency:
                told["currency"] = self.currency
        if self.reason:
            told["reason"] = self.reason
        if self.parts:
            told["parts"] = [part.document() for part in self.parts]
        return told


def explain(condition: Condition, order: Mapping[str, Any], where: str = "") -> Clause:
    """How each part of an accepted condition comes out for a canonical order. Its truth is that of `compile`."""
    return _explained(condition, order, order, where)


def _explained(condition: Condition, subject: Mapping[str, Any], order: Mapping[str, Any], where: str) -> Clause:
    match condition:
        case {"all": parts} | {"any": parts}:
            kind: Literal["all", "any"] = "all" if "all" in condition else "any"
            own = tuple(
                _explained(part, subject, order, f"{_joined(where, kind)}.{index}") for index, part in enumerate(parts)
            )
            together = all_of if kind == "all" else any_of
            return Clause(where, kind, together(part.truth for part in own), parts=own)
        case {"not": part}:
            inner = _explained(part, subject, order, _joined(where, "not"))
            return Clause(where, "not", None if inner.truth is None else not inner.truth, parts=(inner,))
        case {"any_item": part}:
            return _explained_items("any_item", part, order, where)
        case {"every_item": part}:
            return _explained_items("every_item", part, order, where)
        case _:
            return _explained_clause(condition, subject, order, where)


def _explained_items(
    kind: Literal["any_item", "every_item"], part: Condition, order: Mapping[str, Any], where: str
) -> Clause:
    lines = order.get("lines", MISSING)
    if lines is MISSING:
        return Clause(where, kind, None, reason="missing")
    judge = _compiled(part)
    truths = [judge(line, order) for line in lines or ()]
    truth = (any_of if kind == "any_item" else all_of)(iter(truths))
    own = _joined(where, kind)
    told = tuple(
        Clause(f"lines.{index}", "item", truths[index], parts=(_explained(part, lines[index], order, own),))
        for index in _telling(truths, truth)
    )
    return Clause(where, kind, truth, parts=told)


def _telling(truths: Sequence[Truth], truth: Truth) -> Iterator[int]:
    """Which items to tell: the first 20, and the first one that decides if it comes later."""
    yield from range(min(len(truths), MOST_ITEMS_TOLD))
    if truth in truths and truths.index(truth) >= MOST_ITEMS_TOLD:
        yield truths.index(truth)


def _explained_clause(clause: Condition, subject: Mapping[str, Any], order: Mapping[str, Any], where: str) -> Clause:
    truth = _clause(clause)(subject, order)
    seen = value_at(subject, clause["field"])
    is_money = isinstance(clause.get("value"), Mapping)
    currency = order.get("currency") if is_money else None
    if is_money and type(seen) is int and currency in CURRENCIES:
        seen = show_amount(seen, str(currency))
    reason = _reason(seen, clause, currency) if truth is None else None
    return Clause(where, "clause", truth, clause["field"], clause["op"], clause.get("value"), seen, currency, reason)


def _reason(seen: Any, clause: Condition, currency: str | None) -> Reason:
    if seen is MISSING:
        return "missing"
    if seen is None:
        return "null"
    if is_masked(seen):
        return "masked"
    if isinstance(clause.get("value"), Mapping) and currency != clause["value"]["currency"]:
        return "other_currency"
    return "other_kind"


# --- sentence -------------------------------------------------------------------------------------------------------

_GLUE = {
    "en": {"all": " and ", "any": " or ", "open": "(", "close": ")", "list": ", ", "before": " "},
    "zh-CN": {"all": " 且 ", "any": " 或 ", "open": "（", "close": "）", "list": "、", "before": ""},
}
_PHRASES = {
    "en": {"not": "not", "any_item": "any item", "every_item": "every item", "of": ": "},
    "zh-CN": {"not": "并非", "any_item": "任一商品", "every_item": "每件商品", "of": "的"},
}
_FLAG_PHRASES = {
    "en": {"is_true": "is {field}", "is_false": "is not {field}"},
    "zh-CN": {"is_true": "是{field}", "is_false": "不是{field}"},
}


def sentence(condition: Condition, language: str) -> str:
    """An accepted condition as a plain sentence: `order total is more than CN¥5,000.00 and any item is made to order`."""
    return _told(condition, spoken(language), FIELDS, within=False)


def _told(condition: Condition, language: Language, fields: Mapping[str, Field], within: bool) -> str:
    glue, phrases = _GLUE[language], _PHRASES[language]
    match condition:
        case {"all": [part]} | {"any": [part]}:
            return _told(part, language, fields, within)
        case {"all": parts} | {"any": parts}:
            between = glue["all" if "all" in condition else "any"]
            told = between.join(_told(part, language, fields, within=True) for part in parts)
            return f"{glue['open']}{told}{glue['close']}" if within else told
        case {"not": part}:
            return (
                f"{phrases['not']}{glue['before']}{glue['open']}{_told(part, language, fields, False)}{glue['close']}"
            )
        case {"any_item": part} | {"every_item": part}:
            told = _told(part, language, LINE_FIELDS, within=True)
            return phrases["any_item" if "any_item" in condition else "every_item"] + _item_gap(part, language) + told
        case _:
            return _told_clause(condition, language, fields)


def _item_gap(part: Condition, language: Language) -> str:
    """What stands between "any item" and what is said of it: items *are* a flag, and *have* everything else."""
    match part:
        case {"all": [only]} | {"any": [only]}:
            return _item_gap(only, language)
        case {"all": _} | {"any": _} | {"not": _}:
            return _GLUE[language]["before"]
        case {"op": "is_true" | "is_false", "field": field} if field in LINE_FIELDS:
            return " "
        case _:
            return _PHRASES[language]["of"]


def _told_clause(clause: Condition, language: Language, fields: Mapping[str, Field]) -> str:
    found = field_at(clause["field"], fields)
    if found is None:
        raise ValueError(f"{clause['field']} is no field: the condition was not checked")
    label, op = found.label[language], clause["op"]
    if found.kind == "bool" and op in _FLAG_PHRASES[language]:
        return _FLAG_PHRASES[language][op].format(field=label)
    known = _OPERATOR[found.kind, op]
    told = f"{label} {known.label[language]}"
    return told if known.takes is None else f"{told} {_told_value(clause['value'], found, language)}"


def _told_value(value: Any, found: Field, language: Language) -> str:
    if isinstance(value, list):
        return _GLUE[language]["list"].join(_told_value(each, found, language) for each in value)
    if isinstance(value, Mapping):
        amount = read_amount(value["amount"], value["currency"])
        return show_money(amount, value["currency"], language) if isinstance(amount, int) else ""
    if found.kind == "choice":
        return CHOICE_LABELS.get(value, {}).get(language, value)
    if found.kind == "time":
        return _told_time(value)
    return f"“{value}”" if isinstance(value, str) else str(value)


def _told_time(text: str) -> str:
    """`2026-11-22 10:00 UTC+08:00`, in the zone in which it was written."""
    day, clock, zone = text[:10], text[11:].rstrip("Z"), "UTC"
    for sign in "+-":
        clock, found, offset = clock.partition(sign)
        zone += found + offset
    return f"{day} {clock} {zone}"

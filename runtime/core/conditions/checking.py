"""Whether a condition can be used: every problem with its exact path."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from itertools import islice
from typing import Any

from runtime.core.conditions.operators import GROUPS, OPERATOR, OPERATORS, Operator
from runtime.core.conditions.truth import Condition, is_number
from runtime.core.json_text import shown
from runtime.core.moment import read_moment
from runtime.core.money import CURRENCIES, read_amount, type_name
from runtime.core.order import FIELDS, LINE_FIELDS, Field, field_at
from runtime.core.problem import Problem, joined

MOST_LEVELS = 20
MOST_CLAUSES = 200
MOST_CHOICES = 500
MOST_PROBLEMS = 50
LONGEST_TEXT = 1000


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
            yield Problem(
                "condition.extra", joined(where, shown(str(name))), {"name": shown(str(name)), "beside": group}
            )
    own = joined(where, group)
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
            yield Problem("condition.unknown_key", joined(where, shown(str(name))), {"name": shown(str(name))})
    path, op = clause.get("field"), clause.get("op")
    if not isinstance(path, str) or not path:
        yield Problem("condition.no_field", joined(where, "field"))
        return
    found = field_at(path, fields)
    if found is None:
        yield _unknown_field(path, joined(where, "field"), fields)
        return
    if not isinstance(op, str) or not op:
        yield Problem("condition.no_op", joined(where, "op"), {"field": path})
        return
    known = OPERATOR.get((found.kind, op))
    if known is None:
        offered = ", ".join(each.op for each in OPERATORS[found.kind])
        yield Problem("condition.op", joined(where, "op"), {"op": shown(op), "field": path, "offered": offered})
    elif known.takes is None:
        if clause.get("value") is not None:
            yield Problem("condition.no_value_wanted", joined(where, "value"), {"op": op})
    else:
        yield from _value_problems(clause.get("value"), known, found, joined(where, "value"))


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
            if not is_number(value):
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
        yield Problem("condition.no_currency", joined(where, "currency"))
    elif not isinstance(currency, str) or currency not in CURRENCIES:
        yield Problem("condition.currency", joined(where, "currency"), {"given": shown(str(currency))})
    else:
        amount = read_amount(value["amount"], currency)
        if isinstance(amount, Problem):
            yield Problem(amount.code, joined(where, "amount"), amount.params)


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
    if is_number(value):
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
        elif not is_number(value):
            yield _wrong_value(value, own, found, "number" if found.kind == "number" else "text_or_number")


def _wrong_value(value: Any, where: str, found: Field, wanted: str) -> Problem:
    return Problem(
        "condition.value", where, {"given_kind": type_name(value), "field": found.path, "wanted_kind": wanted}
    )

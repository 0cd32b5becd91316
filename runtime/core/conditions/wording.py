"""A condition as a plain sentence, in each language."""

from collections.abc import Mapping
from typing import Any

from runtime.core.conditions.operators import OPERATOR
from runtime.core.conditions.truth import Condition
from runtime.core.money import read_amount, show_money
from runtime.core.order import CHOICE_LABELS, FIELDS, LINE_FIELDS, Field, field_at
from runtime.core.words import Language, spoken

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
    known = OPERATOR[found.kind, op]
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

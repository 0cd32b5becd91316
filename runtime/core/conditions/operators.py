"""What can be asked of each kind of field, in the words of the form, and the shape of a condition."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from runtime.core.order import Kind

GROUPS = ("all", "any", "not", "any_item", "every_item")


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

OPERATOR: Mapping[tuple[str, str], Operator] = {
    (kind, each.op): each for kind, operators in OPERATORS.items() for each in operators
}
_NAMES = tuple(dict.fromkeys(each.op for operators in OPERATORS.values() for each in operators))

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
                            "op": {"enum": list(_NAMES)},
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

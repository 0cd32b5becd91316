"""The order: how a document from outside is checked and becomes the canonical order that everything inside reads.

The outside document is the public contract (`ORDER_SCHEMA`). The canonical order has the same keys, with money in
minor units of the order's currency and times as UTC text; absent stays absent ("not told"), null stays null ("known
to be empty"). Text is kept as it came, in every script: nothing is trimmed, normalised or mended.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from difflib import get_close_matches
from enum import Enum
from hashlib import sha256
from itertools import islice
from types import MappingProxyType
from typing import Any, Final, Literal

import orjson

from runtime.core.json_text import content_problems, plain, plain_number, shown
from runtime.core.moment import TIME_PATTERN, read_moment, show_moment
from runtime.core.money import AMOUNT_PATTERN, CURRENCIES, read_amount, show_amount, type_name
from runtime.core.problem import Problem, joined

Order = dict[str, Any]
"""A canonical order: a JSON-able dict, never changed once read."""

Kind = Literal["text", "money", "number", "bool", "time", "choice", "texts", "any"]

MOST_LINES = 1000
MOST_PAYMENTS = 100
MOST_TAGS = 100
MOST_ATTRIBUTE_BYTES = 64 * 1024
MOST_QUANTITY = 10**9
PRIORITIES = ("urgent", "normal")
KINDS = ("sale", "restock", "exchange")
_MOST_PROBLEMS = 50


class Missing(Enum):
    """The sentinel of `value_at`: the order does not tell this field."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING


# --- the fields that people name in conditions ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Field:
    """A field by its path, its kind, the values it may take if these are counted, and its name in each language."""

    path: str
    kind: Kind
    label: Mapping[str, str]
    choices: tuple[str, ...] = ()


def _catalogue(*fields: tuple[str, Kind, str, str, tuple[str, ...]]) -> Mapping[str, Field]:
    return MappingProxyType(
        {
            path: Field(path, kind, MappingProxyType({"en": english, "zh-CN": chinese}), choices)
            for path, kind, english, chinese, choices in fields
        }
    )


FIELDS: Mapping[str, Field] = _catalogue(
    ("id", "text", "order number", "订单号", ()),
    ("channel", "text", "channel", "渠道", ()),
    ("created_at", "time", "order time", "下单时间", ()),
    ("currency", "choice", "currency", "币种", tuple(CURRENCIES)),
    ("total", "money", "order total", "订单总额", ()),
    ("buyer.id", "text", "buyer number", "买家编号", ()),
    ("buyer.name", "text", "buyer name", "买家姓名", ()),
    ("buyer.phone", "text", "buyer phone", "买家电话", ()),
    ("buyer.email", "text", "buyer e-mail", "买家邮箱", ()),
    ("address.country", "text", "country", "国家", ()),
    ("address.province", "text", "province", "省份", ()),
    ("address.city", "text", "city", "城市", ()),
    ("address.district", "text", "district", "区县", ()),
    ("address.street", "text", "street", "详细地址", ()),
    ("address.zip", "text", "postcode", "邮编", ()),
    ("note", "text", "buyer's note", "买家留言", ()),
    ("tags", "texts", "tags", "标签", ()),
    ("priority", "choice", "priority", "优先级", PRIORITIES),
    ("kind", "choice", "order kind", "订单类型", KINDS),
    ("status", "text", "channel status", "渠道状态", ()),
    ("owner", "text", "owner", "负责人", ()),
)
"""Fields of the order by path. `attributes.<name>` is free: see `field_at`. `owner` comes from us, never from a shop."""

LINE_FIELDS: Mapping[str, Field] = _catalogue(
    ("sku", "text", "SKU", "SKU 编码", ()),
    ("title", "text", "item title", "商品标题", ()),
    ("quantity", "number", "quantity", "数量", ()),
    ("price", "money", "unit price", "单价", ()),
    ("custom", "bool", "made to order", "定制", ()),
    ("variant", "text", "variant", "规格", ()),
    ("gift", "bool", "a gift", "赠品", ()),
)
"""Fields of one line, for conditions over items."""

CHOICE_LABELS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "urgent": {"en": "urgent", "zh-CN": "加急"},
        "normal": {"en": "normal", "zh-CN": "普通"},
        "sale": {"en": "sale", "zh-CN": "销售"},
        "restock": {"en": "restock", "zh-CN": "补货"},
        "exchange": {"en": "exchange", "zh-CN": "换货"},
    }
)


def field_at(path: str, fields: Mapping[str, Field] = FIELDS) -> Field | None:
    """The field of this path, or None. `attributes.<name>` is a field of kind `any` under its own name."""
    name = path.removeprefix("attributes.")
    if name and name != path:
        return Field(path, "any", {"en": f"“{name}”", "zh-CN": f"“{name}”"})
    return fields.get(path)


def value_at(order: Mapping[str, Any], path: str) -> Any:
    """The value at a field path of an order or line, or `MISSING`. Below a null everything is null.

    Under `attributes` a name that holds dots is tried whole before it is taken as a path.
    """
    if path.startswith("attributes."):
        return _attribute(order.get("attributes", MISSING), path[11:])
    value: Any = order
    for name in path.split("."):
        if value is None:
            return None
        if not isinstance(value, (dict, Mapping)):  # a dict it nearly always is, and that is told much faster
            return MISSING
        value = value.get(name, MISSING)
    return value


def _attribute(attributes: Any, name: str) -> Any:
    if isinstance(attributes, Mapping) and name in attributes:
        return attributes[name]
    if not isinstance(attributes, Mapping):
        return None if attributes is None else MISSING
    first, _, rest = name.partition(".")
    return _attribute(attributes.get(first, MISSING), rest) if rest else MISSING


def is_masked(value: Any) -> bool:
    """Whether a value is there but cannot be read: masked by the channel, or in cipher."""
    return isinstance(value, Mapping) and len(value) == 1 and ("masked" in value or "cipher" in value)


# --- outside document -> canonical order ----------------------------------------------------------------------------

_Read = Callable[[Any, str | None], Any]
"""Takes an outside value and the order's currency (None when that is wrong itself): the inside value, or problems."""


def read_order(document: Any) -> Order | tuple[Problem, ...]:
    """The canonical order of an outside document, or everything that is wrong with it (at most 50 problems)."""
    if not isinstance(document, Mapping):
        return _wrong_kind(document, "object")
    given = document.get("currency")
    currency = given if isinstance(given, str) and given in CURRENCIES else None
    problems: list[Problem] = []
    order = _read_fields(document, _READERS, currency, problems)
    problems.extend(
        Problem("order.required", name, {"field": name}) for name in _REQUIRED if document.get(name) is None
    )
    if not problems:
        problems.extend(islice(_unwritable(order), _MOST_PROBLEMS))
    return tuple(problems[:_MOST_PROBLEMS]) if problems else order


def _read_fields(
    document: Mapping[str, Any], readers: Mapping[str, _Read], currency: str | None, problems: list[Problem]
) -> dict[str, Any]:
    canonical: dict[str, Any] = {}
    for name, given in document.items():
        if len(problems) >= _MOST_PROBLEMS:
            break
        read = readers.get(name)
        if read is None:
            problems.append(_unknown_field(name, readers))
        elif given is None:
            canonical[name] = None
        else:
            value = read(given, currency)
            if type(value) is tuple:
                problems.extend(_under(name, value))
            else:
                canonical[name] = value
    return canonical


def _under(name: str, problems: tuple[Problem, ...]) -> Iterator[Problem]:
    return (replace(problem, where=joined(name, problem.where)) for problem in problems)


def _unknown_field(name: Any, known: Iterable[str]) -> Problem:
    told = shown(str(name))
    nearest = get_close_matches(told, list(known), n=1, cutoff=0.6)
    if nearest:
        return Problem("order.unknown_field_near", told, {"field": told, "nearest": nearest[0]})
    return Problem("order.unknown_field", told, {"field": told})


def _refused(code: str, **params: Any) -> tuple[Problem, ...]:
    return (Problem(code, params=params),)


def _wrong_kind(given: Any, wanted: str) -> tuple[Problem, ...]:
    return _refused("order.kind", given_kind=type_name(given), wanted_kind=wanted)


def _unwritable(order: Order) -> Iterator[Problem]:
    """NUL and lone surrogates by path. One writing of the whole order tells whether it is worth looking for them."""
    try:
        if b"\\u0000" not in orjson.dumps(order):
            return
    except TypeError:
        pass
    yield from content_problems(order, "")


# --- the rules of the document: how each value is read, and its JSON Schema ---------------------------------------------


@dataclass(frozen=True, slots=True)
class _Rule:
    read: _Read
    schema: Mapping[str, Any]


def _text(most: int, least: int = 0) -> _Rule:
    def read(given: Any, currency: str | None) -> Any:
        if type(given) is not str:
            return _wrong_kind(given, "text")
        if len(given) > most:
            return _refused("order.long", length=len(given), most=most)
        return given if len(given) >= least else _refused("order.short", least=least)

    shortest = {"minLength": least} if least else {}
    return _Rule(read, {"type": "string", **shortest, "maxLength": most})


def _private(most: int) -> _Rule:
    """Text that a channel may mask or give in cipher."""
    text = _text(most)

    def read(given: Any, currency: str | None) -> Any:
        if not isinstance(given, Mapping):
            return text.read(given, currency)
        mark = next(iter(given), None)
        if len(given) != 1 or mark not in ("masked", "cipher"):
            return _refused("order.mark")
        hidden = text.read(given[mark], currency)
        return tuple(_under(mark, hidden)) if type(hidden) is tuple else {mark: hidden}

    marks = [_closed({mark: text.schema}, required=[mark]) for mark in ("masked", "cipher")]
    return _Rule(read, {"anyOf": [text.schema, *marks]})


def _choice(code: str, choices: Sequence[str]) -> _Rule:
    allowed = frozenset(choices)
    listed = ", ".join(choices) if len(choices) < 10 else ""

    def read(given: Any, currency: str | None) -> Any:
        if type(given) is not str:
            return _wrong_kind(given, "text")
        return given if given in allowed else _refused(code, given=shown(given), choices=listed)

    return _Rule(read, {"type": "string", "enum": list(choices)})


def _object(rules: Mapping[str, _Rule]) -> _Rule:
    readers = {name: rule.read for name, rule in rules.items()}

    def read(given: Any, currency: str | None) -> Any:
        if not isinstance(given, Mapping):
            return _wrong_kind(given, "object")
        problems: list[Problem] = []
        canonical = _read_fields(given, readers, currency, problems)
        return tuple(problems) if problems else canonical

    return _Rule(read, _closed({name: _or_null(rule.schema) for name, rule in rules.items()}))


def _array(rule: _Rule, most: int) -> _Rule:
    def read(given: Any, currency: str | None) -> Any:
        if not isinstance(given, list):
            return _wrong_kind(given, "array")
        if len(given) > most:
            return _refused("order.many", count=len(given), most=most)
        problems: list[Problem] = []
        canonical = []
        for index, element in enumerate(given):
            if len(problems) >= _MOST_PROBLEMS:
                break
            value = rule.read(element, currency)
            if type(value) is tuple:
                problems.extend(_under(str(index), value))
            else:
                canonical.append(value)
        return tuple(problems) if problems else canonical

    return _Rule(read, {"type": "array", "maxItems": most, "items": rule.schema})


def _read_money(given: Any, currency: str | None) -> Any:
    amount = 0 if currency is None else read_amount(given, currency)
    return (amount,) if type(amount) is Problem else amount


def _read_time(given: Any, currency: str | None) -> Any:
    if type(given) is not str:
        return _wrong_kind(given, "text")
    moment = read_moment(given)
    return _refused("order.time", given=shown(given)) if moment is None else show_moment(moment)


def _read_quantity(given: Any, currency: str | None) -> Any:
    if isinstance(given, bool) or not isinstance(given, (int, float, Decimal)):
        return _wrong_kind(given, "number")
    quantity = plain_number(given)
    if isinstance(quantity, Problem):
        return (quantity,)
    within = -MOST_QUANTITY <= quantity <= MOST_QUANTITY
    return quantity if within else _refused("order.quantity", given=str(given), most=MOST_QUANTITY)


def _read_flag(given: Any, currency: str | None) -> Any:
    return given if isinstance(given, bool) else _wrong_kind(given, "flag")


def _read_attributes(given: Any, currency: str | None) -> Any:
    if not isinstance(given, Mapping):
        return _wrong_kind(given, "object")
    if not given:
        return {}
    attributes = plain(given)
    if type(attributes) is Problem:
        return (attributes,)
    try:
        size = len(orjson.dumps(attributes))
    except TypeError:  # a lone surrogate, which is told with its path when the whole order has been read
        return attributes
    within = size <= MOST_ATTRIBUTE_BYTES
    return attributes if within else _refused("order.attributes_large", bytes=size, most=MOST_ATTRIBUTE_BYTES)


def _closed(properties: Mapping[str, Any], required: Sequence[str] = ()) -> dict[str, Any]:
    schema = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    return {**schema, "required": list(required)} if required else schema


def _or_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    if "anyOf" in schema:
        return {**schema, "anyOf": [*schema["anyOf"], {"type": "null"}]}
    choices = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return {**schema, **choices, "type": [schema["type"], "null"]}


_MONEY = _Rule(
    _read_money,
    {
        "anyOf": [{"type": "string", "pattern": AMOUNT_PATTERN}, {"type": "number"}],
        "description": "Decimal text, or a JSON number that is exact, with no more decimals than the currency has.",
    },
)
_TIME = _Rule(_read_time, {"type": "string", "pattern": TIME_PATTERN, "format": "date-time"})
_QUANTITY = _Rule(_read_quantity, {"type": "number", "minimum": -MOST_QUANTITY, "maximum": MOST_QUANTITY})
_FLAG = _Rule(_read_flag, {"type": "boolean"})
_ATTRIBUTES = _Rule(_read_attributes, {"type": "object", "description": "Free content, at most 64 KiB."})
_BUYER = _object({"id": _private(200), "name": _private(1000), "phone": _private(200), "email": _private(500)})
_ADDRESS = _object(
    {
        **{name: _private(200) for name in ("country", "province", "city", "district")},
        "street": _private(1000),
        "zip": _private(50),
    }
)
_LINE = _object(
    {
        "sku": _text(200),
        "title": _text(1000),
        "quantity": _QUANTITY,
        "price": _MONEY,
        "custom": _FLAG,
        "variant": _text(500),
        "gift": _FLAG,
        "attributes": _ATTRIBUTES,
    }
)
_PAYMENT = _object({"method": _text(100), "amount": _MONEY, "paid_at": _TIME})
_RULES: Mapping[str, _Rule] = {
    "id": _text(128, least=1),
    "channel": _text(64, least=1),
    "created_at": _TIME,
    "currency": _choice("order.currency", tuple(CURRENCIES)),
    "total": _MONEY,
    "buyer": _BUYER,
    "address": _ADDRESS,
    "lines": _array(_LINE, MOST_LINES),
    "payments": _array(_PAYMENT, MOST_PAYMENTS),
    "note": _private(10_000),
    "tags": _array(_text(100, least=1), MOST_TAGS),
    "priority": _choice("order.choice", PRIORITIES),
    "kind": _choice("order.choice", KINDS),
    "status": _text(100),
    "attributes": _ATTRIBUTES,
}
_READERS = {name: rule.read for name, rule in _RULES.items()}
_REQUIRED = ("id", "created_at", "currency", "total")

ORDER_SCHEMA: Mapping[str, Any] = MappingProxyType(
    {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Order",
        **_closed(
            {name: rule.schema if name in _REQUIRED else _or_null(rule.schema) for name, rule in _RULES.items()},
            _REQUIRED,
        ),
    }
)
"""JSON Schema 2020-12 of the outside document. What it cannot say: decimals by currency, real dates, sizes, NUL."""


# --- canonical order -> outside document, digest --------------------------------------------------------------------


def show_order(order: Mapping[str, Any]) -> dict[str, Any]:
    """The outside document of a canonical order: amounts back as decimal text, times in UTC."""
    currency = order["currency"]
    document = {**order, "total": show_amount(order["total"], currency)}
    for name, amount in (("lines", "price"), ("payments", "amount")):
        if order.get(name):
            document[name] = [_with_shown(part, amount, currency) for part in order[name]]
    return document


def _with_shown(part: Mapping[str, Any], name: str, currency: str) -> dict[str, Any]:
    amount = part.get(name)
    return dict(part) if amount is None else {**part, name: show_amount(amount, currency)}


def digest(order: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of the canonical order: the same content gives the same digest, however its keys were ordered."""
    return sha256(orjson.dumps(order, option=orjson.OPT_SORT_KEYS)).hexdigest()

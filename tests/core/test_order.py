"""The order document: what is taken, what is refused and where, and what the canonical order holds."""

import json
from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from runtime.core.json_text import read
from runtime.core.moment import read_moment
from runtime.core.money import CURRENCIES
from runtime.core.order import (
    CHOICE_LABELS,
    FIELDS,
    LINE_FIELDS,
    MISSING,
    ORDER_SCHEMA,
    digest,
    field_at,
    is_masked,
    read_order,
    show_order,
    value_at,
)
from runtime.core.problem import Problem

DOCUMENT: dict[str, Any] = {
    "id": "A-1001",
    "channel": "own-shop",
    "created_at": "2026-11-22T10:00:00+08:00",
    "currency": "CNY",
    "total": "5180.00",
    "buyer": {"id": "b-7", "name": "张𠮷", "phone": "+86 138 0013 8000", "email": None},
    "address": {"country": "CN", "province": "浙江省", "city": "杭州市", "district": "西湖区", "street": "文三路 1 号"},
    "lines": [
        {"sku": "SKU-1", "title": "…", "quantity": 2, "price": "2590.00", "custom": False, "attributes": {}},
        {"sku": "SKU-2", "quantity": Decimal("1.5"), "price": 0, "gift": True, "variant": "红 / XL"},
    ],
    "payments": [{"method": "alipay", "amount": "5180.00", "paid_at": "2026-11-22T10:01:00+08:00"}],
    "note": "",
    "tags": ["gift-wrap"],
    "priority": "urgent",
    "kind": "sale",
    "status": "paid",
    "attributes": {"colour": "red", "weight": Decimal("1.25"), "deep": {"er": [1, None]}},
}
LEAST = {"id": "1", "created_at": "2026-11-22T10:00:00Z", "currency": "CNY", "total": "1.00"}


def taken(document: Any) -> dict[str, Any]:
    order = read_order(document)
    assert isinstance(order, dict), order
    return order


def refused(document: Any) -> list[tuple[str, str]]:
    problems = read_order(document)
    assert isinstance(problems, tuple) and problems
    return [(problem.code, problem.where) for problem in problems]


def changed(path: str, value: Any) -> dict[str, Any]:
    document: Any = deepcopy(DOCUMENT)
    *above, last = path.split(".")
    place = document
    for name in above:
        place = place[int(name)] if isinstance(place, list) else place[name]
    place[int(last) if isinstance(place, list) else last] = value
    return dict(document)


def test_the_canonical_order_has_minor_units_and_utc_times() -> None:
    order = taken(DOCUMENT)
    assert (order["total"], order["lines"][0]["price"], order["payments"][0]["amount"]) == (518000, 259000, 518000)
    assert (order["created_at"], order["payments"][0]["paid_at"]) == ("2026-11-22T02:00:00Z", "2026-11-22T02:01:00Z")
    assert order["lines"][1]["quantity"] == 1.5 and order["attributes"]["weight"] == 1.25
    assert order["buyer"] == DOCUMENT["buyer"]
    json.dumps(order)


def test_absent_stays_absent_and_null_stays_null() -> None:
    assert taken(LEAST) == {**LEAST, "total": 100}
    nulls = {name: None for name in DOCUMENT if name not in LEAST}
    assert taken({**LEAST, **nulls}) == {**LEAST, "total": 100, **nulls}


def test_the_document_is_not_changed_by_reading() -> None:
    document = deepcopy(DOCUMENT)
    taken(document)
    assert document == DOCUMENT


@pytest.mark.parametrize("name", ["id", "created_at", "currency", "total"])
def test_without_these_there_is_no_order(name: str) -> None:
    for document in ({**LEAST, name: None}, {key: value for key, value in LEAST.items() if key != name}):
        assert refused(document) == [("order.required", name)]


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("id", "", "order.short"),
        ("id", "x" * 129, "order.long"),
        ("id", 1001, "order.kind"),
        ("channel", "x" * 65, "order.long"),
        ("channel", "", "order.short"),
        ("created_at", "2026-11-22T10:00:00", "order.time"),
        ("created_at", "2026-02-30T10:00:00Z", "order.time"),
        ("created_at", "2026-11-22", "order.time"),
        ("created_at", "2026-W47-7T10:00:00Z", "order.time"),
        ("created_at", "0001-01-01T00:00:00+14:00", "order.time"),
        ("created_at", "٢٠٢٦-11-22T10:00:00Z", "order.time"),
        ("created_at", 1763776800, "order.kind"),
        ("currency", "cny", "order.currency"),
        ("currency", "RMB", "order.currency"),
        ("currency", 156, "order.kind"),
        ("total", "5,180.00", "money.form"),
        ("total", "5180.001", "money.decimals"),
        ("total", True, "money.kind"),
        ("buyer", "张三", "order.kind"),
        ("buyer", [], "order.kind"),
        ("buyer.name", 7, "order.kind"),
        ("buyer.name", {"masked": "张", "cipher": "$"}, "order.mark"),
        ("buyer.name", {"hidden": "张"}, "order.mark"),
        ("buyer.name", {}, "order.mark"),
        ("lines", {}, "order.kind"),
        ("lines", [{}] * 1001, "order.many"),
        ("lines.1", None, "order.kind"),
        ("lines.1", "SKU", "order.kind"),
        ("lines.1.quantity", "2", "order.kind"),
        ("lines.1.quantity", True, "order.kind"),
        ("lines.1.quantity", 10**10, "order.quantity"),
        ("lines.1.quantity", Decimal("NaN"), "json.not_a_number"),
        ("lines.1.price", "x", "money.form"),
        ("lines.1.custom", "yes", "order.kind"),
        ("lines.1.gift", 1, "order.kind"),
        ("payments.0.paid_at", "yesterday", "order.time"),
        ("payments.0.amount", [], "money.kind"),
        ("note", "x" * 10_001, "order.long"),
        ("tags", "gift", "order.kind"),
        ("tags", ["x"] * 101, "order.many"),
        ("tags.0", "", "order.short"),
        ("tags.0", None, "order.kind"),
        ("priority", "high", "order.choice"),
        ("kind", "Sale", "order.choice"),
        ("attributes", [], "order.kind"),
        ("attributes", {"x": "a" * 65_536}, "order.attributes_large"),
        ("attributes.x", 2**60, "json.large_number"),
        ("attributes.x", Decimal("0.1234567890123456789"), "json.long_number"),
        ("attributes.x", "a\0b", "json.nul"),
        ("buyer.name", "a\0b", "json.nul"),
        ("buyer.name", "a\ud800b", "json.surrogate"),
        ("attributes.x", "a\ud800b", "json.surrogate"),
        ("lines.0.title", "\udfff", "json.surrogate"),
    ],
)
def test_a_wrong_value_is_refused_where_it_stands(path: str, value: Any, code: str) -> None:
    assert refused(changed(path, value)) == [(code, path)]


def test_a_wrong_mark_is_refused_inside_it() -> None:
    assert refused(changed("note", {"masked": None})) == [("order.kind", "note.masked")]


def test_deep_attributes_are_refused_and_not_followed() -> None:
    deep: Any = 1
    for _ in range(5000):
        deep = {"a": deep}
    ((code, where),) = refused(changed("attributes", deep))
    assert code == "json.levels" and where.startswith("attributes.a.a")


@pytest.mark.parametrize(
    ("path", "near"),
    [("totl", "total"), ("createdAt", "created_at"), ("buyer.nmae", "name"), ("lines.1.SKU", None), ("weather", None)],
)
def test_unknown_fields_are_refused_by_name_with_the_nearest_one(path: str, near: str | None) -> None:
    problems = read_order(changed(path, "x"))
    assert isinstance(problems, tuple) and [problem.where for problem in problems] == [path]
    assert problems[0].params.get("nearest") == near


def test_everything_wrong_is_told_at_once_but_not_without_end() -> None:
    document = changed("lines", [{"price": "x", "quantity": "y"}] * 500)
    assert len(refused({**document, "id": 1})) == 50
    assert refused({"id": "", "lines": [{"a": 1}], "x": 1}) == [
        ("order.short", "id"),
        ("order.unknown_field", "lines.0.a"),
        ("order.unknown_field", "x"),
        ("order.required", "created_at"),
        ("order.required", "currency"),
        ("order.required", "total"),
    ]


def test_a_document_of_nothing_but_mistakes_is_given_up_early() -> None:
    wrong = {f"field-{number}": number for number in range(200_000)}
    assert len(refused({**LEAST, **wrong})) == 50
    assert len(refused({**LEAST, "lines": [dict(list(wrong.items())[:200])] * 1000})) == 50


@pytest.mark.parametrize("document", [None, [], "order", 1, True])
def test_what_is_no_object_is_no_order(document: Any) -> None:
    assert refused(document) == [("order.kind", "")]


def test_hidden_values_are_kept_hidden() -> None:
    order = taken(changed("buyer.name", {"masked": "张**"}))
    assert order["buyer"]["name"] == {"masked": "张**"} and is_masked(order["buyer"]["name"])
    assert is_masked(taken(changed("note", {"cipher": "$x$"}))["note"])
    assert not is_masked("张**") and not is_masked({}) and not is_masked({"masked": "", "x": 1})


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-11-22T10:00:00+08:00", "2026-11-22T02:00:00Z"),
        ("2026-11-22 10:00:00-0300", "2026-11-22T13:00:00Z"),
        ("2026-11-22T10:00Z", "2026-11-22T10:00:00Z"),
        ("2026-11-22T10:00:00.5Z", "2026-11-22T10:00:00.500000Z"),
        ("2026-12-31T23:30:00-05:00", "2027-01-01T04:30:00Z"),
    ],
)
def test_times_are_kept_in_utc(text: str, utc: str) -> None:
    order = taken({**LEAST, "created_at": text})
    assert order["created_at"] == utc
    assert read_moment(text) == read_moment(utc)
    assert taken(show_order(order)) == order


def test_amounts_follow_the_currency_of_the_order() -> None:
    assert taken({**LEAST, "currency": "JPY", "total": "1200"})["total"] == 1200
    assert refused({**LEAST, "currency": "JPY", "total": "1200.00"}) == [("money.decimals", "total")]
    assert refused({**LEAST, "currency": "XXX", "total": "x"}) == [("order.currency", "currency")]


def test_a_digest_is_about_content_and_not_about_the_order_of_keys() -> None:
    order = taken(DOCUMENT)
    turned = taken(dict(reversed(DOCUMENT.items())))
    assert digest(order) == digest(turned) and len(digest(order)) == 64
    assert digest(order) == digest(taken({**DOCUMENT, "created_at": "2026-11-22T02:00:00Z", "total": 5180}))
    assert digest(order) != digest(taken(changed("buyer.name", "张吉")))
    assert digest(taken(LEAST)) != digest(taken({**LEAST, "note": None}))


def test_fields_are_reached_by_their_paths() -> None:
    order = taken(DOCUMENT)
    assert [value_at(order, path) for path in ("total", "buyer.name", "buyer.email", "address.zip", "nonsense.x")] == [
        518000,
        "张𠮷",
        None,
        MISSING,
        MISSING,
    ]
    assert value_at(order, "attributes.colour") == "red"
    assert value_at(order, "attributes.deep.er") == [1, None]
    assert value_at(order, "attributes.deep.er.0") is MISSING
    assert value_at({"attributes": {"a.b": 1, "a": {"b": 2, "c": 3}}}, "attributes.a.b") == 1
    assert value_at({"attributes": {"a.b": 1, "a": {"b": 2, "c": 3}}}, "attributes.a.c") == 3


def test_below_what_is_empty_everything_is_empty_and_below_what_was_not_told_nothing_was() -> None:
    assert value_at({"buyer": None}, "buyer.name") is None
    assert value_at({}, "buyer.name") is MISSING
    assert value_at({"attributes": None}, "attributes.x") is None
    assert value_at({}, "attributes.x") is MISSING
    assert value_at({"attributes": {"a": None}}, "attributes.a.b") is None


def test_the_catalogue_names_every_plain_field_of_the_document() -> None:
    properties = ORDER_SCHEMA["properties"]
    plain = set(properties) - {"buyer", "address", "lines", "payments", "attributes"}
    inner = {f"{part}.{name}" for part in ("buyer", "address") for name in properties[part]["properties"]}
    assert set(FIELDS) == plain | inner | {"owner"}, "the owner is ours, and never told by a shop"
    assert set(LINE_FIELDS) == set(properties["lines"]["items"]["properties"]) - {"attributes"}
    for field in (*FIELDS.values(), *LINE_FIELDS.values()):
        assert set(field.label) == {"en", "zh-CN"}
        assert (field.kind == "choice") is bool(field.choices)
    assert {choice for field in FIELDS.values() for choice in field.choices} - set(CURRENCIES) == set(CHOICE_LABELS)
    free = field_at("attributes.颜色")
    assert free is not None and (free.kind, free.path) == ("any", "attributes.颜色")
    assert field_at("attributes.") is None and field_at("attributes") is None and field_at("sku") is None


# --- the schema and the reader agree ----------------------------------------------------------------------------------

VALIDATOR = Draft202012Validator(dict(ORDER_SCHEMA))
BEYOND_SCHEMA = {
    "money.form", "money.decimals", "money.large", "order.time", "order.attributes_large",
    "json.nul", "json.large_number", "json.long_number",
}  # fmt: skip

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(["", "x" * 129, "x" * 1001])
AMOUNT: st.SearchStrategy[Any] = st.sampled_from(
    ["5180.00", "1", "-1.5", "x", "1.000", 5, 5.25, 1e30, "1e5", True, None, [], "1" * 16]
)
TIME = st.sampled_from(["2026-11-22T10:00:00+08:00", "2026-02-31T10:00:00Z", "2026-11-22", 5, None, "x"])
PRIVATE = TEXT | st.none() | st.fixed_dictionaries({}, optional={"masked": TEXT | st.none(), "cipher": TEXT})
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
FREE = st.dictionaries(TEXT, ANYTHING, max_size=3)


def optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


LINE = optional(
    sku=TEXT | st.none(),
    title=TEXT,
    quantity=st.sampled_from([1, 2.5, -3, "1", True, None, 10**10]),
    price=AMOUNT,
    custom=st.booleans() | st.none() | st.just("yes"),
    variant=TEXT | st.none(),
    gift=st.booleans() | st.just(1),
    attributes=FREE | st.none(),
    colour=TEXT,
)
DOCUMENTS = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["1", "a b ", "", "x" * 129, 1, None]),
        "created_at": TIME,
        "currency": st.sampled_from(["CNY", "JPY", "KWD", "cny", None, 3]),
        "total": AMOUNT,
    },
    optional={
        "channel": TEXT | st.none(),
        "buyer": optional(id=PRIVATE, name=PRIVATE, phone=PRIVATE, email=PRIVATE, colour=TEXT) | st.none() | TEXT,
        "address": optional(country=PRIVATE, city=PRIVATE, street=PRIVATE, zip=PRIVATE) | st.none(),
        "lines": st.lists(LINE | st.none(), max_size=3) | st.none() | LINE,
        "payments": st.lists(optional(method=TEXT, amount=AMOUNT, paid_at=TIME, x=TEXT), max_size=2) | st.none(),
        "note": PRIVATE,
        "tags": st.lists(TEXT | st.none(), max_size=3) | st.none(),
        "priority": st.sampled_from(["urgent", "normal", "x", None, 1]),
        "kind": st.sampled_from(["sale", "restock", "exchange", "", None]),
        "status": TEXT | st.none(),
        "attributes": FREE | st.none() | TEXT,
        "weather": TEXT,
    },
)


@settings(max_examples=400)
@given(DOCUMENTS)
def test_the_schema_says_what_the_reader_does(document: dict[str, Any]) -> None:
    item = read(json.dumps(document).encode())
    if item.problems:
        return
    fits = VALIDATOR.is_valid(document)
    order = read_order(item.value)
    if isinstance(order, dict):
        assert fits, list(VALIDATOR.iter_errors(document))
    elif fits:
        assert {problem.code for problem in order} <= BEYOND_SCHEMA


@settings(max_examples=200)
@given(DOCUMENTS)
def test_what_is_taken_can_be_shown_and_taken_again(document: dict[str, Any]) -> None:
    order = read_order(document)
    if isinstance(order, dict):
        again = read_order(show_order(order))
        assert again == order
        assert digest(order) == digest(again)


@given(ANYTHING)
def test_nothing_that_is_sent_makes_the_reader_fail(document: Any) -> None:
    order = read_order(document)
    assert isinstance(order, (dict, tuple))
    assert isinstance(order, dict) or all(isinstance(problem, Problem) for problem in order)


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(dict(ORDER_SCHEMA))
    assert VALIDATOR.is_valid(json.loads(json.dumps(DOCUMENT, default=float)))

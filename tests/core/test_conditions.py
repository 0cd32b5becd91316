"""Conditions: what is accepted, what holds, what cannot be told and why, and how it reads."""

from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from runtime.core.conditions import (
    CONDITION_SCHEMA,
    GROUPS,
    MOST_CLAUSES,
    MOST_LEVELS,
    OPERATORS,
    Clause,
    Truth,
    check,
    compile,
    explain,
    sentence,
)
from runtime.core.money import CURRENCIES
from runtime.core.order import FIELDS, LINE_FIELDS, field_at, read_order


def clause(field: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"field": field, "op": op} | ({} if value is None else {"value": value})


def cny(amount: Any) -> dict[str, Any]:
    return {"amount": amount, "currency": "CNY"}


def order(**fields: Any) -> dict[str, Any]:
    document = {"id": "1", "created_at": "2026-11-22T10:00:00+08:00", "currency": "CNY", "total": "5180.00", **fields}
    canonical = read_order(document)
    assert isinstance(canonical, dict), canonical
    return canonical


def truth(condition: dict[str, Any], **fields: Any) -> Truth:
    assert check(condition) == ()
    return compile(condition)(order(**fields))


def found(condition: Any) -> list[tuple[str, str]]:
    return [(problem.code, problem.where) for problem in check(condition, "when")]


# --- what holds ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("op", "amount", "holds"),
    [
        ("gt", "5000.00", True),
        ("gt", "5180.00", False),
        ("ge", 5180, True),
        ("lt", "5180.01", True),
        ("le", Decimal("5179.99"), False),
        ("eq", "5180", True),
        ("ne", "5180.00", False),
    ],
)
def test_amounts_are_compared_in_minor_units(op: str, amount: Any, holds: bool) -> None:
    assert truth(clause("total", op, cny(amount))) is holds


def test_an_amount_in_another_currency_is_never_compared() -> None:
    big = clause("total", "gt", cny("5000.00"))
    assert truth(big, currency="USD") is None
    assert truth({"not": big}, currency="USD") is None
    assert truth({"any_item": clause("price", "gt", cny(1))}, currency="JPY", total=1, lines=[{"price": 10}]) is None
    assert truth(clause("total", "known"), currency="USD") is True


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (clause("buyer.name", "eq", "张𠮷"), True),
        (clause("buyer.name", "eq", "张吉"), False),
        (clause("buyer.name", "eq", "张𠮷 "), False),
        (clause("buyer.name", "ne", "张吉"), True),
        (clause("buyer.name", "starts_with", "张"), True),
        (clause("buyer.name", "ends_with", "𠮷"), True),
        (clause("buyer.name", "contains", "三"), False),
        (clause("address.city", "in", ["上海市", "杭州市"]), True),
        (clause("address.city", "not_in", ["上海市", "杭州市"]), False),
        (clause("tags", "contains", "gift"), True),
        (clause("tags", "contains", "gif"), False),
        (clause("priority", "eq", "urgent"), True),
        (clause("priority", "in", ["normal"]), False),
        (clause("created_at", "before", "2026-11-22T02:00:01Z"), True),
        (clause("created_at", "before", "2026-11-22T02:00:00Z"), False),
        (clause("created_at", "after", "2026-11-22T09:59:59+08:00"), True),
        (clause("attributes.colour", "eq", "red"), True),
        (clause("attributes.weight", "le", 0.1), True),
        (clause("attributes.weight", "in", [0.1, "x"]), True),
        (clause("attributes.express", "is_true"), True),
        (clause("attributes.express", "is_false"), False),
        (clause("attributes.names", "contains", "b"), True),
    ],
)
def test_text_choices_times_and_free_fields(condition: dict[str, Any], holds: bool) -> None:
    fields: dict[str, Any] = {
        "buyer": {"name": "张𠮷"},
        "address": {"city": "杭州市"},
        "tags": ["gift", "vip"],
        "priority": "urgent",
        "attributes": {"colour": "red", "weight": Decimal("0.1"), "express": True, "names": ["a", "b"]},
    }
    assert truth(condition, **fields) is holds


def test_times_with_fractions_of_seconds_are_compared_as_instants() -> None:
    half = "2026-11-22T02:00:00.5Z"
    assert truth(clause("created_at", "before", half)) is True
    assert truth(clause("created_at", "after", "2026-11-22T02:00:00Z"), created_at=half) is True


@pytest.mark.parametrize(
    ("op", "absent", "null", "there"),
    [("missing", True, False, False), ("null", False, True, False), ("known", False, False, True)],
)
def test_presence_can_always_be_told(op: str, absent: bool, null: bool, there: bool) -> None:
    name = clause("buyer.name", op)
    assert truth(name) is absent
    assert truth(name, buyer={}) is absent
    assert truth(name, buyer=None) is null
    assert truth(name, buyer={"name": None}) is null
    assert truth(name, buyer={"name": ""}) is there
    assert truth(name, buyer={"name": {"masked": "张**"}}) is there


def test_items() -> None:
    any_custom = {"any_item": clause("custom", "is_true")}
    every_custom = {"every_item": clause("custom", "is_true")}
    yes, no, untold = {"custom": True}, {"custom": False}, {"sku": "x"}
    assert [truth(any_custom, lines=lines) for lines in ([no, yes], [no], [no, untold], [yes, untold], [], None)] == [
        True, False, None, True, False, False,
    ]  # fmt: skip
    assert [truth(every_custom, lines=lines) for lines in ([yes], [yes, no], [yes, untold], [no, untold], [], None)] == [
        True, False, None, False, True, True,
    ]  # fmt: skip
    assert truth(any_custom) is None and truth(every_custom) is None


def test_one_item_must_fit_all_parts() -> None:
    both = {"any_item": {"all": [clause("quantity", "gt", 1), clause("price", "gt", cny(100))]}}
    assert truth(both, lines=[{"quantity": 5, "price": 1}, {"quantity": 1, "price": 500}]) is False
    assert truth(both, lines=[{"quantity": 1.5, "price": "100.01"}]) is True


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "code", "where"),
    [
        (None, "condition.kind", "when"),
        ([], "condition.kind", "when"),
        ("total > 5000", "condition.kind", "when"),
        ({}, "condition.no_field", "when.field"),
        ({"field": "total"}, "condition.no_op", "when.op"),
        ({"field": ["total"], "op": "eq"}, "condition.no_field", "when.field"),
        ({"all": []}, "condition.empty", "when.all"),
        ({"any": {}}, "condition.empty", "when.any"),
        ({"not": None}, "condition.kind", "when.not"),
        ({"all": [clause("note", "known"), {"any": []}]}, "condition.empty", "when.all.1.any"),
        ({"all": [clause("note", "known")], "any": []}, "condition.extra", "when.any"),
        (clause("note", "known") | {"unit": "x"}, "condition.unknown_key", "when.unit"),
        (clause("totl", "gt", cny(1)), "condition.unknown_field_near", "when.field"),
        (clause("moon phase", "eq", "x"), "condition.unknown_field", "when.field"),
        (clause("custom", "is_true"), "condition.field_of_items", "when.field"),
        ({"any_item": clause("total", "gt", cny(1))}, "condition.field_of_order", "when.any_item.field"),
        ({"any_item": {"any_item": clause("sku", "known")}}, "condition.items_in_items", "when.any_item.any_item"),
        (clause("total", "contains", "5"), "condition.op", "when.op"),
        (clause("buyer.name", "gt", "x"), "condition.op", "when.op"),
        (clause("buyer.name", "like", "x"), "condition.op", "when.op"),
        (clause("buyer.name", "known", "x"), "condition.no_value_wanted", "when.value"),
        (clause("total", "gt", "5000"), "condition.amount", "when.value"),
        (clause("total", "gt", 5000), "condition.amount", "when.value"),
        (clause("total", "gt", {"amount": "5000"}), "condition.no_currency", "when.value.currency"),
        (clause("total", "gt", {"amount": "5000", "currency": "RMB"}), "condition.currency", "when.value.currency"),
        (clause("total", "gt", cny("5000.001")), "money.decimals", "when.value.amount"),
        (clause("total", "gt", cny("many")), "money.form", "when.value.amount"),
        (clause("total", "gt"), "condition.amount", "when.value"),
        (clause("buyer.name", "eq", 5), "condition.value", "when.value"),
        (clause("buyer.name", "eq", ""), "condition.empty_text", "when.value"),
        (clause("buyer.name", "eq", "x" * 1001), "condition.long_text", "when.value"),
        (clause("buyer.name", "eq", "a\0"), "condition.unwritable", "when.value"),
        (clause("buyer.name", "in", "x"), "condition.no_list", "when.value"),
        (clause("buyer.name", "in", []), "condition.no_list", "when.value"),
        (clause("buyer.name", "in", ["x"] * 501), "condition.long_list", "when.value"),
        (clause("buyer.name", "in", ["x", 5]), "condition.value", "when.value.1"),
        (clause("priority", "eq", "high"), "condition.choice", "when.value"),
        (clause("priority", "in", ["urgent", "high"]), "condition.choice", "when.value.1"),
        (clause("currency", "eq", "RMB"), "condition.choice", "when.value"),
        (clause("created_at", "before", "2026-11-22"), "condition.time", "when.value"),
        (clause("attributes.x", "gt", "5"), "condition.value", "when.value"),
        (clause("attributes.x", "eq", [1]), "condition.value", "when.value"),
        ({"any_item": clause("quantity", "gt", "5")}, "condition.value", "when.any_item.value"),
        ({"any_item": clause("quantity", "in", [1, "5"])}, "condition.value", "when.any_item.value.1"),
        ({"any_item": clause("quantity", "gt", True)}, "condition.value", "when.any_item.value"),
    ],
)
def test_a_wrong_condition_is_refused_where_it_is_wrong(condition: Any, code: str, where: str) -> None:
    assert found(condition) == [(code, where)]


def test_conditions_have_bounds() -> None:
    def nested(levels: int) -> dict[str, Any]:
        return clause("note", "known") if levels == 1 else {"not": nested(levels - 1)}

    assert check(nested(MOST_LEVELS)) == ()
    assert [code for code, _ in found(nested(MOST_LEVELS + 1))] == ["condition.deep"]
    assert check({"any": [clause("note", "known")] * MOST_CLAUSES}) == ()
    assert found({"any": [clause("note", "known")] * (MOST_CLAUSES + 1)}) == [("condition.many", "when")]
    assert len(found({"any": [{}] * 100_000})) <= 51


# --- why, and in which words ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "fields", "reason"),
    [
        (clause("note", "eq", "x"), {}, "missing"),
        (clause("note", "eq", "x"), {"note": None}, "null"),
        (clause("note", "eq", "x"), {"note": {"masked": "x"}}, "masked"),
        (clause("note", "contains", "x"), {"note": {"cipher": "$x$"}}, "masked"),
        (clause("total", "gt", cny(1)), {"currency": "USD"}, "other_currency"),
        (clause("attributes.x", "gt", 1), {"attributes": {"x": "1"}}, "other_kind"),
        (clause("attributes.x", "is_true"), {"attributes": {"x": 1}}, "other_kind"),
        (clause("attributes.x", "not_in", ["a"]), {"attributes": {"x": 1}}, "other_kind"),
        ({"any_item": clause("sku", "known")}, {}, "missing"),
    ],
)
def test_what_cannot_be_told_says_why(condition: dict[str, Any], fields: dict[str, Any], reason: str) -> None:
    told = explain(condition, order(**fields))
    assert (told.truth, told.reason) == (None, reason)


def test_an_explanation_shows_what_was_seen_and_wanted() -> None:
    condition = {"all": [clause("total", "gt", cny("5000.00")), {"any_item": clause("custom", "is_true")}]}
    told = explain(condition, order(lines=[{"custom": False}, {"sku": "x"}]), "rules.0.when")
    document = told.document()
    assert document["parts"][0] == {
        "where": "rules.0.when.all.0",
        "kind": "clause",
        "truth": True,
        "field": "total",
        "op": "gt",
        "wanted": cny("5000.00"),
        "seen": "5180.00",
        "currency": "CNY",
    }
    items = document["parts"][1]["parts"]
    assert [(item["where"], item["truth"]) for item in items] == [("lines.0", False), ("lines.1", None)]
    assert items[1]["parts"][0] == {
        "where": "rules.0.when.all.1.any_item",
        "kind": "clause",
        "truth": None,
        "field": "custom",
        "op": "is_true",
        "reason": "missing",
    }
    orjson.dumps(document)


def test_the_item_that_decides_is_told_however_late_it_comes() -> None:
    told = explain(
        {"any_item": clause("custom", "is_true")}, order(lines=[{"custom": False}] * 500 + [{"custom": True}])
    )
    assert told.truth is True and len(told.parts) == 21 and told.parts[-1].where == "lines.500"


@pytest.mark.parametrize(
    ("condition", "english", "chinese"),
    [
        (
            {"all": [clause("total", "gt", cny("5000.00")), {"any_item": clause("custom", "is_true")}]},
            "order total is more than CN¥5,000.00 and any item is made to order",
            "订单总额 大于 ¥5,000.00 且 任一商品 是定制",
        ),
        (
            {"any": [{"all": [clause("address.city", "in", ["北京", "上海"]), clause("tags", "contains", "vip")]},
                     clause("priority", "eq", "urgent")]},
            "(city is one of “北京”, “上海” and tags contain “vip”) or priority is urgent",
            "（城市 属于 “北京”、“上海” 且 标签 包含 “vip”） 或 优先级 是 加急",
        ),
        (
            {"not": {"every_item": {"all": [clause("gift", "is_false"), clause("price", "le", cny(10))]}}},
            "not (every item (is not a gift and unit price is at most CN¥10.00))",
            "并非（每件商品（不是赠品 且 单价 不大于 ¥10.00））",
        ),
        (
            {"any_item": {"all": [clause("quantity", "gt", 2.5)]}},
            "any item: quantity is more than 2.5",
            "任一商品的数量 大于 2.5",
        ),
        (
            clause("created_at", "before", "2026-11-22T10:00:00+08:00"),
            "order time is before 2026-11-22 10:00:00 UTC+08:00",
            "下单时间 早于 2026-11-22 10:00:00 UTC+08:00",
        ),
        (clause("buyer.phone", "missing"), "buyer phone was not told", "买家电话 未提供"),
        (clause("attributes.express", "is_true"), "“express” is yes", "“express” 为是"),
    ],
)  # fmt: skip
def test_a_condition_reads_as_a_sentence(condition: dict[str, Any], english: str, chinese: str) -> None:
    assert check(condition) == ()
    assert (sentence(condition, "en"), sentence(condition, "zh-CN")) == (english, chinese)


def test_every_operator_has_words_and_a_kind_of_value() -> None:
    assert set(OPERATORS) == {field.kind for field in (*FIELDS.values(), *LINE_FIELDS.values())} | {"any"}
    for operators in OPERATORS.values():
        assert {"known", "missing", "null"} <= {each.op for each in operators}
        assert len({each.op for each in operators}) == len(operators)
        assert all(each.label["en"] and each.label["zh-CN"] for each in operators)


# --- for all conditions and all orders -----------------------------------------------------------------------------------

WORDS = st.sampled_from(["red", "gift", "张𠮷", "x", "urgent"])
NUMBERS = st.sampled_from([0, 1, 2.5, 0.1, -3, 5180])
MONEY = st.builds(
    lambda minor, currency: {"amount": f"{minor}", "currency": currency},
    st.integers(0, 6000),
    st.sampled_from(["CNY", "USD", "JPY"]),
)
TIMES = st.sampled_from(["2026-11-22T10:00:00+08:00", "2026-11-22T02:00:00Z", "2025-01-01T00:00:00.25-03:00"])
PATHS = [*FIELDS, "attributes.colour", "attributes.a.b"]
LINE_PATHS = [*LINE_FIELDS, "attributes.colour"]


@st.composite
def clauses(draw: st.DrawFn, paths: list[str]) -> dict[str, Any]:
    path = draw(st.sampled_from(paths))
    field = field_at(path, LINE_FIELDS if paths is LINE_PATHS else FIELDS)
    assert field is not None
    operator = draw(st.sampled_from(OPERATORS[field.kind]))
    texts_or_numbers = NUMBERS if field.kind == "number" else WORDS | NUMBERS
    values: dict[str, st.SearchStrategy[Any]] = {
        "amount": MONEY,
        "number": NUMBERS,
        "text": WORDS,
        "texts": st.lists(WORDS, min_size=1, max_size=3),
        "choice": st.sampled_from(field.choices or ("x",)),
        "choices": st.lists(st.sampled_from(field.choices or ("x",)), min_size=1, max_size=2),
        "time": TIMES,
        "free": WORDS | NUMBERS if operator.op in ("eq", "ne") else NUMBERS,
        "frees": st.lists(texts_or_numbers, min_size=1, max_size=3),
    }
    return clause(path, operator.op, draw(values[operator.takes]) if operator.takes else None)


def groups(leaves: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.fixed_dictionaries({"all": st.lists(inner, min_size=1, max_size=3)}),
            st.fixed_dictionaries({"any": st.lists(inner, min_size=1, max_size=3)}),
            st.fixed_dictionaries({"not": inner}),
        ),
        max_leaves=5,
    )


OF_ITEMS = groups(clauses(LINE_PATHS))
CONDITIONS = groups(
    clauses(PATHS)
    | st.fixed_dictionaries({"any_item": OF_ITEMS})
    | st.fixed_dictionaries({"every_item": OF_ITEMS})
)  # fmt: skip

PRIVATE = st.none() | WORDS | st.sampled_from([{"masked": "张**"}, {"cipher": "$x$"}])
FREE = st.none() | st.dictionaries(
    st.sampled_from(["colour", "a", "a.b"]),
    st.none() | WORDS | NUMBERS | st.booleans() | st.lists(WORDS, max_size=2) | st.just({"b": 1}),
    max_size=2,
)


def optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


LINE = optional(
    sku=WORDS | st.none(),
    title=WORDS,
    quantity=NUMBERS | st.none(),
    price=st.integers(0, 6000) | st.none(),
    custom=st.booleans() | st.none(),
    variant=WORDS,
    gift=st.booleans(),
    attributes=FREE,
)
ORDERS = st.fixed_dictionaries(
    {
        "id": WORDS,
        "created_at": TIMES,
        "currency": st.sampled_from(["CNY", "USD", "JPY"]),
        "total": st.integers(0, 6000),
    },
    optional={
        "channel": WORDS | st.none(),
        "buyer": st.none() | optional(id=PRIVATE, name=PRIVATE, phone=PRIVATE, email=PRIVATE),
        "address": st.none() | optional(country=PRIVATE, province=PRIVATE, city=PRIVATE, zip=PRIVATE),
        "lines": st.none() | st.lists(LINE, max_size=3),
        "note": PRIVATE,
        "tags": st.none() | st.lists(WORDS, max_size=2),
        "priority": st.sampled_from(["urgent", "normal", None]),
        "kind": st.sampled_from(["sale", "restock", None]),
        "status": WORDS | st.none(),
        "attributes": FREE,
    },
).map(lambda document: order(**document))


@settings(max_examples=300)
@given(CONDITIONS, ORDERS)
def test_what_is_accepted_never_fails_and_explains_itself(condition: dict[str, Any], canonical: dict[str, Any]) -> None:
    assert check(condition) == ()
    assert Draft202012Validator(dict(CONDITION_SCHEMA)).is_valid(condition)
    told = explain(condition, canonical)
    assert compile(condition)(canonical) is told.truth
    assert orjson.dumps(told.document())
    assert sentence(condition, "en") and sentence(condition, "zh-CN")


@given(st.lists(CONDITIONS, min_size=1, max_size=3), ORDERS)
def test_de_morgan_holds_under_three_truths(parts: list[dict[str, Any]], canonical: dict[str, Any]) -> None:
    negated = [{"not": part} for part in parts]
    assert compile({"not": {"all": parts}})(canonical) is compile({"any": negated})(canonical)
    assert compile({"not": {"any": parts}})(canonical) is compile({"all": negated})(canonical)


@given(OF_ITEMS, ORDERS)
def test_every_item_is_the_same_as_no_item_that_does_not(part: dict[str, Any], canonical: dict[str, Any]) -> None:
    assert compile({"every_item": part})(canonical) is compile({"not": {"any_item": {"not": part}}})(canonical)


@given(CONDITIONS, ORDERS)
def test_nothing_is_unknown_without_a_stated_cause(condition: dict[str, Any], canonical: dict[str, Any]) -> None:
    def causes(told: Clause) -> bool:
        return told.reason is not None or any(causes(part) for part in told.parts if part.truth is None)

    def sound(told: Clause) -> bool:
        return (causes(told) if told.truth is None else told.reason is None) and all(map(sound, told.parts))

    assert sound(explain(condition, canonical))


@given(CONDITIONS, ORDERS)
def test_no_amount_is_compared_with_one_of_another_currency(
    condition: dict[str, Any], canonical: dict[str, Any]
) -> None:
    def compared(told: Clause) -> bool:
        if (
            isinstance(told.wanted, dict)
            and told.wanted["currency"] != canonical["currency"]
            and told.truth is not None
        ):
            return True
        return any(map(compared, told.parts))

    assert not compared(explain(condition, canonical))


@given(clauses(PATHS), ORDERS)
def test_of_missing_null_and_known_exactly_one_holds(one: dict[str, Any], canonical: dict[str, Any]) -> None:
    assert [compile(clause(one["field"], op))(canonical) for op in ("missing", "null", "known")].count(True) == 1


ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | WORDS | st.sampled_from([*GROUPS, "field", "op", "total", "eq", "CNY"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from([*GROUPS, "field", "op", "value", "amount", "currency", "x"]), inner, max_size=3
    ),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=400)
@given(ANYTHING, ORDERS)
def test_whatever_is_given_is_judged_and_what_passes_runs(condition: Any, canonical: dict[str, Any]) -> None:
    if check(condition) == ():
        assert compile(condition)(canonical) in (True, False, None)
        assert Draft202012Validator(dict(CONDITION_SCHEMA)).is_valid(condition)


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(dict(CONDITION_SCHEMA))
    assert not Draft202012Validator(dict(CONDITION_SCHEMA)).is_valid({"all": []})
    assert set(CURRENCIES) == set(FIELDS["currency"].choices)

"""Amounts are exact in every currency, or refused."""

from decimal import Decimal
from typing import Any

import pytest
from babel.numbers import list_currencies
from hypothesis import given
from hypothesis import strategies as st

from runtime.core.money import CURRENCIES, read_amount, show_amount, show_money
from runtime.core.problem import Problem


def refused(value: object, currency: str = "CNY") -> str:
    problem = read_amount(value, currency)
    assert isinstance(problem, Problem), f"{value!r} was taken as {problem}"
    return problem.code


@pytest.mark.parametrize(
    ("given_amount", "currency", "minor"),
    [
        ("5180.00", "CNY", 518000),
        ("5180", "CNY", 518000),
        ("5180.5", "CNY", 518050),
        ("-20.00", "CNY", -2000),
        ("-0.01", "CNY", -1),
        ("-0.00", "CNY", 0),
        ("0", "CNY", 0),
        ("1200", "JPY", 1200),
        ("1.234", "KWD", 1234),
        ("1.2345", "CLF", 12345),
        (5180, "CNY", 518000),
        (Decimal("5180.10"), "CNY", 518010),
        (5180.1, "CNY", 518010),
        ("9999999999999.99", "CNY", 999999999999999),
    ],
)
def test_amounts_are_read_to_the_last_unit(given_amount: object, currency: str, minor: int) -> None:
    assert read_amount(given_amount, currency) == minor


@pytest.mark.parametrize(
    "text",
    ["", " 1", "1 ", "1,000.00", "¥5", "1e3", "1E3", "+1", "--1", ".5", "5.", "1.2.3", "0x10", "NaN", "Infinity", "1_000",
     "٣", "１００", "1\n", "²", "9" * 16, "1.00000"],
)  # fmt: skip
def test_what_is_not_plain_decimal_text_is_refused(text: str) -> None:
    assert refused(text) == "money.form"


def test_a_decimal_too_many_is_never_rounded_away() -> None:
    assert refused("1.001") == "money.decimals"
    assert refused("1.000") == "money.decimals"
    assert refused("1.5", "JPY") == "money.decimals"
    assert refused(Decimal("0.005")) == "money.decimals"
    assert refused(0.1 + 0.2) == "money.form"


def test_other_kinds_and_odd_numbers_are_refused() -> None:
    assert [refused(value) for value in (None, True, list[Any](), dict[str, Any]())] == ["money.kind"] * 4
    odd: tuple[object, ...] = (
        Decimal("1E+3"), Decimal("NaN"), Decimal("Infinity"), float("nan"), float("inf"), 1e300, 10**400,
    )  # fmt: skip
    for value in odd:
        assert refused(value) == "money.form"
    assert refused("99999999999999.99") == "money.large"
    assert refused(10**14) == "money.large"


@given(st.integers(-(10**15) + 1, 10**15 - 1), st.sampled_from(sorted(CURRENCIES)))
def test_what_is_shown_is_read_back(minor: int, currency: str) -> None:
    assert read_amount(show_amount(minor, currency), currency) == minor


def test_amounts_for_people() -> None:
    assert show_money(518000, "CNY", "zh-CN") == "¥5,180.00"
    assert show_money(518000, "CNY", "en") == "CN¥5,180.00"
    assert show_money(-5, "USD", "en") == "-$0.05"
    assert show_money(1200000, "JPY", "en") == "¥1,200,000"
    assert show_money(1234, "KWD", "en") == "KWD\u00a01.234"


def test_the_table_is_that_of_iso_4217() -> None:
    assert len(CURRENCIES) > 150 and set(CURRENCIES) <= list_currencies() | {"UYW", "XCG", "ZWG", "XAD"}
    assert {code for code, decimals in CURRENCIES.items() if decimals == 3} == {
        "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND",
    }  # fmt: skip
    assert [CURRENCIES[code] for code in ("CNY", "BRL", "EUR", "JPY", "KRW", "VND", "CLF", "IDR", "IRR")] == [
        2, 2, 2, 0, 0, 0, 4, 2, 2,
    ]  # fmt: skip

"""Money: whole minor units of an ISO 4217 currency inside, decimal text outside. Never a float, never rounded."""

import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from babel.numbers import get_currency_symbol

from runtime.core.problem import Problem

MOST_DIGITS = 15
"""So many digits of minor units fit every JSON reader's numbers (below 2^53) and the database's BIGINT."""

_DECIMALS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY
        COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS
        INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR
        MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP
        STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG
        ANG BGN CUC HRK SLL ZWL
    """,
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}

CURRENCIES: Mapping[str, int] = MappingProxyType(
    dict(sorted((code, decimals) for decimals, codes in _DECIMALS.items() for code in codes.split()))
)
"""Currency code -> decimals (ISO 4217, list one, with those retired since 2022 for old orders; no metals and funds)."""

AMOUNT_PATTERN = r"^-?[0-9]{1,15}(\.[0-9]{1,4})?$"
_AMOUNT = re.compile(r"(-?)([0-9]{1,15})(?:\.([0-9]{1,4}))?", re.ASCII)


def read_amount(value: Any, currency: str) -> int | Problem:
    """Minor units of decimal text (`"5180.00"`) or of an exact JSON number, in whole units of the currency outside.

    Refused: exponents, signs other than a leading minus, more decimals than the currency has, over 15 digits.
    """
    text = value if type(value) is str else _number_text(value)
    if text is None:
        return Problem("money.kind", params={"given_kind": type_name(value)})
    match = _AMOUNT.fullmatch(text)
    if not match:
        return Problem("money.form", params={"given": text[:40]})
    sign, whole, fraction = match.groups("")
    decimals = CURRENCIES[currency]
    if len(fraction) > decimals:
        return Problem("money.decimals", params={"given": text, "currency": currency, "decimals": decimals})
    minor = int(whole + fraction.ljust(decimals, "0"))
    if minor >= 10**MOST_DIGITS:
        return Problem("money.large", params={"given": text, "digits": MOST_DIGITS})
    return -minor if sign else minor


def show_amount(minor: int, currency: str) -> str:
    """Decimal text as it stands in order documents: `518000` of CNY is `5180.00`."""
    return _decimal_text(minor, CURRENCIES[currency], "")


def show_money(minor: int, currency: str, language: str) -> str:
    """An amount for people: `¥5,180.00` in zh-CN and `CN¥5,180.00` in en; a currency without a sign shows its code."""
    symbol = get_currency_symbol(currency, locale="zh_Hans_CN" if language.startswith("zh") else "en")
    gap = "\u00a0" if symbol[-1].isalpha() else ""
    sign = "-" if minor < 0 else ""
    return f"{sign}{symbol}{gap}{_decimal_text(abs(minor), CURRENCIES[currency], ',')}"


def type_name(value: Any) -> str:
    """How JSON calls the kind of a value: object, array, text, number, flag (true or false) or null."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, str):
        return "text"
    if isinstance(value, (int, float, Decimal)):
        return "number"
    return "object" if isinstance(value, Mapping) else "array"


def _number_text(value: Any) -> str | None:
    """The digits of a JSON number as it was written; a float's are the shortest that give it back."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return str(value) if -(10**18) < value < 10**18 else "999999999999999999"
    if isinstance(value, Decimal):
        return str(value)
    return repr(value) if isinstance(value, float) else None


def _decimal_text(minor: int, decimals: int, thousands: str) -> str:
    whole, fraction = divmod(abs(minor), 10**decimals)
    digits = f"{whole:,}" if thousands else str(whole)
    sign = "-" if minor < 0 else ""
    return f"{sign}{digits}.{fraction:0{decimals}d}" if decimals else f"{sign}{digits}"

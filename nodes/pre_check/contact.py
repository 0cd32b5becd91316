"""Whether a parcel could find its way: the address and the phone number of an order."""

import re
from collections.abc import Mapping
from typing import Any

_CHINA = {"", "CN", "CHN", "CHINA", "中国", "中华人民共和国"}
_CHINESE_PARTS = ("province", "city", "street")
_OTHER_PARTS = ("city", "street")
_SHORTEST_STREET = 3

# A privacy number carries an extension, like 18412345678-1234.
_EXTENSION = re.compile(r"(?:-|转|,|#|x|ext\.?)\s*\d{1,6}$", re.IGNORECASE)
_CHINESE_NUMBER = re.compile(r"(?:1[3-9]\d{9}|0\d{9,11}|[48]00\d{7}|\d{7,8})")
_ANY_NUMBER = re.compile(r"\d{6,15}")
_MASK = re.compile(r"[*＊xX•]{2,}")


def lacking(address: Any) -> tuple[str, ...]:
    """The parts that a parcel needs and this address lacks. An address that is no object lacks everything."""
    if not isinstance(address, Mapping):
        return ("address",)
    parts = _CHINESE_PARTS if _is_china(address.get("country")) else _OTHER_PARTS
    return tuple(f"address.{part}" for part in parts if not _is_told(address.get(part), part))


def _is_told(value: Any, part: str) -> bool:
    if isinstance(value, Mapping):
        return True
    least = _SHORTEST_STREET if part == "street" else 1
    return isinstance(value, str) and len(value.strip()) >= least


def _is_china(country: Any) -> bool:
    return country is None or (isinstance(country, str) and country.strip().upper() in _CHINA)


def odd_phone(order: Mapping[str, Any]) -> bool:
    """Whether the buyer's phone is told, readable, and yet no number that one could dial."""
    told = (order.get("buyer") or {}).get("phone")
    if not isinstance(told, str) or _MASK.search(told):
        return False
    number = re.sub(r"[\s().·\u00a0]", "", told)
    whole = number.startswith("+") and not number.startswith("+86")
    chinese = not whole and _is_china((order.get("address") or {}).get("country"))
    digits = re.sub(r"^(\+86|0086|86(?=1\d{10}))-?", "", number) if chinese else number.removeprefix("+")
    pattern = _CHINESE_NUMBER if chinese else _ANY_NUMBER
    return not any(pattern.fullmatch(form.replace("-", "")) for form in (digits, _EXTENSION.sub("", digits)))

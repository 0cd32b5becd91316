"""Personal data as it may be shown where nobody needs the person: enough left to recognise, too little to use."""

from collections.abc import Callable, Mapping
from typing import Any, Final

Mask = Callable[[str], str]


def _name(text: str) -> str:
    return text[:1] + "*" * min(max(len(text) - 1, 1), 3)


def _phone(text: str) -> str:
    return f"***{text[-4:]}" if len(text) > 6 else "***"


def _email(text: str) -> str:
    name, at, host = text.rpartition("@")
    return f"{name[:1]}***{at}{host}" if at else "***"


def _text(text: str) -> str:
    return text[:2] + "***" if len(text) > 4 else "***"


PERSONAL: Final[Mapping[str, Mask]] = {
    "buyer.id": _text,
    "buyer.name": _name,
    "buyer.phone": _phone,
    "buyer.email": _email,
    "address.street": _text,
    "address.zip": _text,
    "note": _text,
}
"""The order's fields that tell of a person, and how each is masked."""


def masked(order: Mapping[str, Any]) -> dict[str, Any]:
    """The order with its personal fields masked. What the channel has masked itself stays as it is."""
    told = dict(order)
    for path, mask in PERSONAL.items():
        head, _, name = path.partition(".")
        if not name and isinstance(told.get(head), str):
            told[head] = {"masked": mask(told[head])}
        elif isinstance(told.get(head), Mapping) and isinstance(told[head].get(name), str):
            told[head] = {**told[head], name: {"masked": mask(told[head][name])}}
    return told

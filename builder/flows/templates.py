"""The templates that come with the product: flow documents with the pains that they cure and the questions they ask."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from flask_babel import lazy_gettext as _l

from builder.config import asset_root
from builder.drawn import DrawnFlow, Picture
from builder.i18n import words

PAINS: Final = {
    "missed": _l("Missed orders"),
    "wrong": _l("Wrong goods sent"),
    "late": _l("Late orders"),
    "payment": _l("Payment check"),
    "amount": _l("Large amounts"),
    "odd": _l("Odd orders"),
    "address": _l("Incomplete address"),
    "stock": _l("Out of stock"),
    "price": _l("Wrong prices"),
    "refund": _l("Returns and exchanges"),
    "unpaid": _l("Unpaid orders"),
    "service": _l("Best customers"),
    "system": _l("Failing systems"),
}
"""What hurts order staff, the worst first: the order of the gallery."""


@dataclass(frozen=True, slots=True)
class Template:
    """A flow document to begin from."""

    document: Mapping[str, Any]

    @property
    def key(self) -> str:
        """Its name in addresses, and the first try at the key of a flow made from it."""
        return str(self.document["key"])

    @property
    def pains(self) -> Sequence[str]:
        """What it helps against, the foremost first."""
        pains: Sequence[str] = self.document["template"]["pains"]
        return pains

    @property
    def questions(self) -> Sequence[Mapping[str, Any]]:
        """What is asked of whoever uses it."""
        questions: Sequence[Mapping[str, Any]] = self.document["template"]["questions"]
        return questions

    @property
    def drawn(self) -> DrawnFlow:
        """The flow with its names."""
        return DrawnFlow(self.document)

    @property
    def picture(self) -> Picture:
        """What it looks like."""
        return self.drawn.picture()

    def speaks_of(self, text: str) -> bool:
        """Whether every word of the text stands somewhere in its name, description, pains and steps, in any language."""
        named = (self.document, *self.document["nodes"])
        told = [part for one in named for part in (one.get("name"), one.get("description")) if part]
        everything = " ".join(
            [*(said for part in told for said in _each(part)), *(str(PAINS[pain]) for pain in self.pains)]
        ).casefold()
        return all(word in everything for word in text.casefold().split())


@cache
def templates() -> tuple[Template, ...]:
    """All of them, by what hurts most."""
    paths = sorted((asset_root() / "flows_examples").glob("*.json"))
    found = [Template(json.loads(path.read_text("utf-8"))) for path in paths]
    worst_first = list(PAINS)
    return tuple(sorted(found, key=lambda one: [worst_first.index(pain) for pain in one.pains]))


def template(key: str) -> Template | None:
    """The template of this key."""
    return next((one for one in templates() if one.key == key), None)


def find(text: str, pain: str) -> tuple[Template, ...]:
    """The templates that speak of this, against this pain; empty means any. Those that it hurts first come first."""
    found = [one for one in templates() if (not pain or pain in one.pains) and one.speaks_of(text)]
    return tuple(sorted(found, key=lambda one: one.pains.index(pain))) if pain else tuple(found)


def pains_of(found: Iterable[Template]) -> dict[str, int]:
    """How many of these help against each pain, the worst first."""
    counts = {pain: sum(pain in one.pains for one in found) for pain in PAINS}
    return {pain: number for pain, number in counts.items() if number}


def _each(said: str | Mapping[str, str]) -> Iterable[str]:
    return (words(said),) if isinstance(said, str) else said.values()

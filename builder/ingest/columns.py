"""What a column of a file can mean: the fields of an order, and how their columns are usually called."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

REQUIRED: Final = frozenset(("id", "created_at", "currency", "total"))
ATTRIBUTE: Final = "attribute"
"""What a column means whose values are kept under its own name in the order's attributes."""


@dataclass(frozen=True, slots=True)
class Target:
    """A field of the order that a column can fill. `of_line`: each row of an order gives one of its lines a value."""

    path: str
    group: str
    aliases: frozenset[str]
    required: bool = False

    @property
    def of_line(self) -> bool:
        """Whether it belongs to a line."""
        return self.group == "line"


def _plain(name: str) -> str:
    return re.sub(r"[\s_\-./:：()（）\[\]【】*#]+", "", name).casefold()


@cache
def targets() -> Mapping[str, Target]:
    """Path -> target, in the order in which they are offered."""
    told = json.loads(Path(__file__).with_name("columns.json").read_text("utf-8"))
    return MappingProxyType(
        {
            path: Target(path, one["group"], frozenset(map(_plain, (path, *one["names"]))), path in REQUIRED)
            for path, one in told.items()
        }
    )


CONSTANTS: Final = ("channel", "currency")
"""Fields that one value can fill for every order of a file, where no column does."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What each column means (a path of `targets`, `ATTRIBUTE`, or "" for nothing), and what holds for every order.

    `zone` is the IANA name of the time zone of times that tell none.
    """

    columns: tuple[str, ...]
    zone: str
    constants: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def column(self, path: str) -> int | None:
        """The column that fills this field."""
        return self.columns.index(path) if path in self.columns else None

    def missing(self) -> list[str]:
        """Required fields that nothing fills."""
        return [
            path
            for path, target in targets().items()
            if target.required and self.column(path) is None and not self.constants.get(path)
        ]

    def twice(self) -> list[str]:
        """Fields that several columns would fill."""
        named = [path for path in self.columns if path and path != ATTRIBUTE]
        return sorted({path for path in named if named.count(path) > 1})


def guess(columns: Sequence[str]) -> tuple[str, ...]:
    """What the columns probably mean, by their names; each field once, the first column that fits has it."""
    found: list[str] = []
    for name in columns:
        plain = _plain(name)
        fitting = (path for path, target in targets().items() if plain in target.aliases and path not in found)
        found.append(next(fitting, ""))
    return tuple(found)

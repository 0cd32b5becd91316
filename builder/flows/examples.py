"""The example flows that come with the product."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from builder.config import asset_root


@dataclass(frozen=True, slots=True)
class Example:
    """A flow document to begin from."""

    key: str
    document: Mapping[str, Any]


@cache
def examples() -> tuple[Example, ...]:
    """Every document in `flows_examples`, by name of its file."""
    paths = sorted((asset_root() / "flows_examples").glob("*.json"))
    documents = [json.loads(path.read_text("utf-8")) for path in paths]
    return tuple(Example(document["key"], document) for document in documents)


def example(key: str) -> Example | None:
    """The example with this key."""
    return next((one for one in examples() if one.key == key), None)

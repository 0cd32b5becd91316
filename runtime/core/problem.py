"""A problem is a value that the reader can act on: what, where, and through its code also why and how to mend.

The words for a code, in each language, live in `messages.json` beside this file or in a node type's folder.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Problem:
    """`where` is a path into what was given (`lines.2.price`); `node` is set when it belongs to one node of a flow."""

    code: str
    where: str = ""
    params: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    node: str | None = None
    level: Literal["error", "warning"] = "error"


def joined(*parts: Any) -> str:
    """A path out of its parts, empty ones left out: `nodes.3.settings`."""
    return ".".join(str(part) for part in parts if part != "")

"""How people change the content of an order: which fields they may, and what the order becomes. Pure.

A patch holds values as the outside document writes them, by field path (`buyer.phone`, `lines.0.quantity`,
`attributes.gift`); null empties a field. The whole order with the patch is read by the same code that reads orders at the
door, so nothing comes in by the back that the front would refuse.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from runtime.core.json_text import shown
from runtime.core.order import read_order, show_order
from runtime.core.problem import Problem

BUYER: Final = ("name", "phone", "email", "id")
ADDRESS: Final = ("country", "province", "city", "district", "street", "zip")
LINE: Final = ("sku", "title", "quantity", "variant", "custom", "gift")
PLAIN: Final = ("note", "tags", "priority")

_OF: Final[Mapping[str, tuple[str, ...]]] = {"buyer": BUYER, "address": ADDRESS}

_MOST_DIGITS: Final = 9


@dataclass(frozen=True, slots=True)
class Amendment:
    """What a patch does: `changes` as they are laid over the order; `before` and `after` by path, as outside."""

    changes: Mapping[str, Any]
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    order: Mapping[str, Any]


def amended(order: Mapping[str, Any], patch: Mapping[str, Any]) -> Amendment | tuple[Problem, ...]:
    """What becomes of a canonical order by this patch, or everything that is wrong with it.

    A patch that says what the order says already is an amendment without changes.
    """
    problems = tuple(problem for path in patch if (problem := _unfit_path(order, path)))
    if problems:
        return problems
    told = show_order(order)
    before = {path: _value(told, path) for path in patch}
    wanted = {path: value for path, value in patch.items() if value != before[path]}
    if not wanted:
        return Amendment({}, {}, {}, order)
    outside = deepcopy(told)
    for path, value in wanted.items():
        _lay(outside, path, value)
    read = read_order(outside)
    if isinstance(read, tuple):
        return read
    changes = {_overlaid(path): _value(read, _overlaid(path)) for path in wanted}
    after = {path: _value(show_order(read), path) for path in wanted}
    return Amendment(changes, {path: before[path] for path in wanted}, after, read)


def _unfit_path(order: Mapping[str, Any], path: str) -> Problem | None:
    head, _, rest = path.partition(".")
    if path in PLAIN or rest in _OF.get(head, ()) or (head == "attributes" and rest):
        return None
    number, _, name = rest.partition(".")
    if head == "lines" and name in LINE and number.isascii() and number.isdigit():
        lines = order.get("lines") or ()
        if len(number) > _MOST_DIGITS:
            return Problem("amend.fixed", shown(path), {"field": shown(path)})
        if int(number) < len(lines):
            return None
        return Problem("amend.no_line", shown(path), {"number": int(number) + 1, "count": len(lines)})
    return Problem("amend.fixed", shown(path), {"field": shown(path)})


def _value(order: Mapping[str, Any], path: str) -> Any:
    """The value at a path; what is not told is null."""
    found: Any = order
    for name in _names(path):
        found = found[int(name)] if isinstance(found, list) else (found or {}).get(name)
    return found


def _lay(document: Any, path: str, value: Any) -> None:
    *above, last = _names(path)
    for name in above:
        if isinstance(document, list):
            document = document[int(name)]
            continue
        document[name] = document.get(name) or {}
        document = document[name]
    document[last] = value


def _names(path: str) -> list[str]:
    """The steps of a path. Free attributes may have dots in their names."""
    return path.split(".", 1) if path.startswith("attributes.") else path.split(".")


def _overlaid(path: str) -> str:
    """The path under which a change is laid over the order: lines are laid as a whole."""
    return "lines" if path.startswith("lines.") else path


def under_patch(problem: Problem, patch: Mapping[str, Any]) -> str:
    """Which field of the patch a problem is about: `tags.0` is about `tags`. Empty: none of them."""
    return next((path for path in patch if problem.where == path or problem.where.startswith(f"{path}.")), "")

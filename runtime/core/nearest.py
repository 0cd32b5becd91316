"""The nearest change of an order, of at most two fields, that sends it another way. None is told that was not replayed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations, islice
from typing import Any, Final

from runtime.core.moment import read_moment, show_moment
from runtime.core.money import read_amount
from runtime.core.order import (
    FIELDS,
    LINE_FIELDS,
    MISSING,
    Field,
    field_at,
    is_masked,
    read_order,
    show_order,
    value_at,
)

Order = Mapping[str, Any]
Limit = Mapping[str, Any]
"""What a setting asks of a field, written as the clause of a condition: `{"field", "op", "value"?}`."""

MOST_SINGLES: Final = 150
MOST_PAIRS: Final = 4_000
MOST_LINES: Final = 5
_ANY_TEXT: Final = "ABC123"
_ANY_TIME: Final = "2026-11-22T02:00:00Z"
_FAR: Final = 1e12


@dataclass(frozen=True, slots=True)
class Change:
    """One field set to another value. `MISSING` as a value: not told at all."""

    path: str
    before: Any
    after: Any


def nearest_change(
    order: Order, limits: Sequence[Limit], leads: Callable[[Order], bool], replays: Callable[[Order], bool]
) -> tuple[Change, ...]:
    """The nearest change after which the order `leads` there and, walked anew from the beginning, `replays` so.

    Empty where no change of one or two fields was found. One field comes before two, a small step before a large one.
    """
    singles = sorted(_candidates(order, limits), key=_distance)[:MOST_SINGLES]
    pairs = (pair for pair in combinations(singles, 2) if pair[0].path != pair[1].path)
    for changes in (*((one,) for one in singles), *islice(pairs, MOST_PAIRS)):
        changed = changed_order(order, changes)
        if leads(changed) and _can_be(changed) and replays(changed):
            return changes
    return ()


def changed_order(order: Order, changes: Sequence[Change]) -> Order:
    """The order with these fields changed; it is not altered itself."""
    for change in changes:
        order = _with(order, change.path.split("."), change.after)
    return order


def _with(part: Any, path: Sequence[str], value: Any) -> Any:
    head, *rest = path
    if isinstance(part, list):
        return [_with(one, rest, value) if str(number) == head else one for number, one in enumerate(part)]
    laid = dict(part or {})
    if rest and laid.get(head) is None and value is MISSING:
        return laid
    if rest:
        laid[head] = _with(laid.get(head), rest, value)
    elif value is MISSING:
        laid.pop(head, None)
    else:
        laid[head] = value
    return laid


def _can_be(order: Order) -> bool:
    """Whether a channel could have sent this order."""
    try:
        return read_order(show_order(order)) == order
    except (KeyError, TypeError, ValueError):
        return False


# --- what could be changed ------------------------------------------------------------------------------------------------


def limits_in(condition: Mapping[str, Any], of_line: bool = False) -> Iterator[tuple[Limit, bool]]:
    """The clauses of a condition, and of each whether it is about the lines."""
    match condition:
        case {"all": parts} | {"any": parts}:
            for part in parts:
                yield from limits_in(part, of_line)
        case {"not": part}:
            yield from limits_in(part, of_line)
        case {"any_item": part} | {"every_item": part}:
            yield from limits_in(part, True)
        case {"field": _, "op": _}:
            yield condition, of_line


def line_limits(order: Order, condition: Mapping[str, Any]) -> Iterator[Limit]:
    """The clauses of a condition, those about lines once for each of the first lines of the order."""
    for clause, of_line in limits_in(condition):
        if not of_line:
            yield clause
            continue
        for number, _line in enumerate((order.get("lines") or ())[:MOST_LINES]):
            yield {**clause, "field": f"lines.{number}.{clause['field']}"}


def _candidates(order: Order, limits: Sequence[Limit]) -> Iterator[Change]:
    seen: set[tuple[str, str]] = set()
    for limit in limits:
        path = str(limit["field"])
        before = _value(order, path)
        field = _field(path)
        if field is None or is_masked(before):
            continue
        values = [(path, value) for value in _values(field, limit, before)]
        wanted = limit.get("value")
        if isinstance(wanted, Mapping):
            values.append(("currency", wanted.get("currency")))
        for changed, value in values:
            now = _value(order, changed)
            if repr(value) != repr(now) and (changed, repr(value)) not in seen:
                seen.add((changed, repr(value)))
                yield Change(changed, now, value)


def _value(order: Order, path: str) -> Any:
    head, _, rest = path.partition(".")
    if head != "lines":
        return value_at(order, path)
    number, _, name = rest.partition(".")
    return value_at(order["lines"][int(number)], name)


def _field(path: str) -> Field | None:
    if path.startswith("lines."):
        return field_at(path.split(".", 2)[2], LINE_FIELDS)
    return field_at(path, FIELDS)


def _values(field: Field, limit: Limit, before: Any) -> Iterator[Any]:
    """Values of the field on either side of the limit."""
    op, wanted = limit["op"], limit.get("value")
    for one in wanted if isinstance(wanted, list) else [wanted]:
        yield from _around(field, op, one, before)
    if op in ("known", "missing", "null"):
        yield from (MISSING, None, *_some(field))
    if op in ("is_true", "is_false"):
        yield from (True, False)


def _around(field: Field, op: str, wanted: Any, before: Any) -> Iterator[Any]:
    match wanted:
        case {"amount": str(amount), "currency": str(currency)}:
            minor = read_amount(amount, currency)
            if isinstance(minor, int):
                yield from (minor, minor + 1, max(minor - 1, 0))
        case bool() | None:
            return
        case int() | float():
            yield from (wanted, wanted + 1, wanted - 1)
        case str() if field.kind == "time":
            moment = read_moment(wanted)
            if moment is not None:
                yield from (show_moment(moment + timedelta(seconds=by)) for by in (0, -1, 1))
        case str() if field.kind == "texts":
            tags = before if isinstance(before, list) else []
            yield from ([*tags, wanted], [tag for tag in tags if tag != wanted])
        case str():
            yield wanted
            yield from field.choices
            if not field.choices:
                yield from ("", _ANY_TEXT)


def _some(field: Field) -> Sequence[Any]:
    """A value that the field may have, where any will do."""
    match field.kind:
        case "money":
            return (10_000,)
        case "number":
            return (1,)
        case "bool":
            return (True, False)
        case "time":
            return (_ANY_TIME,)
        case "choice":
            return field.choices
        case "texts":
            return ([_ANY_TEXT],)
        case _:
            return (_ANY_TEXT,)


def _distance(change: Change) -> tuple[float, float]:
    """Small steps of a number first, then other values, then values that are taken away; another currency last."""
    before, after = change.before, change.after
    if change.path == "currency":
        return 4, 0
    if type(before) in (int, float) and type(after) in (int, float):
        return 0, abs(after - before)
    if after is MISSING or after is None:
        return 3, 0
    return (2, 0) if after in ("", _ANY_TEXT) else (1, 0)

"""Why a condition came out as it did for one order, part by part, for the trace."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from runtime.core.conditions.truth import Condition, Truth, all_of, any_of, judge_of
from runtime.core.money import CURRENCIES, show_amount
from runtime.core.order import MISSING, is_masked, value_at
from runtime.core.problem import joined

Reason = Literal["missing", "null", "masked", "other_currency", "other_kind"]

MOST_ITEMS_TOLD = 20


@dataclass(frozen=True, slots=True)
class Clause:
    """How a part of a condition came out: its path, its truth, and for a comparison what was seen and wanted.

    `reason` says why a comparison could not be told. Groups hold their parts; parts over items hold one `item` for
    each line (the first 20), whose `where` ends in the line's number.
    """

    where: str
    kind: Literal["all", "any", "not", "any_item", "every_item", "item", "clause"]
    truth: Truth
    field: str = ""
    op: str = ""
    wanted: Any = None
    seen: Any = MISSING
    currency: str | None = None
    reason: Reason | None = None
    parts: tuple["Clause", ...] = ()

    def document(self) -> dict[str, Any]:
        """The same as JSON, for the trace. A value that was not told is left out."""
        told: dict[str, Any] = {"where": self.where, "kind": self.kind, "truth": self.truth}
        if self.kind == "clause":
            told.update(field=self.field, op=self.op)
            if self.wanted is not None:
                told["wanted"] = self.wanted
            if self.seen is not MISSING:
                told["seen"] = self.seen
            if self.currency:
                told["currency"] = self.currency
        if self.reason:
            told["reason"] = self.reason
        if self.parts:
            told["parts"] = [part.document() for part in self.parts]
        return told


def explain(condition: Condition, order: Mapping[str, Any], where: str = "") -> Clause:
    """How each part of an accepted condition comes out for a canonical order. Its truth is that of `compile`."""
    return _explained(condition, order, order, where)


def _explained(condition: Condition, subject: Mapping[str, Any], order: Mapping[str, Any], where: str) -> Clause:
    match condition:
        case {"all": parts} | {"any": parts}:
            kind: Literal["all", "any"] = "all" if "all" in condition else "any"
            own = tuple(
                _explained(part, subject, order, joined(where, kind, index)) for index, part in enumerate(parts)
            )
            together = all_of if kind == "all" else any_of
            return Clause(where, kind, together(part.truth for part in own), parts=own)
        case {"not": part}:
            inner = _explained(part, subject, order, joined(where, "not"))
            return Clause(where, "not", None if inner.truth is None else not inner.truth, parts=(inner,))
        case {"any_item": part}:
            return _explained_items("any_item", part, order, where)
        case {"every_item": part}:
            return _explained_items("every_item", part, order, where)
        case _:
            return _explained_clause(condition, subject, order, where)


def _explained_items(
    kind: Literal["any_item", "every_item"], part: Condition, order: Mapping[str, Any], where: str
) -> Clause:
    lines = order.get("lines", MISSING)
    if lines is MISSING:
        return Clause(where, kind, None, reason="missing")
    judge = judge_of(part)
    truths = [judge(line, order) for line in lines or ()]
    truth = (any_of if kind == "any_item" else all_of)(iter(truths))
    own = joined(where, kind)
    told = tuple(
        Clause(f"lines.{index}", "item", truths[index], parts=(_explained(part, lines[index], order, own),))
        for index in _telling(truths, truth)
    )
    return Clause(where, kind, truth, parts=told)


def _telling(truths: Sequence[Truth], truth: Truth) -> Iterator[int]:
    """Which items to tell: the first 20, and the first one that decides if it comes later."""
    yield from range(min(len(truths), MOST_ITEMS_TOLD))
    if truth in truths and truths.index(truth) >= MOST_ITEMS_TOLD:
        yield truths.index(truth)


def _explained_clause(clause: Condition, subject: Mapping[str, Any], order: Mapping[str, Any], where: str) -> Clause:
    truth = judge_of(clause)(subject, order)
    seen = value_at(subject, clause["field"])
    is_money = isinstance(clause.get("value"), Mapping)
    currency = order.get("currency") if is_money else None
    if is_money and type(seen) is int and currency in CURRENCIES:
        seen = show_amount(seen, str(currency))
    reason = _reason(seen, clause, currency) if truth is None else None
    return Clause(where, "clause", truth, clause["field"], clause["op"], clause.get("value"), seen, currency, reason)


def _reason(seen: Any, clause: Condition, currency: str | None) -> Reason:
    if seen is MISSING:
        return "missing"
    if seen is None:
        return "null"
    if is_masked(seen):
        return "masked"
    if isinstance(clause.get("value"), Mapping) and currency != clause["value"]["currency"]:
        return "other_currency"
    return "other_kind"

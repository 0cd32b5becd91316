"""Conditions: typed trees over the order's fields, checked, compiled to closures, explained and told as a sentence.

Truth has three values (Kleene): True, False and None, which means "cannot be told". A comparison cannot be told when
its field is not there, is empty (null), is masked, is of another kind, or is an amount in another currency; the
operators `missing`, `null` and `known` always can. No text is ever evaluated.

Over items: `any_item` is "or" and `every_item` is "and" over the lines. An order known to have no lines (null or
empty) has no item that fits, and all of its items fit; when the lines were not told, neither can be told.
"""

from runtime.core.conditions.checking import MOST_CLAUSES, MOST_LEVELS, check
from runtime.core.conditions.explanation import Clause, Reason, explain
from runtime.core.conditions.operators import CONDITION_SCHEMA, GROUPS, OPERATORS, Operator
from runtime.core.conditions.truth import Condition, Test, Truth, all_of, any_of, compile
from runtime.core.conditions.wording import sentence

__all__ = [
    "CONDITION_SCHEMA",
    "GROUPS",
    "MOST_CLAUSES",
    "MOST_LEVELS",
    "OPERATORS",
    "Clause",
    "Condition",
    "Operator",
    "Reason",
    "Test",
    "Truth",
    "all_of",
    "any_of",
    "check",
    "compile",
    "explain",
    "sentence",
]

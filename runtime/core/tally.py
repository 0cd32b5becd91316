"""By which ways a step would send orders, asked of the step itself: the same evaluator as in production."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import nodes
from nodes.contract import Leave, Step
from runtime.core.flow_settings import compiled, read_settings


@dataclass(frozen=True, slots=True)
class Tally:
    """How many of the `orders` leave by each way. A way of which nothing can be said, for a rule before it is wrong,
    is not among them.
    """

    orders: int
    ways: Mapping[str, int]


def is_countable(kind: str) -> bool:
    """Whether steps of this type decide by the order alone."""
    known = nodes.node_types().get(kind)
    return known is not None and known.group == "decide"


def tally(
    kind: str,
    given: Mapping[str, Any],
    connected: frozenset[str],
    orders: Sequence[Mapping[str, Any]],
    now: datetime,
) -> Tally:
    """The ways of all these orders. Rules from the first that is wrong on are left out, and so is what they would leave."""
    node_type = nodes.node_types()[kind]
    settings, problems = read_settings(node_type, given, "", None)
    broken = [problem.where for problem in problems if problem.level == "error"]
    if broken:
        sound = _before(given, broken)
        if sound is None:
            return Tally(len(orders), {})
        settings = read_settings(node_type, sound, "", None)[0]
    ports = {port.id for port in node_type.ports(settings)}
    ready = compiled(kind, settings)
    counted = Counter(_ways(node_type.enter, ready, connected, orders, now))
    kept = ports - _later(ports, settings) if broken else ports
    return Tally(len(orders), {port: counted[port] for port in kept})


def _ways(enter: Any, settings: Any, connected: frozenset[str], orders: Iterable[Any], now: datetime) -> Iterable[str]:
    for order in orders:
        outcome = enter(Step("", settings, order, now, "", 1, connected))
        if isinstance(outcome, Leave):
            yield outcome.port


def _before(given: Mapping[str, Any], broken: Sequence[str]) -> dict[str, Any] | None:
    """The settings with the rules before the first wrong one; None where something else is wrong, or the first rule."""
    numbers = [place.split(".")[1] for place in broken if place.startswith("rules.")]
    rules = given.get("rules")
    if len(numbers) < len(broken) or not isinstance(rules, list):
        return None
    first = min(int(number) for number in numbers)
    return {**given, "rules": rules[:first]} if first else None


def _later(ports: set[str], settings: Mapping[str, Any]) -> set[str]:
    """The ways that orders take when no rule fits: unknown while a rule is missing."""
    return ports - {rule["id"] for rule in settings.get("rules", ())}

"""Send the order one way: the first rule that fits wins, then `else`."""

from collections.abc import Iterator, Mapping
from typing import Any

from nodes.contract import Finding, Leave, NodeType, Port, Step, branch_ports

ELSE = "else"
UNCLEAR = "unclear"


def _ports(settings: Mapping[str, Any]) -> tuple[Port, ...]:
    rules = settings.get("rules")
    advice = "route.unclear_open" if any(_compares_money(rules)) else None
    return (*branch_ports(rules), Port(ELSE), Port(UNCLEAR, optional=True, advice=advice))


def _enter(step: Step) -> Leave:
    """If `unclear` is connected, a rule that cannot be told leads there; if not, it counts as no."""
    for rule in step.settings["rules"]:
        truth = rule["when"](step.order)
        if truth:
            return Leave(rule["id"])
        if truth is None and UNCLEAR in step.connected:
            return Leave(UNCLEAR, note={"rule": rule["id"]})
    return Leave(ELSE)


def _check(settings: Mapping[str, Any]) -> tuple[Finding, ...]:
    findings: list[Finding] = []
    seen = {ELSE, UNCLEAR}
    before: list[Any] = []
    for number, rule in enumerate(settings["rules"]):
        if rule["id"] in seen:
            findings.append(Finding("route.rule_twice", f"rules.{number}.id", {"rule": rule["id"]}))
        if rule["when"] in before:
            findings.append(Finding("route.rule_same", f"rules.{number}", level="warning"))
        seen.add(rule["id"])
        before.append(rule["when"])
    return tuple(findings)


def _compares_money(condition: Any) -> Iterator[bool]:
    """Whether an amount stands anywhere in the conditions: orders in another currency cannot be compared with it."""
    if isinstance(condition, Mapping):
        yield {"amount", "currency"} <= condition.keys()
        for part in condition.values():
            yield from _compares_money(part)
    elif isinstance(condition, list):
        for part in condition:
            yield from _compares_money(part)


NODE = NodeType(kind="route", group="decide", ports=_ports, enter=_enter, check=_check)

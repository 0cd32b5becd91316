"""Go several ways at once; a join brings the ways together again."""

from collections.abc import Mapping
from typing import Any

from nodes.contract import Finding, Fork, NodeType, Step, branch_ports


def _enter(step: Step) -> Fork:
    return Fork(tuple(branch["id"] for branch in step.settings["branches"]))


def _check(settings: Mapping[str, Any]) -> tuple[Finding, ...]:
    findings: list[Finding] = []
    seen: set[str] = set()
    for number, branch in enumerate(settings["branches"]):
        if branch["id"] in seen:
            findings.append(Finding("split.branch_twice", f"branches.{number}.id", {"branch": branch["id"]}))
        seen.add(branch["id"])
    return tuple(findings)


NODE = NodeType(
    kind="split",
    group="order",
    ports=lambda settings: branch_ports(settings.get("branches")),
    enter=_enter,
    check=_check,
)

"""Ask a person, and go on by the decision. Time alone never approves."""

from collections.abc import Mapping
from typing import Any

from nodes.asking import OFFERED_KINDS, task, teams, whom
from nodes.contract import (
    AskPerson,
    Decided,
    Event,
    Finding,
    Leave,
    Need,
    NodeType,
    Outcome,
    Port,
    Step,
)

PORTS = (Port("approved"), Port("rejected"), Port("late", optional=True))


def _enter(step: Step) -> Outcome:
    who = whom(step)
    if isinstance(who, Need):
        return who
    asked = task(step, who)
    return AskPerson(asked, until=asked.due if "late" in step.connected else None)


def _resume(step: Step, event: Event) -> Outcome:
    """A deadline that passes is told apart from a person's decision: it has a port of its own."""
    if isinstance(event, Decided):
        port = "approved" if event.decision == "approve" else "rejected"
        return Leave(port, note={"decision": event.decision, "reason": event.reason, "by": event.by})
    return Leave("late", note={"timed": True})


def _check(settings: Mapping[str, Any]) -> tuple[Finding, ...]:
    findings: list[Finding] = []
    if settings["who"]["kind"] not in OFFERED_KINDS:
        findings.append(Finding("approval.later", "who.kind"))
    if settings["rule"] != "any":
        findings.append(Finding("approval.later", "rule"))
    if settings["ladder"]:
        findings.append(Finding("approval.later", "ladder"))
    if settings["deadline_minutes"] is None:
        findings.append(Finding("approval.no_deadline", "deadline_minutes", level="warning"))
    return tuple(findings)


NODE = NodeType(
    kind="approval",
    group="people",
    ports=lambda settings: PORTS,
    enter=_enter,
    resume=_resume,
    check=_check,
    waits=True,
    teams=teams,
)

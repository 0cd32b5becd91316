"""Ask a person, and go on by the decision. Time alone never approves."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

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
    TaskAsk,
)

PORTS = (Port("approved"), Port("rejected"), Port("late", optional=True))

# Whoever cannot be found is stood in for by the people who look after the whole house.
NOBODY = {"kind": "role", "value": "admin"}

OFFERED_KINDS = ("person", "team", "role", "field")


def _enter(step: Step) -> Outcome:
    who = _who(step)
    return who if isinstance(who, Need) else _ask(step, who)


def _resume(step: Step, event: Event) -> Outcome:
    """A deadline that passes is told apart from a person's decision: it has a port of its own."""
    if isinstance(event, Decided):
        port = "approved" if event.decision == "approve" else "rejected"
        return Leave(port, note={"decision": event.decision, "reason": event.reason, "by": event.by})
    return Leave("late", note={"timed": True})


def _ask(step: Step, who: Mapping[str, Any]) -> AskPerson:
    minutes = step.settings["deadline_minutes"]
    due = None if minutes is None else step.now + timedelta(minutes=minutes)
    title = step.settings["title"](step.order)
    task = TaskAsk(title=title, who=who, reasons=tuple(step.settings["reasons"]), due=due)
    return AskPerson(task, until=due if "late" in step.connected else None)


def _who(step: Step) -> Mapping[str, Any] | Need:
    """Who is asked. A field of the order names a person, whom only the outside knows."""
    who = step.settings["who"]
    if who["kind"] != "field":
        return {"kind": who["kind"], "value": who["value"]}
    named = who["value"].read(step.order)
    if not isinstance(named, str) or not named.strip():
        return NOBODY
    fact = f"person:{named}"
    if fact not in step.facts:
        return Need((fact,))
    found = step.facts[fact]
    return NOBODY if found is None else {"kind": "person", "value": found}


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


def _teams(settings: Mapping[str, Any]) -> tuple[str, ...]:
    who = settings["who"]
    return (who["value"],) if who["kind"] == "team" else ()


NODE = NodeType(
    kind="approval",
    group="people",
    ports=lambda settings: PORTS,
    enter=_enter,
    resume=_resume,
    check=_check,
    waits=True,
    teams=_teams,
)

"""Keep the order on hold until somebody releases it, or until its deadline says what becomes of it."""

from collections.abc import Mapping
from typing import Any

from nodes.asking import task, teams, whom
from nodes.contract import Decided, Event, Finding, Hold, Leave, Need, NodeType, Outcome, Port, Step

PORTS = (Port("released"), Port("cancelled"))
WHEN_LATE = {"release": "released", "cancel": "cancelled"}


def _enter(step: Step) -> Outcome:
    who = whom(step)
    if isinstance(who, Need):
        return who
    asked = task(step, who)
    return Hold(asked, until=asked.due if step.settings["then"] in WHEN_LATE else None)


def _resume(step: Step, event: Event) -> Outcome:
    """What the deadline does is told apart from what a person decides."""
    if isinstance(event, Decided):
        port = "released" if event.decision == "approve" else "cancelled"
        return Leave(port, note={"decision": event.decision, "reason": event.reason, "by": event.by})
    return Leave(WHEN_LATE[step.settings["then"]], note={"timed": True})


def _check(settings: Mapping[str, Any]) -> tuple[Finding, ...]:
    findings: list[Finding] = []
    if settings["deadline_minutes"] is None:
        if settings["then"] in WHEN_LATE:
            findings.append(Finding("hold.then_without_deadline", "deadline_minutes"))
        else:
            findings.append(Finding("hold.no_deadline", "deadline_minutes", level="warning"))
    return tuple(findings)


NODE = NodeType(
    kind="hold",
    group="people",
    ports=lambda settings: PORTS,
    enter=_enter,
    resume=_resume,
    check=_check,
    waits=True,
    teams=teams,
)

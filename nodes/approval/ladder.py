"""The deadline ladder of an approval: what happens when nobody decides, rung by rung, in minutes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from nodes.approval.table import Table
from nodes.contract import Need, Step
from nodes.worktime import later

LATE = -1
"""The number of the rung at the deadline itself, where the way for too late is connected."""


@dataclass(frozen=True, slots=True)
class Rung:
    """What happens at a time. `to` is whom a rung of the settings names, as they name people."""

    number: int
    does: Literal["remind", "escalate", "hand_over", "approve", "reject", "late"]
    at: datetime
    to: Mapping[str, Any] | None = None


def next_rung(step: Step, table: Table) -> Rung | Need | None:
    """The rung that comes next; None: nothing more happens by time."""
    coming: list[Rung] = []
    if table.due and "late" in step.connected:
        coming.append(Rung(LATE, "late", table.due))
    for number, rung in enumerate(step.settings["ladder"]):
        if number in table.rung:
            continue
        at = moment(step, table.armed if rung["do"] == "remind" else table.asked, rung["after_minutes"])
        if isinstance(at, Need):
            return at
        coming.append(Rung(number, rung["do"], at, rung.get("to")))
    return min(coming, key=lambda rung: (rung.at, rung.number), default=None)


def reminders(step: Step) -> tuple[int, ...]:
    """The rungs that only bring the task to mind: who is handed a task is reminded from the beginning."""
    return tuple(number for number, rung in enumerate(step.settings["ladder"]) if rung["do"] == "remind")


def moment(step: Step, since: datetime, minutes: int) -> datetime | Need:
    """When so many minutes have passed: of working time where the step has a calendar."""
    return later(step, step.settings["calendar"], since, minutes)

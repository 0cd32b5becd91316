"""Let the order rest: for a while, until a time of day or of work, or until a while after one of its own times."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from nodes.contract import Event, Finding, Leave, Need, NodeType, Outcome, Port, Sleep, Step
from nodes.worktime import later, opens


def _enter(step: Step) -> Outcome:
    until = _until(step)
    if isinstance(until, Need):
        return until
    return Leave("out", note={"waited": False}) if until is None or until <= step.now else Sleep(until)


def _resume(step: Step, event: Event) -> Leave:
    return Leave("out")


def _until(step: Step) -> datetime | Need | None:
    """When the rest ends, in UTC. None: the order has no such time, so there is nothing to wait for."""
    settings = step.settings
    match settings["kind"]:
        case "duration":
            return step.now + timedelta(minutes=settings["minutes"])
        case "time_of_day":
            return next_time(step.now, time.fromisoformat(settings["time"]), ZoneInfo(settings["zone"]))
        case "field":
            told = settings["field"].read(step.order)
            return datetime.fromisoformat(told) + timedelta(minutes=settings["minutes"]) if _is_time(told) else None
        case "working_hours":
            return later(step, settings["calendar"], step.now, settings["minutes"])
        case "next_working_time":
            return opens(step, settings["calendar"], step.now)
        case kind:
            raise AssertionError(f"a wait of kind {kind} passed the schema")


def next_time(now: datetime, wanted: time, zone: ZoneInfo) -> datetime:
    """The next moment after `now` at which the clocks of `zone` show `wanted`, in UTC."""
    today = now.astimezone(zone).date()
    days = (datetime.combine(today + timedelta(days=more), wanted, zone).astimezone(UTC) for more in (0, 1, 2))
    return next(moment for moment in days if moment > now)


def _is_time(told: Any) -> bool:
    """Whether an order's field holds a time with its zone. Free attributes may hold anything."""
    if not isinstance(told, str):
        return False
    try:
        return datetime.fromisoformat(told).tzinfo is not None
    except ValueError:
        return False


def _check(settings: Mapping[str, Any]) -> tuple[Finding, ...]:
    match settings["kind"]:
        case "field" if "field" not in settings:
            return (Finding("wait.field_missing", "field"),)
        case "working_hours" | "next_working_time" if "calendar" not in settings:
            return (Finding("wait.calendar_missing", "calendar"),)
        case "duration" | "working_hours" if settings["minutes"] == 0:
            return (Finding("wait.no_time", "minutes"),)
        case "time_of_day" if not _is_zone(settings["zone"]):
            return (Finding("wait.zone_unknown", "zone", {"zone": settings["zone"]}),)
    return ()


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


NODE = NodeType(
    kind="wait",
    group="time",
    ports=lambda settings: (Port("out"),),
    enter=_enter,
    resume=_resume,
    check=_check,
    waits=True,
)

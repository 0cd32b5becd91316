"""Asking people, for the node types that do: who is meant, and what they are asked."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from nodes.contract import Need, Step, TaskAsk

# Whoever cannot be found is stood in for by the people who look after the whole house.
NOBODY = {"kind": "role", "value": "admin"}


def whom(step: Step) -> Mapping[str, Any] | Need:
    """Who is asked (setting `who`)."""
    return found(step, step.settings["who"])


def found(step: Step, who: Mapping[str, Any]) -> Mapping[str, Any] | Need:
    """Who a setting means. Only the outside knows the person whom a field of the order names, and who leads whom."""
    match who["kind"]:
        case "field":
            named = who["value"].read(step.order)
            return _person(step, f"person:{named}") if isinstance(named, str) and named.strip() else NOBODY
        case "lead":
            return _person(step, f"lead:person:{step.decided_by}") if step.decided_by else NOBODY
        case kind:
            return {"kind": kind, "value": who["value"]}


def lead_of(step: Step, who: Mapping[str, Any]) -> Mapping[str, Any] | Need:
    """Who leads a person or a team that was asked."""
    return _person(step, f"lead:{who['kind']}:{who['value']}") if who["kind"] in ("person", "team") else NOBODY


def members(step: Step, who: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...] | Need:
    """Everybody who is meant, one by one: the members of a team, all who have a duty."""
    if who["kind"] not in ("team", "role"):
        return (who,)
    fact = f"members:{who['kind']}:{who['value']}"
    if fact not in step.facts:
        return Need((fact,))
    return tuple({"kind": "person", "value": name} for name in step.facts[fact]) or (NOBODY,)


def task(step: Step, who: Mapping[str, Any]) -> TaskAsk:
    """The task of the settings `title`, `reasons` and `deadline_minutes`."""
    return question(step, who, _due(step))


def question(step: Step, who: Mapping[str, Any], due: datetime | None) -> TaskAsk:
    """The task of the settings `title` and `reasons`."""
    title = step.settings["title"](step.order)
    return TaskAsk(title=title, who=who, reasons=tuple(step.settings.get("reasons", ())), due=due)


def teams(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The team that the settings name, if it is one."""
    who = settings["who"]
    return (who["value"],) if who["kind"] == "team" else ()


def _person(step: Step, fact: str) -> Mapping[str, Any] | Need:
    if fact not in step.facts:
        return Need((fact,))
    name = step.facts[fact]
    return NOBODY if name is None else {"kind": "person", "value": name}


def _due(step: Step) -> datetime | None:
    minutes = step.settings["deadline_minutes"]
    return None if minutes is None else step.now + timedelta(minutes=minutes)

"""Asking people, for the node types that do: who is meant, and what they are asked."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from nodes.contract import Need, Step, TaskAsk

# Whoever cannot be found is stood in for by the people who look after the whole house.
NOBODY = {"kind": "role", "value": "admin"}

OFFERED_KINDS = ("person", "team", "role", "field")


def whom(step: Step) -> Mapping[str, Any] | Need:
    """Who is asked (setting `who`). A field of the order names a person, whom only the outside knows."""
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


def task(step: Step, who: Mapping[str, Any]) -> TaskAsk:
    """The task of the settings `title`, `reasons` and `deadline_minutes`."""
    title = step.settings["title"](step.order)
    return TaskAsk(title=title, who=who, reasons=tuple(step.settings.get("reasons", ())), due=_due(step))


def teams(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The team that the settings name, if it is one."""
    who = settings["who"]
    return (who["value"],) if who["kind"] == "team" else ()


def _due(step: Step) -> datetime | None:
    minutes = step.settings["deadline_minutes"]
    return None if minutes is None else step.now + timedelta(minutes=minutes)

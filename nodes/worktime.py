"""Working time, for the node types that count it: only the outside knows calendars, so they ask for moments."""

from datetime import datetime, timedelta
from typing import Any

from nodes.contract import Need, Step


def later(step: Step, calendar: str | None, since: datetime, minutes: int) -> datetime | Need:
    """When so many minutes have passed: of working time where a calendar is named.

    A calendar that is gone, or in which nobody works any more, stops no clock.
    """
    otherwise = since + timedelta(minutes=minutes)
    if calendar is None:
        return otherwise
    return _told(step, f"later:{calendar}:{minutes}:{since.isoformat()}", otherwise)


def opens(step: Step, calendar: str, since: datetime) -> datetime | Need:
    """When people work next: `since` itself if they do then, or if the calendar is gone."""
    return _told(step, f"opens:{calendar}:{since.isoformat()}", since)


def _told(step: Step, fact: str, otherwise: datetime) -> datetime | Need:
    if fact not in step.facts:
        return Need((fact,))
    told: Any = step.facts[fact]
    return datetime.fromisoformat(told) if told else otherwise

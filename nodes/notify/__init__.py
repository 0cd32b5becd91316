"""Tell somebody: a message with the order's own words in it leaves through a notifier."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from nodes.contract import Answered, AskSystem, Effect, Event, Failure, Finding, Leave, NodeType, Port, Step

PORTS = (Port("sent"), Port("failed", failure=True))


def _enter(step: Step) -> AskSystem:
    settings, order = step.settings, step.order
    message: dict[str, Any] = {part: settings[part](order) for part in ("to", "subject", "text") if part in settings}
    if _is_urgent(step):
        message["urgent"] = True
    effect = Effect("notifier", settings["channel"], message)
    return AskSystem(effect, until=step.now + timedelta(seconds=settings["timeout_seconds"]))


def _is_urgent(step: Step) -> bool:
    """What cannot be told of the order makes nothing urgent."""
    match step.settings["urgent"]:
        case "always":
            return True
        case "when":
            return step.settings["urgent_when"](step.order) is True
        case _:
            return False


def _resume(step: Step, event: Event) -> Leave:
    channel = step.settings["channel"]
    if not isinstance(event, Answered):
        return Leave("failed", failure=Failure("timeout", "notify.timeout", {"channel": channel}))
    if event.result == "ok":
        return Leave("sent", note=dict(event.content))
    params = {"channel": channel, "message": event.message}
    return Leave("failed", failure=Failure(event.result, f"notify.{event.result}", params))


def _check(settings: Mapping[str, Any]) -> tuple[Finding, ...]:
    if settings["urgent"] == "when" and "urgent_when" not in settings:
        return (Finding("notify.urgent_when_missing", "urgent_when"),)
    return ()


NODE = NodeType(
    kind="notify",
    group="systems",
    ports=lambda settings: PORTS,
    enter=_enter,
    resume=_resume,
    check=_check,
    waits=True,
)

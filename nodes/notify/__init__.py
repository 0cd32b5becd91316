"""Tell somebody: a message with the order's own words in it leaves through a notifier."""

from datetime import timedelta

from nodes.contract import Answered, AskSystem, Effect, Event, Failure, Leave, NodeType, Port, Step

PORTS = (Port("sent"), Port("failed", failure=True))


def _enter(step: Step) -> AskSystem:
    settings, order = step.settings, step.order
    message = {part: settings[part](order) for part in ("to", "subject", "text") if part in settings}
    effect = Effect("notifier", settings["channel"], message)
    return AskSystem(effect, until=step.now + timedelta(seconds=settings["timeout_seconds"]))


def _resume(step: Step, event: Event) -> Leave:
    channel = step.settings["channel"]
    if not isinstance(event, Answered):
        return Leave("failed", failure=Failure("timeout", "notify.timeout", {"channel": channel}))
    if event.result == "ok":
        return Leave("sent", note=dict(event.content))
    params = {"channel": channel, "message": event.message}
    return Leave("failed", failure=Failure(event.result, f"notify.{event.result}", params))


NODE = NodeType(kind="notify", group="systems", ports=lambda settings: PORTS, enter=_enter, resume=_resume, waits=True)

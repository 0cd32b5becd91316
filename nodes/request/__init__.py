"""Ask another system to do something, and go on by its answer."""

from datetime import timedelta

from nodes.contract import (
    ABSENT,
    Answered,
    AskSystem,
    Effect,
    Event,
    Failure,
    Leave,
    NodeType,
    Port,
    Step,
)

PORTS = (Port("ok"), Port("failed", failure=True), Port("timeout", failure=True))


def _enter(step: Step) -> AskSystem:
    told = {field.path: field.tell(step.order) for field in step.settings["body_fields"]}
    fields = {path: value for path, value in told.items() if value is not ABSENT}
    effect = Effect("system", step.settings["system"], {"action": step.settings["action"], "fields": fields})
    return AskSystem(effect, until=step.now + timedelta(seconds=step.settings["timeout_seconds"]))


def _resume(step: Step, event: Event) -> Leave:
    if not isinstance(event, Answered):
        return _fail(step, Answered("timeout"))
    if event.result == "ok":
        return Leave("ok", note=dict(event.content))
    return _fail(step, event)


def _fail(step: Step, answer: Answered) -> Leave:
    """No answer in time leaves by `timeout`, or by `failed` when that is the only one of the two with a way on."""
    system = step.settings["system"]
    assert answer.result != "ok"
    failure = Failure(answer.result, f"request.{answer.result}", {"system": system, "message": answer.message})
    late = answer.result == "timeout" and not ("failed" in step.connected and "timeout" not in step.connected)
    return Leave("timeout" if late else "failed", failure=failure)


NODE = NodeType(kind="request", group="systems", ports=lambda settings: PORTS, enter=_enter, resume=_resume, waits=True)

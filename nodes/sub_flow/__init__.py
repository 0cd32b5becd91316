"""Let the order go through another flow, in a version that stays the same, and come back."""

from collections.abc import Mapping
from typing import Any

from nodes.contract import ABSENT, Finding, Finish, GoInside, Leave, NodeType, Outcome, Port, Returned, Step

PORTS = (Port("done"), Port("cancelled", optional=True))


def _enter(step: Step) -> Outcome:
    return GoInside({one["field"].path: _value(step, one) for one in step.settings["inputs"]})


def _value(step: Step, given: Mapping[str, Any]) -> Any:
    if given["take"] == "value":
        return given["value"]
    told = given["from"].tell(step.order)
    return None if told is ABSENT else told


def _come_back(step: Step, returned: Returned) -> Outcome:
    """What came in stays inside; of the rest comes out what is named, or all of it if nothing is."""
    named = {field.path for field in step.settings["outputs"]}
    given = {one["field"].path for one in step.settings["inputs"]}
    out = {path: value for path, value in returned.changes.items() if (path in named if named else path not in given)}
    if returned.result == "cancelled" and "cancelled" not in step.connected:
        return Finish("cancelled", returned.reason)
    note = {"reason": returned.reason} if returned.reason else {}
    return Leave(returned.result, changes=out, note=note)


def _check(settings: Mapping[str, Any]) -> tuple[Finding, ...]:
    findings: list[Finding] = []
    seen: set[str] = set()
    for number, one in enumerate(settings["inputs"]):
        wanted = "from" if one["take"] == "field" else "value"
        if wanted not in one:
            findings.append(Finding("sub-flow.input_empty", f"inputs.{number}.{wanted}", {"field": one["field"]}))
        if one["field"] in seen:
            findings.append(Finding("sub-flow.input_twice", f"inputs.{number}.field", {"field": one["field"]}))
        seen.add(one["field"])
    return tuple(findings)


NODE = NodeType(
    kind="sub-flow", group="order", ports=lambda settings: PORTS, enter=_enter, come_back=_come_back, check=_check
)

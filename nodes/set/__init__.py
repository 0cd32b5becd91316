"""Write on the order: its priority, note, tags and free attributes. What the shop told us is never altered."""

from collections.abc import Mapping
from typing import Any

from nodes.contract import Finding, Leave, NodeType, Port, Step

PRIORITIES = ("urgent", "normal")


def _enter(step: Step) -> Leave:
    changes: dict[str, Any] = {}
    for change in step.settings["changes"]:
        field, value = change["field"], change["value"]
        if change["do"] == "add":
            before = changes[field.path] if field.path in changes else field.read(step.order)
            value = _with_added(before, value)
        changes[field.path] = value
    return Leave("out", changes=changes)


def _with_added(before: Any, added: Any) -> list[str]:
    tags = list(before) if isinstance(before, list | tuple) else []
    return tags + [tag for tag in ([added] if isinstance(added, str) else added) if tag not in tags]


def _check(settings: Mapping[str, Any]) -> tuple[Finding, ...]:
    findings: list[Finding] = []
    for number, change in enumerate(settings["changes"]):
        code = _wrong(change["field"], change["do"], change["value"])
        if code:
            place = "do" if code == "set.only_tags_grow" else "value"
            findings.append(Finding(code, f"changes.{number}.{place}", {"field": change["field"]}))
    return tuple(findings)


def _wrong(field: str, do: str, value: Any) -> str | None:
    """The code of what is wrong with one change, if anything is."""
    if do == "add" and field != "tags":
        return "set.only_tags_grow"
    match field:
        case "priority":
            return None if value in PRIORITIES else "set.priority_unknown"
        case "tags":
            return None if isinstance(value, list) or (do == "add" and isinstance(value, str)) else "set.tags_wanted"
        case "note":
            return None if value is None or isinstance(value, str) else "set.text_wanted"
        case _:
            return None


NODE = NodeType(kind="set", group="order", ports=lambda settings: (Port("out"),), enter=_enter, check=_check)

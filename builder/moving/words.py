"""Moves in words: where orders stand, what a version changes for them, and why one cannot move."""

from collections.abc import Iterable
from dataclasses import dataclass

import orjson
from sqlalchemy import Connection, RowMapping

from builder.drawn import DrawnFlow, drawn_version
from builder.i18n import moment
from builder.i18n.text import _
from builder.labels import setting_name, setting_value, told
from builder.orders.names import Names, names
from runtime.core.moving import Change, Obstacle
from runtime.core.plan import drawn_id
from runtime.moving import Group, Unmoved


@dataclass(frozen=True, slots=True)
class ToldGroup:
    """A group of a preview as people read it. `cannot` are texts with their remedies; empty: it can move."""

    group: Group
    places: tuple[tuple[str, str], ...]
    becomes: tuple[str, ...]
    changes: tuple[str, ...]
    cannot: tuple[tuple[str, str], ...]


def told_group(connection: Connection, group: Group, target: DrawnFlow) -> ToldGroup:
    """The group in words."""
    before = drawn_version(connection, group.version_id)
    known = names(connection)
    places = tuple((before.node_name(drawn_id(node)), told(f"rest.{rest}")[0]) for node, rest in group.places)
    becomes = () if group.obstacles else tuple(target.node_name(drawn_id(node)) for node, _rest in group.places)
    changes = tuple(change_words(one, before, target, known) for one in group.changes)
    return ToldGroup(group, places, becomes, changes, tuple(obstacle_words(one, before) for one in group.obstacles))


def obstacle_words(obstacle: Obstacle, flow: DrawnFlow) -> tuple[str, str]:
    """Why an order cannot move, and what to do; `flow` is the version that it goes by."""
    return told(obstacle.code, {"step": flow.node_name(drawn_id(obstacle.node)) if obstacle.node else ""})


def change_words(change: Change, before: DrawnFlow, target: DrawnFlow, known: Names) -> str:
    """What becomes different at a step."""
    node = drawn_id(change.node)
    settings = _("; ").join(_difference(node, name, before, target, known) for name in change.settings)
    return told(change.code, {"step": target.node_name(node), "settings": settings})[0]


def declined_words(row: RowMapping, flow: DrawnFlow) -> list[tuple[str, str]]:
    """Why an order of a move was declined: a row of `moved_runs`."""
    return [obstacle_words(Obstacle(code, node), flow) for code, node in orjson.loads(row["why"] or "[]")]


def unmoved_words(unmoved: Unmoved, known: Names) -> str:
    """Why nothing was moved."""
    match unmoved.why:
        case "reason":
            return _("Say why, in a few words: whoever looks at the orders later wants to know.")
        case "running":
            who, time = known.person(unmoved.by), moment(unmoved.at)
            return _(
                "%(who)s began to move orders of this flow at %(time)s. Wait until that is done.", who=who, time=time
            )
        case "nothing" if unmoved.by:
            who, time = known.person(unmoved.by), moment(unmoved.at)
            return _("Nothing is left to move. %(who)s was the last who moved orders, at %(time)s.", who=who, time=time)
        case "nothing":
            return _("None of these orders can move.")
        case "unknown":
            return _("There is no such order or version.")


def counts_at_steps(groups: Iterable[Group]) -> dict[str, int]:
    """How many of the orders that can move would stand at which step."""
    found: dict[str, int] = {}
    for group in groups:
        for node in {drawn_id(node) for node, _rest in group.places} if not group.obstacles else ():
            found[node] = found.get(node, 0) + len(group.run_ids)
    return found


def _difference(node: str, name: str, before: DrawnFlow, target: DrawnFlow, known: Names) -> str:
    """A setting by its name; where it is short, with what it was and what it is."""
    kind = target.kind(node)
    label = setting_name(kind, name)
    was, now = (flow.nodes[node].get("settings", {}).get(name) for flow in (before, target))
    match was, now:
        case {"kind": str(), "value": str()}, {"kind": str(), "value": str()}:
            return f"{label} {known.asked(was['kind'], was['value'])} → {known.asked(now['kind'], now['value'])}"
        case ((str() | int() | None), (str() | int() | None)):
            return f"{label} {setting_value(kind, name, was)} → {setting_value(kind, name, now)}"
        case _:
            return label

"""Whether an order that is on its way can go on in another version of its flow."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from runtime.core.plan import Plan, drawn_id, is_drawn
from runtime.core.run import Rest, Run, Token


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why an order cannot stand in a version: a message code (`move.…`). `node` is the step's id where it stands now."""

    code: str
    node: str


def obstacles(plan: Plan, run: Run, before: Plan | None = None) -> tuple[Obstacle, ...]:
    """What keeps a run from standing in `plan` where it stands now; none: it can.

    A step is the same where its node has the same id and, if `before` (the plan that it stands in) is given, the same
    type. The splits that its branches came through, and the step that failed before a retry, must be there too.
    """
    needed: dict[str, str] = {}
    for token in run.tokens:
        places = [token.node, *(node for _, node in token.groups), *([token.origin.node] if token.origin else [])]
        needed |= {node: before.nodes[before.index[node]].kind if before else "" for node in places if node}
    missing = dict.fromkeys(_missing(plan, node) for node in needed if node not in plan.index)
    changed = [
        Obstacle("move.other_step", node)
        for node, kind in needed.items()
        if kind and node in plan.index and plan.nodes[plan.index[node]].kind != kind
    ]
    return (*missing, *changed)


def _missing(plan: Plan, node: str) -> Obstacle:
    """Its step is not there; or the step is, and only the flow's policy for its failures is not."""
    step = drawn_id(node)
    return Obstacle("move.no_step" if is_drawn(node) or step not in plan.index else "move.no_policy", step)


@dataclass(frozen=True, slots=True)
class Change:
    """What a version changes for an order: a message code (`move.…`), the step, and the settings of it that differ."""

    code: str
    node: str
    settings: tuple[str, ...]


def changes(plan: Plan, run: Run, before: Plan) -> tuple[Change, ...]:
    """What becomes different for a run that goes on in `plan` where it stands; none: its steps are as they were.

    Who was asked is asked as the new version says. What waits for an answer or a time goes on waiting as it is.
    """
    told = []
    for token in run.tokens:
        node = _step_of(token)
        if node in plan.index and node in before.index and (names := _differing(plan, before, node)):
            told.append(Change(_TOLD[token.rest], node, names))
    return tuple(told)


_TOLD: Final[Mapping[Rest, str]] = {
    "go": "move.next_try",
    "person": "move.asked_anew",
    "hold": "move.asked_anew",
    "system": "move.same_call",
    "time": "move.same_time",
    "retry": "move.next_try",
    "join": "move.next_try",
    "inside": "move.inside",
    "failed": "move.next_try",
}


def _step_of(token: Token) -> str:
    """The step whose settings matter to a token: before a retry, that which failed."""
    return token.origin.node if token.origin else token.node


def _differing(plan: Plan, before: Plan, node: str) -> tuple[str, ...]:
    now, was = (_plain(one.nodes[one.index[node]].settings) for one in (plan, before))
    return tuple(sorted(name for name in now.keys() | was.keys() if now.get(name) != was.get(name)))


def _plain(value: Any) -> Any:
    """Settings without compiled conditions, which are never alike."""
    match value:
        case Mapping():
            return {name: _plain(part) for name, part in value.items() if not callable(part)}
        case list() | tuple():
            return [_plain(part) for part in value if not callable(part)]
        case _:
            return value

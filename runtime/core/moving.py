"""Whether an order that is on its way can go on in another version of its flow."""

from dataclasses import dataclass

from runtime.core.plan import Plan
from runtime.core.run import Run


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
    missing = [Obstacle("move.no_step", node) for node in needed if node not in plan.index]
    changed = [
        Obstacle("move.other_step", node)
        for node, kind in needed.items()
        if kind and node in plan.index and plan.nodes[plan.index[node]].kind != kind
    ]
    return (*missing, *changed)

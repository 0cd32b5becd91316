"""Give the order to one person of a team, who owns it from then on; or let it wait until somebody has a hand free."""

import json
from datetime import timedelta
from typing import Any

from nodes.contract import Event, Leave, Need, NodeType, Outcome, Port, Sleep, Step

PORTS = (Port("assigned"), Port("nobody", optional=True))

LOOK_AGAIN = timedelta(seconds=30)

RANKS = {("urgent", "sale"): 0, ("urgent", "exchange"): 0, ("normal", "sale"): 1, ("normal", "exchange"): 1}
"""Who comes first where hands are short. Restock comes last, but for what is urgent."""
URGENT_RESTOCK, RESTOCK = 1, 2


def _enter(step: Step) -> Outcome:
    fact = f"owner:{json.dumps(_wish(step), sort_keys=True, ensure_ascii=False)}"
    if fact not in step.facts:
        return Need((fact,))
    owner = step.facts[fact]
    if owner is not None:
        return Leave("assigned", changes={"owner": owner}, note={"owner": owner})
    if "nobody" in step.connected:
        return Leave("nobody")
    return Sleep(step.now + LOOK_AGAIN, note={"nobody_free": True})


def _resume(step: Step, event: Event) -> Outcome:
    return _enter(step)


def _wish(step: Step) -> dict[str, Any]:
    """What is asked of those who know how much each person has in hand."""
    settings, order = step.settings, step.order
    buyer = order.get("buyer") or {}
    return {
        "trace": step.trace,
        "team": settings["team"],
        "how": settings["how"],
        "most": settings["most"],
        "skill": settings["skill"],
        "channel": order.get("channel", ""),
        "customer": buyer.get("id") if isinstance(buyer.get("id"), str) else None,
        "rank": _rank(order.get("priority") or "normal", order.get("kind") or "sale"),
    }


def _rank(priority: str, kind: str) -> int:
    if kind == "restock":
        return URGENT_RESTOCK if priority == "urgent" else RESTOCK
    return RANKS[priority, kind]


NODE = NodeType(
    kind="assign",
    group="people",
    ports=lambda settings: PORTS,
    enter=_enter,
    resume=_resume,
    waits=True,
    teams=lambda settings: (settings["team"],),
)

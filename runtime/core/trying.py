"""Trying a flow as it is drawn: one order walked through it step by step, with the reasons of every turn.

Nothing leaves and nothing is stored: `rehearse` drives the one state machine, and this room only tells what it said.
A draft may be wrong elsewhere: a step that is wrong itself is where an order would stop.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from types import MappingProxyType
from typing import Any, Final

from nodes.contract import Effect, Leave, Step, TaskAsk
from runtime.core.conditions import Clause, explain
from runtime.core.flow import FlowCheck, compile_plan
from runtime.core.flow_nesting import laid_out
from runtime.core.flow_parts import FlowNode
from runtime.core.moment import BUSINESS_ZONE
from runtime.core.nearest import Change, Limit, line_limits, nearest_change
from runtime.core.order import value_at
from runtime.core.plan import Plan, PlanNode, enclosing, is_drawn
from runtime.core.problem import Problem
from runtime.core.rehearsal import Answer, Facts, Rehearsal, Scene, made_up, rehearse
from runtime.core.run import Token, trace_code, with_changes

Order = Mapping[str, Any]
Visit = tuple[int, int]
"""A step's number and its attempt."""

MOST_EVENTS: Final = 500
MOST_TOLD: Final = 200
FORBIDDING: Final = frozenset(
    {
        "flow.no_start",
        "flow.two_starts",
        "flow.node_twice",
        "flow.edge_twice",
        "flow.edge_node_unknown",
        "flow.start_entered",
        "flow.port_twice",
        "flow.circle",
        "flow.split_in_circle",
    }
)
"""Problems with which there is no saying where an order would go."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What can be run of a flow. `broken` are the steps at which an order stops, for they are wrong themselves."""

    plan: Plan
    nodes: Mapping[str, FlowNode]
    broken: frozenset[str]
    ways: Mapping[tuple[str, str], str]


@dataclass(frozen=True, slots=True)
class Why:
    """One rule that was looked at: how each of its clauses came out. `way` is where it leads."""

    way: str
    clause: Clause


@dataclass(frozen=True, slots=True)
class Other:
    """A way that was not taken, and the nearest change of the order that would have led there (empty: none found)."""

    way: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class TriedStep:
    """One visit of a node. `left` are the ways it left by; `rest` what it waits for if it has not left.

    `answers` says what may be answered here, `given` which answer was, `asked` and `sent` what would have gone out. `seen`
    is the order as it was when the step was left.
    """

    node: str
    attempt: int
    at: int
    left: tuple[str, ...] = ()
    rest: str = ""
    until: int | None = None
    policy: bool = False
    finish: str = ""
    reason: Any = ""
    failed: Mapping[str, Any] | None = None
    note: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    changes: tuple[Change, ...] = ()
    asked: TaskAsk | None = None
    sent: tuple[Effect, ...] = ()
    waited: str = ""
    given: int | None = None
    why: tuple[Why, ...] = ()
    others: tuple[Other, ...] = ()
    blocked: str = ""
    seen: Order = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Trial:
    """The whole way. `answers` are those that were used, each said, so that the same way can be gone again."""

    steps: tuple[TriedStep, ...]
    state: str
    path: tuple[str, ...]
    answers: tuple[Answer, ...]
    cut: bool


# --- what can be run ------------------------------------------------------------------------------------------------------


def stage(check: FlowCheck, zone: tzinfo = BUSINESS_ZONE) -> Stage | tuple[Problem, ...]:
    """What can be run of a draft, its texts telling times in `zone`; or what forbids to run it at all."""
    flow = check.flow
    forbidding = tuple(one for one in check.errors if one.code in FORBIDDING)
    if flow is None or forbidding:
        return forbidding or check.errors
    wrong = frozenset(one.id for one in flow.nodes if not one.sound or one.type is None)
    starts = [node for node in flow.nodes if node.type is not None and node.type.group == "start"]
    if any(node.id in wrong for node in starts):
        return tuple(one for one in check.errors if one.node in wrong)
    whole = replace(
        flow,
        nodes=tuple(node for node in flow.nodes if node.id not in wrong),
        edges=tuple(edge for edge in flow.edges if not {edge.source, edge.target} & wrong),
        failures=flow.failures if flow.failures and flow.failures.sound else None,
    )
    plan = compile_plan(FlowCheck(whole, ()), zone=zone)
    laid = laid_out(flow)
    ways = {(edge.source, edge.port): edge.target for edge in laid.edges}
    return Stage(plan, {node.id: node for node in laid.nodes}, wrong, ways)


# --- running --------------------------------------------------------------------------------------------------------------


def try_order(staged: Stage, order: Order, answers: Sequence[Answer], now: datetime, ask: Facts = made_up) -> Trial:
    """Walk a canonical order through the flow and tell every step, with the reasons and the nearest other orders. For `ask`
    see `rehearse`.
    """
    rehearsal = rehearse(staged.plan, order, answers, now, ask, MOST_EVENTS)
    trial = _trial(staged, order, rehearsal)
    told = _Reasons(staged, order, tuple(answers), now, ask, trial)
    return replace(trial, steps=tuple(told.explained()))


def outcome(
    staged: Stage, order: Order, answers: Sequence[Answer], now: datetime
) -> tuple[tuple[str, ...], str, tuple[Answer, ...]]:
    """Only where the order went, its state, and the answers that nobody asked for."""
    rehearsal = rehearse(staged.plan, order, answers, now, longest=MOST_EVENTS)
    return rehearsal.path, rehearsal.state, rehearsal.unused


def _trial(staged: Stage, order: Order, rehearsal: Rehearsal) -> Trial:
    steps: dict[tuple[Visit, bool], TriedStep] = {}
    used: list[Answer] = []
    laid = _Laid(order)
    for scene in rehearsal.scenes:
        _mark_answer(scene, steps, used)
        for visit in scene.decision.entry["steps"]:
            _tell(staged, scene, visit, steps, laid)
    cut = len(rehearsal.scenes) > MOST_EVENTS or len(steps) > MOST_TOLD
    return Trial(tuple(steps.values())[:MOST_TOLD], rehearsal.state, rehearsal.path, tuple(used), cut)


class _Laid:
    """What was laid over the order so far: in the flow itself, and inside each of its sub-flows."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.by_place: dict[str, dict[str, Any]] = {}

    def seen_at(self, node: str) -> Order:
        around = enclosing(node)
        beneath = self.seen_at(around) if around else self.order
        return with_changes(beneath, self.by_place.get(around, {}))

    def take(self, visit: Mapping[str, Any]) -> None:
        changes = dict(visit.get("changes", {}))
        if visit.get("rest") == "inside":
            self.by_place[visit["node"]] = changes
        else:
            self.by_place.setdefault(enclosing(visit["node"]), {}).update(changes)


def _mark_answer(scene: Scene, steps: dict[tuple[Visit, bool], TriedStep], used: list[Answer]) -> None:
    """Note at the step that was answered which answer it was; a system that was not told anything said ok."""
    token = scene.token
    if token is None or (scene.answer is None and token.rest != "system"):
        return
    key = _key(token)
    if key in steps:
        steps[key] = replace(steps[key], given=len(used))
    used.append(scene.answer or {"node": token.node, "port": "ok"})


def _key(token: Token) -> tuple[Visit, bool]:
    return (token.step, token.attempt), not is_drawn(token.node)


def _tell(
    staged: Stage,
    scene: Scene,
    visit: Mapping[str, Any],
    steps: dict[tuple[Visit, bool], TriedStep],
    laid: _Laid,
) -> None:
    """Add what the journal says of one visit to what is known of it."""
    key = ((visit["step"], visit["attempt"]), bool(visit.get("policy")))
    known = steps.get(key) or TriedStep(visit["node"], visit["attempt"], visit["at"], policy=key[1])
    seen = laid.seen_at(visit["node"])
    made = tuple(Change(path, value_at(seen, path), value) for path, value in visit.get("changes", {}).items())
    laid.take(visit)
    left = tuple(visit.get("fork", ())) or ((visit["port"],) if "port" in visit else ())
    trace = trace_code(scene.decision.run.id, *key[0])
    asked = next((task.ask for task in scene.decision.tasks if task.trace == trace), known.asked)
    sent = tuple(one.effect for one in scene.decision.effects if one.trace == trace)
    failed = visit.get("failed", known.failed)
    steps[key] = replace(
        known,
        left=left or known.left,
        rest="" if left or "finish" in visit or "returned" in visit or failed else visit.get("rest", ""),
        until=visit.get("until", known.until),
        waited=visit.get("rest", known.waited),
        finish=visit.get("finish", visit.get("returned", known.finish)),
        reason=visit.get("reason", known.reason),
        failed=failed,
        note={**known.note, **visit.get("note", {})},
        changes=(*known.changes, *made),
        asked=asked,
        sent=(*known.sent, *sent),
        blocked=_blocked_by(staged, visit["node"], failed, known.left),
        seen=seen,
    )


def _blocked_by(staged: Stage, node: str, failed: Mapping[str, Any] | None, left: tuple[str, ...]) -> str:
    """The wrong step that an order stops before, if it was led to one."""
    if failed is None or not left:
        return ""
    target = staged.ways.get((node, left[-1]), "")
    return target if target in staged.broken else ""


# --- why, and what would change it ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Reasons:
    """Adds to each deciding step of a trial why it went as it did."""

    staged: Stage
    order: Order
    answers: tuple[Answer, ...]
    now: datetime
    ask: Facts
    trial: Trial

    def explained(self) -> Iterator[TriedStep]:
        visits: dict[str, int] = {}
        for step in self.trial.steps:
            planned = self._planned(step)
            if planned is not None and planned.type.group == "decide" and step.left:
                number = visits[step.node] = visits.get(step.node, -1) + 1
                yield self._decided(step, planned, step.seen, number)
            else:
                yield step

    def _planned(self, step: TriedStep) -> PlanNode | None:
        place = None if step.policy else self.staged.plan.index.get(step.node)
        return None if place is None else self.staged.plan.nodes[place]

    def _decided(self, step: TriedStep, planned: PlanNode, view: Order, number: int) -> TriedStep:
        settings = self.staged.nodes[step.node].settings
        why = tuple(
            Why(rule["id"], explain(rule["when"], view, f"rules.{place}.when"))
            for place, rule in enumerate(settings.get("rules", ()))
        )
        limits = tuple(_limits(settings, self.order))
        others = tuple(
            Other(way, self._nearest(planned, limits, view, number, way))
            for way in planned.ports
            if way not in step.left and not (planned.ports[way].optional and way not in planned.connected)
        )
        return replace(step, why=why, others=others)

    def _nearest(
        self, planned: PlanNode, limits: Sequence[Limit], view: Order, number: int, way: str
    ) -> tuple[Change, ...]:
        """The nearest change of the order that came in; what steps on the way changed stays as they would change it."""
        laid = {
            change.path: change.after
            for step in self.trial.steps
            for change in step.changes
            if value_at(view, change.path) == change.after
        }

        def leads(order: Order) -> bool:
            outcome = planned.type.enter(
                Step(planned.id, planned.settings, with_changes(order, laid), self.now, "", 1, planned.connected)
            )
            return isinstance(outcome, Leave) and outcome.port == way

        def replays(order: Order) -> bool:
            return goes_by(self.staged, order, self.answers, self.now, planned.id, number, way, self.ask)

        return nearest_change(self.order, limits, leads, replays)


def goes_by(
    staged: Stage,
    order: Order,
    answers: Sequence[Answer],
    now: datetime,
    node: str,
    number: int,
    way: str,
    ask: Facts = made_up,
) -> bool:
    """Whether the order, walked from the beginning, leaves its visit `number` of this node by this way."""
    rehearsal = rehearse(staged.plan, order, answers, now, ask, MOST_EVENTS)
    left = [
        visit["port"]
        for entry in rehearsal.journal
        for visit in entry["steps"]
        if visit["node"] == node and "port" in visit and not visit.get("policy")
    ]
    return number < len(left) and left[number] == way


def _limits(settings: Mapping[str, Any], order: Order) -> Iterator[Limit]:
    """What a deciding step asks of fields, whatever its type calls it."""
    for rule in settings.get("rules", ()):
        yield from line_limits(order, rule["when"])
    for path in settings.get("required", ()):
        yield {"field": path, "op": "known"}
    for span in settings.get("ranges", ()):
        for bound in ("min", "max"):
            if bound in span:
                yield {"field": span["field"], "op": "eq", "value": span[bound]}

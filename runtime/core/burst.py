"""How the tokens of a run move within one decision of the engine: from step to step until all of them rest. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from nodes.contract import (
    AskPeople,
    AskPerson,
    AskSystem,
    Decided,
    Event,
    Failure,
    Finish,
    Fork,
    GoInside,
    HandedOn,
    Hold,
    Joined,
    Leave,
    Meet,
    Need,
    Outcome,
    PassOver,
    Result,
    Returned,
    Sleep,
    Step,
    TryAgain,
    Words,
)
from runtime.core.company import company, depth_met, stay, within
from runtime.core.decision import AskedEffect, AskedTask, Decision, event_row, filled
from runtime.core.moment import micros
from runtime.core.plan import Plan, PlanNode, drawn_id, is_drawn, ways_on
from runtime.core.run import (
    Origin,
    Reply,
    Rest,
    Run,
    RunEvent,
    RunState,
    SentBack,
    Token,
    failure_row,
    trace_code,
    with_changes,
)

# A flow that passed its checks rests somewhere on every circle, so a burst this long is a defect of ours.
LONGEST_BURST = 2_000


class Lacking(Exception):
    """A step cannot go on without these facts."""

    def __init__(self, facts: tuple[str, ...]) -> None:
        super().__init__(facts)
        self.facts = facts


@dataclass(slots=True)
class Burst:
    """The work area of one decision. Nothing outside `decide` sees it change."""

    plan: Plan
    run: Run
    order: Mapping[str, Any]
    facts: Mapping[str, Any]
    now: datetime
    at: int = field(init=False)
    steps: int = field(init=False)
    tokens: list[Token] = field(init=False)
    changes: dict[str, Any] = field(init=False)
    visits: list[dict[str, Any]] = field(default_factory=list)
    tasks: dict[str, AskedTask] = field(default_factory=dict)
    effects: dict[str, AskedEffect] = field(default_factory=dict)
    reminded: list[str] = field(default_factory=list)
    over: bool = False
    ended: Result = "done"
    reason: Words | None = None

    def __post_init__(self) -> None:
        self.at = micros(self.now)
        self.steps = self.run.steps
        self.tokens = list(self.run.tokens)
        self.changes = dict(self.run.changes)

    # --- moving -------------------------------------------------------------------------------------------------------

    def advance(self) -> None:
        """Go on until every token rests."""
        for _ in range(LONGEST_BURST):
            token = next((t for t in self.tokens if t.rest == "go"), None)
            if token is not None:
                node = self.node(token)
                self.apply(token, node, node.type.enter(self.step(token, node)))
            elif not self._meet():
                return
        raise RuntimeError(f"run {self.run.id} does not come to rest in flow {self.plan.key}")

    def resume(self, token: Token, event: Event) -> None:
        """Tell the step at which a token rests what it waited for."""
        node = self.node(token)
        if isinstance(event, Decided):
            token = self._decided(token, event)
        self.apply(token, node, node.type.resume(self.step(token, node), event))

    def _decided(self, token: Token, event: Decided) -> Token:
        """The token, which remembers from now on who decided at it."""
        again = token.node in token.passed or not is_drawn(token.node)
        passed = token.passed if again else (*token.passed, token.node)
        heard = replace(token, decided_by=event.by, passed=passed)
        self.tokens[self.tokens.index(token)] = heard
        return heard

    def apply(self, token: Token, node: PlanNode, outcome: Outcome) -> None:
        """Do what a step says."""
        match outcome:
            case Leave(port, changes, note, failure):
                self._change(token, changes)
                self.record(token, port=port, **filled(note=dict(note), changes=dict(changes)))
                self.leave(token, node, port, failure)
            case AskPeople():
                self._ask_people(token, outcome)
            case AskPerson() | Hold() | AskSystem():
                self._ask(token, outcome)
            case Sleep(until, note):
                self._rest(token, "retry" if node.kind == "retry" else "time", until, **filled(note=dict(note)))
            case TryAgain() | PassOver():
                self._go_back(token, outcome)
            case Fork() | Meet() | GoInside():
                self._go_on_apart(token, node, outcome)
            case Finish(result, reason):
                self._finish(token, result, reason)
            case Need(facts):
                raise Lacking(facts)

    def _ask(self, token: Token, outcome: AskPerson | Hold | AskSystem) -> None:
        trace = trace_code(self.run.id, token.step, token.attempt)
        match outcome:
            case AskPerson(task, until):
                self._rest(token, "person", until)
                self.tasks[trace] = AskedTask(trace, drawn_id(token.node), task)
            case Hold(task, until):
                self._rest(token, "hold", until)
                self.tasks[trace] = AskedTask(trace, token.node, task)
            case AskSystem(effect, until):
                self._rest(token, "system", until)
                self.effects[trace] = AskedEffect(trace, effect)

    def _ask_people(self, token: Token, outcome: AskPeople) -> None:
        """Whoever is asked in turn at one step has been waited for since its first question."""
        first = token.rest != "person"
        self._rest(token, "person", outcome.until, **filled(seats=_unlike_one(outcome.seats), note=dict(outcome.note)))
        self.tokens = [
            replace(one, seats=outcome.seats, memory=outcome.memory, since=one.since if first else token.since)
            if (one.step, one.attempt) == (token.step, token.attempt)
            else one
            for one in self.tokens
        ]
        for seat, ask in outcome.tasks.items():
            trace = trace_code(self.run.id, token.step, token.attempt, seat)
            self.tasks[trace] = AskedTask(trace, drawn_id(token.node), ask)
        self.reminded += (trace_code(self.run.id, token.step, token.attempt, seat) for seat in outcome.remind)

    def leave(self, token: Token, node: PlanNode, port: str, failure: Failure | None) -> None:
        """Go on by a port; where it leads nowhere, the token fails."""
        target = node.targets.get(port)
        if target is None:
            self.fail(token, failure or Failure("error", "flow.port_leads_nowhere", {"port": port}))
            return
        self.tokens.remove(token)
        node = self.plan.nodes[target]
        origin = self._origin(token, failure) if failure and node.kind == "retry" else None
        self.place(node, token, origin=origin)

    def _origin(self, token: Token, failure: Failure) -> Origin:
        # A retry node that gives up hands on the step that failed, not itself.
        if token.origin:
            return token.origin
        return Origin(token.node, token.step, token.attempt, replace(failure, attempt=token.tries), token.by_hand)

    def _go_back(self, token: Token, outcome: TryAgain | PassOver) -> None:
        match outcome:
            case TryAgain(by_hand, note):
                self._try_again(token, by_hand, note)
            case PassOver(note):
                self._pass_over(token, note)

    def _go_on_apart(self, token: Token, node: PlanNode, outcome: Fork | Meet | GoInside) -> None:
        match outcome:
            case Fork(ports):
                self._fork(token, node, ports)
            case Meet():
                self._rest(token, "join", None)
            case GoInside(changes):
                self._go_inside(token, node, changes)

    def _try_again(self, token: Token, by_hand: bool, note: Mapping[str, Any]) -> None:
        origin = token.origin
        assert origin is not None, "only a retry node says TryAgain, and only failures lead to it"
        self.record(token, again=[origin.step, origin.attempt + 1], **filled(note=dict(note)))
        self.tokens.remove(token)
        self.tokens.append(
            Token(
                node=origin.node,
                step=origin.step,
                attempt=origin.attempt + 1,
                tries=1 if by_hand else origin.failure.attempt + 1,
                by_hand=origin.by_hand + by_hand,
                since=self.at,
                groups=token.groups,
                decided_by=token.decided_by,
                passed=token.passed,
            )
        )

    def _pass_over(self, token: Token, note: Mapping[str, Any]) -> None:
        origin = token.origin
        assert origin is not None, "only a retry node says PassOver, and only failures lead to it"
        port = next(iter(ways_on(self.plan, origin.node)), None)
        if port is None:
            self.fail(token, origin.failure)
            return
        self.record(token, passed_over=[origin.step, port], **filled(note=dict(note)))
        self.tokens.remove(token)
        self.place(self.plan.nodes[self.index(origin.node).targets[port]], token)

    def fail(self, token: Token, failure: Failure) -> None:
        """Put a token on the failure list; after a retry that gave up, at the step that failed first."""
        failed = token
        if token.origin:
            origin = token.origin
            failed = replace(
                token,
                node=origin.node,
                step=origin.step,
                attempt=origin.attempt,
                tries=origin.failure.attempt,
                by_hand=origin.by_hand,
                origin=None,
            )
            failure = origin.failure
        self.record(failed, failed=failure_row(failure))
        self.tokens.remove(token)
        self.tokens.append(replace(failed, rest="failed", failure=failure, until=None, since=self.at))

    def _fork(self, token: Token, node: PlanNode, ports: tuple[str, ...]) -> None:
        self.record(token, fork=list(ports))
        self.tokens.remove(token)
        for port in ports:
            self.place(self.plan.nodes[node.targets[port]], token, apart=True)

    def _meet(self) -> bool:
        """Let a split's branches go on together where all that are left of them stand at one join."""
        companies = [company(self.tokens, self.plan, token) for token in self.tokens if token.rest == "join"]
        for together in companies:
            if all(t.rest == "join" and t.node == together[0].node for t in together):
                self._join(together)
                return True
        for together in companies:
            if all(t.rest == "join" for t in together):
                joins = sorted({t.node for t in together})
                for token in together:
                    self.fail(token, Failure("error", "flow.branches_never_meet", {"joins": joins}))
                return True
        return False

    def _join(self, together: list[Token]) -> None:
        first, *others = together
        for token in others:
            self.tokens.remove(token)
        merged = replace(first, groups=first.groups[: depth_met(self.plan, first)], passed=())
        self.tokens[self.tokens.index(first)] = merged
        node = self.node(merged)
        port = node.type.ports(node.settings)[0].id
        self.record(merged, port=port, met=sorted(t.step for t in together))
        self.leave(merged, node, port, None)

    # --- sub-flows ----------------------------------------------------------------------------------------------------

    def _go_inside(self, token: Token, node: PlanNode, changes: Mapping[str, Any]) -> None:
        """Begin the flow that a step stands for; its own token stays, and waits for the end of what goes on inside."""
        if node.inside is None:
            self.fail(
                token,
                Failure("error", "flow.sub_unknown", {name: node.settings.get(name) for name in ("flow", "version")}),
            )
            return
        laid = replace(token, changes=dict(changes))
        self.tokens[self.tokens.index(token)] = laid
        self._rest(laid, "inside", None, **filled(changes=laid.changes))
        self.place(self.plan.nodes[node.inside], laid, apart=True)

    def _around(self, token: Token) -> Token | None:
        """The token of the sub-flow step inside which this one is."""
        here = stay(token)
        return next((one for one in self.tokens if (one.step, one.rest) == (here[0], "inside")), None) if here else None

    def _finish(self, token: Token, result: Result, reason: Words) -> None:
        around = self._around(token)
        if around is not None:
            self._finish_inside(token, around, result, reason)
            return
        self.record(token, finish=result, **filled(reason=reason))
        self.tokens.remove(token)
        if result == "cancelled":
            self.end_all(result, reason)

    def _finish_inside(self, token: Token, around: Token, result: Result, reason: Words) -> None:
        """End the stay with its last token, or at once where it was cancelled."""
        self.tokens.remove(token)
        left = within(self.tokens, (around.step, around.node))
        ended = left if result == "cancelled" else []
        for one in ended:
            self.tokens.remove(one)
            # What this very burst asked for is not asked at all.
            for trace in _traces(self.run.id, one):
                self.tasks.pop(trace, None)
                self.effects.pop(trace, None)
        self.record(token, returned=result, **filled(reason=reason, ended=sorted({one.step for one in ended})))
        if left and not ended:
            return
        heard = replace(around, decided_by=token.decided_by)
        self.tokens[self.tokens.index(around)], around = heard, heard
        node = self.node(around)
        self.apply(around, node, node.type.come_back(self.step(around, node), Returned(result, reason, around.changes)))

    def end_all(self, result: Result, reason: Words) -> None:
        """End the order."""
        # What this very burst asked for is not asked at all.
        self.tasks.clear()
        self.effects.clear()
        self.tokens.clear()
        self.over, self.ended, self.reason = True, result, reason or None

    # --- small parts --------------------------------------------------------------------------------------------------

    def node(self, token: Token) -> PlanNode:
        """The step at which a token is."""
        return self.index(token.node)

    def index(self, node: str) -> PlanNode:
        """A step by its id."""
        return self.plan.nodes[self.plan.index[node]]

    def step(self, token: Token, node: PlanNode) -> Step:
        """What a step is told when it is entered or resumed."""
        return Step(
            node=token.node,
            settings=node.settings,
            order=self._view(token),
            now=self.now,
            trace=trace_code(self.run.id, token.step, token.attempt),
            attempt=token.attempt,
            connected=node.connected,
            facts=self.facts,
            failure=token.origin.failure if token.origin else None,
            memory=token.memory,
            decided_by=token.decided_by,
        )

    def place(
        self, node: PlanNode, came: Token | None = None, *, apart: bool = False, origin: Origin | None = None
    ) -> None:
        """A token at a node, come from another one; `apart`: into a branch of its split, or into its sub-flow."""
        self.steps += 1
        token = Token(node=node.id, step=self.steps, since=self.at, origin=origin)
        if came is not None:
            groups = (*came.groups, (came.step, came.node)) if apart else came.groups
            passed = () if apart else came.passed
            token = replace(token, groups=groups, decided_by=came.decided_by, passed=passed)
        self.tokens.append(token)

    def _rest(self, token: Token, rest: Rest, until: datetime | None, **more: Any) -> None:
        limit = {"until": micros(until)} if until else {}
        self.record(token, rest=rest, **limit, **more)
        resting = replace(
            token, rest=rest, until=micros(until) if until else None, since=self.at, seats=(0,), memory={}
        )
        self.tokens[self.tokens.index(token)] = resting

    def _view(self, token: Token) -> Mapping[str, Any]:
        """The order as this token sees it: inside a sub-flow, with what was laid over it there."""
        around = self._around(token)
        return with_changes(self._view(around) if around else self.order, around.changes if around else self.changes)

    def _change(self, token: Token, changes: Mapping[str, Any]) -> None:
        around = self._around(token) if changes else None
        if around is None:
            self.changes.update(changes)
        else:
            self.tokens[self.tokens.index(around)] = replace(around, changes={**around.changes, **changes})

    def record(self, token: Token, **what: Any) -> None:
        """A visit of the journal. What a flow's policy does is told of the step whose failures it takes."""
        visit = {"step": token.step, "attempt": token.attempt, "node": drawn_id(token.node), "at": self.at, **what}
        self.visits.append(visit if is_drawn(token.node) else {**visit, "policy": True})

    def decision(self, event: RunEvent) -> Decision:
        """All that the burst changed."""
        tokens = tuple(self.tokens)
        failed = [token for token in tokens if token.rest == "failed"]
        run = self._saved(tokens, next((token.failure for token in failed), None))
        entry = {"event": event_row(event), "steps": self.visits} | filled(facts=dict(self.facts))
        withdrawn = self._asking(self.run.tokens) - self._asking(tokens)
        if isinstance(event, Reply):
            withdrawn.discard(_answered(run.id, event))
        return Decision(
            run,
            entry,
            tuple(self.tasks.values()),
            tuple(self.effects.values()),
            tuple(sorted(withdrawn)),
            failed=tuple(token for token in failed if token not in self.run.tokens),
            mended=tuple(t for t in self.run.tokens if t.rest == "failed" and t not in tokens),
            reminded=tuple(self.reminded),
        )

    def _saved(self, tokens: tuple[Token, ...], failure: Failure | None) -> Run:
        run = replace(self.run, changes=self.changes, rev=self.run.rev + 1)
        if not (tokens or self.steps or self.over):
            # It has not begun: only its content was changed.
            return run
        return replace(
            run,
            state=self._state(tokens),
            tokens=tokens,
            steps=self.steps,
            reason=failure.code if failure else self.reason,
            due_at=_due(tokens),
            ended_at=None if tokens else self.at,
        )

    def _asking(self, tokens: tuple[Token, ...]) -> set[str]:
        asking = (token for token in tokens if token.rest in ("person", "hold", "system"))
        return {trace for token in asking for trace in _traces(self.run.id, token)}

    def _state(self, tokens: tuple[Token, ...]) -> RunState:
        if not tokens:
            return self.ended
        rests = {token.rest for token in tokens}
        return "failed" if "failed" in rests else "held" if "hold" in rests else "waiting"


def _traces(run_id: str, token: Token) -> Iterator[str]:
    """The traces under which a token's step has asked."""
    return (trace_code(run_id, token.step, token.attempt, seat) for seat in token.seats)


def _answered(run_id: str, reply: Reply) -> str:
    """The trace that a reply answers. Who calls in somebody, or hands on, has not answered yet."""
    match reply.event:
        case Decided(seat=seat) | SentBack(seat=seat):
            return trace_code(run_id, reply.step, reply.attempt, seat)
        case Joined() | HandedOn():
            return ""
        case _:
            return trace_code(run_id, reply.step, reply.attempt)


def _unlike_one(seats: tuple[int, ...]) -> list[int]:
    """The open seats as the journal has them; nothing for the one seat that every question has."""
    return [] if seats == (0,) else list(seats)


def _due(tokens: tuple[Token, ...]) -> int | None:
    return min((t.until for t in tokens if t.until is not None and t.rest != "failed"), default=None)

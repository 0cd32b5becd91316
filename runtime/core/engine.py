"""The only state machine: `decide` takes a run and an event and says what follows, as values.

A burst goes on until every token of the run waits for a person, a time, a system or a branch, or stands on the failure
list. What a burst changes (run, journal entry, tasks, effects) is saved by the caller in one commit. Pure: the clock, the
order and the facts come in as arguments, and asking twice gives the same answer.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
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
    TimeUp,
    TryAgain,
    Words,
)
from runtime.core.company import company, depth_met, stay, within
from runtime.core.decision import AskedEffect, AskedTask, Decision, Stale, event_row, filled
from runtime.core.moving import obstacles
from runtime.core.plan import Plan, PlanNode, drawn_id, is_drawn
from runtime.core.run import (
    Amend,
    Close,
    Due,
    Move,
    Origin,
    Reply,
    Rest,
    Retry,
    Run,
    RunEvent,
    RunState,
    SentBack,
    Skip,
    Start,
    Token,
    failure_row,
    trace_code,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

# A flow that passed its checks rests somewhere on every circle, so a burst this long is a defect of ours.
LONGEST_BURST = 2_000

# A held order has no flow yet; all that can happen to it is that a person closes it.
NO_PLAN = Plan(key="", version=0, fingerprint="", start=0, nodes=(), index={})


def decide(
    plan: Plan, run: Run, order: Mapping[str, Any], event: RunEvent, facts: Mapping[str, Any], now: datetime
) -> Decision | Stale | Need:
    """What follows when `event` happens to `run` at `now`.

    `order` is the canonical order. `Need` names facts without which the burst cannot go on: ask again with them.
    """
    burst = _Burst(plan, run, order, facts, now)
    try:
        if not burst.take(event):
            return Stale(event)
        burst.advance()
    except _Lacking as lacking:
        return Need(lacking.facts)
    return burst.decision(event)


def break_off(run: Run, event: RunEvent, why: str, now: datetime) -> Decision:
    """The decision when a burst raised: what was about to move goes to the failure list with `why`.

    For the caller's job boundary, so that one order that hits a defect of ours never holds up its neighbours.
    """
    burst = _Burst(NO_PLAN, run, {}, {}, now)
    if not run.tokens:
        # The plan itself may be what is broken, so this one stands nowhere; another try starts at the beginning.
        burst.tokens.append(Token(node="", step=0))
    for token in list(burst.tokens):
        if burst.concerns(event, token):
            burst._fail(token, Failure("error", "engine.defect", {"why": why}))
    return burst.decision(event)


def with_changes(order: Mapping[str, Any], changes: Mapping[str, Any]) -> Mapping[str, Any]:
    """The order with a run's changes (field path -> value) laid over it. Neither is altered."""
    if not changes:
        return order
    laid = dict(order)
    for path, value in changes.items():
        head, _, rest = path.partition(".")
        laid[head] = {**(laid.get(head) or {}), rest: value} if rest else value
    return laid


def ways_on(plan: Plan, node: str) -> tuple[str, ...]:
    """The connected ways out of a node that are no failure, in their order. None where the plan has no such node."""
    if node not in plan.index:
        return ()
    found = plan.nodes[plan.index[node]]
    return tuple(port for port in found.ports if port in found.connected and port not in found.failure_ports)


def micros(moment: datetime) -> int:
    """Microseconds since the epoch, exact."""
    return (moment - EPOCH) // MICROSECOND


class _Lacking(Exception):
    def __init__(self, facts: tuple[str, ...]) -> None:
        super().__init__(facts)
        self.facts = facts


@dataclass(slots=True)
class _Burst:
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

    # --- taking the event ---------------------------------------------------------------------------------------------

    def take(self, event: RunEvent) -> bool:
        """Apply the event to the tokens that it concerns. False: it concerns none."""
        match event:
            case Start():
                return self._start()
            case Due():
                return self._resume_all(event, TimeUp())
            case Reply():
                return self._reply(event)
            case Retry():
                return self._retry(event)
            case Close(result, reason):
                return self._close(result, reason)
            case Skip():
                return self._skip(event)
            case Amend(changes):
                return self._amend(changes)
            case Move():
                return self._move()

    def _start(self) -> bool:
        if self.run.steps or self.run.tokens:
            return False
        self._place(self.plan.nodes[self.plan.start])
        return True

    def concerns(self, event: RunEvent, token: Token) -> bool:
        """Whether the event is about this token."""
        match event:
            case Start():
                return True
            case Due():
                return token.until is not None and token.until <= self.at and token.rest != "failed"
            case Reply(step, attempt, answer):
                return (token.step, token.attempt) == (step, attempt) and _awaits(token, answer)
            case Retry(step):
                return token.rest == "failed" and step in (None, token.step)
            case Skip(step):
                return token.rest == "failed" and step == token.step
            case Close() | Move():
                return True
            case Amend():
                return False

    def _reply(self, event: Reply) -> bool:
        match event.event:
            case SentBack() as wish:
                return self._send_back(event, wish)
            case Joined() | HandedOn() as wish:
                return self._seat_anew(event, wish)
            case answer:
                return self._resume_all(event, answer)

    def _send_back(self, event: Reply, wish: SentBack) -> bool:
        """Let the order do the earlier step anew, and all that comes behind it."""
        token = next((token for token in self.tokens if self.concerns(event, token)), None)
        if token is None or wish.to not in token.passed or wish.to not in self.plan.index:
            return False
        self._record(token, sent_back=drawn_id(wish.to))
        self.tokens.remove(token)
        passed = token.passed[: token.passed.index(wish.to)]
        came = replace(token, decided_by=wish.by, passed=passed)
        self._place(self._index(wish.to), came)
        return True

    def _seat_anew(self, event: Reply, wish: Joined | HandedOn) -> bool:
        """Let the step put somebody else at its table, if it has one."""
        token = next((token for token in self.tokens if self.concerns(event, token)), None)
        if token is None or not self._node(token).type.seats:
            return False
        self._resume(token, wish)
        return True

    def _resume_all(self, event: RunEvent, answer: Event) -> bool:
        concerned = [token for token in self.tokens if self.concerns(event, token)]
        for token in concerned:
            # An earlier one of them may have ended the order.
            if token in self.tokens:
                self._resume(token, answer)
        return bool(concerned)

    def _retry(self, event: Retry) -> bool:
        failed = [token for token in self.tokens if self.concerns(event, token)]
        for token in failed:
            self.tokens.remove(token)
            if token.step == 0:
                # It broke before its first step; see `break_off`.
                self._place(self.plan.nodes[self.plan.start])
                continue
            self.tokens.append(
                replace(
                    token,
                    rest="go",
                    attempt=token.attempt + 1,
                    tries=1,
                    by_hand=token.by_hand + 1,
                    failure=None,
                    since=self.at,
                )
            )
        return bool(failed)

    def _skip(self, event: Skip) -> bool:
        token = next((token for token in self.tokens if self.concerns(event, token)), None)
        if token is None or event.port not in ways_on(self.plan, token.node):
            return False
        self._record(token, skipped=True, port=event.port)
        self._leave(token, self._node(token), event.port, None)
        return True

    def _amend(self, changes: Mapping[str, Any]) -> bool:
        """What a person changes holds inside sub-flows too, whatever was laid over the order there."""
        if self.run.ended_at is not None:
            return False
        self.changes.update(changes)
        self.tokens = [
            replace(token, changes={path: value for path, value in token.changes.items() if path not in changes})
            if token.changes.keys() & changes.keys()
            else token
            for token in self.tokens
        ]
        return True

    def _move(self) -> bool:
        """Stand at the same places of another version. Who was asked is asked as that version says, the clock running on."""
        if self.run.ended_at is not None or not self.run.tokens or obstacles(self.plan, self.run):
            return False
        for token in [token for token in self.tokens if token.rest in ("person", "hold")]:
            if token in self.tokens:
                node = self._node(token)
                asked = replace(self._step(token, node), now=EPOCH + token.since * MICROSECOND)
                self._apply(token, node, node.type.enter(asked))
                self._waits_since(token)
        return True

    def _waits_since(self, before: Token) -> None:
        """Whoever is asked anew at the same step has been waited for since the first time."""
        place = (before.step, before.attempt)
        self.tokens = [
            replace(one, since=before.since) if (one.step, one.attempt) == place else one for one in self.tokens
        ]

    def _close(self, result: Result, reason: str) -> bool:
        if self.run.ended_at is not None:
            return False
        self._end_all(result, reason)
        return True

    # --- moving -------------------------------------------------------------------------------------------------------

    def advance(self) -> None:
        """Go on until every token rests."""
        for _ in range(LONGEST_BURST):
            token = next((t for t in self.tokens if t.rest == "go"), None)
            if token is not None:
                node = self._node(token)
                self._apply(token, node, node.type.enter(self._step(token, node)))
            elif not self._meet():
                return
        raise RuntimeError(f"run {self.run.id} does not come to rest in flow {self.plan.key}")

    def _resume(self, token: Token, event: Event) -> None:
        node = self._node(token)
        if isinstance(event, Decided):
            token = self._decided(token, event)
        self._apply(token, node, node.type.resume(self._step(token, node), event))

    def _decided(self, token: Token, event: Decided) -> Token:
        """The token, which remembers from now on who decided at it."""
        again = token.node in token.passed or not is_drawn(token.node)
        passed = token.passed if again else (*token.passed, token.node)
        heard = replace(token, decided_by=event.by, passed=passed)
        self.tokens[self.tokens.index(token)] = heard
        return heard

    def _apply(self, token: Token, node: PlanNode, outcome: Outcome) -> None:
        match outcome:
            case Leave(port, changes, note, failure):
                self._change(token, changes)
                self._record(token, port=port, **filled(note=dict(note), changes=dict(changes)))
                self._leave(token, node, port, failure)
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
                raise _Lacking(facts)

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

    def _leave(self, token: Token, node: PlanNode, port: str, failure: Failure | None) -> None:
        target = node.targets.get(port)
        if target is None:
            self._fail(token, failure or Failure("error", "flow.port_leads_nowhere", {"port": port}))
            return
        self.tokens.remove(token)
        node = self.plan.nodes[target]
        origin = self._origin(token, failure) if failure and node.kind == "retry" else None
        self._place(node, token, origin=origin)

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
        self._record(token, again=[origin.step, origin.attempt + 1], **filled(note=dict(note)))
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
            self._fail(token, origin.failure)
            return
        self._record(token, passed_over=[origin.step, port], **filled(note=dict(note)))
        self.tokens.remove(token)
        self._place(self.plan.nodes[self._index(origin.node).targets[port]], token)

    def _fail(self, token: Token, failure: Failure) -> None:
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
        self._record(failed, failed=failure_row(failure))
        self.tokens.remove(token)
        self.tokens.append(replace(failed, rest="failed", failure=failure, until=None, since=self.at))

    def _fork(self, token: Token, node: PlanNode, ports: tuple[str, ...]) -> None:
        self._record(token, fork=list(ports))
        self.tokens.remove(token)
        for port in ports:
            self._place(self.plan.nodes[node.targets[port]], token, apart=True)

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
                    self._fail(token, Failure("error", "flow.branches_never_meet", {"joins": joins}))
                return True
        return False

    def _join(self, together: list[Token]) -> None:
        first, *others = together
        for token in others:
            self.tokens.remove(token)
        merged = replace(first, groups=first.groups[: depth_met(self.plan, first)], passed=())
        self.tokens[self.tokens.index(first)] = merged
        node = self._node(merged)
        port = node.type.ports(node.settings)[0].id
        self._record(merged, port=port, met=sorted(t.step for t in together))
        self._leave(merged, node, port, None)

    # --- sub-flows ----------------------------------------------------------------------------------------------------

    def _go_inside(self, token: Token, node: PlanNode, changes: Mapping[str, Any]) -> None:
        """Begin the flow that a step stands for; its own token stays, and waits for the end of what goes on inside."""
        if node.inside is None:
            self._fail(
                token,
                Failure("error", "flow.sub_unknown", {name: node.settings.get(name) for name in ("flow", "version")}),
            )
            return
        laid = replace(token, changes=dict(changes))
        self.tokens[self.tokens.index(token)] = laid
        self._rest(laid, "inside", None, **filled(changes=laid.changes))
        self._place(self.plan.nodes[node.inside], laid, apart=True)

    def _around(self, token: Token) -> Token | None:
        """The token of the sub-flow step inside which this one is."""
        here = stay(token)
        return next((one for one in self.tokens if (one.step, one.rest) == (here[0], "inside")), None) if here else None

    def _finish(self, token: Token, result: Result, reason: Words) -> None:
        around = self._around(token)
        if around is not None:
            self._finish_inside(token, around, result, reason)
            return
        self._record(token, finish=result, **filled(reason=reason))
        self.tokens.remove(token)
        if result == "cancelled":
            self._end_all(result, reason)

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
        self._record(token, returned=result, **filled(reason=reason, ended=sorted({one.step for one in ended})))
        if left and not ended:
            return
        heard = replace(around, decided_by=token.decided_by)
        self.tokens[self.tokens.index(around)], around = heard, heard
        node = self._node(around)
        self._apply(
            around, node, node.type.come_back(self._step(around, node), Returned(result, reason, around.changes))
        )

    def _end_all(self, result: Result, reason: Words) -> None:
        # What this very burst asked for is not asked at all.
        self.tasks.clear()
        self.effects.clear()
        self.tokens.clear()
        self.over, self.ended, self.reason = True, result, reason or None

    # --- small parts --------------------------------------------------------------------------------------------------

    def _node(self, token: Token) -> PlanNode:
        return self._index(token.node)

    def _index(self, node: str) -> PlanNode:
        return self.plan.nodes[self.plan.index[node]]

    def _step(self, token: Token, node: PlanNode) -> Step:
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

    def _place(
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
        self._record(token, rest=rest, **limit, **more)
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

    def _record(self, token: Token, **what: Any) -> None:
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


def _awaits(token: Token, answer: Event | SentBack) -> bool:
    """Whether the token waits for this kind of answer, and for that of this seat."""
    match answer:
        case Decided(seat=seat):
            return token.rest in ("person", "hold") and seat in token.seats
        case Joined(seat=seat) | HandedOn(seat=seat) | SentBack(seat=seat):
            return token.rest == "person" and seat in token.seats
        case _:
            return token.rest == "system"


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

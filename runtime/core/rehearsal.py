"""A rehearsal: one order walked through a plan with prepared answers. Nothing leaves, nothing is stored, time is told."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from nodes.contract import Answered, Decided, Event, Need
from runtime.core.decision import Decision
from runtime.core.engine import decide
from runtime.core.moment import EPOCH
from runtime.core.plan import Plan, drawn_id
from runtime.core.run import Due, Reply, Run, RunEvent, RunState, Start, Token

RUN_ID = "0" * 26
LONGEST = 10_000
REHEARSER = "rehearsal"

Answer = Mapping[str, Any]
"""What happens at a node. `{"node", "decision", "reason"?}`: a person decides. `{"node", "port", "kind"?}`: a system
answers (`kind` says how it failed). `{"node", "due": true}`: the time that is waited for comes.
"""

Facts = Callable[[str], Any]
"""What is told of a fact by its name, as `runtime.facts` has them."""


def made_up(fact: str) -> Any:
    """What is taken for true where nobody says: whoever is named is there, a team has one member, all hours are worked."""
    kind, _, key = fact.partition(":")
    match kind:
        case "members":
            return [key.partition(":")[2]]
        case "owner":
            return REHEARSER
        case "later" | "opens":
            return None
        case _:
            return key


@dataclass(frozen=True, slots=True)
class Scene:
    """One thing that happened. `token` is what was answered, `answer` how (None: nothing was, as at the start)."""

    decision: Decision
    now: datetime
    token: Token | None = None
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """How far the order came. `path` are the nodes that it visited, each try for itself; `unused` are answers left over."""

    run: Run
    path: tuple[str, ...]
    journal: tuple[Mapping[str, Any], ...]
    unused: tuple[Answer, ...]
    scenes: tuple[Scene, ...]

    @property
    def state(self) -> RunState:
        """The run's state at the end."""
        return self.run.state


def rehearse(
    plan: Plan,
    order: Mapping[str, Any],
    answers: Sequence[Answer],
    now: datetime,
    ask: Facts = made_up,
    longest: int = LONGEST,
) -> Rehearsal:
    """Walk a canonical order through the plan from `now` on.

    Answers for one node are used in their order. A system without an answer says ok, and the pause of a retry passes by
    itself; a person or a time without an answer is waited for, and there the rehearsal ends. `ask` is told the name of
    each fact that a step needs. After `longest` events it ends wherever it is.
    """
    stage = _Stage(plan, order, now, ask, list(answers))
    stage.happen(Start())
    for _ in range(longest):
        event = next(stage.next_events(), None)
        if event is None:
            break
        stage.happen(event)
    return Rehearsal(
        stage.run, tuple(_path(stage.journal)), tuple(stage.journal), tuple(stage.answers), tuple(stage.scenes)
    )


class _Stage:
    """Where a rehearsal stands. Nothing outside `rehearse` sees it change."""

    def __init__(
        self,
        plan: Plan,
        order: Mapping[str, Any],
        now: datetime,
        ask: Facts,
        answers: list[Answer],
    ) -> None:
        self.plan = plan
        self.order = order
        self.now = now
        self.ask = ask
        self.facts: dict[str, Any] = {}
        self.answers = answers
        self.run = Run(RUN_ID, "running")
        self.journal: list[Mapping[str, Any]] = []
        self.scenes: list[Scene] = []
        self.answered: tuple[Token, Answer | None] | None = None

    def happen(self, event: RunEvent) -> None:
        """Let the event happen. What the plan's nodes need to know is asked."""
        decided = decide(self.plan, self.run, self.order, event, self.facts, self.now)
        while isinstance(decided, Need):
            self.facts |= {name: self.ask(name) for name in decided.facts}
            decided = decide(self.plan, self.run, self.order, event, self.facts, self.now)
        if isinstance(decided, Decision):
            self.run = decided.run
            self.journal.append(decided.entry)
            token, answer = self.answered or (None, None)
            self.scenes.append(Scene(decided, self.now, token, answer))

    def next_events(self) -> Iterator[RunEvent]:
        """What could happen next, in the order of the tokens."""
        for token in sorted(self.run.tokens, key=lambda token: token.step):
            event = self._event_for(token)
            if event is not None:
                yield event

    def _event_for(self, token: Token) -> RunEvent | None:
        answer = next((each for each in self.answers if each["node"] == drawn_id(token.node)), None)
        match token.rest:
            case "retry":
                return self._wait_for(token, answer if answer and answer.get("due") else None)
            case "person" | "hold" | "system" | "time" if answer and answer.get("due"):
                return self._wait_for(token, answer)
            case "person" | "hold" if answer and "decision" in answer:
                decided = Decided(answer["decision"], answer.get("reason", ""), REHEARSER, token.seats[0])
                return self._reply(token, decided, answer)
            case "system" if answer is None or "port" in answer:
                return self._reply(token, _answered(answer), answer)
            case _:
                return None

    def _wait_for(self, token: Token, answer: Answer | None) -> RunEvent | None:
        if token.until is None:
            return None
        self._use(token, answer)
        self.now = max(self.now, EPOCH + timedelta(microseconds=token.until))
        return Due()

    def _reply(self, token: Token, event: Event, answer: Answer | None) -> RunEvent:
        self._use(token, answer)
        return Reply(token.step, token.attempt, event)

    def _use(self, token: Token, answer: Answer | None) -> None:
        self.answered = (token, answer)
        if answer is not None:
            self.answers.remove(answer)


def _answered(answer: Answer | None) -> Answered:
    if answer is None or answer["port"] in ("ok", "sent"):
        return Answered("ok")
    return Answered(answer.get("kind", "timeout" if answer["port"] == "timeout" else "error"))


def _path(journal: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The nodes in the order of their visits. What is told twice of one visit (it rested, it left) counts once."""
    seen: set[tuple[int, int]] = set()
    for entry in journal:
        for visit in entry["steps"]:
            place = (visit["step"], visit["attempt"])
            if place not in seen and not visit.get("policy"):
                seen.add(place)
                yield visit["node"]

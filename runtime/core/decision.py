"""What the state machine answers, as values, and how an event is written into the journal."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nodes.contract import Answered, Decided, Effect, Event, HandedOn, Joined, TaskAsk, TimeUp
from runtime.core.run import Amend, Close, Due, Move, Reply, Retry, Run, RunEvent, SentBack, Skip, Start, Token


@dataclass(frozen=True, slots=True)
class AskedTask:
    """A question that the burst put to a person. The same trace again means: ask anew, with another deadline or person."""

    trace: str
    node: str
    ask: TaskAsk


@dataclass(frozen=True, slots=True)
class AskedEffect:
    """A call that the burst wants made."""

    trace: str
    effect: Effect


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from an event. `withdrawn` are the traces that wait for no answer any more, and did not get this one.

    `failed` are the tokens that came to the failure list, `mended` those that left it. `reminded` are the traces of tasks
    whose people are to be reminded.
    """

    run: Run
    entry: Mapping[str, Any]
    tasks: tuple[AskedTask, ...] = ()
    effects: tuple[AskedEffect, ...] = ()
    withdrawn: tuple[str, ...] = ()
    failed: tuple[Token, ...] = ()
    mended: tuple[Token, ...] = ()
    reminded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stale:
    """The event came too late or twice: nothing waits for it, nothing changes."""

    event: RunEvent


def event_row(event: RunEvent) -> dict[str, Any]:
    """The event as JSON for the journal."""
    match event:
        case Start():
            return {"kind": "start"}
        case Due():
            return {"kind": "due"}
        case Retry(step):
            return {"kind": "retry", "step": step}
        case Close(result, reason):
            return {"kind": "close", "result": result, "reason": reason}
        case Skip(step, port, reason):
            return {"kind": "skip", "step": step, "port": port, "reason": reason}
        case Amend(changes, reason):
            return {"kind": "amend", "changes": dict(changes), "reason": reason}
        case Move(from_version, to_version):
            return {"kind": "move", "from": from_version, "to": to_version}
        case Reply(step, attempt, answer):
            return {"step": step, "attempt": attempt, **_answer_row(answer)}


def _answer_row(answer: Event | SentBack) -> dict[str, Any]:
    match answer:
        case Decided(decision, reason, by, seat):
            return {"kind": "decided", "decision": decision, "reason": reason, "by": by} | filled(seat=seat)
        case Joined(who, place, by, note, seat):
            return {"kind": "joined", "who": dict(who), "place": place, "by": by} | filled(note=note, seat=seat)
        case HandedOn(who, by, note, seat):
            return {"kind": "handed_on", "who": dict(who), "by": by} | filled(note=note, seat=seat)
        case SentBack(to, note, by, seat):
            return {"kind": "sent_back", "to": to, "note": note, "by": by} | filled(seat=seat)
        case Answered(result, content, message):
            return {"kind": "answered", "result": result} | filled(content=dict(content), message=message)
        case TimeUp():
            return {"kind": "time_up"}


def filled(**values: Any) -> dict[str, Any]:
    """Those of the values that say something."""
    return {name: value for name, value in values.items() if value}

"""The only state machine: `decide` takes a run and an event and says what follows, as values.

A burst goes on until every token of the run waits for a person, a time, a system or a branch, or stands on the failure
list. What a burst changes (run, journal entry, tasks, effects) is saved by the caller in one commit. Pure: the clock, the
order and the facts come in as arguments, and asking twice gives the same answer.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from nodes.contract import (
    Decided,
    Event,
    Failure,
    HandedOn,
    Joined,
    Need,
    Result,
    TimeUp,
)
from runtime.core.burst import Burst, Lacking
from runtime.core.decision import Decision, Stale
from runtime.core.moment import EPOCH, MICROSECOND
from runtime.core.moving import obstacles
from runtime.core.plan import Plan, drawn_id, ways_on
from runtime.core.run import (
    Amend,
    Close,
    Due,
    Move,
    Reply,
    Retry,
    Run,
    RunEvent,
    SentBack,
    Skip,
    Start,
    Token,
)

# A held order has no flow yet; all that can happen to it is that a person closes it.
NO_PLAN = Plan(key="", version=0, fingerprint="", start=0, nodes=(), index={})


def decide(
    plan: Plan, run: Run, order: Mapping[str, Any], event: RunEvent, facts: Mapping[str, Any], now: datetime
) -> Decision | Stale | Need:
    """What follows when `event` happens to `run` at `now`.

    `order` is the canonical order. `Need` names facts without which the burst cannot go on: ask again with them.
    """
    burst = Burst(plan, run, order, facts, now)
    try:
        if not _take(burst, event):
            return Stale(event)
        burst.advance()
    except Lacking as lacking:
        return Need(lacking.facts)
    return burst.decision(event)


def break_off(run: Run, event: RunEvent, why: str, now: datetime) -> Decision:
    """The decision when a burst raised: what was about to move goes to the failure list with `why`.

    For the caller's job boundary, so that one order that hits a defect of ours never holds up its neighbours.
    """
    burst = Burst(NO_PLAN, run, {}, {}, now)
    if not run.tokens:
        # The plan itself may be what is broken, so this one stands nowhere; another try starts at the beginning.
        burst.tokens.append(Token(node="", step=0))
    for token in list(burst.tokens):
        if _concerns(burst, event, token):
            burst.fail(token, Failure("error", "engine.defect", {"why": why}))
    return burst.decision(event)


def _take(burst: Burst, event: RunEvent) -> bool:
    """Apply the event to the tokens that it concerns. False: it concerns none."""
    match event:
        case Start():
            return _start(burst)
        case Due():
            return _resume_all(burst, event, TimeUp())
        case Reply():
            return _reply(burst, event)
        case Retry():
            return _retry(burst, event)
        case Close(result, reason):
            return _close(burst, result, reason)
        case Skip():
            return _skip(burst, event)
        case Amend(changes):
            return _amend(burst, changes)
        case Move():
            return _move(burst)


def _start(burst: Burst) -> bool:
    if burst.run.steps or burst.run.tokens:
        return False
    burst.place(burst.plan.nodes[burst.plan.start])
    return True


def _concerns(burst: Burst, event: RunEvent, token: Token) -> bool:
    """Whether the event is about this token."""
    match event:
        case Start():
            return True
        case Due():
            return token.until is not None and token.until <= burst.at and token.rest != "failed"
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


def _reply(burst: Burst, event: Reply) -> bool:
    match event.event:
        case SentBack() as wish:
            return _send_back(burst, event, wish)
        case Joined() | HandedOn() as wish:
            return _seat_anew(burst, event, wish)
        case answer:
            return _resume_all(burst, event, answer)


def _send_back(burst: Burst, event: Reply, wish: SentBack) -> bool:
    """Let the order do the earlier step anew, and all that comes behind it."""
    token = next((token for token in burst.tokens if _concerns(burst, event, token)), None)
    if token is None or wish.to not in token.passed or wish.to not in burst.plan.index:
        return False
    burst.record(token, sent_back=drawn_id(wish.to))
    burst.tokens.remove(token)
    passed = token.passed[: token.passed.index(wish.to)]
    came = replace(token, decided_by=wish.by, passed=passed)
    burst.place(burst.index(wish.to), came)
    return True


def _seat_anew(burst: Burst, event: Reply, wish: Joined | HandedOn) -> bool:
    """Let the step put somebody else at its table, if it has one."""
    token = next((token for token in burst.tokens if _concerns(burst, event, token)), None)
    if token is None or not burst.node(token).type.seats:
        return False
    burst.resume(token, wish)
    return True


def _resume_all(burst: Burst, event: RunEvent, answer: Event) -> bool:
    concerned = [token for token in burst.tokens if _concerns(burst, event, token)]
    for token in concerned:
        # An earlier one of them may have ended the order.
        if token in burst.tokens:
            burst.resume(token, answer)
    return bool(concerned)


def _retry(burst: Burst, event: Retry) -> bool:
    failed = [token for token in burst.tokens if _concerns(burst, event, token)]
    for token in failed:
        burst.tokens.remove(token)
        if token.step == 0:
            # It broke before its first step; see `break_off`.
            burst.place(burst.plan.nodes[burst.plan.start])
            continue
        burst.tokens.append(
            replace(
                token,
                rest="go",
                attempt=token.attempt + 1,
                tries=1,
                by_hand=token.by_hand + 1,
                failure=None,
                since=burst.at,
            )
        )
    return bool(failed)


def _skip(burst: Burst, event: Skip) -> bool:
    token = next((token for token in burst.tokens if _concerns(burst, event, token)), None)
    if token is None or event.port not in ways_on(burst.plan, token.node):
        return False
    burst.record(token, skipped=True, port=event.port)
    burst.leave(token, burst.node(token), event.port, None)
    return True


def _amend(burst: Burst, changes: Mapping[str, Any]) -> bool:
    """What a person changes holds inside sub-flows too, whatever was laid over the order there."""
    if burst.run.ended_at is not None:
        return False
    burst.changes.update(changes)
    burst.tokens = [
        replace(token, changes={path: value for path, value in token.changes.items() if path not in changes})
        if token.changes.keys() & changes.keys()
        else token
        for token in burst.tokens
    ]
    return True


def _move(burst: Burst) -> bool:
    """Stand at the same places of another version. Who was asked is asked as that version says, the clock running on."""
    if burst.run.ended_at is not None or not burst.run.tokens or obstacles(burst.plan, burst.run):
        return False
    for token in [token for token in burst.tokens if token.rest in ("person", "hold")]:
        if token in burst.tokens:
            node = burst.node(token)
            asked = replace(burst.step(token, node), now=EPOCH + token.since * MICROSECOND)
            burst.apply(token, node, node.type.enter(asked))
            _waits_since(burst, token)
    return True


def _waits_since(burst: Burst, before: Token) -> None:
    """Whoever is asked anew at the same step has been waited for since the first time."""
    place = (before.step, before.attempt)
    burst.tokens = [
        replace(one, since=before.since) if (one.step, one.attempt) == place else one for one in burst.tokens
    ]


def _close(burst: Burst, result: Result, reason: str) -> bool:
    if burst.run.ended_at is not None:
        return False
    burst.end_all(result, reason)
    return True


def _awaits(token: Token, answer: Event | SentBack) -> bool:
    """Whether the token waits for this kind of answer, and for that of this seat."""
    match answer:
        case Decided(seat=seat):
            return token.rest in ("person", "hold") and seat in token.seats
        case Joined(seat=seat) | HandedOn(seat=seat) | SentBack(seat=seat):
            return token.rest == "person" and seat in token.seats
        case _:
            return token.rest == "system"

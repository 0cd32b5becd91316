"""Performs outward effects through their outlets and gives back what each was answered."""

import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait

import structlog

from nodes.contract import Answered
from runtime.adapters.contract import Call, Outlet
from runtime.store.journal import ClaimedEffect

log = structlog.get_logger()

# Outlets by adapter (`notifier`, `system`) and target.
Outlets = Mapping[tuple[str, str], Outlet]

CALLS_AT_ONCE = 8
LISTEN_SECONDS = 0.2

# No call of a batch begins later than this: it must be over before the claim lapses and another worker makes it too.
LATEST_BEGIN_SECONDS = 30.0


def perform_all(claimed: Sequence[ClaimedEffect], outlets: Outlets) -> Iterator[dict[str, Answered]]:
    """The answers by trace code, as they come: what is quick does not wait for what is slow.

    Effects whose turn does not come in time have no answer; their claim lapses, and they are claimed again.
    """
    waiting = deque(claimed)
    answered: deque[tuple[str, Answered]] = deque()
    latest = time.monotonic() + LATEST_BEGIN_SECONDS

    def call_in_turn() -> None:
        while (effect := _next(waiting)) and time.monotonic() < latest:
            answered.append((effect.trace, _perform(effect, outlets)))

    with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
        calling = {pool.submit(call_in_turn) for _ in claimed[:CALLS_AT_ONCE]}
        while calling:
            calling = wait(calling, LISTEN_SECONDS).not_done
            answers = dict(answered.popleft() for _ in range(len(answered)))
            if answers:
                yield answers


def _next(waiting: deque[ClaimedEffect]) -> ClaimedEffect | None:
    try:
        return waiting.popleft()
    except IndexError:
        return None


def _perform(effect: ClaimedEffect, outlets: Outlets) -> Answered:
    outlet = outlets.get((effect.adapter, effect.target))
    if outlet is None:
        return Answered("refused", message=f"no {effect.adapter} is called {effect.target}")
    try:
        return outlet.send(Call(effect.trace, effect.content))
    except Exception as defect:
        log.exception("effect.defect", trace=effect.trace, target=effect.target)
        return Answered("error", message=f"{type(defect).__name__}: {defect}")

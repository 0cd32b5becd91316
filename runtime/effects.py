"""Performs outward effects through their outlets and gives back what each was answered."""

from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import structlog

from nodes.contract import Answered
from runtime.adapters.contract import Call, Outlet
from runtime.store.journal import ClaimedEffect

log = structlog.get_logger()

# Outlets by adapter (`notifier`, `system`) and target.
Outlets = Mapping[tuple[str, str], Outlet]

CALLS_AT_ONCE = 8


def perform_all(claimed: Sequence[ClaimedEffect], outlets: Outlets) -> dict[str, Answered]:
    """The answer to every effect, by trace code. None is left without one."""
    waiting = deque(claimed)
    answers: dict[str, Answered] = {}

    def call_in_turn() -> None:
        with suppress(IndexError):
            while True:
                effect = waiting.popleft()
                answers[effect.trace] = _perform(effect, outlets)

    with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
        callers = [pool.submit(call_in_turn) for _ in claimed[:CALLS_AT_ONCE]]
    for caller in callers:
        caller.result()
    return answers


def _perform(effect: ClaimedEffect, outlets: Outlets) -> Answered:
    outlet = outlets.get((effect.adapter, effect.target))
    if outlet is None:
        return Answered("refused", message=f"no {effect.adapter} is called {effect.target}")
    try:
        return outlet.send(Call(effect.trace, effect.content))
    except Exception as defect:
        log.exception("effect.defect", trace=effect.trace, target=effect.target)
        return Answered("error", message=f"{type(defect).__name__}: {defect}")

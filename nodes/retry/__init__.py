"""Try again what failed, after a pause that grows; give up after the last try."""

from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any

from nodes.contract import Event, Finding, Leave, NodeType, Outcome, Port, Sleep, Step, TryAgain

PORTS = (Port("exhausted", failure=True),)


def _enter(step: Step) -> Outcome:
    failure = step.failure
    assert failure is not None, "only failures lead to a retry"
    tries = step.settings["max_tries"]
    if failure.attempt >= tries or failure.kind not in step.settings["on"]:
        return Leave("exhausted", failure=failure, note={"tries": failure.attempt, "of": tries})
    pause = pause_seconds(step.settings, failure.attempt, step.trace)
    return Sleep(step.now + timedelta(seconds=pause), note={"try": failure.attempt + 1, "of": tries})


def _resume(step: Step, event: Event) -> TryAgain:
    return TryAgain()


def pause_seconds(settings: Mapping[str, Any], tried: int, trace: str) -> float:
    """The pause after try number `tried`: first x factor^(tried - 1), capped, then moved by the jitter.

    The jitter comes from the trace code, so that a replay pauses just as long, and two orders that failed together do not
    come back together.
    """
    grown: float = settings["first_delay_seconds"] * float(settings["factor"]) ** (tried - 1)
    pause = min(grown, float(settings["max_delay_seconds"]))
    share = int.from_bytes(sha256(trace.encode()).digest()[:8]) / 2**64
    jitter: float = settings["jitter_percent"] / 100 * (2 * share - 1)
    return round(pause * (1 + jitter), 3)


def _check(settings: Mapping[str, Any]) -> tuple[Finding, ...]:
    if settings["max_delay_seconds"] < settings["first_delay_seconds"]:
        return (Finding("retry.cap_below_first", "max_delay_seconds"),)
    return ()


NODE = NodeType(
    kind="retry",
    group="systems",
    ports=lambda settings: PORTS,
    enter=_enter,
    resume=_resume,
    check=_check,
    waits=True,
)

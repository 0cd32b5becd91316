"""What happens to a step that failed: another try after a pause, a person, a skip, or giving up."""

from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any

from nodes.asking import task, teams, whom
from nodes.contract import (
    AskPerson,
    Decided,
    Event,
    Failure,
    Finding,
    Leave,
    Need,
    NodeType,
    Outcome,
    PassOver,
    Port,
    Sleep,
    Step,
    TryAgain,
)

PORTS = (Port("exhausted", failure=True),)


def _enter(step: Step) -> Outcome:
    failure = _failure(step)
    do = _wanted(step.settings, failure)
    if do in ("retry", "wait") and failure.attempt >= step.settings["max_tries"]:
        do = step.settings["after_last"]
    tried = {"tries": failure.attempt, "of": step.settings["max_tries"]}
    match do:
        case "retry" | "wait":
            return _sleep(step, failure, do)
        case "person":
            return _ask(step)
        case "skip":
            return PassOver(note=tried)
        case _:
            return Leave("exhausted", failure=failure, note=tried)


def _resume(step: Step, event: Event) -> Outcome:
    if not isinstance(event, Decided):
        return TryAgain()
    note = {"decision": event.decision, "reason": event.reason, "by": event.by}
    if event.decision == "approve":
        return TryAgain(by_hand=True, note=note)
    return Leave("exhausted", failure=_failure(step), note=note)


def _failure(step: Step) -> Failure:
    assert step.failure is not None, "only failures lead to a retry"
    return step.failure


def _wanted(settings: Mapping[str, Any], failure: Failure) -> str:
    """What is to be done about this failure: by what was answered, else by its kind."""
    said = str(failure.params.get("message", "")).casefold()
    for rule in settings["rules"]:
        if rule["says"].casefold() in said:
            then: str = rule["then"]
            return then
    if "on" in settings:
        # Documents of before named the kinds that are tried again; the others stopped.
        return "retry" if failure.kind in settings["on"] else "stop"
    by_kind: str = settings[failure.kind]
    return by_kind


def _sleep(step: Step, failure: Failure, do: str) -> Sleep:
    grown = pause_seconds(step.settings, failure.attempt, step.trace)
    pause = step.settings["wait_seconds"] if do == "wait" else grown
    note = {"try": failure.attempt + 1, "of": step.settings["max_tries"]}
    return Sleep(step.now + timedelta(seconds=pause), note=note)


def _ask(step: Step) -> Outcome:
    who = whom(step)
    return who if isinstance(who, Need) else AskPerson(task(step, who))


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
    findings: list[Finding] = []
    if settings["max_delay_seconds"] < settings["first_delay_seconds"]:
        findings.append(Finding("retry.cap_below_first", "max_delay_seconds"))
    return tuple(findings)


def _teams(settings: Mapping[str, Any]) -> tuple[str, ...]:
    done = [settings[name] for name in ("error", "timeout", "refused", "bad_answer", "after_last")]
    done += [rule["then"] for rule in settings["rules"]]
    return teams(settings) if "person" in done else ()


NODE = NodeType(
    kind="retry",
    group="systems",
    ports=lambda settings: PORTS,
    enter=_enter,
    resume=_resume,
    check=_check,
    waits=True,
    teams=_teams,
)

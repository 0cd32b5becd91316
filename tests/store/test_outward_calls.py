"""Outward calls: what is quick does not wait for what is slow, and no call is made by two workers at once."""

import threading
from collections.abc import Sequence

import pytest

from nodes.contract import Answered
from runtime import effects
from runtime.adapters.contract import Call, Outlet
from runtime.effects import perform_all
from runtime.store.journal import ClaimedEffect


def claimed(*targets: str) -> Sequence[ClaimedEffect]:
    return [ClaimedEffect(f"run.{number}.1", "system", target, {}, 1) for number, target in enumerate(targets)]


def test_quick_answers_are_given_while_a_slow_call_still_runs() -> None:
    release = threading.Event()

    def slow(call: Call) -> Answered:
        assert release.wait(20)
        return Answered("ok", {"slow": True})

    outlets = {
        ("system", "slow"): Outlet({"en": "Slow"}, slow),
        ("system", "quick"): Outlet({"en": "Quick"}, lambda call: Answered("ok")),
    }
    rounds = perform_all(claimed("slow", "quick", "quick", "quick"), outlets)
    assert set(next(rounds)) == {"run.1.1", "run.2.1", "run.3.1"}
    release.set()
    assert [set(answers) for answers in rounds] == [{"run.0.1"}]


def test_calls_whose_turn_comes_too_late_are_left_for_the_next_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effects, "LATEST_BEGIN_SECONDS", 0.05)
    monkeypatch.setattr(effects, "CALLS_AT_ONCE", 1)
    made: list[str] = []

    def slow(call: Call) -> Answered:
        made.append(call.key)
        threading.Event().wait(0.1)
        return Answered("ok")

    rounds = list(perform_all(claimed("slow", "slow", "slow"), {("system", "slow"): Outlet({"en": "Slow"}, slow)}))
    assert made == ["run.0.1"]
    assert [set(answers) for answers in rounds] == [{"run.0.1"}]


def test_a_call_to_nobody_and_a_call_that_breaks_are_answered_too() -> None:
    def broken(call: Call) -> Answered:
        raise ZeroDivisionError("a defect of ours")

    outlets = {("system", "broken"): Outlet({"en": "Broken"}, broken)}
    [answers] = perform_all(claimed("nobody", "broken"), outlets)
    assert answers["run.0.1"].result == "refused"
    assert answers["run.1.1"] == Answered("error", message="ZeroDivisionError: a defect of ours")

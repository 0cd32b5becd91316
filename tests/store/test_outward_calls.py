"""Calls that a process has out: each is answered once, at the latest when its time is over, and never forgotten."""

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from nodes.contract import Answered
from runtime import effects
from runtime.adapters.contract import Call, Outlet
from runtime.effects import CALLS_AT_ONCE, Sender, Told, perform
from runtime.store.journal import ClaimedEffect

PATIENCE = 20.0


def claims(count: int, target: str = "erp") -> list[ClaimedEffect]:
    return [ClaimedEffect(f"{target}.{number}.1", "system", target, {}, 1) for number in range(count)]


def outlet(send: Callable[[Call], Answered]) -> Outlet:
    return Outlet("A system", send)


class Book:
    """Keeps what a sender records, and can be waited for."""

    def __init__(self, fails: int = 0) -> None:
        self.told: list[Told] = []
        self.fails = fails
        self.sender = Sender(self.record)
        self.changed = threading.Condition()

    def record(self, told: Sequence[Told]) -> None:
        with self.changed:
            self.changed.notify_all()
            if self.fails:
                self.fails -= 1
                raise ConnectionError("the database is away")
            self.told += told

    def wait_for(self, count: int) -> list[Told]:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.told) >= count, PATIENCE), self.told
            return list(self.told)


def begin(book: Book, claimed: Sequence[ClaimedEffect], send: Callable[[Call], Answered], seconds: float = 20.0) -> int:
    return book.sender.begin(claimed, outlet(send), seconds, time.monotonic())


def test_quick_answers_are_recorded_while_a_slow_call_is_still_out() -> None:
    book, release = Book(), threading.Event()

    def slow(call: Call) -> Answered:
        assert release.wait(PATIENCE)
        return Answered("ok", {"slow": True})

    begin(book, claims(1, "slow"), slow)
    begin(book, claims(3, "quick"), lambda call: Answered("ok"))
    assert {one.effect.target for one in book.wait_for(3)} == {"quick"}
    assert (book.sender.out("system", "slow"), book.sender.out("system", "quick")) == (1, 0)
    release.set()
    assert book.wait_for(4)[3].answer.content == {"slow": True}


def test_a_call_that_hangs_is_answered_by_its_timeout_and_its_late_answer_is_ignored() -> None:
    book, release, ended = Book(), threading.Event(), threading.Event()

    def hang(call: Call) -> Answered:
        assert release.wait(PATIENCE)
        ended.set()
        return Answered("ok")

    begin(book, claims(1), hang, seconds=0.05)
    [told] = book.wait_for(1)
    assert (told.answer.result, told.mark.result, book.sender.out("system", "erp")) == ("timeout", "timeout", 0)
    release.set()
    assert ended.wait(PATIENCE)
    begin(book, claims(1, "next"), lambda call: Answered("ok"))
    assert [one.answer.result for one in book.wait_for(2)] == ["timeout", "ok"]


def test_an_answer_is_recorded_again_until_the_database_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effects, "RECORD_AGAIN_SECONDS", 0.01)
    book, calls = Book(fails=3), []

    def send(call: Call) -> Answered:
        calls.append(call.key)
        return Answered("ok")

    begin(book, claims(1), send)
    assert [one.effect.trace for one in book.wait_for(1)] == calls == ["erp.0.1"]


def test_calls_that_were_claimed_too_long_ago_are_left_for_the_next_claim() -> None:
    book = Book()
    long_ago = time.monotonic() - effects.LATEST_BEGIN_SECONDS - 1
    assert book.sender.begin(claims(3), outlet(lambda call: Answered("ok")), 10, long_ago) == 0
    assert book.sender.out("system", "erp") == 0


def test_however_many_systems_hang_a_quick_one_finds_a_place() -> None:
    book, release = Book(), threading.Event()

    def hang(call: Call) -> Answered:
        assert release.wait(PATIENCE)
        return Answered("ok")

    hung = [f"hung-{number}" for number in range(20)]
    for name in hung:
        begin(book, claims(min(100, book.sender.room("system", name)), name), hang)
    out = [book.sender.out("system", name) for name in hung]
    assert (out[0], min(out)) == (100, 1)
    assert CALLS_AT_ONCE <= sum(out) < CALLS_AT_ONCE + len(hung)
    assert [book.sender.room("system", name) for name in hung] == [0] * len(hung)
    assert book.sender.room("system", "quick") == 1
    release.set()
    book.wait_for(sum(out))


def test_a_call_to_nobody_and_a_call_that_breaks_are_answered_too() -> None:
    def broken(call: Call) -> Answered:
        raise ZeroDivisionError("a defect of ours")

    [effect] = claims(1)
    assert perform(effect, None, 10).result == "refused"
    assert perform(effect, outlet(broken), 10) == Answered("error", message="ZeroDivisionError: a defect of ours")


@pytest.mark.parametrize(
    "content", [{"a": json.loads("[" * 240 + "]" * 240)}, {"a": 2**70}, {"a": object()}, {"a": "\ud800"}]
)
def test_an_answer_that_no_journal_can_hold_is_a_bad_one(content: Mapping[str, Any]) -> None:
    """It would hold up all other answers that are written down with it."""
    [effect] = claims(1)
    assert perform(effect, outlet(lambda call: Answered("ok", content)), 10).result == "bad_answer"


def test_a_message_holds_nothing_that_a_database_refuses() -> None:
    [effect] = claims(1)
    told = perform(effect, outlet(lambda call: Answered("error", message="a\0b\r\n\ud800c" + "d" * 5000)), 10)
    assert told.message.startswith("abcd") and len(told.message) == effects.LONGEST_MESSAGE

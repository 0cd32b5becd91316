"""Makes outward calls. One that hangs holds up nobody: each has its own thread, and is given up when its time is over.

What stays in this process (an outlet that is `inside`) needs no thread: many are performed in one go.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
import structlog

from nodes.contract import Answered
from runtime import crash
from runtime.adapters.contract import Call, Outlet
from runtime.core.lane import MARGIN, SECOND, Mark
from runtime.store.journal import ClaimedEffect

log = structlog.get_logger()

# Outlets by adapter (`notifier`, `system`) and target.
Outlets = Mapping[tuple[str, str], Outlet]

CALLS_AT_ONCE = 200
LATEST_BEGIN_SECONDS = MARGIN / SECOND / 2
YOUNG_SECONDS = 1.0
RECORD_AGAIN_SECONDS = 0.5
RECORD_PATIENCE_SECONDS = 60.0
LONGEST_MESSAGE = 1_000
# How deep an answer lies in what is written down about it, at the most.
LEVELS_AROUND = 20


@dataclass(frozen=True, slots=True)
class Told:
    """A call and what it was answered, after so many milliseconds."""

    effect: ClaimedEffect
    answer: Answered
    millis: int

    @property
    def mark(self) -> Mark:
        """What the call told about its system."""
        wait = self.answer.content.get("retry_after_seconds", 0) if self.answer.result == "error" else 0
        return Mark(self.effect.trace, self.answer.result, self.answer.message, self.millis, wait)


def perform(effect: ClaimedEffect, outlet: Outlet | None, timeout_seconds: float) -> Answered:
    """Make the call of an effect; nobody may be called so."""
    if outlet is None:
        return Answered("refused", message=f"no {effect.adapter} is called {effect.target}")
    return ask(outlet, Call(effect.trace, effect.content, timeout_seconds))


def ask(outlet: Outlet, call: Call) -> Answered:
    """Make a call. A defect of the outlet's is an answer too, and whatever it answers can be written down.

    One answer that the database does not take would hold up all that are written down with it.
    """
    try:
        answer = outlet.send(call)
    except Exception as defect:
        log.exception("effect.defect", trace=call.key)
        answer = Answered("error", message=f"{type(defect).__name__}: {defect}")
    if not _can_be_kept(answer.content):
        answer = Answered("bad_answer", message="the answer is nested too deeply, or is no JSON")
    message = "".join(sign for sign in answer.message if sign.isprintable())[:LONGEST_MESSAGE]
    return replace(answer, message=message)


def _can_be_kept(content: Mapping[str, Any]) -> bool:
    around: Any = dict(content)
    for _ in range(LEVELS_AROUND):
        around = [around]
    try:
        orjson.dumps(around)
    except TypeError:
        return False
    return True


@dataclass(frozen=True, slots=True, eq=False)
class _Out:
    """A call that is out. Times are of the monotonic clock."""

    effect: ClaimedEffect
    began: float
    given_up: float

    def told(self, answer: Answered) -> Told:
        return Told(self.effect, answer, round((time.monotonic() - self.began) * 1000))


class Sender:
    """The calls that this process has out.

    `record` is given what they were answered, in batches, on a thread of ours; `recorded` hears of each batch that is
    written down. That thread ends when no call is out, and a process that is asked to end waits for it.
    """

    def __init__(self, record: Callable[[Sequence[Told]], None], recorded: Callable[[], None] = lambda: None) -> None:
        self._record = record
        self._recorded = recorded
        self._changed = threading.Condition()
        self._out: dict[str, _Out] = {}
        self._told: list[Told] = []
        self._recording: tuple[Told, ...] = ()
        self._listening = False

    def room(self, adapter: str, target: str) -> int:
        """How many more calls to a target may go out of this process: half of what is free, and one in any case."""
        with self._changed:
            half = (CALLS_AT_ONCE - len(self._out)) // 2
            return max(half, 0 if self._count(adapter, target) else 1)

    def out(self, adapter: str, target: str) -> int:
        """How many calls to a target are out of this process."""
        with self._changed:
            return self._count(adapter, target)

    def begin(self, claimed: Sequence[ClaimedEffect], outlet: Outlet, timeout_seconds: float, claimed_at: float) -> int:
        """Begin calls that were claimed at that time of the monotonic clock. How many; those too late are left to lapse."""
        if time.monotonic() - claimed_at > LATEST_BEGIN_SECONDS:
            log.warning("effect.too_late", calls=len(claimed))
            return 0
        for effect in claimed:
            now = time.monotonic()
            call = _Out(effect, now, now + timeout_seconds)
            with self._changed:
                self._out[effect.trace] = call
                self._listen()
            name = f"call {effect.trace}"
            threading.Thread(target=self._call, args=(call, outlet, timeout_seconds), name=name, daemon=True).start()
        return len(claimed)

    def wait_for_the_young(self, seconds: float) -> int:
        """Wait until every call that began a moment ago is answered and recorded. How many of them are not."""
        until = time.monotonic() + seconds
        with self._changed:
            while (young := self._young()) and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)
            return young

    # --- on the call's own thread ---------------------------------------------------------------------------------------

    def _call(self, call: _Out, outlet: Outlet, timeout_seconds: float) -> None:
        answer = perform(call.effect, outlet, timeout_seconds)
        crash.at("effect.answered")
        with self._changed:
            if self._out.get(call.effect.trace) is call:
                del self._out[call.effect.trace]
                self._told.append(call.told(answer))
                self._changed.notify_all()
            else:
                log.info("effect.late_answer", trace=call.effect.trace, result=answer.result)

    # --- on the thread that records -------------------------------------------------------------------------------------

    def _listen(self) -> None:
        if not self._listening:
            threading.Thread(target=self._record_all, name="record answers", daemon=False).start()
            self._listening = True

    def _record_all(self) -> None:
        while told := self._take():
            self._write_down(told)
            self._tell()
            with self._changed:
                self._recording = ()
                self._changed.notify_all()

    def _take(self) -> tuple[Told, ...]:
        """Wait for answers. None come when no call is out any more; then nobody listens."""
        with self._changed:
            while True:
                self._give_up()
                if self._told:
                    self._recording, self._told = tuple(self._told), []
                    return self._recording
                if not self._out:
                    self._listening = False
                    return ()
                first = min(call.given_up for call in self._out.values())
                self._changed.wait(max(0.0, first - time.monotonic()))

    def _give_up(self) -> None:
        now = time.monotonic()
        for trace, call in list(self._out.items()):
            if call.given_up <= now:
                del self._out[trace]
                self._told.append(call.told(Answered("timeout", message="no answer within the time allowed")))

    def _write_down(self, told: Sequence[Told]) -> None:
        """Record answers, again and again while the database does not take them: otherwise the calls would be repeated."""
        until = time.monotonic() + RECORD_PATIENCE_SECONDS
        while True:
            try:
                self._record(told)
            except Exception:
                log.exception("effect.not_recorded", traces=[one.effect.trace for one in told])
            else:
                return
            if time.monotonic() > until:
                return
            time.sleep(RECORD_AGAIN_SECONDS)

    def _tell(self) -> None:
        try:
            self._recorded()
        except Exception:
            log.exception("effect.nobody_told")

    def _count(self, adapter: str, target: str) -> int:
        return sum((one.effect.adapter, one.effect.target) == (adapter, target) for one in self._out.values())

    def _young(self) -> int:
        newest = time.monotonic() - YOUNG_SECONDS
        return len(self._told) + len(self._recording) + sum(call.began > newest for call in self._out.values())

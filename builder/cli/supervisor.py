"""Keeps the parts of one Orderflow alive: starts them in order, starts again what dies, ends all of them politely."""

import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Event

LOOK_EVERY = 0.1  # seconds
SHORTEST_PAUSE, LONGEST_PAUSE = 0.2, 15.0  # seconds before a part that died is started again
SETTLED_AFTER = 5.0  # a part that lived this long has no history
PATIENCE = 12.0  # seconds that a part has to finish its work once it is asked to end


@dataclass(frozen=True, slots=True)
class Part:
    """One process to keep alive. A part of ours ends when its standard input closes, so none outlives us."""

    name: str
    command: tuple[str, ...]
    foundation: bool = False  # the others stand on it: it is the last to end


@dataclass(slots=True)
class _Kept:
    part: Part
    process: subprocess.Popen[bytes]
    started: float
    deaths: int = 0
    again_at: float | None = field(default=None)


class Supervisor:
    """`say` gets one line for each thing worth telling."""

    def __init__(self, variables: Mapping[str, str], say: Callable[[str], None]) -> None:
        self._variables = variables
        self._say = say
        self._kept: list[_Kept] = []
        self.stop = Event()

    def listen_to_signals(self) -> None:
        """Ctrl-C and SIGTERM ask for the end; only the main thread can say this."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda _number, _frame: self.stop.set())

    def start(self, part: Part) -> None:
        self._kept.append(_Kept(part, self._spawn(part), time.monotonic()))

    def run_once(self, part: Part) -> str | None:
        """Runs a part to its end and gives what it printed; None when it failed or the end was asked for."""
        process = self._spawn(part, stdout=subprocess.PIPE)
        while not self.stop.is_set():
            try:
                printed, _ = process.communicate(timeout=LOOK_EVERY)
            except subprocess.TimeoutExpired:
                continue
            return printed.decode() if process.returncode == 0 else None
        _ask_to_end(process)
        _wait_for_the_end(process)
        return None

    def wait_until(self, ready: Callable[[], bool], *, seconds: float) -> bool:
        """Keeps all alive until `ready`; False when that takes too long or the end was asked for."""
        until = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > until or self.stop.wait(LOOK_EVERY / 2):
                return False
            self.look_after_all()
        return True

    def keep_alive(self) -> None:
        """Returns when the end is asked for."""
        while not self.stop.wait(LOOK_EVERY):
            self.look_after_all()

    def look_after_all(self) -> None:
        for kept in self._kept:
            self._look_after(kept, time.monotonic())

    def end_all(self) -> None:
        """Asks all parts to end, waits until they have; those that the others stand on come last."""
        for foundation in (False, True):
            group = [kept.process for kept in self._kept if kept.part.foundation is foundation]
            for process in group:
                _ask_to_end(process)
            for process in group:
                _wait_for_the_end(process)

    def _look_after(self, kept: _Kept, now: float) -> None:
        code = kept.process.poll()
        if code is None:
            return
        if kept.again_at is None:
            if now - kept.started > SETTLED_AFTER:
                kept.deaths = 0
            pause = min(SHORTEST_PAUSE * 2**kept.deaths, LONGEST_PAUSE)
            kept.deaths += 1
            kept.again_at = now + pause
            self._say(f"{kept.part.name} {_how_it_ended(code)}; it is started again in {pause:.1f} s")
        elif now >= kept.again_at:
            kept.process, kept.started, kept.again_at = self._spawn(kept.part), now, None

    def _spawn(self, part: Part, stdout: int | None = None) -> subprocess.Popen[bytes]:
        # Its own session: a Ctrl-C in the terminal reaches us alone, and we ask each part to end once.
        return subprocess.Popen(
            part.command,
            env=dict(self._variables),
            stdin=subprocess.PIPE,
            stdout=stdout,
            start_new_session=True,
        )


def _ask_to_end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()


def _wait_for_the_end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin:
        process.stdin.close()


def _how_it_ended(code: int) -> str:
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"

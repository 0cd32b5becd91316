"""Who runs in a home: a lock that ends with its holder, and beside it what that one was started with."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO

from builder.config import PREFIX, data_root, home_of


@dataclass(frozen=True, slots=True)
class Running:
    """A start of Orderflow: its process, its address once it has one, and the variables it was given."""

    pid: int
    address: str
    variables: Mapping[str, str]


class HomeLock:
    """The right to run in a home, held until its process ends, however it ends."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._running = Running(os.getpid(), "", {k: v for k, v in os.environ.items() if k.startswith(PREFIX)})
        self._write()

    def tell_address(self, address: str) -> None:
        self._running = replace(self._running, address=address)
        self._write()

    def _write(self) -> None:
        self._file.seek(0)
        self._file.truncate()
        json.dump(asdict(self._running), self._file)
        self._file.flush()


@contextmanager
def hold_home(home: Path) -> Iterator[HomeLock | None]:
    """Takes the home for this process; None when another one has it."""
    descriptor = os.open(home / "running", os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+", encoding="utf-8") as file:
        if not _take(file):
            yield None
            return
        yield HomeLock(file)
        file.truncate(0)


def running_in(home: Path) -> Running | None:
    """Who runs in this home now, or None."""
    path = home / "running"
    if not path.is_file():
        return None
    with path.open("r+", encoding="utf-8") as file:
        if _take(file):
            return None
        file.seek(0)
        text = file.read()
    return Running(**json.loads(text)) if text else None


def variables_of_the_running(env: Mapping[str, str]) -> Mapping[str, str]:
    """The environment for a command that must speak with the Orderflow that runs: what that one was started with.

    A variable that is set here holds over it. The real home goes before the demo when both run."""
    root = data_root(env)
    homes = [home_of(root, demo=False), home_of(root, demo=True)]
    found = [] if "ORDERFLOW_DEMO" in env else [running for home in homes if (running := running_in(home))]
    return {**found[0].variables, **env} if found else env


def _take(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

"""What a worker process has in hand: the calls that it claimed, in a file that it holds locked as long as it lives.

A claim is a lease, and a lease outlives its holder. Where the holder can be seen to be dead (its file is there, and nobody
holds the lock), the next worker of the same home makes its calls again at once instead of when the lease ends.
"""

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from runtime.clock import now
from runtime.store.ids import new_id

MOST_LINES = 2_000


class InHand:
    """The file of this process; the lock goes with the process, however it ends."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = new_id(now())
        made = folder / f"{name}.new"
        self._file: IO[str] = made.open("w", encoding="ascii")
        fcntl.flock(self._file, fcntl.LOCK_EX)
        # Nobody sees it before it is locked.
        self.path = made.rename(folder / f"{name}.claims")
        self._claims: dict[str, int] = {}

    def note(self, claims: Mapping[str, int], at: int) -> None:
        """Write down claims, trace -> when they lapse, before they are committed. `at` is now."""
        self._claims.update(claims)
        if len(self._claims) > MOST_LINES:
            self._claims = {trace: lapses for trace, lapses in self._claims.items() if lapses > at}
            self._file.seek(0)
            self._file.truncate()
            claims = self._claims
        self._file.writelines(f"{trace} {lapses}\n" for trace, lapses in claims.items())
        self._file.flush()

    def close(self) -> None:
        """Have nothing in hand any more."""
        self.path.unlink(missing_ok=True)
        self._file.close()


@contextmanager
def left_by_the_dead(folder: Path) -> Iterator[dict[str, int]]:
    """The claims of processes of this home that are dead, trace -> when they lapse.

    They are forgotten at the end of the block, and kept for the next who looks where it raises or is killed.
    """
    with ExitStack() as files:
        dead = [file for path in folder.glob("*.claims") if (file := _opened_if_dead(path, files))]
        yield dict(_read(line) for file in dead for line in file if line.endswith("\n"))
        for file in dead:
            Path(file.name).unlink(missing_ok=True)


def _opened_if_dead(path: Path, files: ExitStack) -> IO[str] | None:
    try:
        file = files.enter_context(path.open("r+", encoding="ascii"))
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        # Its process lives, or another one looks into it just now and is done with it.
        return None
    return file


def _read(line: str) -> tuple[str, int]:
    trace, lapses = line.split()
    return trace, int(lapses)

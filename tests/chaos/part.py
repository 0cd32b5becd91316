"""One part of Orderflow that dies where it is told: `python -m tests.chaos.part FILE web|worker|clock …`.

The part is run by its own command. FILE may say `PLACE N` at any time: the part that passes this place for the N-th time
from then on kills itself, as `kill -9` would. The file is gone then, so that it happens once.
"""

import os
import signal
import sys
from collections import Counter
from functools import partial
from pathlib import Path

from builder.cli import main
from runtime import crash


def lay_traps(wish: Path) -> None:
    """Makes every place of this process look into the file."""
    passed: Counter[str] = Counter()
    for place in crash.PLACES:
        crash.arm(place, partial(_pass, place, wish, passed))


def _pass(place: str, wish: Path, passed: Counter[str]) -> None:
    try:
        wanted, times = wish.read_text("utf-8").split()
    except (FileNotFoundError, ValueError):
        return
    if place != wanted:
        return
    passed[place] += 1
    if passed[place] >= int(times):
        wish.unlink(missing_ok=True)
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    lay_traps(Path(sys.argv[1]))
    main(sys.argv[2:])

"""A worker that is killed with calls out: the next one of its home makes them again at once, and only those."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.in_hand import MOST_LINES, InHand, left_by_the_dead

HOLDER = """
import sys
from pathlib import Path
from runtime.in_hand import InHand
held = InHand(Path(sys.argv[1]))
held.note({"A.1.1": 100, "A.2.1": 200}, 1)
print("held", flush=True)
sys.stdin.read()
"""


def told(folder: Path) -> dict[str, int]:
    """What the dead left, told once."""
    with left_by_the_dead(folder) as claims:
        return claims


def test_what_the_living_hold_stays_theirs_and_what_the_dead_held_is_told_once(tmp_path: Path) -> None:
    own = InHand(tmp_path)
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdin=-1, stdout=-1, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        own.note({"B.1.1": 300}, 1)
        assert told(tmp_path) == {}
        os.kill(holder.pid, signal.SIGKILL)
    finally:
        holder.kill()
        holder.communicate()
    with pytest.raises(KeyError), left_by_the_dead(tmp_path):
        raise KeyError("whoever looked died too")
    assert told(tmp_path) == {"A.1.1": 100, "A.2.1": 200}
    assert told(tmp_path) == {}
    assert own.path.exists()
    own.close()


def test_a_line_that_was_cut_off_by_the_end_is_left_to_its_lease(tmp_path: Path) -> None:
    (tmp_path / "x.claims").write_text("A.1.1 100\nA.2.1 2", "ascii")
    assert told(tmp_path) == {"A.1.1": 100}


def test_the_file_of_a_worker_that_lives_long_stays_small(tmp_path: Path) -> None:
    own = InHand(tmp_path)
    for number in range(3 * MOST_LINES):
        own.note({f"A.{number}.1": number + 10}, number)
    assert len(own.path.read_text("ascii").splitlines()) <= MOST_LINES + 1
    assert f"A.{3 * MOST_LINES - 1}.1 " in own.path.read_text("ascii")
    own.close()

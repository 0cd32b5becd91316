"""The rooms stay apart: the contracts of pyproject.toml hold."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_no_room_imports_upwards_and_the_core_is_pure() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [program, "--no-cache"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]


def test_only_the_journal_writes_runs() -> None:
    """Every change of the table `runs` stands in one module, so that no other code path can move an order."""
    verbs = (
        "insert(runs)",
        "update(runs)",
        "delete(runs)",
        "insert(tables.runs)",
        "update(tables.runs)",
        "delete(tables.runs)",
    )
    writers = [
        str(path.relative_to(ROOT))
        for room in ("builder", "runtime", "nodes")
        for path in sorted((ROOT / room).rglob("*.py"))
        if any(verb in path.read_text("utf-8") for verb in verbs) and "migrations" not in path.parts
    ]
    assert writers == ["runtime/store/journal.py"]

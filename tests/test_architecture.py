"""The rooms stay apart: the contracts of pyproject.toml hold."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
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


def test_every_library_that_is_imported_is_declared() -> None:
    """What only comes along with another library today may be gone tomorrow."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    declared = {plain(re.split(r"[\[<>=;!~ ]", line)[0]) for line in project["dependencies"]}
    providers = packages_distributions()
    undeclared = {
        name
        for name in imported()
        if name not in sys.stdlib_module_names
        and name not in ("builder", "runtime", "nodes")
        and not declared & {plain(provider) for provider in providers.get(name, [name])}
    }
    assert undeclared == set()


def imported() -> Iterator[str]:
    """The first name of every import in the rooms."""
    for room in ("builder", "runtime", "nodes"):
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                match node:
                    case ast.Import(names=names):
                        yield from (name.name.partition(".")[0] for name in names)
                    case ast.ImportFrom(module=str(module), level=0):
                        yield module.partition(".")[0]
                    case _:
                        continue


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()

"""`make check`: everything that can be said about the code without running it. All checks run; the failed are named last."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import bootstrap

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
PYTHON = ("builder", "runtime", "nodes", "tests", "bootstrap.py", "hatch_build.py")


def main() -> None:
    failed = [name for name, command in checks().items() if not passes(name, command)]
    print(f"\n{len(checks()) - len(failed)} passed, {len(failed)} failed{': ' if failed else ''}{', '.join(failed)}")
    raise SystemExit(1 if failed else 0)


def checks() -> dict[str, list[str]]:
    """What is checked, and how."""
    npm, _ = bootstrap.npm_command()
    return {
        "format": [tool("ruff"), "format", "--check", "--quiet", *PYTHON],
        "lint": [tool("ruff"), "check", "--quiet", *PYTHON],
        "types": [tool("mypy"), "builder", "runtime", "nodes", "bootstrap.py", "tests"],
        "rooms": [tool("lint-imports"), "--no-cache"],
        "templates": [tool("djlint"), "templates", "--lint", "--quiet"],
        "translations": [sys.executable, "-m", "tests.translations"],
        "documents": [sys.executable, "-m", "pytest", "-q", "tests/test_docs.py"],
        "front end: types": [*npm, "run", "--silent", "types"],
        "front end: lint": [*npm, "run", "--silent", "lint"],
    }


def passes(name: str, command: list[str]) -> bool:
    started = time.monotonic()
    _, env = bootstrap.npm_command()
    done = subprocess.run(
        command, cwd=ROOT, env={**env, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    passed = done.returncode == 0
    print(f"{'ok  ' if passed else 'FAIL'}  {name}  ({time.monotonic() - started:.1f} s)", flush=True)
    if not passed:
        print(done.stdout[-8000:] + done.stderr[-4000:], flush=True)
    return passed


def tool(name: str) -> str:
    return shutil.which(name, path=str(BIN)) or name


if __name__ == "__main__":
    main()

"""The lock: whatever the project declares is in it, exact and with hashes, and it names no registry."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = (ROOT / "requirements.lock").read_text("utf-8")


def test_everything_that_is_declared_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(line for extra in project["optional-dependencies"].values() for line in extra),
    ]
    locked = set(re.findall(r"^([a-z0-9-]+)==", LOCK, re.MULTILINE))
    assert {re.split(r"[\[<>=;!~ ]", line)[0].lower() for line in wanted} - locked == set()


def test_every_package_is_exact_and_has_hashes() -> None:
    entries = [entry for entry in re.split(r"\n(?=[a-z])", LOCK) if "==" in entry]
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_no_lock_names_a_registry() -> None:
    npm_lock = (ROOT / "package-lock.json").read_text("utf-8")
    assert "://" not in LOCK
    assert '"resolved"' not in npm_lock
    assert "registry" not in npm_lock

"""The rules of the test runs hold."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rules import CalledOutside

ROOT = Path(__file__).resolve().parent.parent


def test_a_test_that_calls_another_machine_fails() -> None:
    with pytest.raises(CalledOutside), socket.socket() as line:
        line.connect(("192.0.2.1", 80))
    with pytest.raises(CalledOutside):
        socket.getaddrinfo("shop.example", 443)


@pytest.mark.parametrize(("ci", "code"), [("true", 1), ("", 0)])
def test_a_skip_is_told_loudly_and_fails_in_ci(tmp_path: Path, ci: str, code: int) -> None:
    (tmp_path / "test_it.py").write_text("import pytest\ndef test_a(): pytest.skip('no Oracle')\ndef test_b(): pass\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.rules", "-q", "-c", os.devnull, "--rootdir", tmp_path, tmp_path],
        env={**os.environ, "CI": ci, "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout
    assert "NOT RUN: 1 tests were skipped" in done.stdout
    assert "no Oracle" in done.stdout

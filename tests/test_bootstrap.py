"""Getting a fresh checkout ready: nothing is done twice, and what cannot be done names the command that mends it."""

from pathlib import Path

import pytest

import bootstrap


def test_a_stamp_holds_until_what_it_was_made_from_changes(tmp_path: Path) -> None:
    source = tmp_path / "a.ts"
    source.write_text("1")
    stamp = bootstrap.Stamp(tmp_path / "made" / ".stamp", bootstrap.digest_of_files(tmp_path, ("*.ts",)))
    assert not stamp.holds()
    stamp.leave()
    assert stamp.holds()
    source.write_text("2")
    assert not bootstrap.Stamp(stamp.path, bootstrap.digest_of_files(tmp_path, ("*.ts",))).holds()


def test_the_lock_has_a_part_for_running_and_one_for_testing_and_one_for_node() -> None:
    parts = bootstrap.lock_parts()
    assert "\nflask==" in parts["run"]
    assert "\npytest==" in parts["dev"]
    assert "\npytest==" not in parts["run"]
    assert "\nnodejs-wheel-binaries==" in parts["node"]


def test_a_python_without_venv_is_told_the_one_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(bootstrap, "find_spec", lambda name: None)
    monkeypatch.setattr(bootstrap, "borrow_pip", lambda: False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit):
        bootstrap.make_environment()
    assert "sudo apt install python3." in capsys.readouterr().err
    assert not (tmp_path / ".venv").exists()


def test_a_machine_without_node_is_told_the_one_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit):
        bootstrap.npm_command()
    assert "make run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("version", "usable"), [("v20.19.0", True), ("v24.1.0", True), ("v20.18.3", False), ("v8.0.0", False)]
)
def test_a_node_that_is_too_old_is_not_used(tmp_path: Path, version: str, usable: bool) -> None:
    for name in ("node", "npm"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho {version}\n")
        (tmp_path / name).chmod(0o755)
    assert (bootstrap.usable_node(str(tmp_path)) is not None) is usable

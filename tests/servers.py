"""Private servers for the tests: started in a folder of their own, reached by a socket in it, ended with it."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from runtime import redis_server

PATIENCE_SECONDS = 180


class Missing(Exception):
    """The server's program is not on this machine."""


@contextmanager
def postgresql(*, careful: bool = False) -> Iterator[str]:
    """The address of a database `postgres` on a new PostgreSQL. `careful`: with fsync, as in a real house."""
    programs = _folder_of("initdb", "/usr/lib/postgresql/*/bin")
    with _folder("postgres") as folder:
        owner = _other_user("postgres")
        _run(
            [programs / "initdb", "-D", folder / "data", "-U", "orderflow", "-A", "trust", "-E", "UTF8", "--locale=C"],
            owner,
        )
        command: list[str | Path] = [
            programs / "postgres",
            "-D",
            folder / "data",
            "-k",
            folder,
            "-c",
            "listen_addresses=",
        ]
        if not careful:
            command += ["-c", "fsync=off", "-c", "full_page_writes=off"]
        url = f"postgresql+psycopg://orderflow@/postgres?host={folder}"
        with _running(command, folder, owner, _says("ready to accept connections")):
            yield url


@contextmanager
def mariadb() -> Iterator[str]:
    """The address of a database `mysql` on a new MariaDB."""
    install = _folder_of("mariadb-install-db", "/usr/bin") / "mariadb-install-db"
    server = _folder_of("mariadbd", "/usr/sbin") / "mariadbd"
    with _folder("mysql") as folder:
        owner = _other_user("mysql")
        options = ["--no-defaults", f"--datadir={folder / 'data'}"]
        _run([install, *options, "--auth-root-authentication-method=normal", "--skip-test-db"], owner)
        socket = folder / "s"
        command: list[str | Path] = [
            server,
            *options,
            f"--socket={socket}",
            "--skip-networking",
            f"--pid-file={folder / 'pid'}",
        ]
        command += ["--innodb-flush-log-at-trx-commit=1", "--innodb-buffer-pool-size=64M"]
        url = f"mysql+pymysql://root@localhost/mysql?unix_socket={socket}"
        with _running(command, folder, owner, _says("ready for connections")):
            yield url


@contextmanager
def redis() -> Iterator[str]:
    """The address of a new Redis that keeps what it is told, started as `orderflow up` starts it."""
    program = redis_server.find_program()
    if program is None:
        raise Missing(redis_server.NOT_FOUND)
    with _folder(None) as folder:
        socket = folder / "r" / "s"
        command = redis_server.command(program, folder / "data", socket)
        with _running(command, folder, None, lambda log: redis_server.answers(socket)):
            yield f"unix://{socket}"


@contextmanager
def _folder(owner: str | None) -> Iterator[Path]:
    # Not pytest's own folder: a socket's path must stay under 100 bytes.
    folder = Path(tempfile.mkdtemp(prefix="of-"))
    try:
        if owner and os.getuid() == 0:
            _give(folder, owner)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _give(folder: Path, owner: str) -> None:
    account = _account(owner)
    os.chown(folder, account.pw_uid, account.pw_gid)


def _other_user(name: str) -> str | None:
    """Servers refuse to run as root: then they run as their own user, or as nobody."""
    return _account(name).pw_name if os.getuid() == 0 else None


def _account(name: str) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return pwd.getpwnam("nobody")


def _folder_of(program: str, pattern: str) -> Path:
    found = [path.parent for path in sorted(Path("/").glob(f"{pattern[1:]}/{program}"), reverse=True)]
    on_path = shutil.which(program)
    if found:
        return found[0]
    if on_path:
        return Path(on_path).resolve().parent
    raise Missing(f"no {program} on this machine")


def _run(command: list[str | Path], user: str | None) -> None:
    done = subprocess.run(
        command, user=user, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stdout[-2000:]}{done.stderr[-2000:]}")


@contextmanager
def _running(
    command: Sequence[str | Path], folder: Path, user: str | None, ready: Callable[[Path], bool]
) -> Iterator[None]:
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, user=user, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        _wait(server, ready, folder / "log")
        yield
    finally:
        # Nobody needs what is in it any more, so it need not end politely.
        server.send_signal(signal.SIGQUIT if "postgres" in str(command[0]) else signal.SIGKILL)
        server.wait()


def _wait(server: "subprocess.Popen[bytes]", ready: Callable[[Path], bool], log: Path) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not ready(log):
        if server.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"a server did not start: {log.read_text('utf-8', 'replace')[-2000:]}")
        time.sleep(0.05)


def _says(phrase: str) -> Callable[[Path], bool]:
    return lambda log: phrase in log.read_text("utf-8", "replace")

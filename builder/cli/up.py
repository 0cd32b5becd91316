"""`orderflow up`: all parts of one home under one supervisor."""

import http.client
import os
import socket
import sys
import time
from dataclasses import replace

import click

from builder.cli.running import HomeLock, hold_home, running_in
from builder.cli.supervisor import Part, Supervisor
from builder.config import NO_PUSH, Settings, is_loopback, socket_path
from runtime import homecoming, redis_server

PORTS_TO_TRY = 50
READY_WITHIN = 60.0  # seconds for one part to answer


def run_all(settings: Settings) -> int:
    """Starts all parts, tells the address, keeps them alive until Ctrl-C or SIGTERM. Gives the exit code."""
    with hold_home(settings.home) as lock:
        if lock is None:
            return _already_running(settings)
        if homecoming.finish(settings.home):
            say("A restore was interrupted; it is finished now.")
        held = hold_port(settings.host, settings.port)
        if held is None:
            return _refuse(
                f"Ports {settings.port} to {settings.port + PORTS_TO_TRY - 1} are all taken; set ORDERFLOW_PORT."
            )
        port: int = held.getsockname()[1]
        if port != settings.port:
            say(f"Port {settings.port} is taken; this is {port}.")
        held_for_push = hold_port(settings.host, settings.push_port) if settings.pushes else None
        settings = _pushing(settings, held_for_push)
        ports = {"ORDERFLOW_PORT": str(port), "ORDERFLOW_PUSH_PORT": str(settings.push_port)}
        supervisor = Supervisor({**os.environ, **ports, "ORDERFLOW_PUSH_URL": settings.push_url}, say)
        supervisor.listen_to_signals()
        try:
            return _run(supervisor, settings, port, lock)
        finally:
            supervisor.end_all()
            held.close()
            if held_for_push:
                held_for_push.close()
            say("All parts have ended.")


def run_redis(settings: Settings) -> int:
    """Runs only the embedded Redis of the home, until it is ended. Gives the exit code."""
    program = redis_server.find_program()
    if program is None:
        return _refuse(redis_server.NOT_FOUND)
    listen_at = socket_path(settings.home)
    if redis_server.answers(listen_at):
        return _refuse(f"A Redis answers at {listen_at} already.")
    say(f"Redis listens at {listen_at}")
    supervisor = Supervisor(os.environ, say)
    supervisor.listen_to_signals()
    supervisor.start(Part("redis", redis_server.command(program, settings.home / "redis", listen_at)))
    supervisor.keep_alive()
    supervisor.end_all()
    return 0


def hold_port(host: str, wished: int) -> socket.socket | None:
    """The wished port, or the next one that nobody has, taken for this start alone.

    The web server listens with SO_REUSEPORT, so two starts on one port would share its visitors without a word. Our own
    web server can join the socket that is held here; another start finds the port taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in range(wished, min(wished + PORTS_TO_TRY, 65536)):
        held = socket.socket(family, socket.SOCK_STREAM)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            held.bind((host, port))
        except OSError:
            held.close()
            continue
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        return held
    return None


def _pushing(settings: Settings, held: socket.socket | None) -> Settings:
    """The settings with the port that is held for the stream; without one, pages ask by themselves."""
    return replace(settings, push_port=held.getsockname()[1]) if held else replace(settings, push_url=NO_PUSH)


def _run(supervisor: Supervisor, settings: Settings, port: int, lock: HomeLock) -> int:
    started = time.monotonic()
    if settings.embedded_redis and (refusal := _start_redis(supervisor, settings)):
        return _refuse(refusal)
    link = supervisor.run_once(Part("preparation", _own("prepare", "--tied")))
    if link is None:
        return 0 if supervisor.stop.is_set() else _refuse("The home could not be prepared; the reason stands above.")
    supervisor.start(Part("web", _own("web", "--tied")))
    if not supervisor.wait_until(lambda: _serves(settings.host, port), seconds=READY_WITHIN):
        return 0 if supervisor.stop.is_set() else _refuse("The web server does not answer; the reason stands above.")
    address = f"http://{_reachable(settings.host)}:{port}"
    lock.tell_address(address)
    _welcome(settings, address, link, time.monotonic() - started)
    for part in _parts_behind_the_web(settings):
        supervisor.start(part)
    supervisor.keep_alive()
    say("Ending: work in hand is finished first.")
    return 0


def _parts_behind_the_web(settings: Settings) -> list[Part]:
    """They start once the pages answer: what comes in before is kept and waits for them."""
    workers = [
        Part(f"worker {number}", _own("worker", "--tied", "--first", "effects" if number % 2 == 0 else "runs"))
        for number in range(1, settings.workers + 1)
    ]
    push = [Part("push", _own("push", "--tied"))] if settings.pushes else []
    feed = [Part("feed", _own("feed", "--tied"))] if settings.demo else []
    return [*push, *workers, Part("clock", _own("clock", "--tied")), *feed]


def _own(*words: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "builder.cli", *words)


def _start_redis(supervisor: Supervisor, settings: Settings) -> str | None:
    """None once it answers, else why it does not."""
    program = redis_server.find_program()
    if program is None:
        return redis_server.NOT_FOUND
    listen_at = socket_path(settings.home)
    if redis_server.answers(listen_at):
        say("Ending the Redis that an earlier start left behind.")
        redis_server.ask_to_end(listen_at)
        supervisor.wait_until(lambda: not redis_server.answers(listen_at), seconds=READY_WITHIN)
    supervisor.start(Part("redis", redis_server.command(program, settings.home / "redis", listen_at), foundation=True))
    if supervisor.wait_until(lambda: redis_server.answers(listen_at), seconds=READY_WITHIN):
        return None
    return f"Redis ({program}) does not answer at {listen_at}."


def _serves(host: str, port: int) -> bool:
    line = http.client.HTTPConnection(_reachable(host).strip("[]"), port, timeout=2)
    try:
        line.request("GET", "/healthz")
        return line.getresponse().status < 500  # it serves; what it says of its health is for others
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()


def _reachable(host: str) -> str:
    """The name by which this machine reaches a server that listens on `host`."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 - it is compared
        return "127.0.0.1" if host == "0.0.0.0" else "[::1]"  # noqa: S104
    return f"[{host}]" if ":" in host else host


def _welcome(settings: Settings, address: str, link: str, seconds: float) -> None:
    rows = {
        "Orderflow": address + ("" if is_loopback(settings.host) else "  (open to the network)"),
        "Home": f"{settings.home} ({'demo shop, simulated orders' if settings.demo else 'real orders'})",
        "Sign in": f"{address}{link}  (once, within 10 minutes)" if link else "",
        "Started in": f"{seconds:.1f} s",
        "To end": "Ctrl-C",
    }
    lines = [f"  {click.style(f'{name:<12}', bold=True)}{text}" for name, text in rows.items() if text]
    click.echo("\n" + "\n".join(lines) + "\n")


def _already_running(settings: Settings) -> int:
    running = running_in(settings.home)
    where = f" at {running.address} (process {running.pid})" if running and running.address else ""
    return _refuse(f"Orderflow runs in this home already{where}.")


def _refuse(text: str) -> int:
    click.secho(text, err=True, fg="red")
    return 1


def say(text: str) -> None:
    """One line of what the supervisor does."""
    click.echo(f"· {text}", err=True)

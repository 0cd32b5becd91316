"""Rules of every test run: nothing but loopback is called, and a skip is never silent (with CI=true it is a failure)."""

import os
import sys
from collections import Counter
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import pytest
from _pytest.terminal import TerminalReporter

NAMES_OF_THIS_MACHINE = ("localhost", "", None)


class CalledOutside(Exception):
    """A test tried to reach another machine."""


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_guard_key] = guard = _Guard()
    sys.addaudithook(guard.look)


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[_guard_key].on = False


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: TerminalReporter) -> Iterator[None]:
    yield
    skipped = terminalreporter.stats.get("skipped", [])
    if not skipped:
        return
    terminalreporter.section(f"NOT RUN: {len(skipped)} tests were skipped", sep="!", red=True, bold=True)
    reasons = Counter(_reason(report) for report in skipped)
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"{count:5}  {reason}", red=True)
    if _in_ci():
        terminalreporter.write_line("With CI=true a skipped test is a failed run.", red=True, bold=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if _in_ci() and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


class _Guard:
    """Hears of every connection before it is made."""

    def __init__(self) -> None:
        self.on = True

    def look(self, event: str, args: tuple[Any, ...]) -> None:
        if self.on and event == "socket.connect" and not _is_here(args[1]):
            raise CalledOutside(f"a test called {args[1]}")
        if self.on and event == "socket.getaddrinfo" and not _is_this_machine(args[0]):
            raise CalledOutside(f"a test asked for the address of {args[0]}")


_guard_key = pytest.StashKey[_Guard]()


def _is_here(address: object) -> bool:
    return not isinstance(address, tuple) or _is_this_machine(address[0])


def _is_this_machine(host: str | bytes | None) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if name in NAMES_OF_THIS_MACHINE:
        return True
    try:
        return ip_address(str(name)).is_loopback
    except ValueError:
        return False


def _reason(report: Any) -> str:
    return str(report.longrepr[2]).removeprefix("Skipped: ") if isinstance(report.longrepr, tuple) else "xfail"


def _in_ci() -> bool:
    return os.environ.get("CI", "").lower() in ("1", "true")

"""What the commands do about systems: set one up, forget it, and list what may be called inside the house."""

from collections.abc import Sequence
from typing import cast

from builder.config import Settings
from runtime import systems
from runtime.actor import SYSTEM
from runtime.adapters.web import Proof
from runtime.clock import now
from runtime.core import words
from runtime.core.lane import RANGES
from runtime.core.moment import micros
from runtime.core.problem import Problem
from runtime.sealing import Seal
from runtime.store.database import begin, connect, reading
from runtime.systems import System


def set_up(
    settings: Settings,
    name: str,
    url: str,
    label: str | None = None,
    proof: str | None = None,
    secret: str | None = None,
    limits: Sequence[str] = (),
    allowed: Sequence[str] = (),
) -> list[str]:
    """Adds a system, or changes it; what is allowed already stays so. Gives what is wrong, and then nothing was done.

    `limits` are NAME=NUMBER texts.
    """
    told = dict(text.partition("=")[::2] for text in limits)
    if strange := [name for name in told if name not in RANGES]:
        return [f"limit: there is no limit “{strange[0]}”. Take one of {', '.join(RANGES)}."]
    with begin(connect(settings.database_url), durable=True) as connection:
        before = systems.find(connection, name)
        listed = systems.allowed(connection)
        wanted = [*listed, *(text for text in allowed if text not in listed)]
        shown_name = label or (systems.label_of(before) if before else name)
        proved = proof or (before["proof"] if before else "none")
        system = System(name, shown_name, url, cast(Proof, proved), secret)
        read, wrong = systems.read_limits(told, systems.limits_of(connection, name))
        problems = systems.problems_of(system, before)
        problems += [*wrong, *systems.allowed_problems(wanted)]
        if problems:
            return [_told(problem) for problem in problems]
        at = micros(now())
        systems.keep(connection, system, read, Seal(settings.secret_key), SYSTEM, at)
        if wanted != list(listed):
            systems.allow(connection, wanted, SYSTEM, at)
    return []


def forget(settings: Settings, name: str) -> str:
    """Forgets a system. Gives why not, where that is so."""
    with begin(connect(settings.database_url), durable=True) as connection:
        if systems.find(connection, name) is None:
            return f"There is no system named “{name}”."
        callers = systems.callers(connection, name)
        if callers:
            return f"These flows call “{name}”: {', '.join(callers)}. Let them call another system first."
        systems.drop(connection, name, SYSTEM, micros(now()))
    return ""


def listed(settings: Settings) -> list[str]:
    """Every system that was set up, one a line."""
    with reading(connect(settings.database_url)) as connection:
        return [f"{row['name']}  {row['url']}" for row in systems.all_systems(connection)]


def _told(problem: Problem) -> str:
    text, remedy = words.text(problem.code, problem.params)
    return f"{problem.where}: {text} {remedy}"

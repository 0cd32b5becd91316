"""RQ's entry points. A job answers a bell, works until there is nothing left, and mostly lingers a moment for more."""

import time
from collections.abc import Callable
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError

from runtime.doorbell import Doorbell
from runtime.in_hand import left_by_the_dead
from runtime.service import Service

log = structlog.get_logger()

LINGER_SECONDS = 1.0
LISTEN_SECONDS = 0.25
LONGEST_SECONDS = 20.0

# What comes one by one is moved together: after a small batch the worker takes a breath before the next.
SMALL = 20
BREATH_SECONDS = 0.01

_bound: list[Service] = []


def bind(service: Service) -> None:
    """Say which service this worker process works for; once, before the worker starts."""
    _bound[:] = [service]


def look_around(claims: Path) -> None:
    """Let what killed workers left behind be taken up at once; for a worker that begins. `claims`: see `in_hand`."""
    service = _service()
    try:
        with left_by_the_dead(claims) as left:
            service.outbox.take_up(left)
            service.pulling.take_up(left)
    except SQLAlchemyError as broken:
        log.warning("claims.left_to_lapse", error=repr(broken))
    for bell in _bells(service):
        bell.ring_anew()


def drain() -> None:
    """Move every order that can go on."""
    service = _service()
    _linger(service.run_bell, service.drain)


def perform() -> None:
    """Make every outward call that is due."""
    service = _service()
    _linger(service.effect_bell, service.perform)


def act() -> None:
    """Do what people asked to be done about many orders: to their failures, and moves to another version."""
    service = _service()
    _linger(service.act_bell, lambda: service.acts.work() + service.moving.work())


def pull() -> None:
    """Begin to pull the channels that are due; what is begun goes on behind, so that nobody waits for it here."""
    service = _service()
    service.pull_bell.hang_up()
    service.pulling.work()


def _service() -> Service:
    if not _bound:
        raise RuntimeError("no service is bound in this worker: start it with `orderflow worker`")
    return _bound[0]


def _bells(service: Service) -> tuple[Doorbell, ...]:
    return service.run_bell, service.effect_bell, service.act_bell, service.pull_bell


def _called_elsewhere(bell: Doorbell) -> bool:
    """Whether another bell was rung and nobody came."""
    return any(one.unanswered() for one in _bells(_service()) if one is not bell)


def _linger(bell: Doorbell, work: Callable[[], int]) -> None:
    started = busy = time.monotonic()
    while time.monotonic() - busy < LINGER_SECONDS:
        if time.monotonic() - started > LONGEST_SECONDS:
            # Let the worker breathe (heartbeat, polite stop); the ring below calls the next job.
            break
        if bell.hold() and time.monotonic() - started > LINGER_SECONDS and _called_elsewhere(bell):
            # Every worker is busy with something else: take turns.
            break
        moved = work()
        if moved:
            busy = time.monotonic()
        if 0 < moved < SMALL:
            time.sleep(BREATH_SECONDS)
        elif not moved and not bell.wait(LISTEN_SECONDS):
            # Without Redis nobody could call this worker again, so it goes on looking for itself.
            busy = time.monotonic()
    bell.hang_up()
    # A ring between the last look and hanging up called nobody: look once more.
    if work():
        bell.ring()

"""The time, and the tick that rings again for whatever is due."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

import structlog

log = structlog.get_logger()

TICK_SECONDS = 1.0

Clock = Callable[[], datetime]


def now() -> datetime:
    """The time in UTC."""
    return datetime.now(UTC)


class Ticking(Protocol):
    """What the clock drives."""

    def tick(self) -> None: ...


def run(service: Ticking, stop: threading.Event) -> None:
    """Tick every second until `stop` is set. A tick that fails is recorded, and the next one comes."""
    while not stop.wait(TICK_SECONDS):
        try:
            service.tick()
        except Exception:
            log.exception("clock.tick_failed")

"""kill -9 at a named place, while orders come in, people decide and somebody publishes."""

import time
from collections.abc import Iterator
from typing import Any

from redis import Redis

from runtime import crash
from tests.chaos.people import People
from tests.chaos.yard import Yard, wait_until

ORDERS = 12


# Nobody is pulled here: tests.jobs.test_pulling kills whoever pulls.
PLACES = [place for place in crash.PLACES if not place.startswith("pull.")]


def part_of(place: str) -> str:
    """Which part passes a place."""
    match place.partition(".")[0]:
        case "intake" | "reply" | "publication" | "ring":
            return "web"
        case "tick":
            return "clock"
        case _:
            return "worker"


def kill_at(yard: Yard, place: crash.Place, orders: Iterator[dict[str, Any]]) -> float:
    """Let a part walk into its death, and start it again. The seconds from its start until an order moved that came then."""
    part = part_of(place)
    if place.startswith("ring."):
        wait_until(lambda: _nobody_listens(yard), "no worker listens")
    yard.lay_trap(part, place)
    people = People(yard.address, seed=1, heard=yard.people.heard)
    people.start(iter([next(orders) for _ in range(ORDERS)]), shops=2, pause=0)
    people.start_designer()
    yard.wait_for_death(part)
    began = time.monotonic()
    yard.start(part)
    yard.works(next(orders))
    seconds = time.monotonic() - began
    people.finish()
    return seconds


def _nobody_listens(yard: Yard) -> bool:
    """Whether the next ring calls a worker."""
    with Redis(unix_socket_path=str(yard.socket)) as redis:
        return not redis.keys("orderflow.*:held")

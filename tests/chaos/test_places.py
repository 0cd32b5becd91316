"""kill -9 at every named place: the part is started again, the work goes on, and the judge finds every promise kept."""

import ast
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from redis import Redis

from runtime import crash
from tests.chaos.history import Verdict
from tests.chaos.people import People, numbered, real_orders
from tests.chaos.yard import Yard, opened, wait_until
from tests.databases import Fresh

pytestmark = pytest.mark.redis

ROOT = Path(__file__).resolve().parents[2]
ORDERS = 12
PROMISED_SECONDS = 3.0


def part_of(place: str) -> str:
    """Which part passes a place."""
    match place.partition(".")[0]:
        case "intake" | "reply" | "publication" | "ring":
            return "web"
        case "tick":
            return "clock"
        case _:
            return "worker"


@pytest.fixture(scope="module")
def yard(sqlite_databases: Fresh) -> Iterator[Yard]:
    with opened(sqlite_databases(), "worker", "clock") as yard:
        yard.people.start_operator()
        yield yard
        yard.people.go_home()


@pytest.fixture(scope="module")
def orders() -> Iterator[dict[str, Any]]:
    return numbered(real_orders())


@pytest.fixture(scope="module")
def seconds() -> list[float]:
    """From each start of a part that was killed until an order moved that came after it."""
    return []


@pytest.mark.parametrize("place", crash.PLACES)
def test_who_is_killed_here_loses_nothing_and_repeats_nothing(
    yard: Yard, orders: Iterator[dict[str, Any]], seconds: list[float], place: crash.Place
) -> None:
    part = part_of(place)
    if place.startswith("ring."):
        wait_until(lambda: nobody_listens(yard), "no worker listens")
    yard.lay_trap(part, place)
    people = People(yard.address, seed=1, heard=yard.people.heard)
    people.start(iter([next(orders) for _ in range(ORDERS)]), shops=2, pause=0)
    people.start_designer()
    yard.wait_for_death(part)
    if part == "worker":
        yard.let_go_of_calls()
    began = time.monotonic()
    yard.start(part)
    yard.works(next(orders))
    seconds.append(time.monotonic() - began)
    people.finish()
    assert_all_is_well(yard, yard.verdict(at_rest=False))


def test_in_the_end_every_order_has_ended_and_the_work_was_soon_taken_up(yard: Yard, seconds: list[float]) -> None:
    yard.settle()
    verdict = yard.verdict()
    assert_all_is_well(yard, verdict)
    assert verdict.orders == verdict.ended == len(yard.people.heard.acknowledged)
    assert median(seconds) < PROMISED_SECONDS, seconds


def assert_all_is_well(yard: Yard, verdict: Verdict) -> None:
    assert not verdict.faults, str(verdict)
    assert not yard.people.heard.refused


def nobody_listens(yard: Yard) -> bool:
    """Whether the next ring calls a worker."""
    with Redis(unix_socket_path=str(yard.socket)) as redis:
        return not redis.keys("orderflow.*:held")


def test_every_place_stands_once_in_the_product() -> None:
    found = Counter(
        call.args[0].value
        for path in (ROOT / "runtime").rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call)
        and ast.unparse(call.func) == "crash.at"
        and isinstance(call.args[0], ast.Constant)
    )
    assert found == Counter(crash.PLACES)


def test_no_place_can_be_armed_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match=r"drain\.locked"):
        crash.arm("drain.lokced", lambda: None)  # type: ignore[arg-type]

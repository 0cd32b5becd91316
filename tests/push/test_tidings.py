"""What the runtime tells: after every commit that people see, in few words, and never in the way of the work."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.client import PubSub

from runtime.actor import Actor
from runtime.pushing import MOST_RUNS, Tidings, channel_of
from runtime.service import Service
from runtime.wiring import open_service
from tests.core.flow_documents import approval, document, total_over
from tests.push.houses import PATIENCE, close, wait_for_silence
from tests.trade import arrival, order, publish

ZHAO = Actor("zhao")
ASKING = document(
    [
        ("in", "ingest", {}),
        ("way", "route", {"rules": [{"id": "big", "name": "big", "when": total_over("5000.00")}]}),
        ("ask", "approval", approval()),
        ("end", "end", {}),
    ],
    ["in.out>way", "way.big>ask", "way.else>end", "ask.approved>end", "ask.rejected>end"],
    key="asking",
    channels=["own-shop"],
    teams=[{"key": "leads", "name": "Leads"}],
)


@pytest.fixture
def told(redis_url: str) -> Iterator[PubSub]:
    """What is told from now on."""
    with Redis.from_url(redis_url) as redis, redis.pubsub(ignore_subscribe_messages=True) as listening:
        listening.subscribe(channel_of(0))
        assert listening.get_message(timeout=PATIENCE) is None
        yield listening


@pytest.fixture
def service(sqlite_url: str, redis_url: str) -> Iterator[Service]:
    """A service whose browsers hear of what it does."""
    made = open_service(sqlite_url, redis_url, pushes=True)
    publish(made, ASKING)
    yield made
    close(made)


def until(told: PubSub, *wanted: str) -> set[str]:
    """All topics that were told until these were among them."""
    heard: set[str] = set()
    while not heard.issuperset(wanted):
        message = told.get_message(timeout=PATIENCE)
        assert message is not None, f"heard only {heard}"
        heard.update(message["data"].decode().split())
    return heard


def test_the_last_change_of_many_is_told_and_few_messages_are_made(told: PubSub, redis_url: str) -> None:
    with Redis.from_url(redis_url) as redis:
        tidings = Tidings(redis)
        for _ in range(1_000):
            tidings.tell(["tasks"])
        tidings.tell(["last"])
        messages: list[Any] = []
        while not messages or b"last" not in messages[-1]["data"]:
            messages.append(told.get_message(timeout=PATIENCE))
        wait_for_silence()
    assert len(messages) < 20


def test_of_very_many_orders_is_told_only_that_they_are_many(told: PubSub, redis_url: str) -> None:
    with Redis.from_url(redis_url) as redis:
        Tidings(redis).tell(["orders", *(f"run:{number}" for number in range(MOST_RUNS + 1))])
        assert until(told, "orders") == {"orders", "run:*"}
        wait_for_silence()


def test_a_redis_that_is_away_stops_nobody(tmp_path: Path, told: PubSub, redis_url: str) -> None:
    with Redis.from_url(f"unix://{tmp_path}/nothing") as away:
        Tidings(away).tell(["tasks"])
        wait_for_silence()
    with Redis.from_url(redis_url) as redis:
        Tidings(redis).tell(["orders"])
        assert until(told, "orders") == {"orders"}
        wait_for_silence()


def test_what_people_and_orders_do_is_told_when_it_is_stored(told: PubSub, service: Service) -> None:
    until(told, "flows", "flow:asking")
    run_id = service.receive([arrival(order(1, total="9000.00"), "own-shop")])[0].run_id
    until(told, "orders", "balance")
    while service.drain():
        pass
    until(told, "tasks", f"run:{run_id}")
    trace = f"{run_id}.3.1"
    assert service.answering.claim(trace, ZHAO) is None
    until(told, "tasks")
    assert service.answering.decide([trace], "approve", "", ZHAO, undo_seconds=30) == {}
    until(told, "tasks")
    assert service.answering.take_back([trace], ZHAO) == [trace]
    until(told, "tasks")
    assert service.decide_task(trace, "approve", "", ZHAO) is None
    until(told, "tasks", "orders", "balance", f"run:{run_id}")


def test_a_channel_that_is_held_is_told(told: PubSub, service: Service) -> None:
    assert service.surges.hold("own-shop", "prices are wrong", ZHAO)
    until(told, "surges")

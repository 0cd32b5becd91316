"""Tells browsers that something has changed: the names of topics, never what is in them.

Whoever shows a topic then asks the server for it, by its ordinary address, where duties are checked. So whatever is lost or
overheard here loses and betrays nothing.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Final

import structlog
from redis import Redis
from redis.exceptions import RedisError

from runtime.core.decision import Decision

log = structlog.get_logger()

CHANNEL: Final = "orderflow.tidings"
GAP_SECONDS: Final = 0.25
MOST_RUNS: Final = 200
ANY_RUN: Final = "run:*"

Tell = Callable[[Iterable[str]], None]


def channel_of(database: object) -> str:
    """The channel of an installation. Databases of one Redis share their channels, so its number is in the name."""
    return f"{CHANNEL}.{database or 0}"


def tell_nobody(_topics: Iterable[str]) -> None:
    """For a service that no browser hears of."""


class Tidings:
    """Tells topics to all browsers. Safe to share between threads.

    The first is told at once, what follows at most four times a second, together; the last is always told. Nobody waits
    for it: a thread of its own speaks and ends when there is nothing left to say.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._channel = channel_of(redis.connection_pool.connection_kwargs.get("db"))
        self._lock = threading.Lock()
        self._waiting: dict[str, None] = {}
        self._speaking = False
        self._unheard = False

    def tell(self, topics: Iterable[str]) -> None:
        """Say that these have changed; to be called after the commit. Without Redis this is noted once and forgotten."""
        with self._lock:
            self._waiting.update(dict.fromkeys(topics))
            if self._speaking or not self._waiting:
                return
            self._speaking = True
        try:
            threading.Thread(target=self._speak, name="tidings").start()
        except RuntimeError:  # the process is ending, or has no room for a thread: browsers ask by themselves
            with self._lock:
                self._speaking = False

    def _speak(self) -> None:
        try:
            while topics := self._take():
                self._publish(topics)
                time.sleep(GAP_SECONDS)
        except BaseException:
            with self._lock:
                self._speaking = False
            raise

    def _take(self) -> Sequence[str]:
        with self._lock:
            topics, self._waiting = list(self._waiting), {}
            self._speaking = bool(topics)
        return topics

    def _publish(self, topics: Sequence[str]) -> None:
        try:
            self._redis.publish(self._channel, " ".join(_in_short(topics)))
            self._unheard = False
        except RedisError as broken:
            if not self._unheard:
                log.warning("tidings.unheard", error=str(broken))
            self._unheard = True


def topics_of(decisions: Sequence[Decision]) -> list[str]:
    """What has changed with these decisions, now committed."""
    if not decisions:
        return []
    topics = ["orders", "balance"]
    if any(one.tasks or one.withdrawn or one.reminded for one in decisions):
        topics.append("tasks")
    if any(one.failed or one.mended for one in decisions):
        topics.append("failures")
    return topics + [f"run:{one.run.id}" for one in islice(decisions, MOST_RUNS + 1)]


def _in_short(topics: Sequence[str]) -> list[str]:
    """The topics; of many orders only that they are many."""
    runs = [topic for topic in topics if topic.startswith("run:")]
    if len(runs) <= MOST_RUNS:
        return list(topics)
    return [*(topic for topic in topics if not topic.startswith("run:")), ANY_RUN]

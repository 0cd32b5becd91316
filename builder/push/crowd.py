"""Who listens to the stream, and what each of them has still to be told. Names of topics only, so nothing grows with time.

Marks are microseconds since the epoch that always grow. Who comes back with the last mark it heard is told what it missed;
where that is not known any more, it is told that anything may have changed.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Final

ALL: Final = "*"
MOST_KNOWN: Final = 20_000


class Listener:
    """One browser. What it has still to be told is a set: however slow it is, each topic waits once."""

    def __init__(self, person: str, topics: frozenset[str]) -> None:
        self.person = person
        self.topics = topics
        self.woken = asyncio.Event()
        self.over = False
        self._waiting: set[str] = set()

    def tell(self, topic: str) -> None:
        """Note that this has changed, if the browser follows it. `run:*` is any run."""
        if topic in self.topics or topic == ALL or (topic.endswith(":*") and self._follows_one(topic[:-1])):
            self._waiting.add(topic)
            self.woken.set()

    def end(self) -> None:
        """The stream is to end."""
        self.over = True
        self.woken.set()

    def take(self) -> list[str]:
        """What is to be told now."""
        waiting, self._waiting = sorted(self._waiting), set()
        if not self.over:
            self.woken.clear()
        return waiting

    def _follows_one(self, kind: str) -> bool:
        return any(topic.startswith(kind) for topic in self.topics)


class Crowd:
    """All browsers that listen to this process. `micros` tells the time."""

    def __init__(self, micros: Callable[[], int]) -> None:
        self._micros = micros
        self._listeners: dict[Listener, None] = {}
        self._told: OrderedDict[str, int] = OrderedDict()
        self._known_since = self.mark = micros()

    def __len__(self) -> int:
        return len(self._listeners)

    def listen_anew(self) -> None:
        """From now on it is known what is told; what was told before is not."""
        self._told.clear()
        self._known_since = self.mark = self._next_mark()

    def join(self, person: str, topics: frozenset[str], after: int | None) -> Listener:
        """One more browser; it is told what changed after its mark."""
        listener = Listener(person, topics)
        if after is not None and after < self._known_since:
            listener.tell(ALL)
        elif after is not None:
            for topic, mark in self._told.items():
                if mark > after:
                    listener.tell(topic)
        self._listeners[listener] = None
        return listener

    def leave(self, listener: Listener) -> None:
        """This browser listens no more."""
        self._listeners.pop(listener, None)

    def oldest_of(self, person: str, most: int) -> Listener | None:
        """The longest connected browser of a person who has `most` of them or more."""
        own = [listener for listener in self._listeners if listener.person == person and not listener.over]
        return own[0] if len(own) >= most else None

    def tell(self, topics: Iterable[str]) -> None:
        """These have changed."""
        self.mark = self._next_mark()
        for topic in topics:
            self._told[topic] = self.mark
            self._told.move_to_end(topic)
            for listener in self._listeners:
                listener.tell(topic)
        while len(self._told) > MOST_KNOWN:
            self._known_since = self._told.popitem(last=False)[1]

    def end_all(self) -> None:
        """Let every stream end."""
        for listener in self._listeners:
            listener.end()

    def _next_mark(self) -> int:
        return max(self.mark + 1, self._micros())

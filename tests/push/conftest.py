"""What the tests of the push share: one process for those that leave it as it is, one of its own for those that kill it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.push.houses import Ear, Pusher, pushing

Hear = Callable[..., Ear]
"""Opens a stream: `hear(pusher, "tasks orders", person="lin", after=mark)`."""


@pytest.fixture(scope="module")
def pusher() -> Iterator[Pusher]:
    """A running push process; nobody kills it."""
    with pushing() as made:
        yield made


@pytest.fixture
def mortal() -> Iterator[Pusher]:
    """A running push process that may be killed."""
    with pushing() as made:
        yield made


@pytest.fixture
def hear() -> Iterator[Hear]:
    """Lets a browser listen; whatever is still open at the end is closed."""
    ears: list[Ear] = []

    def listen(pusher: Pusher, topics: str = "tasks", **more: Any) -> Ear:
        ears.append(Ear(pusher.port, pusher.path(topics, **more)))
        return ears[-1]

    yield listen
    for ear in ears:
        ear.close()

"""A runtime on a fresh database, with a clock that a test moves and bells that only count."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from runtime.doorbell import Doorbell
from runtime.effects import Outlets
from runtime.service import Service
from runtime.store.database import connect
from tests.trade import all_outlets

SECRET_KEY = "of tests only"


class SilentBell(Doorbell):
    """A bell that nobody hears; it counts how often it was rung."""

    def __init__(self) -> None:
        self.rings = 0

    def ring(self) -> None:
        self.rings += 1


@dataclass(slots=True)
class Watch:
    """A clock that a test sets."""

    now: datetime = datetime(2026, 11, 22, 2, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def go_on(self, **more: float) -> None:
        self.now += timedelta(**more)


@dataclass(slots=True)
class House:
    """A service, and what a test holds in its hands around it."""

    url: str
    watch: Watch = field(default_factory=Watch)
    outlets: Outlets = field(default_factory=all_outlets)
    service: Service = field(init=False)
    run_bell: SilentBell = field(default_factory=SilentBell)
    effect_bell: SilentBell = field(default_factory=SilentBell)
    act_bell: SilentBell = field(default_factory=SilentBell)
    pull_bell: SilentBell = field(default_factory=SilentBell)

    def __post_init__(self) -> None:
        self.service = Service(
            connect(self.url),
            self.run_bell,
            self.effect_bell,
            self.act_bell,
            self.pull_bell,
            self.watch,
            self.outlets,
            secret_key=SECRET_KEY,
        )

    def settle(self) -> None:
        """Let everything go on until nothing can without people or time."""
        for _ in range(50):
            if not self.service.drain() + self.service.perform():
                return
        raise AssertionError("the work never ends")


@pytest.fixture
def house(database_url: str) -> Iterator[House]:
    house = House(database_url)
    yield house
    house.service.engine.dispose()


@pytest.fixture
def sqlite_house(sqlite_url: str) -> Iterator[House]:
    house = House(sqlite_url)
    yield house
    house.service.engine.dispose()

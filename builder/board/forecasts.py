"""What the own past foretells: how long stages take, and how often that was right. Read every few minutes, for everybody."""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from threading import Lock
from types import MappingProxyType
from typing import Final

from sqlalchemy import Connection

from runtime.core.forecast import HitRate, Kin, Passed, Spread, back_test, spreads
from runtime.core.plan import drawn_id
from runtime.limits import Limits
from runtime.store import board
from runtime.store.board import Stay

MOST: Final = 20_000
GOOD_SECONDS: Final = 300
MICROS: Final = 1_000_000
NEVER_TESTED: Final = HitRate(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Foretold:
    """The spreads that are known, how good predictions by them were, and of how many stages they are made."""

    spreads: Mapping[Kin, Spread] = field(default_factory=lambda: MappingProxyType({}))
    rate: HitRate = NEVER_TESTED
    known: int = 0
    mark: str = ""


@dataclass(slots=True)
class Forecasts:
    """The last forecast of this process. The first to ask after some minutes reads it anew."""

    zone: tzinfo
    _last: Foretold = field(default_factory=Foretold)
    _good_until: float = 0.0
    _turn: Lock = field(default_factory=Lock)

    def now(self, connection: Connection, allowed: Limits) -> Foretold:
        """What is foretold now, from at most the newest 20,000 tasks that are over."""
        with self._turn:
            if time.monotonic() >= self._good_until:
                found = foretell(board.stays(connection, MOST), allowed, self.zone)
                self._last = self._last if found == self._last else found
                self._good_until = time.monotonic() + (GOOD_SECONDS if self._last.known else 0)
            return self._last


def foretell(stays: list[Stay], allowed: Limits, zone: tzinfo) -> Foretold:
    """Learn from stages that are over, and test what was learned on the newer of them."""
    passed = [_passed(stay, allowed, zone) for stay in stays]
    learned, rate = spreads(passed), back_test(passed)
    told = hashlib.blake2b(repr((sorted(learned.items()), rate)).encode(), digest_size=6).hexdigest()
    return Foretold(learned, rate, len(passed), told)


def _passed(stay: Stay, allowed: Limits, zone: tzinfo) -> Passed:
    node = drawn_id(stay.node)
    seconds = max(0, stay.until - stay.since) // MICROS
    # Nobody decided before the deadline: it would have taken longer than that.
    seconds += stay.overdue
    limit = (allowed.end_of_stage(stay.flow, node, stay.since, stay.due) - stay.since) // MICROS
    hour = datetime.fromtimestamp(stay.since / 1e6, UTC).astimezone(zone).hour
    return Passed(stay.flow, node, hour, stay.since, seconds, limit)

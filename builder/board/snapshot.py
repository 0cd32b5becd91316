"""What stands on the board at a moment, read once for everybody who looks, and what has changed since another moment."""

import secrets
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from threading import Lock
from typing import Final, NamedTuple

from sqlalchemy import Engine

from builder.board.forecasts import Forecasts, Foretold
from runtime import limits
from runtime.core.forecast import Kin, nearest
from runtime.core.plan import drawn_id
from runtime.limits import MINUTE, Limits
from runtime.store import board
from runtime.store.board import Known, Standing
from runtime.store.database import reading

KEPT: Final = 12
SLOW: Final = 0.02
PATIENCE: Final = 5
FAR: Final = 2**62


class Line(NamedTuple):
    """A row of the board: what stands there, when its time ends, from when on it is amber, and what foretells its end.

    `whole` says that the limit of the whole order ends first. Times are microseconds since the epoch.
    """

    of: Standing
    due: int | None
    amber: int | None
    whole: bool
    kin: Kin | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Every row, the most urgent first. `mark` changes when any of them does."""

    mark: str
    lines: Mapping[str, Line]
    order: tuple[str, ...]
    allowed: Limits
    foretold: Foretold


@dataclass(frozen=True, slots=True)
class Change:
    """What became of the rows since an older snapshot."""

    lines: tuple[Line, ...]
    gone: tuple[str, ...]


@dataclass(slots=True)
class Board:
    """The last snapshots of this process.

    A read serves everybody for five times as long as it took, so that many who look cost no more than a few.
    """

    zone: tzinfo
    forecasts: Forecasts
    _kept: "OrderedDict[str, Snapshot]" = field(default_factory=OrderedDict)
    _orders: Mapping[str, Known] = field(default_factory=dict)
    _good_until: float = 0.0
    _turn: Lock = field(default_factory=Lock)

    def now(self, engine: Engine) -> Snapshot:
        """The board as it is."""
        with self._turn:
            if self._kept and time.monotonic() < self._good_until:
                return next(reversed(self._kept.values()))
            began = time.monotonic()
            found = self._read(engine)
            took = time.monotonic() - began
            self._good_until = began + (PATIENCE * took if took > SLOW else 0)
            self._kept.pop(found.mark, None)
            self._kept[found.mark] = found
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return found

    def known(self, mark: str) -> Snapshot | None:
        """An older snapshot, if it is still known here."""
        with self._turn:
            return self._kept.get(mark)

    def forget(self) -> None:
        """Somebody here has just changed something: look anew."""
        with self._turn:
            self._good_until = 0.0

    def _read(self, engine: Engine) -> Snapshot:
        last = next(reversed(self._kept.values()), None) if self._kept else None
        with reading(engine) as connection:
            self._orders = board.standing(connection, self._orders)
            allowed = limits.find(connection)
            foretold = self.forecasts.now(connection, allowed)
        same = last is not None and last.allowed == allowed and last.foretold is foretold
        before = last.lines if last is not None and same else {}
        lines: dict[str, Line] = {}
        # What stays the same is kept once, however many snapshots there are.
        for one in (one for order in self._orders.values() for one in order.waits):
            known = before.get(one.key)
            lines[one.key] = known if known and known.of == one else self._line(one, allowed, foretold)
        if last and same and len(lines) == len(before) and all(before.get(key) is line for key, line in lines.items()):
            return last
        order = tuple(sorted(lines, key=lambda key: _urgency(lines[key])))
        return Snapshot(secrets.token_hex(8), {key: lines[key] for key in order}, order, allowed, foretold)

    def _line(self, one: Standing, allowed: Limits, foretold: Foretold) -> Line:
        kin = nearest(foretold.spreads, one.flow, drawn_id(one.node), self._hour(one.since)) if one.who else None
        ends = sorted(_ends(one, allowed))
        due, amber, whole = ends[0] if ends else (None, None, False)
        return Line(one, due, amber, whole, kin)

    def _hour(self, at: int) -> int:
        return datetime.fromtimestamp(at / 1e6, UTC).astimezone(self.zone).hour


def changes(before: Snapshot, after: Snapshot) -> Change:
    """What is new or different, and what is gone."""
    return Change(
        tuple(line for key in after.order if (line := after.lines[key]) is not before.lines.get(key)
              and line != before.lines.get(key)),
        tuple(key for key in before.order if key not in after.lines),
    )  # fmt: skip


def _ends(one: Standing, allowed: Limits) -> Iterator[tuple[int, int, bool]]:
    """When the stage's and the order's time end, and from when on each is amber."""
    if one.rest != "time" or allowed.set_for(one.flow, one.node):
        due = allowed.end_of_stage(one.flow, one.node, one.since, one.due)
        yield due, due - allowed.of_stage(one.flow, one.node).amber_minutes * MINUTE, False
    whole = allowed.of_order(one.flow)
    if whole:
        due = one.received + whole.minutes * MINUTE
        yield due, due - whole.amber_minutes * MINUTE, True


def _urgency(line: Line) -> tuple[int, int, str]:
    """What was decided waits no more, and comes behind all that does."""
    due = FAR if line.due is None or line.of.stopped is not None else line.due
    return due, line.of.since, line.of.key

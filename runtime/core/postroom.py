"""Which waiting letters go out now by a way, alone or folded into one, and when the others may. Pure.

Urgent letters go first and never wait for a digest. What exceeds a cap is folded into one message for each address, so
that nothing is dropped and nobody gets more messages than the cap. Times are microseconds since the epoch.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta, tzinfo
from typing import Final

from runtime.core.lane import SECOND

# Of a cap's messages so many are kept for what is urgent: a tenth, and none of a small cap.
RESERVED_SHARE: Final = 10


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `count` messages in any `seconds`: to each address, or by the way as a whole."""

    count: int
    seconds: int
    each_address: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """A letter that waits, and to which address."""

    id: str
    at_address: str
    urgent: bool
    made_at: int
    due_at: int


@dataclass(frozen=True, slots=True)
class Spent:
    """A message that went to an address, and when."""

    at_address: str
    at: int


@dataclass(frozen=True, slots=True)
class Parcel:
    """Letters that are one message, the oldest first."""

    at_address: str
    letters: tuple[str, ...]
    urgent: bool


@dataclass(frozen=True, slots=True)
class Round:
    """What goes out now, and from when on the others may: letter -> time."""

    parcels: tuple[Parcel, ...]
    later: dict[str, int] = field(default_factory=dict)


def plan(
    waiting: Sequence[Waiting], spent: Iterable[Spent], caps: Sequence[Cap], now: int, *, folds: bool = False
) -> Round:
    """What goes out of these letters, after what was `spent`. `folds`: all that waits for one address is one message."""
    ledger = _Ledger(caps, list(spent), now)
    parcels: list[Parcel] = []
    later: dict[str, int] = {}
    for urgent in (True, False):
        groups = _by_address([one for one in waiting if one.urgent == urgent])
        for number, group in enumerate(groups):
            if min(one.due_at for one in group) > now:
                continue
            address = group[0].at_address
            room = ledger.room(address, urgent)
            if not room:
                later |= dict.fromkeys((one.id for one in group), ledger.free_at(address, urgent))
                continue
            places = 1 if folds and not urgent else max(1, room - (len(groups) - number - 1))
            for letters in _folded([one.id for one in group], places):
                parcels.append(Parcel(address, letters, urgent))
                ledger.spend(address)
    return Round(tuple(parcels), later)


def quiet_until(now: datetime, from_minute: int | None, to_minute: int | None, zone: tzinfo) -> datetime | None:
    """When the quiet hours end in which `now` lies, by the clock of `zone`; None: it is not quiet."""
    if from_minute is None or to_minute is None or from_minute == to_minute:
        return None
    local = now.astimezone(zone)
    minute = local.hour * 60 + local.minute
    over_night = from_minute > to_minute
    quiet = minute >= from_minute or minute < to_minute if over_night else from_minute <= minute < to_minute
    if not quiet:
        return None
    day = local.date() + timedelta(days=1 if over_night and minute >= from_minute else 0)
    # Of an hour that comes twice, the end lies in the one that it is: the first one's may be over.
    end = time(to_minute // 60, to_minute % 60, fold=local.fold)
    return datetime.combine(day, end, tzinfo=zone).astimezone(now.tzinfo)


def _by_address(letters: Sequence[Waiting]) -> list[list[Waiting]]:
    """The letters of each address, the oldest first, the address that waits longest first."""
    groups: dict[str, list[Waiting]] = {}
    for one in sorted(letters, key=lambda one: (one.made_at, one.id)):
        groups.setdefault(one.at_address, []).append(one)
    return list(groups.values())


def _folded(letters: Sequence[str], places: int) -> list[tuple[str, ...]]:
    """The letters in at most so many messages: the first alone, what exceeds in one."""
    if len(letters) <= places:
        return [(one,) for one in letters]
    return [*((one,) for one in letters[: places - 1]), tuple(letters[places - 1 :])]


class _Ledger:
    """What went out lately, as the caps see it."""

    def __init__(self, caps: Sequence[Cap], spent: list[Spent], now: int) -> None:
        self._caps = caps
        self._spent = spent
        self._now = now

    def spend(self, address: str) -> None:
        self._spent.append(Spent(address, self._now))

    def room(self, address: str, urgent: bool) -> int:
        """How many more messages may go to an address now."""
        left = [
            _most(cap, urgent) - sum(at > self._now - cap.seconds * SECOND for at in self._times(cap, address))
            for cap in self._caps
        ]
        return max(0, min(left, default=len(self._spent) + 1_000))

    def free_at(self, address: str, urgent: bool) -> int:
        """When the next message may go to an address that has no room now."""
        until = self._now + SECOND
        for cap in self._caps:
            times, most = sorted(self._times(cap, address)), _most(cap, urgent)
            if len(times) >= most:
                until = max(until, times[-most] + cap.seconds * SECOND)
        return until

    def _times(self, cap: Cap, address: str) -> list[int]:
        return [one.at for one in self._spent if not cap.each_address or one.at_address == address]


def _most(cap: Cap, urgent: bool) -> int:
    """What is not urgent leaves some of a way's messages to what is."""
    return cap.count if urgent or cap.each_address else cap.count - cap.count // RESERVED_SHARE

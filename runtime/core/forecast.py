"""How long an order will still stand at a stage, told from how long others stood there before it.

A spread is a list of durations in seconds at even shares: the shortest, then at 5 %, 10 %, … and the longest. What an
order still needs is read from those that stood there longer than it has until now. `static/src/board/forecast.ts` reads
spreads in the same way, so that a page's figures go on between two answers.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

SHARES: Final = 20
FEWEST: Final = 50
MIDDLE: Final = 0.5
LOOKS: Final = (0.25, 0.5, 0.75)
LATE_PARTS: Final = 10
TRAINED_PARTS: Final = 7

Spread = tuple[int, ...]
Kin = tuple[str, str, int]
"""Flow, node and hour of the day. Without a node or a flow: empty; of every hour: -1."""


@dataclass(frozen=True, slots=True)
class Passed:
    """A stage that an order has behind it: since when it stood there, at which hour of the day that was, for how long.

    `since` is microseconds since the epoch, `seconds` its stay, `limit` the seconds that it was allowed; None: any time.
    """

    flow: str
    node: str
    hour: int
    since: int
    seconds: int
    limit: int | None


@dataclass(frozen=True, slots=True)
class HitRate:
    """How good predictions were: made from the older part of what is known, of the newer part.

    Each of the newer ones is looked at after a quarter, half and three quarters of its time, if it still stood there:
    `looked` looks. At `predicted` of them it should have become late, at `hits` of those it did; at `late` it did in all.
    """

    looked: int
    predicted: int
    hits: int
    late: int


def spread(durations: Iterable[int]) -> Spread:
    """The spread of at least one duration."""
    known = sorted(durations)
    last = len(known) - 1
    return tuple(known[round(last * share / SHARES)] for share in range(SHARES + 1))


def spreads(passed: Iterable[Passed]) -> dict[Kin, Spread]:
    """Spreads of each flow, stage and hour, of flow and stage, of flow, and of all; where at least 50 are known."""
    known: dict[Kin, list[int]] = {}
    for one in passed:
        for kin in kindred(one.flow, one.node, one.hour):
            known.setdefault(kin, []).append(one.seconds)
    return {kin: spread(durations) for kin, durations in known.items() if len(durations) >= FEWEST}


def kindred(flow: str, node: str, hour: int) -> tuple[Kin, ...]:
    """Whose durations tell of a stage, the nearest first."""
    return (flow, node, hour), (flow, node, -1), (flow, "", -1), ("", "", -1)


def nearest(known: Mapping[Kin, Spread], flow: str, node: str, hour: int) -> Kin | None:
    """The nearest of which enough is known."""
    return next((kin for kin in kindred(flow, node, hour) if kin in known), None)


def remaining(told: Spread, age: float, share: float) -> float | None:
    """In how many seconds this share of those who stood as long as that goes on. None: nobody ever stood so long."""
    if age >= told[-1]:
        return None
    gone = _share_gone(told, age)
    return max(0.0, _duration(told, gone + share * (1 - gone)) - age)


def back_test(passed: Sequence[Passed]) -> HitRate:
    """Predict the newest three tenths from the seven tenths before them."""
    in_turn = sorted(passed, key=lambda one: one.since)
    cut = len(in_turn) * TRAINED_PARTS // LATE_PARTS
    known = spreads(in_turn[:cut])
    looks = [
        (one.seconds > one.limit, becomes_late(known[kin], one.limit * share, one.limit))
        for one in in_turn[cut:]
        if one.limit is not None and (kin := nearest(known, one.flow, one.node, one.hour)) is not None
        for share in LOOKS
        if one.seconds > one.limit * share
    ]
    foretold = [is_late for is_late, told_late in looks if told_late]
    return HitRate(len(looks), len(foretold), sum(foretold), sum(is_late for is_late, _told in looks))


def becomes_late(told: Spread, age: float, limit: float) -> bool:
    """Whether at this age the middle of what may come lies behind the limit. Longer than anybody before: it does."""
    middle = remaining(told, age, MIDDLE)
    return middle is None or age + middle > limit


def _share_gone(told: Spread, age: float) -> float:
    """Which share stood no longer than that."""
    below = bisect_right(told, age)
    if below == 0:
        return 0.0
    first, second = told[below - 1], told[below]
    return (below - 1 + (age - first) / (second - first)) / SHARES


def _duration(told: Spread, share: float) -> float:
    place = min(max(share, 0.0), 1.0) * SHARES
    below = min(int(place), SHARES - 1)
    return told[below] + (told[below + 1] - told[below]) * (place - below)

"""The parts of the page below the figures: one figure after the other by version, channel, team or person, and the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from builder.i18n.text import _
from builder.kpi.counts import Counts
from builder.kpi.figures import FIGURES, Figure, Side, version_name
from builder.orders.names import Names
from runtime.core.money import show_money
from runtime.kpi import Decisions, Orders, decisions_by, orders_by, share
from runtime.store.kpi import TaskCount

MOST_ROWS: Final = 40
ASPECTS: Final = ("version", "channel", "team", "newcomer", "person")
OF_ORDERS: Final = ("version", "channel")
FAILURE_KINDS: Final = ("error", "timeout", "refused", "bad_answer")


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure of a row: now and before, and both in percent of the longest bar of the column. None: nothing to count."""

    figure: Figure
    value: float | None
    before: float | None
    bar: float
    mark: float | None


@dataclass(frozen=True, slots=True)
class Row:
    """One version, channel, team or person: its figures, over so many orders."""

    name: str
    number: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Sync:
    """How a channel's orders came in. Shares are None where nothing was tried."""

    channel: str
    turns: int
    failed: int
    failed_share: float | None
    received: int
    refused: int
    refused_share: float | None


@dataclass(frozen=True, slots=True)
class Arrived:
    """What the door of a channel acknowledged against what is stored; incidents of orders that are not there."""

    channel: str
    counted: int
    stored: int
    found: int
    still: int

    @property
    def missing(self) -> int:
        """So many orders were acknowledged and are not stored."""
        return max(0, self.counted - self.stored)


@dataclass(frozen=True, slots=True)
class Cost:
    """What failures of a kind cost. None: nobody has typed in what one costs."""

    kind: str
    number: int
    each: int | None

    @property
    def total(self) -> int | None:
        """All of them together, in minor units."""
        return None if self.each is None else self.each * self.number


def sides(counts: Counts, before_label: str, after_label: str) -> tuple[Side, Side]:
    """The period before, and the period."""
    orders = orders_by(counts.orders, lambda row: row.now)
    decisions = decisions_by(counts.tasks, lambda row: row.now)
    before, after = (
        Side(label, orders.get(now, Orders()), decisions.get(now, Decisions()))
        for label, now in ((before_label, False), (after_label, True))
    )
    return before, after


def version_sides(counts: Counts, pair: Sequence[str], names: Mapping[str, tuple[str, str, int]]) -> tuple[Side, Side]:
    """Two versions, over both periods."""
    orders = orders_by(counts.orders, lambda row: row.version)
    decisions = decisions_by(counts.tasks, lambda row: row.version)
    one, other = (
        Side(version_name(names, id_), orders.get(id_, Orders()), decisions.get(id_, Decisions())) for id_ in pair
    )
    return one, other


def broken_down(
    counts: Counts, aspect: str, names: Names, versions: Mapping[str, tuple[str, str, int]]
) -> list[tuple[str, Side, Side]]:
    """The sides of each version, channel, team, newcomer or person: those with most orders of the period first.

    Orders of a team or a person are those about which it decided. Beside newcomers stands everybody else, as one.
    """
    new = {one.name for one in counts.newcomers}
    if aspect == "newcomer" and not new:
        return []
    if aspect in OF_ORDERS:
        of_orders = orders_by(counts.orders, lambda row: (row.now, getattr(row, aspect)))
    else:
        of_orders = orders_by(counts.worked[aspect], lambda row: (row.now, row.who))

    def whose(row: TaskCount) -> str | None:
        key: str | None = getattr(row, "person" if aspect == "newcomer" else aspect)
        return None if aspect == "newcomer" and key not in new else key

    decided = decisions_by(counts.tasks, lambda row: (row.now, whose(row)))
    keys = {key for _now, key in (*of_orders, *decided)}

    def side(key: str | None, label: str, *, now: bool) -> Side:
        return Side(label, of_orders.get((now, key), Orders()), decided.get((now, key), Decisions()))

    found = [
        (_called(aspect, key, names, versions), side(key, _("before"), now=False), side(key, _("now"), now=True))
        for key in keys
    ]
    return sorted(found, key=lambda one: (-one[2].orders.received, -one[1].orders.received, one[0]))


def _called(aspect: str, key: str | None, names: Names, versions: Mapping[str, tuple[str, str, int]]) -> str:
    match aspect:
        case "version":
            return version_name(versions, key)
        case "team":
            return names.teams.get(key, key) if key else _("asked as persons")
        case "newcomer":
            return names.person(key) if key else _("everybody else")
        case "person":
            return names.person(key) if key else _("nobody")
        case _:
            return key or ""


def rows(found: Sequence[tuple[str, Side, Side]], aspect: str) -> list[Row]:
    """The rows of the table; each column has bars of its own scale."""
    shown = found[:MOST_ROWS]
    tops = {
        figure.key: max((figure.value(side) or 0 for _name, *both in shown for side in both), default=0) or 1
        for figure in FIGURES
    }
    return [
        Row(
            name,
            after.orders.received,
            tuple(_cell(figure, before, after, tops[figure.key]) for figure in columns(aspect)),
        )
        for name, before, after in shown
    ]


def columns(aspect: str) -> tuple[Figure, ...]:
    """All figures; but people touched every order about which a team or a person decided."""
    return tuple(figure for figure in FIGURES if aspect in OF_ORDERS or figure.key != "touched")


def _cell(figure: Figure, before: Side, after: Side, top: float) -> Cell:
    now, then = figure.value(after), figure.value(before)
    return Cell(
        figure, now, then, round(100 * (now or 0) / top, 1), None if then is None else round(100 * then / top, 1)
    )


# --- the rest ---------------------------------------------------------------------------------------------------------


def synced(counts: Counts) -> list[Sync]:
    """How each channel's orders came in."""
    received = {name: side.received for name, side in orders_by(_now(counts), lambda row: row.channel).items()}
    found = []
    for channel in sorted({*received, *counts.turns}):
        turns, failed, refused = counts.turns.get(channel, (0, 0, 0))
        came = received.get(channel, 0)
        found.append(Sync(channel, turns, failed, share(failed, turns), came, refused, share(refused, came + refused)))
    return found


def arrived(counts: Counts) -> list[Arrived]:
    """What came to each channel's door, and what became of it."""
    stored = {name: side.received for name, side in orders_by(_now(counts), lambda row: row.channel).items()}
    return [
        Arrived(channel, one.counted, stored.get(channel, 0), one.found, one.still)
        for channel, one in counts.missed.items()
    ]


def costs(counts: Counts, typed: Mapping[str, Any]) -> list[Cost]:
    """What the period's failures cost, by kind."""
    return [Cost(kind, counts.failures.get(kind, 0), typed.get(kind)) for kind in FAILURE_KINDS]


def kind_name(kind: str) -> str:
    """Why a step failed, in the reader's language."""
    return {
        "error": _("The system answered with an error"),
        "timeout": _("The system did not answer in time"),
        "refused": _("The system refused the order"),
        "bad_answer": _("The answer made no sense"),
    }[kind]


def total_cost(found: Sequence[Cost], currency: str, language: str) -> str:
    """All costs together."""
    return show_money(sum(one.total or 0 for one in found), currency, language)


def _now(counts: Counts) -> list[Any]:
    return [row for row in counts.orders if row.now]

"""The figures of the page: what each is called, how it is counted, what it is now, and what can be said of its change."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from babel.dates import format_date
from babel.numbers import format_decimal, format_percent
from flask_babel import get_locale

from builder.i18n import count, language_tag, words
from builder.i18n.text import _
from builder.kpi.counts import Counts
from builder.kpi.drawing import Bin, Trend, trend
from builder.kpi.periods import Period
from runtime.kpi import SECOND, Decisions, Orders, Turn, decisions_by, orders_by, share, turn_of_length, turn_of_share

Unit = Literal["time", "share"]
PARTS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Side:
    """One of two that are compared: how it is called, its orders, and what people decided about them."""

    label: str
    orders: Orders
    decisions: Decisions


@dataclass(frozen=True, slots=True)
class Figure:
    """What a figure is. `value` is microseconds or a share; `of` is over how many; `part` is what a share counts.

    Of every figure less is better.
    """

    key: str
    unit: Unit
    icon: str
    value: Callable[[Side], float | None]
    of: Callable[[Side], int]
    part: Callable[[Side], int]


FIGURES: Final[tuple[Figure, ...]] = (
    Figure(
        "handling_p90",
        "time",
        "clock",
        lambda side: side.orders.handling.reached(0.9),
        lambda side: side.orders.handling.number,
        lambda side: 0,
    ),
    Figure(
        "handling_mean",
        "time",
        "hourglass",
        lambda side: side.orders.handling.mean,
        lambda side: side.orders.handling.number,
        lambda side: 0,
    ),
    Figure(
        "answer_p90",
        "time",
        "inbox",
        lambda side: side.decisions.handling.reached(0.9),
        lambda side: side.decisions.handling.number,
        lambda side: 0,
    ),
    Figure(
        "touched",
        "share",
        "people",
        lambda side: share(side.orders.touched, side.orders.received),
        lambda side: side.orders.received,
        lambda side: side.orders.touched,
    ),
    Figure(
        "errors",
        "share",
        "alert",
        lambda side: share(side.orders.failed, side.orders.received),
        lambda side: side.orders.received,
        lambda side: side.orders.failed,
    ),
    Figure(
        "overdue",
        "share",
        "pause",
        lambda side: share(side.decisions.late, side.decisions.dated),
        lambda side: side.decisions.dated,
        lambda side: side.decisions.late,
    ),
)
BY_KEY: Final[Mapping[str, Figure]] = {one.key: one for one in FIGURES}


@dataclass(frozen=True, slots=True)
class Change:
    """A figure on two sides, and what can be said of it in a sentence. Nothing is claimed where there are few."""

    figure: Figure
    before: float | None
    after: float | None
    before_of: int
    after_of: int
    turn: Turn

    @property
    def good(self) -> bool | None:
        """Whether it got better; None: neither, or too few to say."""
        return {"fell": True, "rose": False}.get(self.turn)

    @property
    def sentence(self) -> str:
        """What happened, as one would say it."""
        name = figure_name(self.figure.key)
        told = {"before": shown(self.figure, self.before), "after": shown(self.figure, self.after)}
        match self.turn:
            case "few":
                return _few(min(self.before_of, self.after_of))
            case "fell":
                return _("%(name)s fell from %(before)s to %(after)s over %(n)s.", name=name, n=self.over, **told)
            case "rose":
                return _("%(name)s rose from %(before)s to %(after)s over %(n)s.", name=name, n=self.over, **told)
            case "same":
                return _(
                    "%(name)s is about the same: %(before)s before, %(after)s now, over %(n)s.",
                    name=name,
                    n=self.over,
                    **told,
                )

    @property
    def over(self) -> str:
        """Of how many the newer side is, with what they are."""
        if self.figure.key == "overdue":
            return _("%(n)s tasks", n=count(self.after_of))
        if self.figure.key == "answer_p90":
            return _("%(n)s decisions", n=count(self.after_of))
        return _("%(n)s orders", n=count(self.after_of))


def _few(number: int) -> str:
    if not number:
        return _("Nothing to compare with yet.")
    return _("Too few to say anything of a change: one side has only %(n)s.", n=count(number))


def change(figure: Figure, before: Side, after: Side) -> Change:
    """A figure on two sides."""
    values = figure.value(before), figure.value(after)
    numbers = figure.of(before), figure.of(after)
    if figure.unit == "time":
        lengths = [None if value is None else int(value) for value in values]
        turn = turn_of_length(lengths[0], lengths[1], min(numbers))
    else:
        turn = turn_of_share((figure.part(before), numbers[0]), (figure.part(after), numbers[1]))
    return Change(figure, *values, *numbers, turn)


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a figure was before Orderflow, as somebody typed it in."""

    value: float
    period: str
    note: str


@dataclass(frozen=True, slots=True)
class Card:
    """A figure with its change since the period before, its days, and its baseline."""

    change: Change
    trend: Trend
    baseline: Baseline | None

    @property
    def figure(self) -> Figure:
        """What it is."""
        return self.change.figure


def cards(counts: Counts, period: Period, before: Side, after: Side, typed: Mapping[str, Baseline]) -> list[Card]:
    """All figures of a period."""
    days = _by_day(counts, period)
    return [_card(figure, change(figure, before, after), days, period, typed.get(figure.key)) for figure in FIGURES]


def _card(
    figure: Figure, changed: Change, days: Mapping[date, Side], period: Period, baseline: Baseline | None
) -> Card:
    values = [(day, figure.value(side), figure.of(side)) for day, side in days.items()]
    return Card(changed, trend(values, period.first, baseline.value if baseline else None), baseline)


def _by_day(counts: Counts, period: Period) -> dict[date, Side]:
    """What came in on each day."""
    orders = orders_by(counts.order_days, lambda row: row.day)
    decided = decisions_by(counts.task_days, lambda row: row.day)
    length = (period.last - period.trend_first).days + 1
    wanted = [period.trend_first + timedelta(days=more) for more in range(length)]
    return {day: Side("", orders.get(day, Orders()), decided.get(day, Decisions())) for day in wanted}


# --- words ------------------------------------------------------------------------------------------------------------


def figure_name(key: str) -> str:
    """The figure in the reader's language."""
    return {
        "handling_p90": _("Handling time of 9 in 10 orders"),
        "handling_mean": _("Mean handling time"),
        "answer_p90": _("People's time for 9 in 10 decisions"),
        "touched": _("Orders touched by people"),
        "errors": _("Orders that failed"),
        "overdue": _("Tasks past their deadline"),
    }[key]


def definition(key: str) -> tuple[str, str, str]:
    """How a figure is counted, what is not counted, and where it is taken from."""
    handling_not = _(
        "Orders that are still open do not count: their time is not over. Merged orders count until the merge."
    )
    orders_from = _("From the orders received in the period, and when each of them ended.")
    return {
        "handling_p90": (
            _(
                "From the moment an order is received until it has ended. 9 in 10 orders took this long or less. "
                "At most 5 percent or one second too low, because lengths are counted in steps; "
                "of a single day up to 20 percent."
            ),
            handling_not,
            orders_from,
        ),
        "handling_mean": (
            _(
                "From the moment an order is received until it has ended, all lengths added up "
                "and divided by the number of orders."
            ),
            handling_not,
            orders_from,
        ),
        "answer_p90": (
            _(
                "From the moment a person is asked until a person has decided. 9 in 10 decisions took this long or less."
            ),
            _("What a deadline decided does not count, nor what was taken back, nor what still waits."),
            _("From the tasks of the orders received in the period, whenever they were decided."),
        ),
        "touched": (
            _("Orders with at least one decision of a person, divided by all orders received."),
            _(
                "What a deadline decided is nobody's decision. "
                "Looking at an order, claiming it or writing a remark does not count."
            ),
            _("From the orders received in the period and their tasks."),
        ),
        "errors": (
            _("Orders that came to the failure list at least once, divided by all orders received."),
            _(
                "Tries that went well the second time by themselves do not count, nor orders that were refused at the door."
            ),
            _("From the orders received in the period and the failure list."),
        ),
        "overdue": (
            _(
                "Tasks that nobody had decided when their deadline came, divided by all tasks with a deadline "
                "that people decided or whose deadline has come. What a deadline decided was late."
            ),
            _(
                "Tasks without a deadline do not count, nor tasks whose deadline is still to come, "
                "nor tasks that the order stopped waiting for before it, nor tasks asked after it."
            ),
            _("From the tasks of the orders received in the period."),
        ),
    }[key]


def shown(figure: Figure, value: float | None) -> str:
    """A value with its unit."""
    if value is None:
        return "–"
    return length(int(value)) if figure.unit == "time" else percent(value)


def percent(value: float | None) -> str:
    """A share as percent, with as many digits as tell something."""
    if value is None:
        return "–"
    pattern = "0.##%" if 0 < value < 0.01 else "0.#%" if value < 0.1 else "0%"
    return str(format_percent(value, format=pattern, locale=get_locale()))


def length(micros: int | None) -> str:
    """A length of time in one unit, as one says it."""
    if micros is None:
        return "–"
    seconds = micros / SECOND
    if seconds < 1:
        return _("%(n)s ms", n=micros // 1000)
    if seconds < 100:
        return _("%(n)s s", n=_short(seconds))
    if seconds < 6000:
        return _("%(n)s min", n=_short(seconds / 60))
    if seconds < 48 * 3600:
        return _("%(n)s h", n=_short(seconds / 3600))
    return _("%(n)s d", n=_short(seconds / 86400))


def bin_start(one: Bin) -> str:
    """Where a bar of the distribution begins."""
    return length(one.since * SECOND) if one.since else "0"


def bin_name(one: Bin) -> str:
    """The lengths that a bar of the distribution holds."""
    if one.until is None:
        return _("%(since)s or longer", since=bin_start(one))
    return _("%(since)s to %(until)s", since=bin_start(one), until=length(one.until * SECOND))


def short_day(day: date) -> str:
    """The day without its year."""
    pattern = "d MMM" if language_tag() == "en" else "M月d日"
    return str(format_date(day, pattern, locale=get_locale()))


def _short(number: float) -> str:
    return str(format_decimal(round(number, 1 if number < 10 else 0), locale=get_locale()))


def version_name(names: Mapping[str, tuple[str, str, int]], version: str | None) -> str:
    """A version as "Flow · version 3"."""
    if version is None or version not in names:
        return _("without a flow")
    _key, flow, number = names[version]
    return _("%(flow)s, version %(n)s", flow=words(flow), n=number)

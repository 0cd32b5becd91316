"""What narrows the inbox: flow, channel, amounts, and whom a task asks."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import ColumnElement, and_, or_

from runtime.core.money import CURRENCIES, MOST_DIGITS
from runtime.store.tables import orders, runs, tasks

MOST_LENGTH: Final = 128
KINDS: Final = ("person", "team", "role")


@dataclass(frozen=True, slots=True)
class Narrow:
    """Which tasks are looked at only; what is empty narrows nothing.

    `least` and `most` are amounts in the whole unit of an order's own currency; `asks` is `team:leads`, `person:zhao`.
    """

    flow: str = ""
    channel: str = ""
    asks: str = ""
    least: str = ""
    most: str = ""

    def query(self) -> dict[str, str]:
        """What narrows, as parameters of an address."""
        return {name: value for name, value in asdict(self).items() if value}

    def conditions(self) -> list[ColumnElement[bool]]:
        """The conditions on tasks, orders and runs."""
        found: list[ColumnElement[bool]] = []
        if self.flow:
            found.append(runs.c.flow_key == self.flow)
        if self.channel:
            found.append(orders.c.channel == self.channel)
        if self.asks:
            kind, _colon, who = self.asks.partition(":")
            found.append(and_(tasks.c.who_kind == kind, tasks.c.who == who))
        if self.least:
            found.append(_of_amount(int(self.least), at_least=True))
        if self.most:
            found.append(_of_amount(int(self.most), at_least=False))
        return found


NOT_NARROW: Final = Narrow()


def read_narrow(told: Mapping[str, str]) -> Narrow:
    """What an address tells; what cannot be is left out."""
    asks = told.get("asks", "")[:MOST_LENGTH]
    kind, _colon, who = asks.partition(":")
    return Narrow(
        flow=told.get("flow", "")[:MOST_LENGTH],
        channel=told.get("channel", "")[:MOST_LENGTH],
        asks=asks if kind in KINDS and who else "",
        least=_amount(told.get("least", "")),
        most=_amount(told.get("most", "")),
    )


def _amount(text: str) -> str:
    """Whole units, as they are typed: `5,000` and `5000.00` too."""
    whole = text.strip().replace(",", "").partition(".")[0]
    fits = whole.isascii() and whole.isdigit() and len(whole) <= MOST_DIGITS - 4
    return str(int(whole)) if fits else ""


def _of_amount(units: int, *, at_least: bool) -> ColumnElement[bool]:
    """A currency's minor units differ: the yen has none, the dinar has thousandths."""
    odd = [code for code, decimals in CURRENCIES.items() if decimals != 2]
    borders: list[tuple[ColumnElement[bool], int]] = [(orders.c.currency.not_in(odd), units * 100)]
    borders += [(orders.c.currency == code, units * 10 ** CURRENCIES[code]) for code in odd]
    return or_(
        *(and_(of, orders.c.total >= border if at_least else orders.c.total <= border) for of, border in borders)
    )

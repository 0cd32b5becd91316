"""The figures as a table for spreadsheets: CSV in UTF-8 with its mark, or a workbook. No text is ever a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

from builder.i18n.text import _
from builder.kpi.figures import BY_KEY, Baseline, Side
from runtime.kpi import SECOND, share

Value = str | int | float | None
FORMULA_SIGNS: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
SHARE_DIGITS: Final = 6
FRAME: Final = 5
PLACES: Final = {
    "handling_mean": 2,
    "handling_p90": 3,
    "touched": 5,
    "errors": 7,
    "answer_p90": 10,
    "overdue": 13,
}
"""Where each figure stands in a row, behind its frame."""


def heads() -> list[str]:
    """The names of the columns."""
    return [
        _("By"),
        _("Name"),
        _("Period"),
        _("First day"),
        _("Last day"),
        _("Orders received"),
        _("Orders ended"),
        _("Mean handling time, seconds"),
        _("Handling time of 9 in 10 orders, seconds"),
        _("Orders touched by people"),
        _("Share touched by people"),
        _("Orders that failed"),
        _("Share that failed"),
        _("Decisions of people"),
        _("Mean time of a decision, seconds"),
        _("People's time for 9 in 10 decisions, seconds"),
        _("Tasks with a deadline"),
        _("Tasks past their deadline"),
        _("Share past their deadline"),
    ]


def line(by: str, name: str, side: Side, first: date, last: date) -> list[Value]:
    """One row: a side of a version, channel, team or person."""
    orders, told = side.orders, side.decisions
    ordered: list[Value] = [
        orders.received,
        orders.handling.number,
        _seconds(orders.handling.mean),
        _seconds(orders.handling.reached(0.9)),
        orders.touched,
        _share(orders.touched, orders.received),
        orders.failed,
        _share(orders.failed, orders.received),
    ]
    decided: list[Value] = [
        told.number,
        _seconds(told.handling.mean),
        _seconds(told.handling.reached(0.9)),
        told.dated,
        told.late,
        _share(told.late, told.dated),
    ]
    return [by, name, side.label, first.isoformat(), last.isoformat(), *ordered, *decided]


def baseline_line(by: str, name: str, figure: str, baseline: Baseline) -> list[Value]:
    """A row with a typed baseline under the head of its figure."""
    empty: list[Value] = [None] * (len(heads()) - FRAME)
    value = round(baseline.value / SECOND, 3) if BY_KEY[figure].unit == "time" else baseline.value
    empty[PLACES[figure]] = value
    return [by, name, baseline.period, None, None, *empty]


def as_csv(lines: Iterable[Sequence[Value]]) -> bytes:
    """All rows as CSV, as Excel opens it by a double click."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(heads())
    writer.writerows([_harmless(value) for value in row] for row in lines)
    return text.getvalue().encode("utf-8-sig")


def as_workbook(lines: Iterable[Sequence[Value]]) -> bytes:
    """All rows as a workbook."""
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = _("Performance")[:31]
    sheet.append(heads())
    for row in lines:
        sheet.append([_harmless(value) for value in row])
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for place in range(1, sheet.max_column + 1):
        sheet.column_dimensions[get_column_letter(place)].width = 18
    sheet.freeze_panes = "C2"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _harmless(value: Value) -> Value:
    """Text that a spreadsheet would calculate gets an apostrophe in front; signs that no workbook holds are left out."""
    if not isinstance(value, str):
        return value
    value = "".join(sign for sign in value if sign.isprintable())
    return f"'{value}" if value.lstrip().startswith(FORMULA_SIGNS) else value


def _seconds(micros: int | None) -> float | None:
    return None if micros is None else round(micros / SECOND, 3)


def _share(part: int, whole: int) -> float | None:
    found = share(part, whole)
    return None if found is None else round(found, SHARE_DIGITS)

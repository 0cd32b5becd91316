"""What people type in for the page: what figures were before Orderflow, and what a failure costs."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from builder.i18n.text import _
from builder.kpi.figures import BY_KEY, FIGURES, PARTS, Baseline, Figure
from builder.kpi.page import FAILURE_KINDS
from runtime.core.money import CURRENCIES, read_amount, show_amount
from runtime.core.problem import Problem
from runtime.kpi import SECOND

UNITS: Final[Mapping[str, int]] = {"s": SECOND, "min": 60 * SECOND, "h": 3600 * SECOND, "d": 86_400 * SECOND}
USUAL_UNIT: Final = "min"
MOST_PERIOD: Final = 200
MOST_NOTE: Final = 1000
LONGEST_MICROS: Final = 3_660 * 86_400 * SECOND
USUAL_CURRENCY: Final = "CNY"


@dataclass(frozen=True, slots=True)
class Line:
    """A figure's baseline as it stands in the form, with what is wrong with it."""

    figure: Figure
    value: str
    unit: str
    period: str
    note: str
    problem: str = ""


def lines(stored: Mapping[str, Any]) -> list[Line]:
    """The form as it is stored."""
    return [_stored(figure, stored.get(figure.key)) for figure in FIGURES]


def read_lines(form: Mapping[str, str]) -> list[Line]:
    """The form as somebody typed it."""
    return [
        _checked(
            Line(
                figure,
                form.get(f"{figure.key}.value", "").strip()[:20],
                form.get(f"{figure.key}.unit", USUAL_UNIT) if figure.unit == "time" else "%",
                form.get(f"{figure.key}.period", "").strip()[:MOST_PERIOD],
                form.get(f"{figure.key}.note", "").strip()[:MOST_NOTE],
            )
        )
        for figure in FIGURES
    ]


def as_rows(typed: list[Line], by: str, at: int) -> list[dict[str, Any]]:
    """What is stored of lines without problems; a line without a value is no baseline."""
    return [
        {
            "figure": line.figure.key,
            "value": _value(line),
            "period": line.period,
            "note": line.note,
            "made_at": at,
            "made_by": by,
        }
        for line in typed
        if line.value
    ]


def baselines(stored: Mapping[str, Any]) -> dict[str, Baseline]:
    """The stored baselines as the charts draw them."""
    return {
        key: Baseline(row["value"] if BY_KEY[key].unit == "time" else row["value"] / PARTS, row["period"], row["note"])
        for key, row in stored.items()
        if key in BY_KEY
    }


def _stored(figure: Figure, row: Mapping[str, Any] | None) -> Line:
    if row is None:
        return Line(figure, "", USUAL_UNIT if figure.unit == "time" else "%", "", "")
    if figure.unit == "share":
        value, unit = Decimal(row["value"]) * 100 / PARTS, "%"
    else:
        unit = next((name for name in reversed(list(UNITS)) if row["value"] % UNITS[name] == 0), "s")
        value = Decimal(row["value"]) / UNITS[unit]
    return Line(
        figure,
        f"{value:f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:f}",
        unit,
        row["period"],
        row["note"],
    )


def _checked(line: Line) -> Line:
    if not line.value:
        told = line.period or line.note
        return _wrong(line, _("Type the value too, or empty the line.")) if told else line
    value = _value(line)
    if value is None or value < 0:
        return _wrong(line, _("Type a number, such as 41 or 12.5."))
    if line.figure.unit == "share" and value > PARTS:
        return _wrong(line, _("A share is at most 100 percent."))
    if value > LONGEST_MICROS:
        return _wrong(line, _("That is longer than ten years."))
    if not line.period:
        return _wrong(line, _("Say of which time it is, such as March to May 2026."))
    return line


def _wrong(line: Line, problem: str) -> Line:
    return Line(line.figure, line.value, line.unit, line.period, line.note, problem)


def _value(line: Line) -> int | None:
    try:
        number = Decimal(line.value.removesuffix("%").strip().replace(",", "."))
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number) > 10**9:
        return None
    return int(number * (PARTS // 100 if line.figure.unit == "share" else UNITS.get(line.unit, UNITS[USUAL_UNIT])))


# --- what a failure costs ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CostForm:
    """What a failure of each kind costs, as it stands in the form, with what is wrong by kind."""

    currency: str
    amounts: Mapping[str, str]
    problems: Mapping[str, str]


def cost_form(stored: Mapping[str, Any]) -> CostForm:
    """The form as it is stored."""
    currency = stored.get("currency", USUAL_CURRENCY)
    amounts = {kind: show_amount(stored[kind], currency) for kind in FAILURE_KINDS if kind in stored}
    return CostForm(currency, amounts, {})


def read_costs(form: Mapping[str, str]) -> tuple[CostForm, dict[str, Any]]:
    """The form as somebody typed it, and what is stored of it."""
    currency = form.get("currency", USUAL_CURRENCY)
    currency = currency if currency in CURRENCIES else USUAL_CURRENCY
    amounts = {kind: form.get(f"cost.{kind}", "").strip()[:20] for kind in FAILURE_KINDS}
    problems: dict[str, str] = {}
    costs: dict[str, Any] = {}
    for kind, text in amounts.items():
        read = read_amount(text, currency) if text else None
        if isinstance(read, Problem) or (read is not None and read < 0):
            problems[kind] = _("Type an amount, such as 12.50.")
        elif read is not None:
            costs[kind] = read
    return CostForm(currency, amounts, problems), {**costs, "currency": currency} if costs else {}

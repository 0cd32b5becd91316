"""From the rows of a table to order documents: rows with the same order id are the lines of one order."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from builder.ingest.checking import Sender, check
from builder.ingest.columns import ATTRIBUTE, Meaning, targets
from builder.ingest.sheets import Sheet
from runtime.core.json_text import Item
from runtime.core.moment import read_moment
from runtime.core.order import CHOICE_LABELS, KINDS, PRIORITIES
from runtime.core.problem import Problem
from runtime.intake import Arrival, Refused

_THOUSANDS: Final = re.compile(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")
_CURRENCY_SIGNS: Final = re.compile(r"^(-?)\s*(?:[¥￥$€£]|R\$|CN¥|US\$|[A-Z]{3})\s*(?=[0-9])|\s*(?:元|[A-Z]{3})$")
_DAY: Final = re.compile(
    r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?"
    r"(?:[T\s]+([0-9]{1,2})[:：时点]([0-9]{1,2})(?:[:：分]([0-9]{1,2})(?:\.[0-9]+)?)?[秒分]?)?"
)
_TAG_SIGNS: Final = re.compile(r"[,，;；、|]")
_YES: Final = frozenset(("true", "yes", "y", "1", "是", "√", "✓"))
_NO: Final = frozenset(("false", "no", "n", "0", "否", "×"))
_CHOICES: Final = {
    "priority": {name: choice for choice in PRIORITIES for name in (choice, *CHOICE_LABELS[choice].values())},
    "kind": {name: choice for choice in KINDS for name in (choice, *CHOICE_LABELS[choice].values())},
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Why rows are not taken: the problem, the row and the column that it is about, and what stands there."""

    row: int
    column: str
    cell: str
    problem: Problem


@dataclass(frozen=True, slots=True)
class Assembled:
    """One order of the file: the rows that make it, and the order at the door or what is wrong."""

    rows: tuple[int, ...]
    checked: Arrival | Refused
    findings: tuple[Finding, ...] = ()


Row = tuple[int, tuple[str, ...]]


def assemble(sheet: Sheet, meaning: Meaning, sender: Sender) -> Iterator[Assembled]:
    """Every order of the table, in the order of their first rows."""
    for position, rows in enumerate(_orders(sheet, meaning)):
        document = _document(sheet, meaning, rows)
        problems = tuple(document.problems)
        item = Item(position, orjson.dumps(document.written), document.written, problems, wreck=document.written)
        checked = check(item, sender)
        if isinstance(checked, Arrival):
            yield Assembled(tuple(number for number, _cells in rows), checked)
        else:
            findings = tuple(_finding(sheet, meaning, rows, document, one) for one in checked.problems)
            yield Assembled(tuple(number for number, _cells in rows), checked, findings)


def _orders(sheet: Sheet, meaning: Meaning) -> list[list[Row]]:
    """The rows by order id, wherever they stand; rows without one stay alone."""
    place = meaning.column("id")
    orders: list[list[Row]] = []
    by_id: dict[str, list[Row]] = {}
    for row in sheet.rows:
        order_id = row[1][place].strip() if place is not None else ""
        if order_id and order_id in by_id:
            by_id[order_id].append(row)
            continue
        orders.append([row])
        if order_id:
            by_id[order_id] = orders[-1]
    return orders


@dataclass(slots=True)
class _Document:
    """A document that is being put together, with the row that each of its lines came from."""

    written: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    line_rows: list[int] = field(default_factory=list)
    odd_rows: dict[str, int] = field(default_factory=dict)


def _document(sheet: Sheet, meaning: Meaning, rows: Sequence[Row]) -> _Document:
    document = _Document()
    zone = ZoneInfo(meaning.zone)
    for index, path in enumerate(meaning.columns):
        if path == ATTRIBUTE:
            _put_attribute(document, sheet.columns[index], index, rows)
        elif path and not targets()[path].of_line:
            text = _common(document, path, index, rows)
            if text:
                _put(document.written, path, _value(path, text, zone))
    for path, text in meaning.constants.items():
        if text and meaning.column(path) is None:
            document.written[path] = text
    _put_lines(document, meaning, rows, zone)
    return document


def _common(document: _Document, path: str, index: int, rows: Sequence[Row]) -> str:
    """The one value that all rows of an order give a field of the order; empty cells agree with everything."""
    first = ""
    for number, cells in rows:
        text = cells[index].strip()
        if text and first and text != first:
            document.odd_rows.setdefault(path, number)
            document.problems.append(Problem("upload.rows_differ", path, {"first": first[:40], "other": text[:40]}))
            break
        first = first or text
    return first


def _put_attribute(document: _Document, name: str, index: int, rows: Sequence[Row]) -> None:
    values = list(dict.fromkeys(cells[index] for _number, cells in rows if cells[index]))
    if values:
        attributes = document.written.setdefault("attributes", {})
        attributes[name] = values[0] if len(values) == 1 else values


def _put(written: dict[str, Any], path: str, value: Any) -> None:
    group, _, name = path.rpartition(".")
    if not group:
        written[path] = value
    elif group == "payment":
        payments = written.setdefault("payments", [{}])
        payments[0][name] = value
    else:
        written.setdefault(group, {})[name] = value


def _put_lines(document: _Document, meaning: Meaning, rows: Sequence[Row], zone: ZoneInfo) -> None:
    columns = [
        (index, path) for index, path in enumerate(meaning.columns) if path in targets() and targets()[path].of_line
    ]
    lines = []
    for number, cells in rows:
        told = [(path, cells[index].strip()) for index, path in columns]
        line = {path.removeprefix("line."): _value(path, text, zone) for path, text in told if text}
        if line:
            lines.append(line)
            document.line_rows.append(number)
    if lines:
        document.written["lines"] = lines


# --- values ---------------------------------------------------------------------------------------------------------


def _value(path: str, text: str, zone: ZoneInfo) -> Any:
    """What a cell says, as order documents write it. What is not understood stays as it is: the check names it."""
    match path:
        case "total" | "line.price" | "payment.amount":
            return read_money(text)
        case "created_at" | "payment.paid_at":
            return read_time(text, zone)
        case "line.quantity":
            return _number(text)
        case "line.custom" | "line.gift":
            return _flag(text)
        case "tags":
            return [tag.strip() for tag in _TAG_SIGNS.split(text) if tag.strip()]
        case "priority" | "kind":
            return _CHOICES[path].get(text.casefold(), text)
        case "currency":
            return text.upper()
        case _:
            return text


def read_money(text: str) -> str:
    """An amount without its currency sign and its thousands commas: `¥1,234.50` is `1234.50`."""
    bare = _CURRENCY_SIGNS.sub(r"\1", text).strip()
    return bare.replace(",", "") if _THOUSANDS.fullmatch(bare) else bare


def read_time(text: str, zone: ZoneInfo) -> str:
    """A moment with its zone: one that tells none is a time in `zone`. `2026/11/22 9:05` is read, also in Chinese."""
    if read_moment(text):
        return text
    day = _DAY.fullmatch(text)
    if day is None:
        return text
    try:
        local = datetime(*(int(part or 0) for part in day.groups()), tzinfo=zone)  # type: ignore[arg-type,misc]
    except ValueError:
        return text
    return local.isoformat()


def _number(text: str) -> Any:
    bare = text.replace(",", "") if _THOUSANDS.fullmatch(text) else text
    try:
        return int(bare) if re.fullmatch(r"-?[0-9]{1,15}", bare, re.ASCII) else float(bare)
    except ValueError:
        return text


def _flag(text: str) -> Any:
    plain = text.casefold()
    return True if plain in _YES else False if plain in _NO else text


# --- where a problem stands in the file -------------------------------------------------------------------------------


def _finding(sheet: Sheet, meaning: Meaning, rows: Sequence[Row], document: _Document, problem: Problem) -> Finding:
    path, row = _place(document, problem.where, rows[0][0])
    index = meaning.column(path)
    if index is None:
        return Finding(row, "", meaning.constants.get(path, ""), problem)
    cells = dict(rows)[row]
    return Finding(row, sheet.columns[index], cells[index], problem)


def _place(document: _Document, where: str, first: int) -> tuple[str, int]:
    """The field and the row of a path such as `lines.2.price` in the document."""
    head, _, rest = where.partition(".")
    if head == "lines":
        number, _, name = rest.partition(".")
        known = number.isdigit() and int(number) < len(document.line_rows)
        return f"line.{name.partition('.')[0]}", document.line_rows[int(number)] if known else first
    if head == "payments":
        return f"payment.{rest.partition('.')[2]}", first
    path = where if where in targets() else head
    return path, document.odd_rows.get(path, first)

"""From the bytes of a CSV or Excel file to a table of texts, within limits that no file can stretch."""

import csv
import io
import re
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import orjson

from builder.ingest.workbook import ENCRYPTED
from runtime.core.problem import Problem

MOST_BYTES: Final = 10 * 1024 * 1024
MOST_ROWS: Final = 20_000
MOST_COLUMNS: Final = 200
MOST_UNPACKED: Final = 100 * 1024 * 1024
LONGEST_CELL: Final = 32_767
PATIENCE_SECONDS: Final = 60

_ZIP: Final = b"PK\x03\x04"
_OLD_EXCEL: Final = b"\xd0\xcf\x11\xe0"
_PIECE: Final = 1024 * 1024
_SAMPLES: Final = 3


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table: column names, and rows of texts with the number that each has in the file. Empty cells are ""."""

    form: str
    columns: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]

    def samples(self, column: int) -> list[str]:
        """The first few different values of a column."""
        found: dict[str, None] = {}
        for _number, cells in self.rows[:200]:
            if cells[column]:
                found.setdefault(cells[column])
            if len(found) == _SAMPLES:
                break
        return list(found)


def read_sheet(raw: bytes) -> Sheet | Problem:
    """The table of a file, or why there is none. `form` is `Excel`, or the encoding of a CSV file."""
    if len(raw) > MOST_BYTES:
        return Problem("upload.large", params={"most": MOST_BYTES // 1024 // 1024})
    if not raw.strip():
        return Problem("upload.empty")
    if raw.startswith(_OLD_EXCEL):
        return Problem("upload.old_excel")
    return _workbook(raw) if raw.startswith(_ZIP) else _text_table(raw)


# --- Excel ----------------------------------------------------------------------------------------------------------


def _workbook(raw: bytes) -> Sheet | Problem:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            if "xl/workbook.xml" not in packed.namelist():
                return Problem("upload.no_workbook")
            if _unpacked_more_than(packed, MOST_UNPACKED):
                return Problem("upload.unpacked", params={"most": MOST_UNPACKED // 1024 // 1024})
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, ValueError, EOFError):
        return Problem("upload.no_workbook")
    command = [sys.executable, "-m", "builder.ingest.workbook", str(MOST_ROWS + 3), str(MOST_COLUMNS + 1)]
    try:
        read = subprocess.run(command, input=raw, capture_output=True, timeout=PATIENCE_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return Problem("upload.no_workbook")
    if read.returncode == ENCRYPTED:
        return Problem("upload.encrypted")
    if read.returncode != 0:
        return Problem("upload.no_workbook")
    told = orjson.loads(read.stdout)
    numbered = enumerate(told["rows"], start=told["start"] + 1)
    return _table("Excel", ((number, [cell or "" for cell in row]) for number, row in numbered))


def _unpacked_more_than(packed: zipfile.ZipFile, most: int) -> bool:
    """Whether the parts hold more bytes than this. They are counted: what the directory says can be a lie."""
    if sum(part.file_size for part in packed.infolist()) > most:
        return True
    left = most
    for part in packed.infolist():
        with packed.open(part) as content:
            while piece := content.read(_PIECE):
                left -= len(piece)
                if left < 0:
                    return True
    return False


# --- CSV ------------------------------------------------------------------------------------------------------------


def _text_table(raw: bytes) -> Sheet | Problem:
    decoded = _decoded(raw)
    if isinstance(decoded, Problem):
        return decoded
    encoding, text = decoded
    if "\0" in text:
        return Problem("upload.binary")
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        return _table(encoding, _numbered(lines))
    except csv.Error as broken:
        return Problem("upload.broken_csv", params={"line": lines.line_num, "why": str(broken)})


class _Lines(Protocol):
    @property
    def line_num(self) -> int: ...
    def __iter__(self) -> Iterator[list[str]]: ...


def _numbered(lines: _Lines) -> Iterator[tuple[int, list[str]]]:
    """Each record with the number of its first line, as an editor shows it."""
    start = 1
    for record in lines:
        yield start, record
        start = lines.line_num + 1


def _decoded(raw: bytes) -> tuple[str, str] | Problem:
    """The encoding and the text. UTF-8 is told apart from GB 18030 by trying: GB text is hardly ever valid UTF-8."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings: Sequence[str] = ("utf-16",)
    else:
        encodings = ("utf-8-sig" if raw.startswith(b"\xef\xbb\xbf") else "utf-8", "gb18030")
    for encoding in encodings:
        try:
            return encoding, raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return Problem("upload.encoding")


def _delimiter(text: str) -> str:
    """The sign that stands most often in the first line, outside of quotes."""
    first = re.sub(r'"[^"]*"', "", text.partition("\n")[0])
    return max((",", ";", "\t"), key=first.count)


# --- the table ------------------------------------------------------------------------------------------------------


def _table(form: str, numbered: Iterator[tuple[int, list[str]]]) -> Sheet | Problem:
    """Names from the first row that is not empty, values from all rows below it that are not."""
    names: list[str] | None = None
    rows: list[tuple[int, tuple[str, ...]]] = []
    for number, cells in numbered:
        if not any(cell.strip() for cell in cells):
            continue
        if names is None:
            names = _names(cells)
            if len(names) > MOST_COLUMNS:
                return Problem("upload.many_columns", params={"most": MOST_COLUMNS})
            continue
        if len(rows) == MOST_ROWS:
            return Problem("upload.many_rows", params={"most": MOST_ROWS})
        if any(len(cell) > LONGEST_CELL for cell in cells):
            return Problem("upload.long_cell", params={"row": number, "most": LONGEST_CELL})
        if any(cell.strip() for cell in cells[len(names) :]):
            return Problem("upload.more_cells", params={"row": number, "columns": len(names)})
        rows.append((number, tuple((*cells, *[""] * len(names))[: len(names)])))
    if names is None or not rows:
        return Problem("upload.no_rows")
    return Sheet(form, tuple(names), tuple(rows))


def _names(cells: Sequence[str]) -> list[str]:
    """Column names, each once; a column without a name gets its letter."""
    last = max(index for index, cell in enumerate(cells) if cell.strip())
    names: list[str] = []
    for index, cell in enumerate(cells[: last + 1]):
        name = re.sub(r"\s+", " ", cell).strip()[:100] or _letter(index)
        names.append(name if name not in names else f"{name} ({_letter(index)})")
    return names


def _letter(index: int) -> str:
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters

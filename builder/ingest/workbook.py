"""Reads one Excel workbook from standard input and writes its first sheet as JSON: run as a process of its own.

A workbook can be made to fill any memory; here it fills that of a short-lived process with limits, and nobody else's.
Values only: a formula shows what it showed when the file was saved, and is never evaluated.
"""

import io
import resource
import sys
from datetime import date, datetime, time, timedelta
from typing import Any

import orjson

MOST_MEMORY = 1024 * 1024 * 1024
MOST_SECONDS = 30

UNREADABLE = 3
ENCRYPTED = 4


def main(most_rows: int, most_columns: int) -> int:
    """The exit code; 0 when a list of rows was written, each a list of texts (or null), none longer than asked for."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    from python_calamine import CalamineError, PasswordError, load_workbook

    try:
        sheet = load_workbook(io.BytesIO(sys.stdin.buffer.read())).get_sheet_by_index(0)
        rows = []
        for number, row in enumerate(sheet.iter_rows()):
            if number == most_rows:
                break
            rows.append([_text(cell) for cell in row[:most_columns]])
    except PasswordError:
        return ENCRYPTED
    except (CalamineError, IndexError, ValueError):
        return UNREADABLE
    # Rows above the first filled one are not told; they count for the numbers that people see.
    start = sheet.start[0] if sheet.start else 0
    sys.stdout.buffer.write(orjson.dumps({"start": start, "rows": rows}))
    return 0


def _text(cell: Any) -> str | None:
    """A cell as people see it: numbers with at most 15 digits, times without a zone."""
    match cell:
        case None | "":
            return None
        case bool():
            return "true" if cell else "false"
        case float():
            return f"{cell:.15g}" if abs(cell) < 1e15 else f"{cell:.0f}"
        case datetime():
            return cell.isoformat(sep=" ")
        case date():
            return cell.isoformat()
        case time() | timedelta():
            return str(cell)
        case _:
            return str(cell)


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]), int(sys.argv[2])))

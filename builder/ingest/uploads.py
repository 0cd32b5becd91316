"""Uploaded files on their way to orders: what was read, what its columns mean, what was checked, how far it is.

Each upload is a folder in the home. Nothing here is an order yet: orders are taken by the runtime, a few hundred at a time,
and because a repeat does no harm an interrupted upload simply goes on.
"""

import csv
import io
import shutil
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal

import orjson

from builder.ingest.assembly import Assembled, assemble
from builder.ingest.checking import Sender, check
from builder.ingest.columns import Meaning
from builder.ingest.sheets import Sheet
from runtime.core.json_text import read
from runtime.core.problem import Problem
from runtime.core.words import text
from runtime.intake import Answer, Arrival, Delivery, Intake, Receipt, Refused, refuse

AT_ONCE: Final = 500
KEPT_SECONDS: Final = 24 * 3600
MOST_SHOWN: Final = 100
IN_A_FILE: Final = {"order.kind": "upload.kind", "order.time": "upload.time"}
"""What is said of a cell in other words than of a field that a program sent."""

Stage = Literal["columns", "checked", "taking", "done"]


@dataclass(frozen=True, slots=True)
class Counts:
    """What the check found: rows and orders of the file, how many can be taken, and their totals by currency."""

    rows: int = 0
    orders: int = 0
    good: int = 0
    bad: int = 0
    lines: int = 0
    totals: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Taken:
    """What the intake answered so far."""

    accepted: int = 0
    duplicate: int = 0
    conflict: int = 0

    @property
    def all(self) -> int:
        """How many orders were handed over."""
        return self.accepted + self.duplicate + self.conflict


@dataclass(frozen=True, slots=True)
class Upload:
    """One uploaded file. `offset` is how far its good orders were handed over, in bytes."""

    id: str
    user: str
    file: str
    form: str
    columns: tuple[str, ...]
    rows: int
    stage: Stage = "columns"
    meaning: Meaning | None = None
    counts: Counts = field(default_factory=Counts)
    taken: Taken = field(default_factory=Taken)
    offset: int = 0

    @property
    def percent(self) -> int:
        """How much of it is in."""
        return 100 if self.stage == "done" else self.taken.all * 100 // max(1, self.counts.good)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One line of the report: row of the file, order, column, what stands there, and what is wrong with it."""

    row: int
    order: str
    column: str
    cell: str
    problem: Problem

    def told(self, language: str) -> tuple[str, str]:
        """What is wrong and how to mend it."""
        code = IN_A_FILE.get(self.problem.code, self.problem.code)
        return text(code, self.problem.params, language)


class Uploads:
    """The folder of all uploads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._turn = threading.Lock()

    def keep(self, upload_id: str, user: str, file: str, sheet: Sheet) -> Upload:
        """Keep what was read of a file. Uploads of yesterday and before are thrown away."""
        self._throw_away_old()
        upload = Upload(upload_id, user, file[-200:], sheet.form, sheet.columns, len(sheet.rows))
        (self._folder / upload_id).mkdir(parents=True)
        self._write(upload, "sheet.json", orjson.dumps(sheet.rows))
        self._save(upload)
        return upload

    def find(self, upload_id: str, user: str) -> Upload | None:
        """The person's upload; others' are not told."""
        path = self._folder / upload_id / "upload.json"
        if not upload_id.isalnum() or not path.is_file():
            return None
        told = orjson.loads(path.read_bytes())
        if told["user"] != user:
            return None
        return Upload(
            **{
                **told,
                "columns": tuple(told["columns"]),
                "meaning": _meaning(told["meaning"]),
                "counts": Counts(**told["counts"]),
                "taken": Taken(**told["taken"]),
            }
        )

    def unfinished(self, user: str) -> list[Upload]:
        """The person's uploads that are not through, the newest first."""
        found = [self.find(path.parent.name, user) for path in self._folder.glob("*/upload.json")]
        return sorted((one for one in found if one and one.stage != "done"), key=lambda one: one.id, reverse=True)

    def sheet(self, upload: Upload) -> Sheet:
        """The table that was read."""
        rows = orjson.loads((self._folder / upload.id / "sheet.json").read_bytes())
        return Sheet(upload.form, upload.columns, tuple((number, tuple(cells)) for number, cells in rows))

    def try_out(self, upload: Upload, meaning: Meaning, sender: Sender) -> Upload:
        """Check every order without taking any; keep the good ones and the report of the others."""
        counts = Counts(rows=upload.rows)
        good, bad = io.BytesIO(), []
        for one in assemble(self.sheet(upload), meaning, sender):
            counts = _counted(counts, one)
            if isinstance(one.checked, Arrival):
                good.write(one.checked.raw.encode() + b"\n")
            else:
                bad.append(_report_row(one, one.checked))
        self._write(upload, "good.ndjson", good.getvalue())
        self._write(upload, "bad.json", orjson.dumps(bad, default=str))
        checked = replace(upload, stage="checked", meaning=meaning, counts=counts, taken=Taken(), offset=0)
        self._save(checked)
        return checked

    def report(self, upload: Upload) -> list[Refusal]:
        """Everything that is wrong, by row."""
        path = self._folder / upload.id / "bad.json"
        found = [
            Refusal(one["row"], told["order"], one["column"], one["cell"], _problem(one))
            for told in (orjson.loads(path.read_bytes()) if path.is_file() else ())
            for one in told["findings"]
        ]
        return sorted(found, key=lambda one: one.row)

    def take_some(self, upload: Upload, intake: Intake, sender: Sender) -> Upload:
        """Hand the next few hundred orders to the runtime. With the first ones, what was refused is kept there too.

        Asked twice at once, as by a double click, the second goes on where the first one ended.
        """
        with self._turn:
            return self._take_some(self.find(upload.id, upload.user) or upload, intake, sender)

    def _take_some(self, upload: Upload, intake: Intake, sender: Sender) -> Upload:
        if upload.stage not in ("checked", "taking"):
            return upload
        with (self._folder / upload.id / "good.ndjson").open("rb") as lines:
            lines.seek(upload.offset)
            raw = [line.rstrip(b"\n") for line in _first(lines, AT_ONCE)]
            offset = lines.tell()
        arrivals = [check(read(one), sender) for one in raw]
        refused = self._refused(upload, sender) if upload.stage == "checked" else []
        receipts = _hand_over(intake, sender, arrivals, refused)
        taken = Taken(
            **{
                status: getattr(upload.taken, status) + sum(one.status == status for one in receipts)
                for status in ("accepted", "duplicate", "conflict")
            }
        )
        stage: Stage = "taking" if taken.all < upload.counts.good else "done"
        following = replace(upload, stage=stage, taken=taken, offset=offset)
        self._save(following)
        return following

    def drop(self, upload: Upload) -> None:
        """Throw an upload away; orders that were taken stay."""
        shutil.rmtree(self._folder / upload.id, ignore_errors=True)

    def _refused(self, upload: Upload, sender: Sender) -> list[Refused]:
        bad = orjson.loads((self._folder / upload.id / "bad.json").read_bytes())
        return [
            refuse(
                one["channel"],
                one["order"],
                [_problem(found) for found in one["findings"]],
                one["raw"].encode(),
            )
            for one in bad
        ]

    def _save(self, upload: Upload) -> None:
        told = asdict(upload)
        if upload.meaning:
            told["meaning"]["constants"] = dict(upload.meaning.constants)
        self._write(upload, "upload.json", orjson.dumps(told))

    def _write(self, upload: Upload, name: str, content: bytes) -> None:
        """Whole or not at all, also when the power goes."""
        path = self._folder / upload.id / name
        draft = path.with_suffix(".draft")
        draft.write_bytes(content)
        draft.replace(path)

    def _throw_away_old(self) -> None:
        before = time.time() - KEPT_SECONDS
        for folder in self._folder.glob("*/"):
            if folder.stat().st_mtime < before:
                shutil.rmtree(folder, ignore_errors=True)


def report_csv(refusals: Iterable[Refusal], heads: Sequence[str], language: str) -> bytes:
    """The report for a spreadsheet. No cell begins in a way that a spreadsheet would take for a formula."""
    lines = io.StringIO()
    writer = csv.writer(lines)
    writer.writerow(heads)
    for one in refusals:
        wrong, remedy = one.told(language)
        writer.writerow([one.row, *map(_harmless, (one.order, one.column, one.cell, wrong, remedy))])
    return lines.getvalue().encode("utf-8-sig")


# Full-width signs too: a spreadsheet in Chinese or Japanese takes them for the others.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _hand_over(
    intake: Intake, sender: Sender, checked: Sequence[Arrival | Refused], refused: Sequence[Refused]
) -> list[Receipt]:
    arrivals = [one for one in checked if isinstance(one, Arrival)]
    assert len(arrivals) == len(checked), "what was kept as good is good"
    found: list[Receipt] = []

    def answered(receipts: Sequence[Receipt]) -> Answer:
        found[:] = receipts
        return Answer(200, b"")

    intake.take(Delivery(sender.name, arrivals, refused, answered))
    return found


def _counted(counts: Counts, one: Assembled) -> Counts:
    if not isinstance(one.checked, Arrival):
        return replace(counts, orders=counts.orders + 1, bad=counts.bad + 1)
    order = one.checked.order
    totals = {**counts.totals, order["currency"]: counts.totals.get(order["currency"], 0) + order["total"]}
    lines = counts.lines + len(order.get("lines") or ())
    return replace(counts, orders=counts.orders + 1, good=counts.good + 1, lines=lines, totals=totals)


def _report_row(one: Assembled, refused: Refused) -> dict[str, Any]:
    return {
        "order": refused.external_id or "",
        "channel": refused.channel,
        "raw": refused.raw,
        "findings": [
            {
                "row": found.row,
                "column": found.column,
                "cell": found.cell[:200],
                "code": found.problem.code,
                "where": found.problem.where,
                "params": dict(found.problem.params),
            }
            for found in one.findings
        ],
    }


def _problem(told: Mapping[str, Any]) -> Problem:
    return Problem(told["code"], told["where"], told["params"])


def _meaning(told: dict[str, Any] | None) -> Meaning | None:
    return Meaning(tuple(told["columns"]), told["zone"], told["constants"]) if told else None


def _first(lines: io.BufferedReader, most: int) -> Iterator[bytes]:
    for _ in range(most):
        line = lines.readline()
        if not line:
            return
        yield line

"""A whole home in one file, taken while it runs, and put back again. For SQLite; other databases have tools of their own.

The file is a zip: `manifest.json`, `orderflow.db` and `secret-key` (sealed secrets open with no other). What the backup knew
as answered is never sent again after a restore; a call that was out when it was taken is sent again under its own key.
"""

import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from runtime.store.database import MIGRATIONS, migrate

FORMAT = "orderflow-backup/1"
MANIFEST, DATABASE, KEY = "manifest.json", "orderflow.db", "secret-key"
PAGES = 2_000
CHUNK = 1 << 20
# What holds of the replaced home; the doorbell's own data are no truth and begin anew.
MOVED_ASIDE = (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", KEY, "redis", "claims")

Progress = Callable[[int, int], None]
"""Told how much is done, of how much."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself. `sha256` is by member; `orders` counts all that were received.

    `demo`: of a demo shop, whose people have no passwords.
    """

    format: str
    demo: bool
    made_at: str
    revision: str
    orders: int
    sha256: dict[str, str]


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back, and where what was there before lies now (None: nothing was)."""

    manifest: Manifest
    aside: Path | None


class Unfit(Exception):
    """The file cannot be written or restored. Arguments: what is wrong, how to mend it. Nothing was changed."""


def back_up(
    database: Path, key: str, target: Path, now: datetime, *, demo: bool, force: bool, progress: Progress
) -> Manifest:
    """Write a backup of a database that may be in use to `target`. Nobody who writes to it has to wait.

    Raises `Unfit` when the target is there already (unless `force`) or cannot be written.
    """
    if target.exists() and not force:
        raise Unfit(f"{target} is there already.", "Name another file, or say --force to replace it.")
    if not database.is_file():
        raise Unfit(f"There is no database in {database}.", "Start Orderflow once, or look at ORDERFLOW_HOME.")
    try:
        with tempfile.TemporaryDirectory(dir=target.absolute().parent, prefix=".orderflow-backup-") as folder:
            copy = Path(folder) / DATABASE
            revision, orders = _copy(database, copy, progress)
            kept = Path(folder) / KEY
            kept.write_text(key, "ascii")
            sums = {name: _sha256(Path(folder) / name) for name in (DATABASE, KEY)}
            manifest = Manifest(FORMAT, demo, now.isoformat(), revision, orders, sums)
            packed = Path(folder) / "packed"
            _pack(packed, Path(folder), manifest)
            packed.replace(target)
    except OSError as broken:
        raise Unfit(
            f"{target} cannot be written ({broken.strerror or broken}).", "Name a file in a folder with room."
        ) from broken
    return manifest


def restore(source: Path, home: Path, now: datetime, *, demo: bool) -> Restored:
    """Put a backup, brought to today's revision, into a home that nobody runs in. What was there is kept aside.

    Raises `Unfit`, and then nothing was touched, for whatever is no whole backup of a version that is known here.
    """
    with _opened(source) as packed:
        manifest = _manifest(packed)
        if manifest.demo != demo:
            kinds = ("of real orders", "of a demo shop")
            raise Unfit(
                f"{source} is {kinds[manifest.demo]}, this home is {kinds[demo]}.", "Set ORDERFLOW_DEMO to fit it."
            )
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(dir=home, prefix=".restore-") as folder:
            for name in (DATABASE, KEY):
                _unpack(packed, name, Path(folder) / name, manifest.sha256[name])
            migrate(f"sqlite:///{Path(folder) / DATABASE}")
            _fold_log(Path(folder) / DATABASE)
            aside = _put_aside(home, now)
            for name in (DATABASE, KEY):
                (Path(folder) / name).replace(home / name)
    return Restored(manifest, aside)


def _copy(database: Path, copy: Path, progress: Progress) -> tuple[str, int]:
    """One consistent view of the database, its revision and number of orders."""
    with closing(sqlite3.connect(database, isolation_level=None)) as source, closing(sqlite3.connect(copy)) as target:
        # The open reading transaction keeps the view still, however long the copy takes; in WAL mode nobody waits for it.
        source.execute("BEGIN")
        try:
            revision: str = source.execute("SELECT version_num FROM alembic_version").fetchone()[0]
            orders: int = source.execute("SELECT count(*) FROM orders").fetchone()[0]
        except (sqlite3.Error, TypeError) as broken:
            raise Unfit(
                f"{database} is no database of Orderflow ({broken}).", "Look at ORDERFLOW_DATABASE_URL."
            ) from broken
        source.backup(target, pages=PAGES, progress=lambda _status, left, of: progress(of - left, of))
        fault = target.execute("PRAGMA quick_check").fetchone()[0]
        if fault != "ok":
            raise Unfit(f"The database is damaged: {fault}.", "Restore the last good backup, and look at the disk.")
    return revision, orders


def _pack(packed: Path, folder: Path, manifest: Manifest) -> None:
    with _own_file(packed) as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.writestr(MANIFEST, json.dumps(asdict(manifest), indent=2))
            for name in (DATABASE, KEY):
                archive.write(folder / name, name)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _opened(source: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(source) as packed:
            yield packed
    except FileNotFoundError:
        raise Unfit(f"There is no file {source}.", "Look at its name.") from None
    except (zipfile.BadZipFile, EOFError, OSError) as broken:
        raise Unfit(f"{source} cannot be read as a backup ({broken}).", "Take another copy of it.") from broken


def _manifest(packed: zipfile.ZipFile) -> Manifest:
    foreign = Unfit(f"{packed.filename} is no backup of Orderflow.", "Name a file that `orderflow backup` has written.")
    try:
        told: dict[str, Any] = json.loads(packed.read(MANIFEST))
        manifest = Manifest(**told)
    except (KeyError, ValueError, TypeError):
        raise foreign from None
    if manifest.format != FORMAT or set(manifest.sha256) != {DATABASE, KEY}:
        raise foreign
    if manifest.revision not in _known_revisions():
        raise Unfit(
            f"The backup is of a newer Orderflow (its tables are of revision {manifest.revision}).",
            "Install that version first.",
        )
    return manifest


def _known_revisions() -> set[str]:
    return {path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py")}


def _unpack(packed: zipfile.ZipFile, name: str, into: Path, sha256: str) -> None:
    try:
        with (
            packed.open(name) as member,
            os.fdopen(os.open(into, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file,
        ):
            shutil.copyfileobj(member, file, CHUNK)
    except KeyError:
        raise Unfit(f"{packed.filename} lacks {name}.", "Take another copy of it.") from None
    if _sha256(into) != sha256:
        raise Unfit(f"{name} in {packed.filename} is damaged.", "Take another copy of it.")


def _fold_log(database: Path) -> None:
    """Bring what the migration wrote into the one file that is moved."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _put_aside(home: Path, now: datetime) -> Path | None:
    there = [home / name for name in MOVED_ASIDE if (home / name).exists()]
    if not there:
        return None
    aside = home / f"replaced-{now:%Y%m%d-%H%M%S}"
    aside.mkdir(mode=0o700)
    for path in there:
        path.replace(aside / path.name)
    return aside


def _own_file(path: Path) -> IO[bytes]:
    """A new file that only its owner can read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

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
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from runtime.homecoming import BEGUN, DATABASE, KEY, change_over, free_place, sync
from runtime.store.database import MIGRATIONS, migrate

FORMAT = "orderflow-backup/1"
MANIFEST = "manifest.json"
PAGES = 2_000
CHUNK = 1 << 20
MOST_MANIFEST = 1 << 16

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

    Raises `Unfit`, and then nothing was touched, for whatever is no whole backup of a version that is known here, or does
    not fit on the disk. Killed in the middle, it has either not begun or is ended by `homecoming.finish`.
    """
    with _opened(source) as packed:
        manifest = _manifest(packed)
        if manifest.demo != demo:
            kinds = ("of real orders", "of a demo shop")
            raise Unfit(
                f"{source} is {kinds[manifest.demo]}, this home is {kinds[demo]}.", "Set ORDERFLOW_DEMO to fit it."
            )
        try:
            unpacked = _unpack_beside(packed, manifest, home, now)
        except OSError as broken:
            raise Unfit(
                f"{source} cannot be unpacked in {home} ({broken.strerror or broken}).",
                "Make room, and look at its rights.",
            ) from broken
    return Restored(manifest, change_over(home, unpacked))


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
        packed = zipfile.ZipFile(source)
    except FileNotFoundError:
        raise Unfit(f"There is no file {source}.", "Look at its name.") from None
    except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError, OSError) as broken:
        raise Unfit(f"{source} cannot be read as a backup ({broken}).", "Take another copy of it.") from broken
    with packed:
        yield packed


def _manifest(packed: zipfile.ZipFile) -> Manifest:
    foreign = Unfit(f"{packed.filename} is no backup of Orderflow.", "Name a file that `orderflow backup` has written.")
    try:
        if packed.getinfo(MANIFEST).file_size > MOST_MANIFEST:
            raise foreign
        with _damage_told(packed, MANIFEST):
            text = packed.read(MANIFEST)
        told: dict[str, Any] = json.loads(text)
        manifest = Manifest(**told)
    except (KeyError, ValueError, TypeError, RecursionError):
        raise foreign from None
    if not _is_ours(manifest):
        raise foreign
    if manifest.revision not in _known_revisions():
        raise Unfit(
            f"The backup is of a newer Orderflow (its tables are of revision {manifest.revision}).",
            "Install that version first.",
        )
    return manifest


def _is_ours(manifest: Manifest) -> bool:
    """Whether everything in it is of the kind that `back_up` writes."""
    return (
        manifest.format == FORMAT
        and all(isinstance(text, str) for text in (manifest.made_at, manifest.revision))
        and type(manifest.demo) is bool
        and type(manifest.orders) is int
        and isinstance(manifest.sha256, dict)
        and set(manifest.sha256) == {DATABASE, KEY}
    )


def _known_revisions() -> set[str]:
    return {path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py")}


def _unpack_beside(packed: zipfile.ZipFile, manifest: Manifest, home: Path, now: datetime) -> Path:
    """The checked parts of the new home in a folder of the old one. Its name, given last, says that it is complete."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    needed = sum(info.file_size for name in (DATABASE, KEY) for info in packed.infolist() if info.filename == name)
    room = shutil.disk_usage(home).free
    if needed > room:
        raise Unfit(
            f"{packed.filename} unpacks to {needed / 1e6:,.1f} MB, and {home} has room for {room / 1e6:,.1f} MB.",
            "Make room, or name a home on another disk.",
        )
    with tempfile.TemporaryDirectory(dir=home, prefix=BEGUN) as folder:
        ready = Path(folder) / "ready"
        ready.mkdir(mode=0o700)
        for name in (DATABASE, KEY):
            _unpack(packed, name, ready / name, manifest.sha256[name])
        _bring_up(ready / DATABASE, manifest, str(packed.filename))
        for path in (ready / DATABASE, ready / KEY, ready):
            sync(path)
        unpacked = free_place(home, now)
        ready.rename(unpacked)
    sync(home)
    return unpacked


def _unpack(packed: zipfile.ZipFile, name: str, into: Path, sha256: str) -> None:
    try:
        with _damage_told(packed, name), packed.open(name) as member, _own_file(into) as file:
            shutil.copyfileobj(member, file, CHUNK)
    except KeyError:
        raise Unfit(f"{packed.filename} lacks {name}.", "Take another copy of it.") from None
    if _sha256(into) != sha256:
        raise Unfit(f"{name} in {packed.filename} is damaged.", "Take another copy of it.")


@contextmanager
def _damage_told(packed: zipfile.ZipFile, name: str) -> Iterator[None]:
    """A member that cannot be read is damaged, or written by something else: locked by a password, packed in other ways."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as broken:
        raise Unfit(f"{name} in {packed.filename} is damaged ({broken}).", "Take another copy of it.") from broken


def _bring_up(database: Path, manifest: Manifest, source: str) -> None:
    """Check that it is the database that the manifest tells of, and migrate it, all in the one file that is moved."""
    try:
        with closing(sqlite3.connect(database)) as connection:
            revision = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            fault = connection.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.Error as broken:
        raise Unfit(f"{DATABASE} in {source} is damaged ({broken}).", "Take another copy of it.") from broken
    if revision != (manifest.revision,) or fault != "ok":
        raise Unfit(f"{DATABASE} in {source} is damaged.", "Take another copy of it.")
    migrate(f"sqlite:///{database}")
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _own_file(path: Path) -> IO[bytes]:
    """A new file that only its owner can read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

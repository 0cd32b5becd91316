"""The change from an old home to a restored one. Killed anywhere, it is brought to its end by the next start.

A complete new home lies in `restoring-<moment>`; what it replaces goes to `replaced-<moment>`. Standard library only, for
the supervisor looks here first.
"""

import os
import shutil
from datetime import datetime
from pathlib import Path
from typing import Final

DATABASE: Final = "orderflow.db"
KEY: Final = "secret-key"
BEGUN: Final = ".restore-"
# What goes aside with the replaced database; the doorbell's own data are no truth and begin anew.
MOVED_ASIDE: Final = (f"{DATABASE}-wal", f"{DATABASE}-shm", "redis", "claims")
UNPACKED, ASIDE = "restoring-", "replaced-"


def finish(home: Path) -> bool:
    """Bring a restore to its end that was killed between the old home and the new one. False: there is none.

    For whoever holds the home. What one left that was killed before, while it unpacked, is thrown away.
    """
    for begun in home.glob(f"{BEGUN}*"):
        shutil.rmtree(begun)
    unfinished = sorted(home.glob(f"{UNPACKED}*"))
    for unpacked in unfinished:
        change_over(home, unpacked)
    return bool(unfinished)


def free_place(home: Path, now: datetime) -> Path:
    """Where a complete new home is laid, named by the moment as nothing is that was set aside."""
    moment, number = f"{now:%Y%m%d-%H%M%S}", 1
    name = moment
    while (home / f"{ASIDE}{name}").exists() or (home / f"{UNPACKED}{name}").exists():
        number += 1
        name = f"{moment}-{number}"
    return home / f"{UNPACKED}{name}"


def change_over(home: Path, unpacked: Path) -> Path | None:
    """From the old home to the new one. Killed anywhere, it goes on from there; a database and a key are always there."""
    aside = home / (ASIDE + unpacked.name.removeprefix(UNPACKED))
    aside.mkdir(mode=0o700, exist_ok=True)
    if (unpacked / DATABASE).exists():
        for name in MOVED_ASIDE:
            if (home / name).exists():
                (home / name).replace(aside / name)
    for name in (KEY, DATABASE):
        if not (unpacked / name).exists():
            continue
        if (home / name).exists() and not (aside / name).exists():
            (aside / name).hardlink_to(home / name)
        (unpacked / name).replace(home / name)
    sync(home)
    unpacked.rmdir()
    if any(aside.iterdir()):
        return aside
    aside.rmdir()
    return None


def sync(path: Path) -> None:
    """Have what was written to this file or folder on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

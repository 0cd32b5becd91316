"""`orderflow backup` and `orderflow restore`."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click
from sqlalchemy.engine import make_url

from builder.cli.running import hold_home
from builder.config import Settings
from runtime import backup, homecoming
from runtime.clock import now

T = TypeVar("T")

ELSEWHERE = {
    "postgresql": "pg_dump --format=custom --file FILE DATABASE, and pg_restore --clean --dbname DATABASE FILE",
    "mysql": "mariadb-dump --single-transaction DATABASE > FILE, and mariadb DATABASE < FILE",
}


def write(settings: Settings, target: Path, *, force: bool) -> str:
    """Backs the home up, and tells it in a sentence."""
    database = _own_database(settings)
    manifest = _or_say(
        lambda: backup.back_up(
            database, settings.secret_key, target, now(), demo=settings.demo, force=force, progress=_show
        )
    )
    size = target.stat().st_size / 1e6
    return f"{manifest.orders:,} orders in {target} ({size:,.1f} MB). Keep it safe: it holds the secret key."


def put_back(settings: Settings, source: Path) -> str:
    """Restores the home from a backup, and tells it in sentences."""
    _own_database(settings)
    with hold_home(settings.home) as lock:
        if lock is None:
            raise click.ClickException(
                f"Orderflow runs in {settings.home}. Nothing was changed.\nEnd it first (Ctrl-C where it was started)."
            )
        homecoming.finish(settings.home)
        restored = _or_say(lambda: backup.restore(source, settings.home, now(), demo=settings.demo))
    told = [f"{restored.manifest.orders:,} orders of {restored.manifest.made_at} are back in {settings.home}."]
    if restored.aside:
        told.append(f"What was there before lies in {restored.aside}.")
    key = (settings.home / homecoming.KEY).read_text("ascii").strip()
    if os.environ.get("ORDERFLOW_SECRET_KEY", key) != key:
        told.append("ORDERFLOW_SECRET_KEY is another one than the backup's: unset it, or sealed secrets stay shut.")
    return "\n".join(told)


def _own_database(settings: Settings) -> Path:
    """The SQLite file of the home. Another database is backed up by its own tools."""
    url = make_url(settings.database_url)
    backend = url.get_backend_name().replace("mariadb", "mysql")
    if backend != "sqlite":
        raise click.ClickException(
            f"The orders are in a {url.get_backend_name()} database, which has better tools of its own:\n"
            f"  {ELSEWHERE[backend]}\n"
            f"Keep the secret key beside it: {settings.home / homecoming.KEY} or ORDERFLOW_SECRET_KEY."
        )
    path = Path(url.database or "")
    if path != settings.home / homecoming.DATABASE:
        raise click.ClickException(
            f"The database {path} is not the one of the home {settings.home}.\nUnset ORDERFLOW_DATABASE_URL, or copy it."
        )
    return path


def _or_say(act: Callable[[], T]) -> T:
    try:
        return act()
    except backup.Unfit as unfit:
        raise click.ClickException("\n".join(unfit.args)) from None


def _show(done: int, of: int) -> None:
    if of > 20_000:  # pages of 4 KiB: below, it is over before it could be read
        click.echo(f"\r· {done * 100 // of} %", nl=done == of, err=True)

"""One way to connect and one way to begin, for SQLite, PostgreSQL and MariaDB."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

T = TypeVar("T")

BUSY_MS = 10_000
MOST_RACES = 5
# PostgreSQL's SQLSTATEs, MariaDB's numbers: deadlock, and a wait that took too long.
DEADLOCKS = frozenset(("40P01", "40001", 1213, 1205))
MIGRATIONS = Path(__file__).parent / "migrations"


def connect(url: str, *, pool_size: int = 10) -> Engine:
    """An engine for `sqlite:///path`, `postgresql+psycopg://…` or `mysql+pymysql://…`. Nothing is opened yet."""
    backend = make_url(url).get_backend_name()
    # An error of the database is logged without the values: they are buyers, addresses and secrets.
    engine = create_engine(url, hide_parameters=True, **_options(backend, pool_size))
    if backend == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


@contextmanager
def begin(engine: Engine, *, durable: bool) -> Iterator[Connection]:
    """A writing transaction.

    `durable` is for what is acknowledged to the outside (intake, decision, publication): it outlives a power cut.
    What is not (a drain) can be done again from what is, and may use the cheaper commit.
    """
    writes = engine.execution_options(orderflow_writes=True, orderflow_durable=durable)
    with _turn(engine), writes.begin() as connection:
        if connection.dialect.name == "postgresql" and not durable:
            connection.execute(text("SET LOCAL synchronous_commit = off"))
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A reading transaction: one consistent view, no locks."""
    with engine.connect() as connection:
        yield connection


def migrate(url: str) -> None:
    """Bring the database to the newest revision."""
    # Only this needs Alembic, which is large and slow to load.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    command.upgrade(config, "head")


def stood_in_the_way(broken: DBAPIError) -> bool:
    """Whether two transactions waited for each other, and the database let this one begin again."""
    told = getattr(broken.orig, "sqlstate", None) or next(iter(getattr(broken.orig, "args", ())), None)
    return told in DEADLOCKS


def letting_pass(act: Callable[[], T]) -> T:
    """Do this, a whole transaction, once more where it and others waited for each other."""
    for _ in range(MOST_RACES):
        try:
            return act()
        except DBAPIError as broken:
            if not stood_in_the_way(broken):
                raise
    return act()


def disk_is_full(broken: DBAPIError) -> bool:
    """Whether the database says that it could not write for want of room, also where a file may not grow."""
    told = getattr(broken.orig, "sqlite_errorname", None) or getattr(broken.orig, "sqlstate", None)
    return (told or next(iter(getattr(broken.orig, "args", ())), None)) in _DISK_FULL


# SQLite's names, PostgreSQL's SQLSTATE, MariaDB's numbers.
_DISK_FULL = frozenset(("SQLITE_FULL", "SQLITE_IOERR_WRITE", "53100", 1021, 1114))

_turns: WeakKeyDictionary[Engine, Lock] = WeakKeyDictionary()


def _turn(engine: Engine) -> AbstractContextManager[object]:
    """SQLite takes one writer at a time, and whoever comes second sleeps and looks again. Our own threads queue instead."""
    return _turns.setdefault(engine, Lock()) if engine.dialect.name == "sqlite" else nullcontext()


def _options(backend: str, pool_size: int) -> dict[str, Any]:
    if backend == "sqlite":
        return {
            "pool_size": pool_size,
            "connect_args": {"timeout": BUSY_MS / 1000, "check_same_thread": False},
        }
    options: dict[str, Any] = {"pool_size": pool_size, "max_overflow": pool_size, "pool_pre_ping": True}
    if backend in ("mysql", "mariadb"):
        strict = "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00'"
        options |= {
            "connect_args": {"charset": "utf8mb4", "init_command": strict},
            "isolation_level": "READ COMMITTED",
        }
    return options


def _prepare_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    # The driver's own transaction handling begins too late for BEGIN IMMEDIATE; ours is in _begin_sqlite.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    raw = connection.connection.driver_connection
    assert raw is not None
    if not options.get("orderflow_writes"):
        raw.execute("BEGIN")
        return
    raw.execute(f"PRAGMA synchronous = {'FULL' if options.get('orderflow_durable') else 'NORMAL'}")
    raw.execute("BEGIN IMMEDIATE")

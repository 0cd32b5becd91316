"""A fresh, migrated database for every test, made quickly from a template."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psutil
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url

from runtime.store.database import migrate
from tests import servers

Fresh = Callable[[], str]
"""Makes one more migrated database and gives its address."""

_numbers = count(1)


def sqlite(folder: Path) -> Fresh:
    """Files in this folder, each a copy of one that was migrated."""
    template = folder / "template.db"
    migrate(f"sqlite:///{template}")
    _into_one_file(template)

    def fresh() -> str:
        path = folder / f"{next(_numbers)}.db"
        shutil.copyfile(template, path)
        return f"sqlite:///{path}"

    return fresh


@contextmanager
def postgresql() -> Iterator[Fresh]:
    """Databases on a PostgreSQL of our own, each copied from a template."""
    with servers.postgresql() as url:
        template = _named(url, "template_orderflow")
        with _administrator(url) as administrator:
            administrator.execute(text("CREATE DATABASE template_orderflow"))
        migrate(template)

        def fresh() -> str:
            name = f"test_{next(_numbers)}"
            with _administrator(url) as administrator:
                administrator.execute(text(f"CREATE DATABASE {name} TEMPLATE template_orderflow STRATEGY file_copy"))
            return _named(url, name)

        yield fresh


@contextmanager
def mariadb() -> Iterator[Fresh]:
    """Databases on a MariaDB of our own, each made by the statements that MariaDB itself shows for a migrated one."""
    with servers.mariadb() as url:
        with _administrator(url) as administrator:
            administrator.execute(text("CREATE DATABASE template_orderflow"))
        migrate(_named(url, "template_orderflow"))
        with _administrator(_named(url, "template_orderflow")) as administrator:
            tables = administrator.execute(text("SHOW TABLES")).scalars().all()
            made = [administrator.execute(text(f"SHOW CREATE TABLE `{table}`")).one()[1] for table in tables]

        def fresh() -> str:
            name = f"test_{next(_numbers)}"
            with _administrator(url) as administrator:
                administrator.execute(text(f"CREATE DATABASE {name}"))
            with _administrator(_named(url, name)) as administrator:
                administrator.execute(text("SET foreign_key_checks = 0"))
                for statement in made:
                    administrator.exec_driver_sql(statement.replace("%", "%%"))
                administrator.execute(
                    text("INSERT INTO alembic_version SELECT * FROM template_orderflow.alembic_version")
                )
            return _named(url, name)

        yield fresh


KINDS = ("sqlite", "postgresql", "mariadb")


@dataclass(frozen=True, slots=True)
class Empty:
    """An empty database for a whole Orderflow: its address (None: the home's own SQLite), and its server's process."""

    url: str | None = None
    server: psutil.Process | None = None

    def processes(self) -> list[psutil.Process]:
        """The server's processes; none for SQLite."""
        return [self.server, *self.server.children(recursive=True)] if self.server else []


@contextmanager
def empty(kind: str) -> Iterator[Empty]:
    """An empty database of this kind on a server of our own that syncs to disk as in a real house."""
    if kind == "sqlite":
        yield Empty()
        return
    with servers.postgresql(careful=True) if kind == "postgresql" else servers.mariadb() as url:
        with _administrator(url) as administrator:
            administrator.execute(text("CREATE DATABASE orderflow"))
        yield Empty(_named(url, "orderflow"), _server_of(url))


def _server_of(url: str) -> psutil.Process:
    """The child of ours in whose command line the server's folder stands."""
    query = make_url(url).query
    folder = str(query.get("host") or Path(str(query["unix_socket"])).parent)
    return next(one for one in psutil.Process().children() if any(folder in word for word in one.cmdline()))


def _into_one_file(path: Path) -> None:
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    engine.dispose()


@contextmanager
def _administrator(url: str) -> Iterator[Connection]:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _named(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)

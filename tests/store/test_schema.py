"""The database is made by migrations alone, and they make what the code believes."""

from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from runtime.store.database import begin, connect, migrate, reading
from runtime.store.tables import metadata
from tests.databases import Fresh


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = connect(database_url)
    yield engine
    engine.dispose()


def test_the_migrated_schema_is_the_declared_one(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_migrating_again_changes_nothing(database_url: str, engine: Engine) -> None:
    migrate(database_url)
    assert set(inspect(engine).get_table_names()) == {*metadata.tables, "alembic_version"}


def test_what_is_acknowledged_is_synced_to_disk_and_a_drain_is_not(engine: Engine) -> None:
    found = {}
    for durable in (True, False, True):
        with begin(engine, durable=durable) as connection:
            found[durable] = _commit_setting(engine, connection)
    expected = {
        "sqlite": {True: (2, "wal"), False: (1, "wal")},
        "postgresql": {True: "on", False: "off"},
        # MariaDB knows no cheaper commit a session: 1 syncs every one.
        "mysql": {True: 1, False: 1},
    }
    assert found == expected[engine.dialect.name]


def _commit_setting(engine: Engine, connection: object) -> object:
    execute = connection.execute  # type: ignore[attr-defined]
    match engine.dialect.name:
        case "sqlite":
            return execute(text("PRAGMA synchronous")).scalar(), execute(text("PRAGMA journal_mode")).scalar()
        case "postgresql":
            return execute(text("SHOW synchronous_commit")).scalar()
        case _:
            return execute(text("SELECT @@innodb_flush_log_at_trx_commit")).scalar()


def test_sqlite_writers_wait_at_the_beginning_and_never_fail_in_the_middle(sqlite_url: str) -> None:
    engine = connect(sqlite_url)
    with begin(engine, durable=False) as connection:
        raw = connection.connection.driver_connection
        assert raw is not None and raw.in_transaction, "the write lock is taken before the first statement"
    engine.dispose()


@pytest.mark.mariadb
def test_mariadb_refuses_what_does_not_fit(mariadb_databases: Fresh) -> None:
    engine = connect(mariadb_databases())
    with reading(engine) as connection:
        mode, zone = connection.execute(text("SELECT @@sql_mode, @@time_zone")).one()
        assert "STRICT_ALL_TABLES" in mode
        assert zone == "+00:00"
        isolation = connection.execute(text("SELECT @@tx_isolation")).scalar()
        assert isolation == "READ-COMMITTED"
    engine.dispose()

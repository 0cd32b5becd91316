"""Servers and databases that tests share: one private server a session, one fresh database a test."""

from collections.abc import Iterator

import pytest
from redis import Redis

from tests import databases, servers
from tests.databases import Fresh

pytest_plugins = ("tests.rules", "tests.browsers", "tests.sharing")

DATABASES = (
    pytest.param("sqlite", id="sqlite"),
    pytest.param("postgresql", id="postgresql", marks=pytest.mark.postgresql),
    pytest.param("mariadb", id="mariadb", marks=pytest.mark.mariadb),
)


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory: pytest.TempPathFactory) -> Fresh:
    return databases.sqlite(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgresql_databases() -> Iterator[Fresh]:
    try:
        with databases.postgresql() as fresh:
            yield fresh
    except servers.Missing as missing:
        pytest.skip(f"no PostgreSQL: {missing}")


@pytest.fixture(scope="session")
def mariadb_databases() -> Iterator[Fresh]:
    try:
        with databases.mariadb() as fresh:
            yield fresh
    except servers.Missing as missing:
        pytest.skip(f"no MariaDB: {missing}")


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of a fresh migrated database: the test runs once on each kind."""
    fresh: Fresh = request.getfixturevalue(f"{request.param}_databases")
    return fresh()


@pytest.fixture
def sqlite_url(sqlite_databases: Fresh) -> str:
    """The address of a fresh migrated SQLite database."""
    return sqlite_databases()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    try:
        with servers.redis() as url:
            yield url
    except servers.Missing as missing:
        pytest.skip(f"no Redis: {missing}")


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """The address of a Redis in which nothing is left of the test before."""
    with Redis.from_url(redis_server) as redis:
        redis.flushall()
    return redis_server

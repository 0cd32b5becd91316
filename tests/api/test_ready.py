"""A house that lacks something says what."""

from pathlib import Path

import pytest

from builder import create_app
from tests.api.conftest import Api, make_settings


@pytest.mark.parametrize(
    ("database", "redis", "wrong"),
    [
        ("sqlite:////nowhere/at/all.db", None, "database"),
        ("sqlite:///{folder}/empty.db", None, "database"),
        (None, "unix:///nowhere/redis.sock", "redis"),
    ],
    ids=["no database", "not migrated", "no redis"],
)
def test_what_is_missing_is_told(
    database: str | None, redis: str | None, wrong: str, sqlite_url: str, redis_url: str, tmp_path: Path
) -> None:
    url = database.format(folder=tmp_path) if database else sqlite_url
    house = Api(create_app(make_settings(tmp_path, url, redis or redis_url)), {})
    assert house.get("/healthz", None).status_code == 200
    answer = house.get("/readyz", None, headers={"Accept-Language": "zh"})
    assert answer.status_code == 503
    checks = answer.get_json()["checks"]
    assert [name for name, found in checks.items() if found != "ok"] == [wrong]
    house.service.engine.dispose()

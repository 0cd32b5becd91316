"""Settings: what is told is taken, what is wrong stops the start and says how to mend it."""

import os
import stat
from pathlib import Path

import pytest

from builder.config import SETTINGS, BadSettings, Settings, read_settings, socket_path


def read(tmp_path: Path, **told: str) -> Settings:
    found = read_settings({"ORDERFLOW_HOME": str(tmp_path), **told})
    assert isinstance(found, Settings), found
    return found


def refused(tmp_path: Path, **told: str) -> str:
    found = read_settings({"ORDERFLOW_HOME": str(tmp_path / "new"), **told})
    assert isinstance(found, BadSettings)
    assert not (tmp_path / "new").exists(), "a start that is refused leaves nothing behind"
    return str(found)


def test_a_start_without_settings_keeps_everything_in_the_live_home(tmp_path: Path) -> None:
    settings = read(tmp_path)
    assert settings.home == tmp_path / "live"
    assert settings.database_url == f"sqlite:///{tmp_path}/live/orderflow.db"
    assert settings.redis_url == f"unix://{tmp_path}/live/redis.sock"
    assert (settings.host, settings.port, settings.workers, settings.timezone) == (
        "127.0.0.1",
        8000,
        2,
        "Asia/Shanghai",
    )
    assert settings.embedded_redis


def test_demo_and_real_data_never_share_a_home(tmp_path: Path) -> None:
    assert read(tmp_path, ORDERFLOW_DEMO="1").home != read(tmp_path, ORDERFLOW_DEMO="0").home


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "shop.example"])
def test_the_demo_never_listens_to_the_network(tmp_path: Path, host: str) -> None:
    assert "without passwords" in refused(tmp_path, ORDERFLOW_DEMO="1", ORDERFLOW_HOST=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_the_demo_listens_on_this_machine(tmp_path: Path, host: str) -> None:
    assert read(tmp_path, ORDERFLOW_DEMO="1", ORDERFLOW_HOST=host).loopback


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("ORDERFLOW_PROT", "ORDERFLOW_PORT"),
        ("ORDERFLOW_DATABASE", "ORDERFLOW_DATABASE_URL"),
        ("ORDERFLOW_WORKER", "ORDERFLOW_WORKERS"),
        ("ORDERFLOW_TIME_ZONE", "ORDERFLOW_TIMEZONE"),
    ],
)
def test_a_misspelt_setting_stops_the_start_and_says_what_was_meant(tmp_path: Path, name: str, meant: str) -> None:
    assert f"Did you mean {meant}?" in refused(tmp_path, **{name: "1"})


@pytest.mark.parametrize(
    ("name", "text", "remedy"),
    [
        ("ORDERFLOW_PORT", "80 80", "from 1 to 65535"),
        ("ORDERFLOW_PORT", "0", "from 1 to 65535"),
        ("ORDERFLOW_PORT", "٨٠", "from 1 to 65535"),
        ("ORDERFLOW_WORKERS", "-1", "from 1 to 64"),
        ("ORDERFLOW_DEMO", "maybe", "Write 1 or 0"),
        ("ORDERFLOW_LANGUAGE", "zh_CN", "Did you mean zh-CN?"),
        ("ORDERFLOW_TIMEZONE", "Asia/Shangai", "Did you mean Asia/Shanghai?"),
        ("ORDERFLOW_DATABASE_URL", "oracle://x", "sqlite:///PATH"),
        ("ORDERFLOW_REDIS_URL", "http://x", "redis://HOST"),
        ("ORDERFLOW_HOST", "127.0.0.1:80", "ORDERFLOW_PORT"),
        ("ORDERFLOW_SECRET_KEY", "short", "Unset it"),
        ("ORDERFLOW_LOG_LEVEL", "loud", "debug"),
    ],
)
def test_a_bad_value_stops_the_start_and_says_what_to_write(tmp_path: Path, name: str, text: str, remedy: str) -> None:
    told = refused(tmp_path, **{name: text})
    assert name in told
    assert remedy in told


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    told = refused(tmp_path, ORDERFLOW_PORT="x", ORDERFLOW_WORKERS="x", ORDERFLOW_COLOUR="red")
    assert len(told.splitlines()) == 3


def test_passwords_in_addresses_are_not_shown(tmp_path: Path) -> None:
    settings = read(tmp_path, ORDERFLOW_DATABASE_URL="postgresql://shop:s3cret@db/shop")
    assert settings.database_url == "postgresql+psycopg://shop:s3cret@db/shop"
    assert "s3cret" not in repr(settings)
    assert "s3cret" not in refused(tmp_path, ORDERFLOW_DATABASE_URL="postgres:/shop:s3cret@db")


def test_the_secret_key_is_made_once_and_its_owner_alone_reads_it(tmp_path: Path) -> None:
    first, second = read(tmp_path), read(tmp_path)
    assert first.secret_key == second.secret_key
    assert len(first.secret_key) >= 32
    assert stat.S_IMODE((first.home / "secret-key").stat().st_mode) == 0o600
    assert [path.name for path in first.home.iterdir()] == ["secret-key"]


def test_an_empty_variable_is_as_good_as_none(tmp_path: Path) -> None:
    assert read(tmp_path, ORDERFLOW_PORT="").port == 8000


def test_a_home_with_a_long_path_gets_a_short_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("很长的路径" * 12)
    short = socket_path(deep)
    assert len(os.fsencode(short)) <= 100
    assert short == socket_path(deep), "the same home finds its Redis again"
    assert short != socket_path(deep.with_name("another"))


def test_every_setting_has_a_field_of_its_own() -> None:
    fields = set(Settings.__dataclass_fields__)
    assert {setting.field for setting in SETTINGS} <= fields

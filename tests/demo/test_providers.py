"""The demo's ways lead to providers that pretend, also after they have moved to other ports."""

from pathlib import Path

from builder.config import Settings
from builder.demo.providers import USUAL, WAYS, pretend
from builder.demo.shop import open_shop
from runtime.clock import now
from runtime.core.moment import micros
from runtime.service import Service
from runtime.store import ways
from runtime.store.database import begin, reading
from runtime.telling import Word, tell
from runtime.wiring import open_service
from tests.api.conftest import make_settings


def settle(service: Service) -> None:
    while service.drain() + service.perform():
        pass


def test_people_of_the_demo_are_told_and_a_second_start_keeps_what_visitors_chose(
    sqlite_url: str, tmp_path: Path
) -> None:
    settings: Settings = make_settings(tmp_path, sqlite_url, f"unix://{tmp_path}/no-redis")
    open_shop(settings)
    service = open_service(sqlite_url, settings.redis_url, secret_key=settings.secret_key)
    for start in (1, 2):
        providers = pretend(settings)
        try:
            with begin(service.engine, durable=True) as connection:
                word = Word(f"Start {start}", "all is well", link="/inbox")
                tell(connection, "person:chen.hao", word, key=f"k{start}", at=micros(now()))
            settle(service)
            [one] = providers["wecom_app"].received
            assert f"Start {start}" in one.text and one.text.endswith("/inbox") and one.to == ("chen.hao",)
        finally:
            providers.stop()
    with reading(service.engine) as connection:
        assert set(ways.all_ways(connection)) == {key for key, *_more in WAYS}
        assert ways.chain(ways.all_ways(connection), USUAL) == ["wecom", "sms", "mail"]
    service.engine.dispose()

"""Providers of messages that pretend, for the demo: its ways lead to them and nothing leaves this machine."""

from typing import Final

from sqlalchemy import Connection, select

from builder.config import Settings
from runtime import ways
from runtime.actor import SYSTEM
from runtime.adapters.simulators import Simulators
from runtime.clock import now
from runtime.core.moment import micros
from runtime.reaching import addresses_of, keep_addresses
from runtime.sealing import Seal
from runtime.store import tables
from runtime.store.database import begin
from runtime.store.ways import House, find, house
from runtime.systems import allow, allowed
from runtime.ways import Draft
from runtime.wiring import open_service

HERE: Final = "127.0.0.1"
WAYS: Final = (
    # key, messenger, names, the way behind it
    ("mail", "email", {"en": "E-mail", "zh-CN": "邮件"}, None),
    ("sms", "sms_http", {"en": "SMS", "zh-CN": "短信"}, "mail"),
    ("wecom", "wecom_app", {"en": "WeCom", "zh-CN": "企业微信"}, "sms"),
    ("wecom-orders", "wecom_robot", {"en": "WeCom group “Orders”", "zh-CN": "企业微信群“订单”"}, "wecom"),
)
USUAL: Final = "wecom"


def pretend(settings: Settings) -> Simulators:
    """Start the providers and let the demo's ways lead to where they are now."""
    providers = Simulators()
    providers.start()
    service = open_service(settings.database_url, settings.redis_url)
    with begin(service.engine, durable=True) as connection:
        _let_them_be_called(connection)
        for key, messenger, name, fall_back in WAYS:
            there = providers[messenger]
            draft = Draft(key, name, messenger, there.settings, there.secrets, fall_back)
            _set_up(connection, draft, Seal(settings.secret_key))
        _reach_everybody(connection)
        if not house(connection).url:
            chosen = House(f"http://{settings.host}:{settings.port}", USUAL)
            ways.choose(connection, chosen, SYSTEM, micros(now()))
    service.engine.dispose()
    return providers


def _let_them_be_called(connection: Connection) -> None:
    listed = allowed(connection)
    if HERE not in listed:
        allow(connection, [*listed, HERE], SYSTEM, micros(now()))


def _set_up(connection: Connection, draft: Draft, seal: Seal) -> None:
    """A way that visitors changed keeps what they chose, and leads to the provider's new place."""
    before = find(connection, draft.key)
    if before is None:
        ways.add(connection, draft, seal, SYSTEM, micros(now()))
    elif before.messenger == draft.messenger:
        kept = Draft(
            draft.key,
            before.name,
            draft.messenger,
            draft.settings,
            draft.secrets,
            before.fall_back,
            before.quiet_from,
            before.quiet_to,
            before.digest_seconds,
            before.caps,
        )
        ways.keep(connection, kept, before, seal, SYSTEM, micros(now()))


def _reach_everybody(connection: Connection) -> None:
    """Give those an address of each kind who have none."""
    people = list(connection.execute(select(tables.users.c.name).order_by(tables.users.c.name)).scalars())
    known = addresses_of(connection, people)
    for number, name in enumerate(people):
        if not known[name]:
            mine = {"wecom": name, "phone": f"138001380{number:02}", "email": f"{name}@shop.example"}
            keep_addresses(connection, name, mine)

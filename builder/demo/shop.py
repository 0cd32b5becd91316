"""Opens the demo shop: its people, its teams, the example flows published, and the token that its feed uses."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select

from builder.auth import Duty, add_token, add_user
from builder.config import Settings, asset_root
from builder.demo.orders import CHANNELS
from runtime.actor import SYSTEM
from runtime.clock import now
from runtime.core.lane import Limits
from runtime.core.moment import micros
from runtime.flows import Published
from runtime.service import Service
from runtime.store import tables
from runtime.store.database import begin, reading
from runtime.systems import limit
from runtime.wiring import open_service

FEED = "demo-feed"  # the name of the feed's token
NO_SURGE_BELOW = 300  # orders an hour and channel; the feed sends fewer in all


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who works in the demo shop; the teams of the example flows that they belong to."""

    name: str
    display: str
    duties: tuple[Duty, ...]
    teams: tuple[str, ...] = ()


GUIDE = Person(
    "sun.wei", "孙伟 Sun Wei", ("admin",), ("supervisors", "special", "desk")
)  # whom the sign-in link of the start lets in
PEOPLE = (
    GUIDE,
    Person("lin.yue", "林悦 Lin Yue", ("designer",)),
    Person("chen.hao", "陈浩 Chen Hao", ("operator",), ("operators", "special", "desk")),
    Person("emma.clarke", "Emma Clarke", ("operator",), ("operators", "special", "desk")),
    Person("zhao.lei", "赵磊 Zhao Lei", ("lead",), ("supervisors", "desk")),
    Person("zhou.min", "周敏 Zhou Min", ("finance",), ("finance",)),
    Person("wu.ji", "吴𠮷 Wu Ji", ("warehouse",), ("warehouse",)),
    Person("grace.li", "李婷 Grace Li", ("after_sales",), ("service",)),
    Person("oliver.brown", "Oliver Brown", ("auditor",)),
)


def open_shop(settings: Settings) -> None:
    """Makes what of the shop is missing; a shop that is open stays as its visitors left it."""
    service = open_service(settings.database_url, settings.redis_url)
    with reading(service.engine) as connection:
        known = connection.execute(select(tables.users.c.name).where(tables.users.c.name == GUIDE.name)).first()
    if known is None:
        _hire(service)
        _spare_the_shaky_system(service)
        _keep_the_feed_from_being_a_surge(service)
    for document in flows_of_the_shop():
        if service.flows.draft(document["key"]) is None:
            _publish(service, document)
    _staff_the_teams(service)
    _give_the_feed_its_token(settings.home / "feed-token", service)


def flows_of_the_shop(folder: Path | None = None) -> list[dict[str, Any]]:
    """The flow documents of flows_examples that take a shop's orders, by name, each with its shops."""
    files = sorted((folder or asset_root() / "flows_examples").glob("*.json"))
    read: list[dict[str, Any]] = [json.loads(file.read_text("utf-8")) for file in files]
    documents = [document for document in read if document["key"] in CHANNELS.values()]
    for document in documents:
        document.pop("template", None)
        document["channels"] = [channel for channel, key in CHANNELS.items() if key == document["key"]]
    return documents


def _hire(service: Service) -> None:
    with begin(service.engine, durable=True) as connection:
        for person in PEOPLE:
            add_user(connection, person.name, person.display, person.duties)


def _spare_the_shaky_system(service: Service) -> None:
    """It fails two calls of three: its breaker is to be seen open now and then, while most calls still go out."""
    with begin(service.engine, durable=True) as connection:
        limit(connection, ("system", "flaky"), Limits(trip_after=6, pause_seconds=10), SYSTEM, micros(now()))


def _keep_the_feed_from_being_a_surge(service: Service) -> None:
    """The feed runs only while somebody looks, so that its own pace would soon be four times the mean of a day."""
    for channel in CHANNELS:
        service.surges.set_floor(channel, NO_SURGE_BELOW, SYSTEM)


def _publish(service: Service, document: Mapping[str, Any]) -> None:
    service.flows.add(document, SYSTEM)
    published = service.flows.publish(document["key"], "", SYSTEM)
    if not isinstance(published, Published):
        raise RuntimeError(f"the example flow {document['key']} does not publish: {published}")


def _staff_the_teams(service: Service) -> None:
    """Puts people into the teams that have none: those who name the team, else the operators."""
    with begin(service.engine, durable=True) as connection:
        peopled = set(connection.execute(select(tables.team_members.c.team)).scalars())
        for team in connection.execute(select(tables.teams.c.key)).scalars():
            if team not in peopled:
                _join(connection, team)


def _join(connection: Connection, team: str) -> None:
    members = [p for p in PEOPLE if team in p.teams] or [p for p in PEOPLE if "operators" in p.teams]
    rows = [{"team": team, "user_name": person.name} for person in members]
    connection.execute(insert(tables.team_members), rows)


def _give_the_feed_its_token(path: Path, service: Service) -> None:
    if path.exists():
        return
    with begin(service.engine, durable=True) as connection:
        text = add_token(connection, FEED, "intake", tuple(CHANNELS))
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)

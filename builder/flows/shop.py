"""What a flow that is made must fit: the teams, people, channels and systems that there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson
from sqlalchemy import Connection, RowMapping, delete, insert, select

from builder.i18n import words
from builder.labels import outlet_name
from nodes.contract import Words
from runtime.actor import Actor
from runtime.adapters import outlets
from runtime.core.order import Order
from runtime.store import screens, trail
from runtime.store.tables import channels, flows, orders, team_members, teams, users
from runtime.systems import all_systems


@dataclass(frozen=True, slots=True)
class Team:
    """A team, called in the asker's language, with the names of its members."""

    key: str
    name: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Channel:
    """Where orders come from, and the flow that takes them, if one does by name."""

    name: str
    flow_key: str | None
    flow_name: str


@dataclass(frozen=True, slots=True)
class Shop:
    """All of it. `people` are those who work here, by sign-in name; `systems` by their key."""

    teams: Mapping[str, Team]
    people: Mapping[str, str]
    channels: tuple[Channel, ...]
    systems: Mapping[str, str]
    flow_keys: frozenset[str]


def read_shop(connection: Connection) -> Shop:
    """The shop as it is now."""
    rows = [
        (row["key"], words(row["name"]) or row["key"], members) for row, members, _ in screens.team_rows(connection)
    ]
    people = {row["name"]: row["display"] for row in screens.people_rows(connection) if row["active"]}
    systems = {name: outlet_name("system", name) for name in outlets("systems")}
    systems |= {row["name"]: words(row["label"]) for row in all_systems(connection)}
    takes = select(channels.c.name, channels.c.flow_key, flows.c.name.label("flow_name"))
    takes = takes.join(flows, flows.c.key == channels.c.flow_key, isouter=True).order_by(channels.c.name)
    return Shop(
        teams={key: Team(key, name, tuple(one for one in members if one in people)) for key, name, members in rows},
        people=people,
        channels=tuple(_channel(row) for row in connection.execute(takes).mappings()),
        systems=systems,
        flow_keys=frozenset(screens.flow_names(connection)),
    )


def last_orders(connection: Connection, of: Sequence[str], most: int) -> list[tuple[str, str, Order]]:
    """The last orders of these channels, of all if there are none: run, number and content, the newest first."""
    query = select(orders.c.run_id, orders.c.external_id, orders.c.document).order_by(orders.c.run_id.desc())
    if of:
        query = query.where(orders.c.channel.in_(of))
    found = connection.execute(query.limit(most)).all()
    return [(run_id, number, orjson.loads(document)) for run_id, number, document in found]


def fill_team(connection: Connection, key: str, name: Words, members: list[str], actor: Actor, at: int) -> None:
    """Put people into a team that has none, and make it first where there is none of this key."""
    known = connection.execute(select(teams.c.key).where(teams.c.key == key)).first()
    if known is None:
        connection.execute(insert(teams).values(key=key, name=orjson.dumps(name).decode(), made_at=at))
    working = select(users.c.name).where(users.c.name.in_(members), users.c.active)
    rows = [{"team": key, "user_name": one} for one in connection.execute(working.order_by(users.c.name)).scalars()]
    connection.execute(delete(team_members).where(team_members.c.team == key))
    if rows:
        connection.execute(insert(team_members), rows)
    trail.write(connection, actor, at, "team.change", key, after={"members": [row["user_name"] for row in rows]})


def _channel(row: RowMapping) -> Channel:
    return Channel(row["name"], row["flow_key"], words(row["flow_name"]))

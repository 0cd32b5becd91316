"""Whose orders a flow gets: its channels, those that another flow still takes, and who may hand them over."""

from collections.abc import Sequence

from sqlalchemy import Connection, select, update

from builder.flows.shop import Channel
from builder.i18n import words
from builder.models import engine
from runtime.actor import Actor
from runtime.clock import now
from runtime.core.moment import micros
from runtime.store import trail
from runtime.store.database import begin
from runtime.store.tables import channels, flows


def taken_elsewhere(connection: Connection, key: str, names: Sequence[str]) -> list[Channel]:
    """Those of these channels whose orders another flow takes."""
    query = (
        select(channels.c.name, channels.c.flow_key, flows.c.name.label("flow_name"))
        .join(flows, flows.c.key == channels.c.flow_key)
        .where(channels.c.name.in_(names), channels.c.flow_key != key)
    )
    rows = connection.execute(query.order_by(channels.c.name))
    return [Channel(row.name, row.flow_key, words(row.flow_name)) for row in rows]


def take_over(key: str, names: Sequence[str], actor: Actor) -> None:
    """Let the flow take these channels from the flows that took them until now."""
    at = micros(now())
    with begin(engine(), durable=True) as connection:
        query = select(channels.c.name).where(channels.c.name.in_(names), channels.c.flow_key.is_distinct_from(key))
        for name in connection.execute(query.order_by(channels.c.name)).scalars().all():
            connection.execute(update(channels).where(channels.c.name == name).values(flow_key=key))
            trail.write(connection, actor, at, "channel.change", name, after={"flow": key})

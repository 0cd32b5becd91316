"""The orders that came in last, for forms that show what an order may hold and where it would go."""

from collections.abc import Sequence
from typing import Any, Final

import orjson
from sqlalchemy import Connection, select

from runtime.store.tables import orders

LOOKED_THROUGH: Final = 5_000


def recent_orders(connection: Connection, channels: Sequence[str], most: int) -> list[dict[str, Any]]:
    """The newest orders of these channels (of all, if none is named), at most as many, newest first.

    Only the newest few thousand of the shop are looked through, however rare a channel is.
    """
    newest = (
        select(orders.c.run_id, orders.c.channel, orders.c.received_at)
        .order_by(orders.c.received_at.desc())
        .limit(LOOKED_THROUGH if channels else most)
        .subquery()
    )
    query = select(orders.c.document).join(newest, newest.c.run_id == orders.c.run_id)
    if channels:
        query = query.where(newest.c.channel.in_(channels))
    query = query.order_by(newest.c.received_at.desc()).limit(most)
    return [orjson.loads(body) for body in connection.execute(query).scalars()]

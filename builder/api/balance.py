"""The balance: every order received is in one state, on every channel."""

from typing import Any

from flask import Response
from sqlalchemy import RowMapping

from builder.api import schemas
from builder.api.contract import caller, operation
from builder.api.problems import json_answer
from builder.api.shapes import moment
from builder.models import engine
from runtime.store import incidents, queries
from runtime.store.database import reading
from runtime.store.queries import Balance


@operation(
    "GET",
    "/balance",
    "balance.read",
    "Received = running + waiting + held + failed + done + cancelled + merged, in all and by channel.",
    answers={200: schemas.ref("Balance")},
)
def get_balance() -> Response:
    """The balance of the channels that the caller may see."""
    allowed = caller().channels
    with reading(engine()) as connection:
        found = queries.balance(connection)
        checked_at = incidents.looked_at(connection)
        open_ones = incidents.open_ones(connection)
    channels = {name: one for name, one in found.items() if allowed is None or name in allowed}
    told = {
        **_figures(queries.total_balance(channels.values())),
        "channels": {name: _figures(one) for name, one in channels.items()},
        "checked_at": moment(checked_at),
        "incidents": [_incident(row) for row in open_ones if allowed is None or row["channel"] in allowed],
    }
    return json_answer(told)


def _figures(balance: Balance) -> dict[str, Any]:
    return {"received": balance.received, **balance.states, "difference": balance.difference}


def _incident(row: RowMapping) -> dict[str, Any]:
    return {
        "kind": row["kind"],
        "id": row["external_id"],
        "trace": row["run_id"],
        "channel": row["channel"],
        "found_at": moment(row["found_at"]),
    }

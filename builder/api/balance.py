"""The balance: every order received is in one state, on every channel."""

from typing import Any

from flask import Response

from builder.api import schemas
from builder.api.contract import caller, operation
from builder.api.problems import json_answer
from builder.models import engine
from runtime.store import queries
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
    channels = {name: one for name, one in found.items() if allowed is None or name in allowed}
    total = queries.total_balance(channels.values())
    return json_answer({**_figures(total), "channels": {name: _figures(one) for name, one in channels.items()}})


def _figures(balance: Balance) -> dict[str, Any]:
    return {"received": balance.received, **balance.states, "difference": balance.difference}

"""The page of the balance: every channel's sum, what is wrong and with which order, and when that was last looked at."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, abort, flash, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Connection

from builder.auth import requires
from builder.balance.words import told
from builder.i18n.text import _
from builder.models import engine
from builder.orders.names import names
from builder.web import asker, go, service
from runtime.clock import now
from runtime.core.moment import micros
from runtime.core.surge import HOUR, hour_of
from runtime.store import incidents, queries, trail
from runtime.store.database import begin, reading

pages = Blueprint("balance", __name__)

PAGE: Final = 30
MOST_OPEN: Final = 200
HOURS: Final = 24
TALL: Final = 100


@dataclass(frozen=True, slots=True)
class Bar:
    """How many orders came in an hour; `height` is in percent of the fullest hour."""

    hour: int
    came: int
    height: int


@pages.get("/balance")
@requires("orders.see")
def page() -> ResponseReturnValue:
    """Where all orders are, and what cannot be accounted for."""
    before = request.args.get("before", "")
    if len(before) > queries.ULID_LENGTH:
        abort(404)
    with reading(engine()) as connection:
        channels = queries.balance(connection)
        over = incidents.over(connection, before=before or None, limit=PAGE + 1)
        full = incidents.last_full(connection)
        return render_template(
            "balance/page.html",
            channels=channels,
            total=queries.total_balance(channels.values()),
            # One too many on a channel must not hide one too few on another.
            apart=sum(abs(one.difference) for one in channels.values()),
            open_ones=[told(row) for row in incidents.open_ones(connection, MOST_OPEN)],
            open_count=incidents.count_open(connection),
            over=[told(row) for row in over[:PAGE]],
            more=over[PAGE - 1]["id"] if len(over) > PAGE else None,
            before=before,
            full=full,
            running=full is not None and full["ended_at"] is None,
            looked_at=incidents.looked_at(connection),
            hours=_hours(connection),
            names=names(connection),
        )


@pages.post("/balance/check")
@requires("orders.mend")
def check() -> ResponseReturnValue:
    """Look at every order now."""
    actor = asker(current_user.name)
    service().reconciler.ask_for_all(actor.name)
    with begin(engine(), durable=False) as connection:
        trail.write(connection, actor, micros(now()), "balance.check", "balance")
    flash(_("Every order is being compared with its journal."), "good")
    return go("balance.page")


def _hours(connection: Connection) -> Sequence[Bar]:
    newest = hour_of(micros(now()), service().surges.zone)
    wanted = [newest - ago * HOUR for ago in reversed(range(HOURS))]
    came = incidents.counted_since(connection, wanted[0])
    most = max(came.values(), default=0) or 1
    return [Bar(hour, came.get(hour, 0), -(-TALL * came.get(hour, 0) // most)) for hour in wanted]

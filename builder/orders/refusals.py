"""What was refused at the door: nothing that a channel sent is ever gone without a word."""

from typing import Final

import orjson
from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import RowMapping

from builder.auth import requires
from builder.labels import told
from builder.models import engine
from builder.orders.views import download
from runtime.store import screens
from runtime.store.database import reading

pages = Blueprint("refusals", __name__)

PAGE: Final = 50


@pages.get("/refusals")
@requires("refusals.see")
def list_page() -> ResponseReturnValue:
    """The refusals of the last 30 days, the newest first."""
    channel, before = request.args.get("channel", "")[:64], request.args.get("before", "")[:26]
    with reading(engine()) as connection:
        found = screens.find_refusals(connection, channel=channel or None, before=before or None, limit=PAGE + 1)
        return render_template(
            "orders/refusals.html",
            rows=[(row, problems(row)) for row in found[:PAGE]],
            more=found[PAGE - 1]["id"] if len(found) > PAGE else None,
            channel=channel,
            before=before,
            channels=screens.channel_names(connection),
        )


@pages.get("/refusals/<refusal_id>")
@requires("refusals.see")
def refusal_page(refusal_id: str) -> ResponseReturnValue:
    """One refusal: why, what to do, and what was sent."""
    row = _refusal(refusal_id)
    return render_template("orders/refusal.html", row=row, problems=problems(row))


@pages.get("/refusals/<refusal_id>/raw")
@requires("refusals.see")
def raw(refusal_id: str) -> ResponseReturnValue:
    """What was sent, as a download."""
    return download(_refusal(refusal_id)["raw"], f"refused-{refusal_id}.txt")


def problems(row: RowMapping) -> list[tuple[str, str, str]]:
    """Place, reason and remedy of each problem, in the asker's language."""
    return [(one.get("where", ""), *told(one["code"], one.get("params", {}))) for one in orjson.loads(row["problems"])]


def _refusal(refusal_id: str) -> RowMapping:
    with reading(engine()) as connection:
        row = screens.refusal(connection, refusal_id)
    if row is None:
        abort(404)
    return row

"""The log of deliveries: each try to bring a message, by which way, to whom, and what was answered."""

from typing import Final

import orjson
from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from builder.auth import requires
from builder.i18n import words
from builder.messages.words import RESULT_NAMES, messenger_name, result_state, said
from builder.models import engine
from builder.orders.names import names
from runtime.store import mailbook
from runtime.store.database import reading
from runtime.store.ways import all_ways

pages = Blueprint("deliveries", __name__)

PAGE: Final = 50
LONGEST_SEARCH: Final = 128


@pages.get("/messages/deliveries")
@requires("orders.see")
def list_page() -> ResponseReturnValue:
    """The deliveries, the newest first; those of a way, a result or an order."""
    asked = {name: request.args.get(name, "").strip()[:LONGEST_SEARCH] for name in ("way", "result", "text", "before")}
    with reading(engine()) as connection:
        found = mailbook.log(connection, **asked, limit=PAGE + 1)
        shown = found[:PAGE]
        known = all_ways(connection)
        return render_template(
            "messages/deliveries.html",
            rows=[(row, result_state(row["result"]), said(row)[0]) for row in shown],
            orders=mailbook.numbers(connection, [row["id"] for row in shown if row["letters"] == 1]),
            more=shown[-1]["id"] if len(found) > PAGE else None,
            asked=asked,
            ways={key: words(way.name) for key, way in known.items()},
            results=RESULT_NAMES,
            names=names(connection),
            messenger_name=messenger_name,
        )


@pages.get("/messages/deliveries/<delivery_id>")
@requires("orders.see")
def delivery_page(delivery_id: str) -> ResponseReturnValue:
    """One delivery: what was sent, which messages are in it, and what was answered."""
    with reading(engine()) as connection:
        row = mailbook.delivery(connection, delivery_id)
        if row is None:
            abort(404)
        way = all_ways(connection).get(row["way"])
        return render_template(
            "messages/delivery.html",
            row=row,
            state=result_state(row["result"]),
            said=said(row),
            content=orjson.loads(row["content"]),
            messages=mailbook.messages_in(connection, delivery_id),
            way=words(way.name) if way else row["way"],
            names=names(connection),
            messenger_name=messenger_name,
        )

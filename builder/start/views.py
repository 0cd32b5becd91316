"""The start page of each duty, and the pulse that keeps every page's counts alive."""

from typing import Final

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from builder.auth import may, reader, requires
from builder.models import engine
from builder.orders.names import names
from builder.orders.refusals import problems
from builder.orders.story import standing_words
from builder.web import part
from runtime.clock import now
from runtime.core.moment import micros
from runtime.store import queries, screens
from runtime.store.database import reading

pages = Blueprint("start", __name__)

FEW: Final = 5
SOON: Final = 10 * 60 * 1_000_000


@pages.get("/")
@requires("start.see")
def page() -> ResponseReturnValue:
    """What waits for me, and what is wrong."""
    at = micros(now())
    with reading(engine()) as connection:
        known = names(connection)

        def standing(state: str) -> list[tuple[object, str]]:
            found = queries.find_orders(connection, states=(state,), limit=FEW)
            return [(row, standing_words(connection, row, known)) for row in found]

        return render_template(
            "start/page.html",
            names=known,
            waiting=screens.waiting(connection, reader(), at, SOON) if may("tasks.decide") else None,
            tasks=queries.find_tasks(connection, reader(), limit=FEW) if may("tasks.decide") else (),
            failed=standing("failed"),
            held=standing("held"),
            refused=[(row, problems(row)) for row in screens.find_refusals(connection, limit=FEW)]
            if may("refusals.see")
            else [],
            flows=screens.flow_rows(connection, at) if may("flows.edit") else (),
        )


@pages.get("/pulse")
@requires("start.see")
def pulse() -> ResponseReturnValue:
    """The counts and the balance, as parts that replace those on the page."""
    return part("parts/pulse.html")

"""Orders: found by number, phone, trace code or SKU; and one order with its whole way."""

from dataclasses import dataclass
from typing import Any, Final

import orjson
from flask import Blueprint, Response, abort, flash, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Connection

from builder.auth import requires
from builder.drawn import DrawnFlow, drawn_version
from builder.i18n import moment
from builder.i18n.text import _, ngettext
from builder.messages.about import told_of
from builder.models import engine
from builder.orders.names import names
from builder.orders.story import standing_words, tell
from builder.web import asker, go, is_htmx, service
from runtime.answering import Decline
from runtime.core.run import STATES, with_changes
from runtime.store import live, queries, screens
from runtime.store.database import reading

pages = Blueprint("orders", __name__)

PAGE: Final = 50
MOST_REASON: Final = 1000
RELEASE_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Look:
    """What of the orders is looked at."""

    text: str
    state: str
    channel: str
    before: str
    flow: str = ""
    step: str = ""

    def query(self, **more: Any) -> dict[str, Any]:
        """The look as parameters of an address, without what is empty."""
        told = {"q": self.text, "state": self.state, "channel": self.channel, "flow": self.flow, "step": self.step}
        return {name: value for name, value in (told | more).items() if value}


@pages.get("/orders")
@requires("orders.see")
def list_page() -> ResponseReturnValue:
    """The orders, the newest first."""
    look = _look()
    with reading(engine()) as connection:
        found = queries.find_orders(
            connection,
            text=look.text,
            states=(look.state,) if look.state else (),
            channel=look.channel or None,
            flow_key=look.flow or None,
            step=look.step or None,
            before=look.before or None,
            limit=PAGE + 1,
        )
        known = names(connection)
        rows = [(row, standing_words(connection, row, known)) for row in found[:PAGE]]
        return render_template(
            "orders/list.html",
            look=look,
            rows=rows,
            more=found[PAGE - 1]["run_id"] if len(found) > PAGE else None,
            unreleased=queries.count_unreleased(connection, look.channel or None),
            counts=queries.state_counts(
                connection, channel=look.channel or None, flow_key=look.flow or None, step=look.step or None
            ),
            of_flow=_published_flow(connection, look.flow),
            channels=screens.channel_names(connection),
            flow_names=screens.flow_names(connection),
            released_into=screens.flow_names(connection, published=True),
        )


@pages.get("/orders/<run_id>")
@requires("orders.see")
def order_page(run_id: str) -> ResponseReturnValue:
    """One order: where it stands, what it is, and its way."""
    return _order(run_id)


@pages.get("/orders/<run_id>/raw")
@requires("orders.see")
def raw(run_id: str) -> ResponseReturnValue:
    """What the channel sent, byte for byte, as a download."""
    with reading(engine()) as connection:
        order = queries.order(connection, run_id)
    if order is None:
        abort(404)
    return download(order["raw"], f"order-{run_id}.json")


@pages.post("/orders/<run_id>/retry")
@requires("orders.mend")
def retry(run_id: str) -> ResponseReturnValue:
    """Try a failed step again, or all failed steps."""
    step = request.form.get("step", "")
    if step and not (step.isascii() and step.isdigit() and len(step) < 10):
        abort(400)
    declined = service().retry(run_id, int(step) if step else None, asker(current_user.name))
    if declined:
        return _order(run_id, problem=_declined_words(declined), status=409)
    flash(_("It is being tried again."), "good")
    return go("orders.order_page", run_id=run_id)


@pages.post("/orders/<run_id>/closure")
@requires("orders.mend")
def close(run_id: str) -> ResponseReturnValue:
    """End an order by hand, with a reason."""
    reason = request.form.get("reason", "").strip()[:MOST_REASON]
    if not reason:
        return _order(run_id, problem=_("Say why the order is closed."), status=422)
    declined = service().close(run_id, "cancelled", reason, asker(current_user.name))
    if declined:
        return _order(run_id, problem=_declined_words(declined), status=409)
    flash(_("The order is closed."), "good")
    return go("orders.order_page", run_id=run_id)


@pages.post("/orders/<run_id>/release")
@requires("orders.mend")
def release(run_id: str) -> ResponseReturnValue:
    """Let a held order start in a published flow."""
    freed = service().release([run_id], request.form.get("flow", ""), asker(current_user.name))
    if not freed:
        return _order(run_id, problem=_("Nothing was released: the order or the flow has changed."), status=409)
    flash(_("The order is on its way."), "good")
    return go("orders.order_page", run_id=run_id)


@pages.post("/orders/release")
@requires("orders.mend")
def release_all() -> ResponseReturnValue:
    """Let every held order (of a channel, or of all) start in a published flow, page by page."""
    flow, channel = request.form.get("flow", ""), request.form.get("channel") or None
    freed = 0
    while True:
        with reading(engine()) as connection:
            held = queries.find_orders(connection, states=("held",), channel=channel, begun=False, limit=RELEASE_PAGE)
        now_freed = service().release([row["run_id"] for row in held], flow, asker(current_user.name)) if held else 0
        freed += now_freed
        if not now_freed:
            break
    if freed:
        flash(ngettext("%(num)d order is on its way.", "%(num)d orders are on their way.", freed), "good")
    else:
        flash(_("Nothing was released: the orders or the flow have changed."), "bad")
    return go("orders.list_page", **({"channel": channel} if channel else {}))


def _published_flow(connection: Connection, key: str) -> DrawnFlow:
    """The flow that the list is narrowed to, by whose drawing its step is called."""
    found = live.published(connection, key) if key else None
    return drawn_version(connection, found[0] if found else None)


def _order(run_id: str, *, problem: str = "", status: int = 200) -> ResponseReturnValue:
    with reading(engine()) as connection:
        order = queries.order(connection, run_id)
        if order is None:
            abort(404)
        if is_htmx() and request.args.get("rev") == str(order["rev"]):
            # The open page asks again and again; an order that has not moved needs no new one.
            return "", 204
        story = tell(connection, order)
        known = names(connection)
        document = with_changes(orjson.loads(order["document"]), orjson.loads(order["changes"]))
        page = render_template(
            "orders/order.html",
            order_row=order,
            order=document,
            story=story,
            picture=story.flow.picture(story.lit, story.marks) if story.flow.nodes else None,
            flow_names=screens.flow_names(connection, published=True),
            names=known,
            told_of=told_of(connection, run_id, known),
            problem=problem,
        )
    return page, status


def _look() -> Look:
    told = request.args
    state = told.get("state", "")
    return Look(
        text=told.get("q", "").strip()[:128],
        state=state if state in STATES else "",
        channel=told.get("channel", "")[:64],
        before=told.get("before", "")[:26],
        flow=told.get("flow", "")[:64],
        step=told.get("step", "")[:64] if told.get("flow") else "",
    )


def _declined_words(declined: Decline) -> str:
    match declined.why:
        case "unknown":
            return _("There is no such order.")
        case "not_failed":
            return _("Nothing of this order has failed any more. It has gone on meanwhile.")
        case "already_ended":
            return _("The order had already ended at %(time)s.", time=moment(declined.at))
        case _:
            return _("The order has changed meanwhile. Look at it again.")


def download(text: str, name: str) -> Response:
    """A stored body as a file that no browser runs."""
    answer = make_response(text.encode("utf-8", "surrogatepass"))
    answer.headers["Content-Type"] = "application/octet-stream"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer

"""What the canvas asks the server for: its page, the palette, the versions of the flow, and publication."""

from typing import Any

import orjson
from flask import Blueprint, abort, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_timezone
from flask_login import current_user
from sqlalchemy import select

from builder.auth import may, requires
from builder.canvas.answers import answered, body, iso, refused, told_problems
from builder.canvas.drafts import behind, overtaken
from builder.canvas.palette import palette
from builder.flows.supply import take_over, taken_elsewhere
from builder.i18n import language_tag
from builder.i18n.text import _
from builder.models import engine
from builder.orders.names import names
from builder.web import asker, counting, service
from runtime.core.flow import FlowCheck, fingerprint
from runtime.drafts import Behind, Overtaken
from runtime.flows import default_flow
from runtime.store import versions
from runtime.store.database import reading
from runtime.store.tables import flow_versions

pages = Blueprint("canvas", __name__)

MOST_NOTE = 500
DEFAULT_CURRENCY = "CNY"  # what an amount is entered in until somebody says otherwise


@pages.get("/flows/<key>/canvas")
@requires("flows.see")
def page(key: str) -> ResponseReturnValue:
    """The page itself: a frame that the script fills."""
    document = service().drafts.document(key, current_user.name)
    if document is None:
        abort(404)
    return render_template(
        "canvas/page.html",
        key=key,
        name=document["name"],
        zone=str(get_timezone()),
        may_publish=may("flows.publish"),
    )


@pages.get("/canvas/palette")
@requires("flows.see")
def offer() -> ResponseReturnValue:
    """Step types, fields of the order, people, teams and outlets, in the asker's language."""
    with reading(engine()) as connection:
        return answered(palette(connection, language_tag(), DEFAULT_CURRENCY))


@pages.get("/flows/<key>/publication")
@requires("flows.see")
def whose_orders(key: str) -> ResponseReturnValue:
    """Whose orders the asker's draft would get: its channels, those that go elsewhere until they are handed over."""
    document = service().drafts.document(key, current_user.name)
    if document is None:
        abort(404)
    flow = service().flows.check(document).flow
    named = list(flow.channels) if flow else []
    with reading(engine()) as connection:
        elsewhere = taken_elsewhere(connection, key, named)
        is_default = default_flow(connection) in (None, key)
    return answered(
        {
            "channels": named,
            "elsewhere": [{"channel": one.name, "flow": one.flow_name} for one in elsewhere],
            "is_default": is_default,
            "may_take_over": may("people.manage"),
        }
    )


@pages.post("/flows/<key>/publication")
@requires("flows.publish")
def publish(key: str) -> ResponseReturnValue:
    """Make the asker's draft, known to the page up to `rev`, the version that new orders take."""
    told = body()
    note, rev = told.get("note", ""), counting(told.get("rev", 0))
    if rev is None:
        return refused(400, _("Not understood"), _("The request does not say which draft it changes."))
    published = service().drafts.publish(key, rev, str(note)[:MOST_NOTE], asker(current_user.name))
    document = service().drafts.document(key, current_user.name)
    if published is None or document is None:
        abort(404)
    match published:
        case Behind():
            return behind(published)
        case Overtaken():
            return overtaken(published)
        case FlowCheck():
            detail = _("The flow has errors. Mend them, then publish.")
            return refused(422, _("Not published"), detail, problems=told_problems(published.problems, document))
    answer: dict[str, Any] = {
        "version": published.version,
        "problems": told_problems(published.problems, document),
        "fingerprint": fingerprint(document),
    }
    with reading(engine()) as connection:
        left = versions.counts_left_behind(connection, key).get(key, {})
    if told.get("take_over") is True and may("people.manage"):
        take_over(key, document.get("channels", ()), asker(current_user.name))
    if left:
        answer["behind"] = {"orders": sum(left.values()), "address": url_for("moving.list_page", key=key)}
    return answered(answer)


@pages.get("/flows/<key>/versions")
@requires("flows.see")
def version_list(key: str) -> ResponseReturnValue:
    """The flow's published versions, the newest first: number, note, who and when."""
    with reading(engine()) as connection:
        rows = versions.all_of(connection, key)
        people = names(connection)
        told = [
            {
                "number": row["number"],
                "note": row["note"],
                "who": people.person(row["published_by"]),
                "at": iso(row["published_at"]),
                "fingerprint": row["fingerprint"],
            }
            for row in rows
        ]
    return answered({"versions": told})


@pages.get("/flows/<key>/versions/<int(max=2147483647):number>")
@requires("flows.see")
def version(key: str, number: int) -> ResponseReturnValue:
    """The document of a published version."""
    query = select(flow_versions.c.document).where(flow_versions.c.flow_key == key, flow_versions.c.number == number)
    with reading(engine()) as connection:
        found = connection.execute(query).scalar()
    if found is None:
        abort(404)
    return answered({"document": orjson.loads(found)})

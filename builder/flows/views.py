"""The list of flows: new ones from nothing, from an example or from a file; export; and which one takes the rest."""

import json
import re
import unicodedata
from collections.abc import Sequence
from typing import Any, Final

from flask import Blueprint, abort, current_app, flash, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from builder.auth import requires
from builder.flows.examples import example, examples
from builder.i18n.text import _
from builder.labels import told_problem
from builder.models import engine
from builder.orders.story import names
from builder.web import asker, go, service
from runtime.clock import now
from runtime.core import json_text
from runtime.core.engine import micros
from runtime.core.flow import FlowCheck
from runtime.core.problem import Problem
from runtime.flows import default_flow
from runtime.store import screens, versions
from runtime.store.database import reading

pages = Blueprint("flows", __name__)

MOST_KEY: Final = 48


@pages.get("/flows")
@requires("flows.see")
def list_page() -> ResponseReturnValue:
    """All flows, the last changed first."""
    with reading(engine()) as connection:
        return render_template(
            "flows/list.html",
            rows=screens.flow_rows(connection, micros(now())),
            default=default_flow(connection),
            open_flow=open_flow,
            names=names(connection),
            behind=versions.counts_left_behind(connection),
        )


@pages.get("/flows/new")
@requires("flows.edit")
def new_page() -> ResponseReturnValue:
    """Where a new flow begins: nothing, an example, or a file."""
    return render_template("flows/new.html", examples=examples(), problems=(), text="")


@pages.post("/flows/new")
@requires("flows.edit")
def make() -> ResponseReturnValue:
    """Make a flow from nothing or from an example, under a key that is free."""
    chosen = request.form.get("example", "")
    if chosen:
        found = example(chosen)
        if found is None:
            abort(404)
        document = dict(found.document)
    else:
        name = request.form.get("name", "").strip()[:100] or _("New flow")
        document = _empty(name)
    document["key"] = _free_key(document["key"])
    return _store(document, "")


@pages.post("/flows/import")
@requires("flows.edit")
def take_in() -> ResponseReturnValue:
    """Take a flow document in. What is no flow is refused with every reason, and nothing is stored."""
    text = request.form.get("document", "")
    read = json_text.read(text.encode("utf-8", "surrogatepass"))
    document = json_text.plain(read.value)
    if read.problems or isinstance(document, Problem):
        return _refused(read.problems or (document,), text)
    if isinstance(document, dict) and request.form.get("copy") and isinstance(document.get("key"), str):
        document["key"] = _free_key(document["key"])
    return _store(document, text)


@pages.get("/flows/<key>/export")
@requires("flows.see")
def export(key: str) -> ResponseReturnValue:
    """The draft as a file."""
    draft = service().flows.draft(key)
    if draft is None:
        abort(404)
    answer = make_response(json.dumps(dict(draft.document), ensure_ascii=False, indent=2))
    answer.headers["Content-Type"] = "application/json; charset=utf-8"
    answer.headers["Content-Disposition"] = f'attachment; filename="{key}.json"'
    return answer


@pages.post("/flows/<key>/default")
@requires("flows.publish")
def make_default(key: str) -> ResponseReturnValue:
    """Let this flow take the orders of every channel that no flow names."""
    if service().flows.set_default(key, asker(current_user.name)):
        flash(_("This flow now takes the orders of every channel that has no flow of its own."), "good")
    else:
        flash(_("Publish the flow first; then it can take orders."), "bad")
    return go("flows.list_page")


def open_flow(key: str) -> str:
    """The address of the flow's canvas; of its export where there is none."""
    if "canvas.page" in current_app.view_functions:
        return url_for("canvas.page", key=key)
    return url_for("flows.export", key=key)


def _store(document: Any, text: str) -> ResponseReturnValue:
    saved = service().flows.add(document, asker(current_user.name))
    if isinstance(saved, FlowCheck):
        return _refused(saved.errors, text)
    if "canvas.page" in current_app.view_functions:
        return go("canvas.page", key=document["key"])
    return go("flows.list_page")


def _refused(problems: Sequence[Problem], text: str) -> ResponseReturnValue:
    told = [(problem.where, *told_problem(problem)) for problem in problems]
    return render_template("flows/new.html", examples=examples(), problems=told, text=text), 422


def _empty(name: str) -> dict[str, Any]:
    return {
        "format": "orderflow/1",
        "key": _key_of(name),
        "name": name,
        "channels": [],
        "teams": [],
        "failures": {},
        "nodes": [{"id": "in", "type": "ingest", "settings": {}}],
        "edges": [],
        "cases": [],
        "layout": {"nodes": {"in": {"x": 80, "y": 160}}},
    }


def _key_of(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:MOST_KEY] or "flow"


def _free_key(key: str) -> str:
    with reading(engine()) as connection:
        taken = set(screens.flow_names(connection))
    return next(one for one in (key, *(f"{key}-{n}" for n in range(2, 10_000))) if one not in taken)

"""The list of flows, the gallery of templates, files out, and which flow takes the rest."""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Final

from flask import Blueprint, Response, abort, flash, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Connection

from builder.auth import requires
from builder.flows.files import bundle
from builder.flows.keys import store_new
from builder.flows.templates import PAINS, find, pains_of, templates
from builder.flows.thumbnail import thumbnail
from builder.i18n import words
from builder.i18n.text import _
from builder.models import engine
from builder.orders.names import names
from builder.web import asker, go, service
from runtime.clock import now
from runtime.core.flow import FlowCheck
from runtime.core.flow_nesting import inner_flows
from runtime.core.moment import micros
from runtime.flows import default_flow
from runtime.store import screens, versions
from runtime.store.database import reading

pages = Blueprint("flows", __name__)

MOST_KEY: Final = 48
MOST_EXPORTED: Final = 200  # as many as can be taken in at once
PAGE: Final = 50


@pages.get("/flows")
@requires("flows.see")
def list_page() -> ResponseReturnValue:
    """The flows, the last changed first."""
    text, begin = request.args.get("q", "").strip(), max(0, request.args.get("from", 0, type=int))
    with reading(engine()) as connection:
        fitting = _fitting(connection, text)
        rows = [row for row in screens.flow_rows(connection, micros(now())) if row.row["key"] in fitting]
        return render_template(
            "flows/list.html",
            rows=rows[begin : begin + PAGE],
            text=text,
            begin=begin,
            before=max(0, begin - PAGE) if begin else None,
            after=begin + PAGE if len(rows) > begin + PAGE else None,
            count_all=len(rows),
            default=default_flow(connection),
            names=names(connection),
            behind=versions.counts_left_behind(connection),
        )


@pages.get("/flows/new")
@requires("flows.edit")
def new_page() -> ResponseReturnValue:
    """Where a new flow begins: a template against a pain, a file, or nothing."""
    text, pain = request.args.get("q", "").strip(), request.args.get("pain", "")
    pain = pain if pain in PAINS else ""
    return render_template(
        "flows/gallery.html",
        found=find(text, pain),
        text=text,
        pain=pain,
        pains=PAINS,
        thumbnail=thumbnail,
        counts=pains_of(templates()),
        count_all=len(templates()),
    )


@pages.post("/flows/new")
@requires("flows.edit")
def make() -> ResponseReturnValue:
    """Make an empty flow, under a key that is free."""
    document = _empty(request.form.get("name", "").strip()[:100] or _("New flow"))
    key = store_new(document, asker(current_user.name))
    if isinstance(key, FlowCheck):
        abort(400)
    return go("canvas.page", key=key)


@pages.get("/flows/<key>/export")
@requires("flows.see")
def export(key: str) -> ResponseReturnValue:
    """The flow, as the asker sees it, as a file; with the flows that it goes through, a bundle."""
    document = service().drafts.document(key, current_user.name)
    if document is None:
        abort(404)
    documents = _with_sub_flows([document])
    return _file(documents[0] if len(documents) == 1 else bundle(documents), key)


@pages.get("/flows/export")
@requires("flows.see")
def export_many() -> ResponseReturnValue:
    """The chosen flows as one file, in the order in which they were chosen."""
    keys = list(dict.fromkeys(request.args.getlist("key")))[:MOST_EXPORTED]
    documents = [found for key in keys if (found := service().drafts.document(key, current_user.name)) is not None]
    if not documents:
        flash(_("Choose the flows first."), "bad")
        return go("flows.list_page")
    return _file(bundle(_with_sub_flows(documents)), f"flows-{now():%Y-%m-%d}")


@pages.post("/flows/<key>/default")
@requires("flows.publish")
def make_default(key: str) -> ResponseReturnValue:
    """Let this flow take the orders of every channel that no flow names."""
    if service().flows.set_default(key, asker(current_user.name)):
        flash(_("This flow now takes the orders of every channel that has no flow of its own."), "good")
    else:
        flash(_("Publish the flow first; then it can take orders."), "bad")
    return go("flows.list_page")


def _fitting(connection: Connection, text: str) -> set[str]:
    """The keys of the flows in whose key or name, in any language, every word of the text stands."""
    wanted = text.casefold().split()
    return {
        key
        for key, name in screens.flow_names(connection).items()
        if all(word in f"{key} {words(name, 'en')} {words(name, 'zh-CN')}".casefold() for word in wanted)
    }


def _with_sub_flows(documents: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The flows, and before them those that they go through as they go through them, each key once."""
    found: dict[str, Mapping[str, Any]] = {}
    chosen = {document["key"]: document for document in documents}
    for document in documents:
        flow = service().flows.check(document).flow
        for inner in reversed(list(inner_flows(flow)) if flow else []):
            if inner.key not in chosen:
                found.setdefault(inner.key, inner.document)
    return [*found.values(), *chosen.values()]


def _file(content: Any, name: str) -> Response:
    answer = make_response(json.dumps(content, ensure_ascii=False, indent=2))
    answer.headers["Content-Type"] = "application/json; charset=utf-8"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.json"'
    return answer


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

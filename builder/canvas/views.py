"""What the canvas asks the server for: its page, the palette, the draft, and publication."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
from flask import Blueprint, Response, abort, current_app, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select

from builder.auth import may, requires
from builder.canvas.palette import palette
from builder.i18n import language_tag
from builder.labels import told, word
from builder.models import engine
from builder.web import asker, service
from runtime.core.flow import FlowCheck, fingerprint, read_flow
from runtime.core.json_text import read
from runtime.core.problem import Problem
from runtime.flows import Draft, Overtaken
from runtime.store import screens, versions
from runtime.store.database import reading
from runtime.store.tables import flow_versions, teams

pages = Blueprint("canvas", __name__)

MOST_NOTE = 500
DEFAULT_CURRENCY = "CNY"  # what an amount is entered in until somebody says otherwise
OWN_PORT = {"flow.port_open", "flow.port_twice", "flow.port_leads_nowhere"}  # their `port` is of their step


@pages.get("/flows/<key>/canvas")
@requires("flows.see")
def page(key: str) -> ResponseReturnValue:
    """The page itself: a frame that the script fills."""
    draft = _draft(key)
    return render_template("canvas/page.html", key=key, name=draft.document["name"], may_publish=may("flows.publish"))


@pages.get("/canvas/palette")
@requires("flows.see")
def offer() -> ResponseReturnValue:
    """Step types, fields of the order, people, teams and outlets, in the asker's language."""
    with reading(engine()) as connection:
        return _json(palette(connection, language_tag(), DEFAULT_CURRENCY))


@pages.get("/flows/<key>/draft")
@requires("flows.see")
def draft(key: str) -> ResponseReturnValue:
    """The draft, what is wrong with it, and which version is published."""
    found = _draft(key)
    return _json(
        {
            "document": found.document,
            "rev": found.rev,
            "problems": _told(read_flow(found.document).problems, found.document),
            "published": _published(found),
            "fingerprint": fingerprint(found.document),
        }
    )


@pages.put("/flows/<key>/draft")
@requires("flows.edit")
def save(key: str) -> ResponseReturnValue:
    """Store the draft, unless somebody else has stored one since this one was opened."""
    _draft(key)
    body = _body()
    document, rev = body.get("document"), body.get("rev")
    if not isinstance(rev, int):
        return _refused(400, _("Not understood"), _("The request does not say which draft it changes."))
    if not isinstance(document, dict) or document.get("key") != key:
        return _refused(400, _("Not understood"), _("The document is not that of this flow."))
    saved = service().flows.save_draft(key, document, rev, asker(current_user.name))
    match saved:
        case Overtaken():
            return _overtaken(saved)
        case FlowCheck():
            detail = _("This is not a flow that can be kept.")
            return _refused(422, _("Not saved"), detail, problems=_told(saved.problems, document))
    return _json(
        {"rev": saved.rev, "problems": _told(saved.check.problems, document), "fingerprint": fingerprint(document)}
    )


@pages.post("/flows/<key>/publication")
@requires("flows.publish")
def publish(key: str) -> ResponseReturnValue:
    """Make the draft the version that new orders take."""
    note = _body().get("note", "")
    published = service().flows.publish(key, str(note)[:MOST_NOTE], asker(current_user.name))
    match published:
        case None:
            abort(404)
        case FlowCheck():
            detail = _("The flow has errors. Mend them, then publish.")
            return _refused(422, _("Not published"), detail, problems=_told(published.problems, _draft(key).document))
    document = _draft(key).document
    answer = {"version": published.version, "problems": _told(published.problems, document)}
    with reading(engine()) as connection:
        behind = versions.counts_left_behind(connection, key).get(key, {})
    if behind:
        answer["behind"] = {"orders": sum(behind.values()), "address": url_for("moving.list_page", key=key)}
    return _json(answer | {"fingerprint": fingerprint(document)})


# --- reading and telling ----------------------------------------------------------------------------------------------


def _draft(key: str) -> Draft:
    found = service().flows.draft(key)
    if found is None:
        abort(404)
    return found


def _published(found: Draft) -> dict[str, Any] | None:
    if found.version is None:
        return None
    live = select(flow_versions.c.fingerprint).where(
        flow_versions.c.flow_key == found.key, flow_versions.c.number == found.version
    )
    with reading(engine()) as connection:
        return {"version": found.version, "fingerprint": connection.execute(live).scalar_one()}


def _body() -> Mapping[str, Any]:
    """The request's JSON object, read strictly; a body that is none is refused."""
    item = read(request.get_data(cache=False))
    if item.problems or not isinstance(item.value, dict):
        abort(400)
    plain: dict[str, Any] = _plain(item.value)
    return plain


def _plain(value: Any) -> Any:
    """Settings hold plain JSON numbers; only amounts are exact, and they are text."""
    match value:
        case Decimal():
            return float(value)
        case dict():
            return {name: _plain(part) for name, part in value.items()}
        case list():
            return [_plain(part) for part in value]
        case _:
            return value


def _told(problems: Sequence[Problem], document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Problems in the asker's language. A `where` inside a node's settings begins at these settings."""
    nodes = document.get("nodes")
    drawn = [node for node in nodes if isinstance(node, dict)] if isinstance(nodes, list) else []
    kinds = {node.get("id"): str(node.get("type")) for node in drawn}
    return [_told_one(problem, kinds.get(problem.node, "")) for problem in _unsettled(problems)]


def _unsettled(problems: Sequence[Problem]) -> Sequence[Problem]:
    """Without the warnings about teams that the flow does not list, but the shop has."""
    if not any(problem.code == "flow.team_unlisted" for problem in problems):
        return problems
    with reading(engine()) as connection:
        known = set(connection.execute(select(teams.c.key)).scalars())
    return [one for one in problems if one.code != "flow.team_unlisted" or one.params["team"] not in known]


def _told_one(problem: Problem, kind: str) -> dict[str, Any]:
    place = _place(problem)
    text, remedy = told(problem.code, _as_labelled(problem, kind, place))
    return {
        "level": problem.level,
        "code": problem.code,
        "text": text,
        "remedy": remedy,
        "node": problem.node,
        "where": place,
    }


def _as_labelled(problem: Problem, kind: str, place: str) -> Mapping[str, Any]:
    """A setting and a way out are called what the form and the card call them, not by their keys."""
    if problem.code in OWN_PORT:
        port = str(problem.params["port"])
        return {**problem.params, "port": word(f"{kind}.port.{port}", port)}
    if problem.code != "shape.required" or not place:
        return problem.params
    name = ".".join(part for part in place.split(".") if not part.isdigit())
    return {**problem.params, "field": word(f"{kind}.field.{name}", str(problem.params["field"]))}


def _place(problem: Problem) -> str:
    if problem.node is None:
        return problem.where
    head, found, place = problem.where.partition(".settings.")
    return place if found and head.startswith("nodes.") else ""


def _overtaken(saved: Overtaken) -> ResponseReturnValue:
    with reading(engine()) as connection:
        people = {row["name"]: row["display"] for row in screens.people_rows(connection)}
    at = datetime.fromtimestamp(saved.at / 1_000_000, UTC).isoformat()
    detail = _("%(who)s has saved this flow in the meantime.", who=people.get(saved.by, saved.by))
    more = {"rev": saved.rev, "who": people.get(saved.by, saved.by), "at": at}
    return _refused(409, _("Changed by somebody else"), detail, **more)


def _refused(status: int, title: str, detail: str, **more: Any) -> ResponseReturnValue:
    """A problem document (RFC 9457)."""
    answer = _json({"type": "about:blank", "status": status, "title": title, "detail": detail, **more}, status)
    answer.mimetype = "application/problem+json"
    return answer


def _json(value: Any, status: int = 200) -> Response:
    answer = current_app.response_class(orjson.dumps(value), status, mimetype="application/json")
    answer.headers["Cache-Control"] = "no-store"
    return answer

"""How the canvas is answered: JSON both ways, problems in the asker's language, refusals that say how to mend."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
from flask import Response, abort, current_app, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from builder.labels import told, word
from builder.models import engine
from runtime.core.json_text import read
from runtime.core.problem import Problem
from runtime.store.database import reading
from runtime.store.tables import teams

OWN_PORT = {"flow.port_open", "flow.port_twice", "flow.port_leads_nowhere"}  # their `port` is of their step


def body() -> Mapping[str, Any]:
    """The request's JSON object, read strictly; a body that is none is refused."""
    item = read(request.get_data(cache=False))
    if item.problems or not isinstance(item.value, dict):
        abort(400)
    plain: dict[str, Any] = _plain(item.value)
    return plain


def told_problems(problems: Sequence[Problem], document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Problems in the asker's language. A `where` inside a node's settings begins at these settings."""
    nodes = document.get("nodes")
    drawn = [node for node in nodes if isinstance(node, dict)] if isinstance(nodes, list) else []
    kinds = {node.get("id"): str(node.get("type")) for node in drawn}
    return [_told_one(problem, kinds.get(problem.node, "")) for problem in _unsettled(problems)]


def iso(at: int) -> str:
    """Microseconds since the epoch as a script reads them."""
    return datetime.fromtimestamp(at / 1_000_000, UTC).isoformat()


def refused(status: int, title: str, detail: str, **more: Any) -> ResponseReturnValue:
    """A problem document (RFC 9457)."""
    answer = answered({"type": "about:blank", "status": status, "title": title, "detail": detail, **more}, status)
    answer.mimetype = "application/problem+json"
    return answer


def answered(value: Any, status: int = 200) -> Response:
    answer = current_app.response_class(orjson.dumps(value), status, mimetype="application/json")
    answer.headers["Cache-Control"] = "no-store"
    return answer


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
        "about": {name: str(value) for name, value in problem.params.items() if isinstance(value, str | int)},
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

"""What requests say besides orders: JSON bodies, filters, cursors. Every refusal names the member and the remedy."""

import base64
import binascii
from collections.abc import Collection, Mapping
from typing import Any

import orjson
from flask import request

from builder.api.problems import Refusal
from runtime.core import json_text
from runtime.core.problem import Problem
from runtime.intake import fit_name

MOST_ON_A_PAGE = 200
ON_A_PAGE = 50


def json_body(raw: bytes | None = None) -> Any:
    """The JSON body, strictly read. 400 where it is no JSON, 422 where its content breaks a rule."""
    item = json_text.read(request.get_data(cache=False) if raw is None else raw)
    if item.problems:
        first = item.problems[0]
        broken = first.code in ("json.syntax", "json.unfinished", "json.extra", "json.empty", "json.bom")
        raise Refusal(400 if broken else 422, first)
    value = json_text.plain(item.value)
    if isinstance(value, Problem):
        raise Refusal(422, value)
    return value


def members(known: Collection[str], *, optional: bool = False) -> Mapping[str, Any]:
    """The body as an object with no other members than these. With `optional`, no body is an empty object."""
    raw = request.get_data(cache=False)
    if optional and not raw.strip():
        return {}
    body = json_body(raw)
    if not isinstance(body, dict):
        raise Refusal(422, Problem("api.wants_object"))
    for name in body:
        if name not in known:
            shown = json_text.shown(name)
            raise Refusal(422, Problem("api.unknown_member", shown, {"field": shown, "known": ", ".join(known)}))
    return body


def choice(body: Mapping[str, Any], name: str, choices: Collection[str]) -> str:
    """A member that must be one of these."""
    given = body.get(name)
    if not isinstance(given, str) or given not in choices:
        raise Refusal(422, Problem("api.wants_choice", name, {"field": name, "choices": ", ".join(choices)}))
    return given


def text(body: Mapping[str, Any], name: str, most: int = 2_000) -> str:
    """A member that is a text; absent and null are the empty text."""
    given = body.get(name)
    if given is None:
        return ""
    if not isinstance(given, str) or len(given) > most:
        raise Refusal(422, Problem("api.wants_text", name, {"field": name, "most": most}))
    return given


def number(given: Any, name: str, least: int, most: int) -> int:
    """A whole number in this range."""
    if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) < 10:
        given = int(given)
    if type(given) is not int or not least <= given <= most:
        raise Refusal(422, Problem("api.wants_number", name, {"field": name, "least": least, "most": most}))
    return given


def page_size() -> int:
    """How many items the asker wants at once."""
    return number(request.args.get("limit", str(ON_A_PAGE)), "limit", 1, MOST_ON_A_PAGE)


def argument(name: str, most: int = 200) -> str | None:
    """A filter of the query; None where it is absent or empty."""
    given = request.args.get(name, "")
    if given and fit_name(given, most) is None:
        raise Refusal(422, Problem("api.wants_text", name, {"field": name, "most": most}))
    return given or None


def chosen(name: str, choices: Collection[str]) -> tuple[str, ...]:
    """A filter that may be said several times, or once with commas; each must be one of these."""
    given = [one for part in request.args.getlist(name) for one in part.split(",") if one]
    return tuple(choice({name: one}, name, choices) for one in given)


def write_cursor(*place: int | str) -> str:
    """Where the next page begins, as an opaque text."""
    return base64.urlsafe_b64encode(orjson.dumps(place)).decode().rstrip("=")


def read_cursor(kinds: tuple[type, ...]) -> tuple[Any, ...] | None:
    """The place that `write_cursor` wrote; None where the asker begins."""
    given = request.args.get("cursor", "")
    if not given:
        return None
    try:
        place = orjson.loads(base64.urlsafe_b64decode(given + "=" * (-len(given) % 4)))
    except (binascii.Error, ValueError):
        place = None
    if not isinstance(place, list) or [type(one) for one in place] != list(kinds) or not all(map(_fits, place)):
        raise Refusal(422, Problem("api.bad_cursor", "cursor"))
    return tuple(place)


def _fits(place: int | str) -> bool:
    """Whether a database can compare with it."""
    return "\0" not in place if isinstance(place, str) else -(2**63) <= place < 2**63

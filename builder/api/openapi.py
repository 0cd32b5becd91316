"""The OpenAPI 3.1 document, made from the contracts above the API's functions."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

import orjson
from flask import Response

from builder.api import operations
from builder.api.access import MAY, ROLES
from builder.api.contract import PREFIX, Operation, operation
from builder.api.schemas import TEXT, components, ref

_TITLES: Final = {
    200: "Done.",
    201: "Stored.",
    202: "Taken, at least in part; see each result.",
    400: "Not JSON, or not to be understood.",
    401: "No token, an unknown one, or a signature that does not fit.",
    403: "The token's role does not allow this.",
    404: "There is none such, or none that the token may see.",
    409: "Too late: somebody was first, or the order went on.",
    413: "Larger than a request may be: 8 MiB, 1,000 orders.",
    415: "Encoded in a way that is not read here.",
    422: "Understood and refused; the problem names the place and the remedy.",
    500: "A defect of ours.",
    503: "Not ready; the problem says what is missing.",
}
_INTRODUCTION: Final = """Orders in, what became of them out.

Send `Authorization: Bearer …` with a token made by `orderflow token create NAME --role ROLE`. A revoked token is refused
within five seconds. Errors are RFC 9457 problem documents that say what is wrong, where, and how to mend it, in English or
Chinese as `Accept-Language` asks. Amounts are decimal text, times are ISO 8601 in UTC, ids are text."""


@operation("GET", "/api/openapi.json", None, "This document.", answers={200: {"type": "object"}})
def openapi() -> Response:
    """The document."""
    return Response(_written(), mimetype="application/json")


@cache
def _written() -> bytes:
    return orjson.dumps(document())


def document() -> dict[str, Any]:
    """The OpenAPI document of every contract."""
    paths: dict[str, dict[str, Any]] = {}
    for one in operations():
        paths.setdefault(_path(one), {})[one.method.lower()] = _operation(one)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Orderflow",
            "version": _version(),
            "description": _INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name} for name in ("orders", "tasks", "flows", "balance", "health", "contract")],
        "paths": paths | _health(),
        "components": {
            "schemas": components(),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "signature": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-Signature",
                    "description": 't=SECONDS,v1=hex(HMAC-SHA256(secret, t + "." + raw body)); the channel in X-Channel.',
                },
            },
        },
    }


def _path(one: Operation) -> str:
    return one.path if one.path.startswith("/api/") else PREFIX + one.path


def _operation(one: Operation) -> dict[str, Any]:
    written: dict[str, Any] = {
        "operationId": one.view.__name__,
        "summary": one.summary,
        "tags": [one.path.split("/")[1].removesuffix(".json") if one.permission else "contract"],
        "security": _security(one),
        "responses": {str(status): _answer(one, status) for status in _statuses(one)},
    }
    told = " ".join(filter(None, (one.description, _roles(one))))
    if told:
        written["description"] = told
    parameters = _parameters(one)
    if parameters:
        written["parameters"] = parameters
    if one.body is not None:
        content = {media: {"schema": TEXT if media.endswith("ndjson") else one.body} for media in one.media}
        written["requestBody"] = {"required": not one.optional_body, "content": content}
    return written


def _statuses(one: Operation) -> list[int]:
    found = {*one.answers, *one.problems}
    if one.permission:
        found |= {401, 403, 500}
        found |= {404} if "{" in one.path else set()
        found |= {413} if one.body is not None else set()
    return sorted(found)


def _answer(one: Operation, status: int) -> dict[str, Any]:
    schema = dict(one.answers.get(status, ()))
    description = schema.pop("description", _TITLES[status])
    content: dict[str, Any] = {}
    for part in schema.get("anyOf", [schema] if schema else []):
        media = "application/problem+json" if part == ref("Problem") else "application/json"
        content[media] = {"schema": part}
    if status not in one.answers:
        content["application/problem+json"] = {"schema": ref("Problem")}
    return {"description": description, "content": content}


def _security(one: Operation) -> list[Mapping[str, Any]]:
    if one.permission is None:
        return []
    return [{"token": []}, {"signature": []}] if one.signed else [{"token": []}]


def _roles(one: Operation) -> str:
    if one.permission is None:
        return ""
    return f"Roles: {', '.join(role for role in ROLES if one.permission in MAY[role])}."


def _parameters(one: Operation) -> list[dict[str, Any]]:
    named = [
        {"name": name, "in": "path", "required": True, "schema": TEXT} for name in re.findall(r"{(\w+)}", one.path)
    ]
    for place, schemas in (("query", one.query), ("header", one.headers)):
        for name, schema in schemas.items():
            own = dict(schema)
            told = {"description": own.pop("description")} if "description" in own else {}
            named.append({"name": name, "in": place, "required": False, **told, "schema": own})
    return named


def _health() -> dict[str, Any]:
    status = {"type": "object", "properties": {"status": TEXT, "checks": {"type": "object"}}, "required": ["status"]}
    well = {"description": _TITLES[200], "content": {"application/json": {"schema": status}}}
    ill = {"description": _TITLES[503], "content": {"application/problem+json": {"schema": ref("Problem")}}}
    return {
        "/healthz": {
            "get": {
                "operationId": "alive",
                "summary": "Whether the process lives.",
                "tags": ["health"],
                "security": [],
                "responses": {"200": well},
            }
        },
        "/readyz": {
            "get": {
                "operationId": "ready",
                "summary": "Whether database and Redis are reachable and the database is migrated.",
                "tags": ["health"],
                "security": [],
                "responses": {"200": well, "503": ill},
            }
        },
    }


def _version() -> str:
    try:
        return version("orderflow")
    except PackageNotFoundError:
        return "0"

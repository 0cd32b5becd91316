"""The contract of each address: who may use it, what it takes and what it answers, written above its function.

From these contracts come the routes, the check of the caller, and the OpenAPI document.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from types import MappingProxyType
from typing import Any, Final, Literal

from flask import Blueprint, Response, g

from builder.api.access import Caller, Permission, check_permission, known_caller
from builder.api.problems import Refusal
from runtime.core.problem import Problem
from runtime.intake import fit_name

Method = Literal["GET", "POST"]
Schema = Mapping[str, Any]
View = Callable[..., Response]

PREFIX: Final = "/api/v1"
LONGEST_NAME: Final = 200
_NOTHING: Mapping[Any, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Operation:
    """One address with one method. `permission` None: open to strangers; `own_check`: the function checks the caller."""

    method: Method
    path: str
    permission: Permission | None
    summary: str
    answers: Mapping[int, Schema]
    view: View
    description: str = ""
    query: Mapping[str, Schema] = field(default_factory=lambda: _NOTHING)
    headers: Mapping[str, Schema] = field(default_factory=lambda: _NOTHING)
    body: Schema | None = None
    optional_body: bool = False
    media: tuple[str, ...] = ("application/json",)
    problems: tuple[int, ...] = ()
    signed: bool = False


OPERATIONS: Final[list[Operation]] = []


def operation(
    method: Method,
    path: str,
    permission: Permission | None,
    summary: str,
    *,
    answers: Mapping[int, Schema],
    own_check: bool = False,
    **contract: Any,
) -> Callable[[View], View]:
    """Write down the contract of the function below. `answers` are what succeeds, `problems` the statuses that do not."""

    def write_down(view: View) -> View:
        guarded = view if own_check or permission is None else _guarded(view, permission)
        OPERATIONS.append(Operation(method, path, permission, summary, answers, guarded, **contract))
        return view

    return write_down


def caller() -> Caller:
    """Who asks. Only in functions that a caller was checked for."""
    known: Caller = g.caller
    return known


def blueprint(operations: Iterable[Operation]) -> Blueprint:
    """The routes of these contracts."""
    api = Blueprint("api", __name__)
    for one in operations:
        path = one.path if one.path.startswith("/api/") else PREFIX + one.path
        rule = path.replace("{", "<").replace("}", ">")
        api.add_url_rule(rule, endpoint=one.view.__name__, view_func=one.view, methods=[one.method])
    return api


def _guarded(view: View, permission: Permission) -> View:
    @wraps(view)
    def guarded(**named: str) -> Response:
        g.caller = known_caller()
        check_permission(g.caller, permission)
        if any(fit_name(value, LONGEST_NAME) is None for value in named.values()):
            raise Refusal(404, Problem("api.not_found"))
        return view(**named)

    return guarded

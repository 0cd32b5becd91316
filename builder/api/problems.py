"""Errors as RFC 9457 problem documents: what, where, why and how to mend, in the asker's language."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from flask import Blueprint, Response, request
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from werkzeug.exceptions import HTTPException

from runtime.core.problem import Problem
from runtime.core.words import text
from runtime.store.database import disk_is_full

log = structlog.get_logger()

PROBLEM_JSON = "application/problem+json"
_TITLES = {
    400: "请求有误",
    401: "需要身份验证",
    403: "没有权限",
    404: "未找到",
    405: "方法不受支持",
    409: "状态冲突",
    413: "内容过大",
    415: "编码不受支持",
    422: "内容有误",
    500: "服务器故障",
    503: "尚未就绪",
    507: "存储空间不足",
}
_HTTP_CODES = {
    404: "api.not_found",
    405: "api.wrong_method",
    413: "intake.body_large",
    503: "api.senders_slow",
}


class Refusal(Exception):
    """Ends a request with a problem document. `more` are further members of the document."""

    def __init__(self, status: int, problem: Problem, **more: Any) -> None:
        super().__init__(status, problem.code)
        self.status = status
        self.problem = problem
        self.more = more


def language() -> str:
    """The asker's language as Accept-Language tells it: Chinese of any kind is zh-CN, all else en."""
    best = request.accept_languages.best_match(("en", "zh-CN", "zh"), default="en")
    return "zh-CN" if best.startswith("zh") else "en"


def json_answer(value: Any, status: int = 200) -> Response:
    """A value as a JSON answer."""
    return Response(orjson.dumps(value), status, mimetype="application/json")


def problem_answer(status: int, problem: Problem, more: Mapping[str, Any] | None = None) -> Response:
    """The problem document."""
    spoken = language()
    detail, remedy = text(problem.code, problem.params, spoken)
    document = {
        "type": f"urn:orderflow:problem:{problem.code}",
        "title": _TITLES.get(status, "") if spoken == "zh-CN" else HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "where": problem.where,
        "remedy": remedy,
        "code": problem.code,
        **(more or {}),
    }
    answer = Response(orjson.dumps(document), status, mimetype=PROBLEM_JSON)
    answer.headers["Content-Language"] = spoken
    answer.vary.add("Accept-Language")
    return answer


def install_problems(api: Blueprint) -> None:
    """Let every error in the API's own functions be answered as a problem document."""
    api.register_error_handler(Refusal, refusal_answer)
    api.register_error_handler(HTTPException, http_answer)
    for broken in (OperationalError, InterfaceError):
        api.register_error_handler(broken, _cannot_store)
    api.register_error_handler(Exception, _defect)


def refusal_answer(refusal: Refusal) -> Response:
    """The answer of a refusal; a 401 says how to sign in."""
    answer = problem_answer(refusal.status, refusal.problem, refusal.more)
    if refusal.status == 401:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="orderflow"'
    return answer


def http_answer(error: HTTPException) -> Response:
    """What the web framework refuses, as a problem document."""
    status = error.code or 500
    code = _HTTP_CODES.get(status, "api.defect" if status >= 500 else "api.bad_request")
    params = {"method": request.method, "most": 8 * 1024 * 1024}
    answer = problem_answer(status, Problem(code, params=params))
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            answer.headers[name] = value
    return answer


def _cannot_store(error: DBAPIError) -> Response:
    log.error("api.cannot_store", path=request.path, error=repr(error.orig))
    if disk_is_full(error):
        return problem_answer(507, Problem("api.disk_full"))
    answer = problem_answer(503, Problem("api.database_away"))
    answer.headers["Retry-After"] = "2"
    return answer


def _defect(error: Exception) -> Response:
    log.exception("api.defect", path=request.path, error=repr(error))
    return problem_answer(500, Problem("api.defect"))

"""Error pages: what went wrong, why, and one thing to do next."""

import structlog
from flask import Flask, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError

from builder.api.problems import http_answer
from builder.i18n.text import _
from builder.web import is_htmx, wants_json

log = structlog.get_logger()


def install_errors(app: Flask) -> None:
    """Answer every error in the form that the asker reads: page, part of a page, or JSON problem."""
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(InternalServerError, _defect)


def _stale_form(error: CSRFError) -> ResponseReturnValue:
    text = _("This page was open for too long, or in another session.")
    return _answer(400, _("The form is out of date"), text, _("Load the page again and repeat what you did."))


def _refused(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None:
        return error.response
    if request.path.startswith("/api/"):
        return http_answer(error)
    status = error.code or 500
    title, text, remedy = _words(status)
    return _answer(status, title, text, remedy)


def _defect(error: InternalServerError) -> ResponseReturnValue:
    log.error("page.defect", path=request.path, error=repr(error.original_exception))
    title, text, remedy = _words(500)
    return _answer(500, title, text, remedy)


def _words(status: int) -> tuple[str, str, str]:
    match status:
        case 401:
            return _("Sign in first"), _("This needs somebody who is signed in."), _("Sign in and try again.")
        case 403:
            text = _("Your duties do not include this.")
            return _("Not allowed"), text, _("Ask your administrator if you need it for your work.")
        case 404:
            text = _("There is nothing at this address. It may have been removed, or the link is incomplete.")
            return _("Not found"), text, _("Search the orders, or begin at the start page.")
        case 405:
            return _("Not done this way"), _("This address takes another kind of request."), _("Go back and try again.")
        case 413:
            return _("Too large"), _("What was sent is larger than 8 MB."), _("Send it in smaller parts.")
        case 503:
            text = _("Too many slow senders at once, and nothing of this was stored.")
            return _("Busy just now"), text, _("Try again in a moment.")
        case status if status < 500:
            return _("Not understood"), _("The request was not complete."), _("Go back and try again.")
        case _:
            text = _("The server hit a defect. It has been written down; no order is lost by it.")
            return _("Something broke"), text, _("Try again in a moment.")


def _answer(status: int, title: str, text: str, remedy: str) -> ResponseReturnValue:
    if wants_json():
        problem = {
            "type": "about:blank",
            "status": status,
            "title": title,
            "detail": text,
            "where": "",
            "remedy": remedy,
        }
        answer = jsonify(problem)
        answer.mimetype = "application/problem+json"
        return answer, status
    template = "errors/part.html" if is_htmx() else "errors/page.html"
    return render_template(template, status=status, title=title, text=text, remedy=remedy), status

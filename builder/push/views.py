"""What a page must know to hear of changes: where the stream is, a pass to it, and since when the page is as it is."""

import re
import time
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, Flask, Response, current_app, jsonify, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from builder.auth import requires
from builder.config import Settings
from builder.push.passes import Passes
from builder.web import CSP

pages = Blueprint("push", __name__)

HOST: Final = re.compile(r"(?P<name>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d+)?")
# A page is read from the database before it is made; the clocks of two hosts differ a little.
SLACK_SECONDS: Final = 2


@dataclass(frozen=True, slots=True)
class PushLink:
    """The address of the stream, where new passes are had, the first one, and the mark since which the page is fresh."""

    address: str
    renewal: str
    first: str
    since: int


def install_push(app: Flask, settings: Settings) -> None:
    """Let pages hear of changes, and let the content policy allow the one address where they do."""
    app.extensions["orderflow.push"] = (Passes(settings.secret_key), settings)
    app.jinja_env.globals["push_link"] = push_link
    app.after_request(_allow_the_stream)


def push_link() -> PushLink | None:
    """How the page that is shown hears of changes; None: it does not, and asks now and then."""
    address = _address()
    if address is None or not current_user.is_authenticated:
        return None
    since = int((time.time() - SLACK_SECONDS) * 1_000_000)
    return PushLink(address, url_for("push.new_pass"), _pass(), since)


@pages.get("/push/pass")
@requires("start.see")
def new_pass() -> ResponseReturnValue:
    """A new pass for who is signed in. Asked for again and again, so whoever has left or signed out hears nothing more."""
    answer = jsonify({"pass": _pass()})
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _pass() -> str:
    passes: Passes = current_app.extensions["orderflow.push"][0]
    return passes.make(current_user.name, f"{request.scheme}://{request.host}", time.time())


def _address() -> str | None:
    """Where the asker's browser reaches the stream: as it was told, else on this host at the stream's own port."""
    settings: Settings = current_app.extensions["orderflow.push"][1]
    if not settings.pushes:
        return None
    if settings.push_url:
        return settings.push_url
    host = HOST.fullmatch(request.host)
    # Behind a proxy nobody knows whether it leads to another port.
    return f"http://{host['name']}:{settings.push_port}" if host and not settings.proxies else None


def _allow_the_stream(response: Response) -> Response:
    address = _address()
    if response.mimetype == "text/html" and address and not address.startswith("/"):
        origin = "/".join(address.split("/")[:3])
        response.headers.setdefault(
            "Content-Security-Policy", CSP.replace("connect-src 'self'", f"connect-src 'self' {origin}")
        )
    return response

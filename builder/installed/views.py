"""What a browser asks for to install Orderflow: manifest, icons, and the worker with its page for when no server answers."""

import hashlib
import json
from pathlib import Path
from typing import Final

from flask import Blueprint, Response, abort, render_template, url_for
from flask.typing import ResponseReturnValue

from builder.auth import public
from builder.config import asset_root
from builder.i18n import language_tag
from builder.i18n.text import _
from builder.web import CSP, asset, built_file, styles

pages = Blueprint("installed", __name__)

THEME: Final = "#2a57d0"
GROUND: Final = "#f6f6f7"
SIZES: Final = ("180", "192", "512")  # pixels; the first is what an iPhone asks for


@pages.get("/manifest.webmanifest")
@public
def manifest() -> ResponseReturnValue:
    """What Orderflow is called and looks like as an app. It begins with the inbox."""
    icons = [
        {"src": url_for("installed.icon", shape=shape), "sizes": "any", "type": "image/svg+xml", "purpose": purpose}
        for shape, purpose in (("rounded", "any"), ("full", "maskable"))
    ] + [
        {"src": url_for("installed.picture", size=size), "sizes": f"{size}x{size}", "type": "image/png"}
        for size in SIZES[1:]
    ]
    told = {
        "id": "/",
        "name": "Orderflow",
        "short_name": "Orderflow",
        "description": _("No order is ever lost, and every order can say where it is and why."),
        "lang": language_tag(),
        "start_url": url_for("inbox.list_page"),
        "scope": "/",
        "display": "standalone",
        "theme_color": THEME,
        "background_color": GROUND,
        "icons": icons,
        "shortcuts": [
            {"name": _("Inbox"), "url": url_for("inbox.list_page")},
            {"name": _("Orders"), "url": url_for("orders.list_page")},
        ],
    }
    return _fresh(json.dumps(told, ensure_ascii=False), "application/manifest+json")


@pages.get("/icon-<shape>.svg")
@public
def icon(shape: str) -> ResponseReturnValue:
    """The icon: with round corners, or full to the edges for systems that cut it themselves."""
    if shape not in ("rounded", "full"):
        abort(404)
    return _for_a_day(render_template("installed/icon.svg", shape=shape), "image/svg+xml")


@pages.get("/icon-<size>.png")
@public
def picture(size: str) -> ResponseReturnValue:
    """The full icon in pixels, for systems that show no drawing: the home screen of an iPhone is one."""
    if size not in SIZES:
        abort(404)
    return _for_a_day(Path(__file__).with_name(f"icon-{size}.png").read_bytes(), "image/png")


@pages.get("/worker.js")
@public
def worker() -> ResponseReturnValue:
    """The service worker. It keeps what never changes and says nothing of orders; another version is another text."""
    name = built_file("worker.ts")
    if name is None:
        abort(404)
    script = (asset_root() / "static" / "dist" / name).read_text("utf-8")
    page = render_template("installed/no_server.html")
    files = [asset("app.ts"), *styles("app.ts")]
    version = hashlib.sha256("\n".join((script, page, *files)).encode()).hexdigest()[:12]
    shell = {"version": version, "files": files, "page": page, "policy": CSP}
    return _fresh(f"self.SHELL = {json.dumps(shell)};\n{script}", "text/javascript")


def _for_a_day(content: str | bytes, mimetype: str) -> Response:
    answer = Response(content, mimetype=mimetype)
    answer.headers["Cache-Control"] = "public, max-age=86400"
    return answer


def _fresh(text: str, mimetype: str) -> Response:
    answer = Response(text, mimetype=mimetype)
    answer.headers["Cache-Control"] = "no-cache"
    answer.vary.update(("Cookie", "Accept-Language"))
    return answer

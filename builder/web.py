"""What every page shares: htmx, security headers, built assets, and the way back from a form.

htmx-flask is used here and nowhere else. Its traps are kept out: it replaces the request class (so it comes first), it
does not decode the page's address, it knows no swap modifiers, and it leaves `Vary` to us.
"""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from flask import Flask, Response, abort, current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import Htmx

from builder.config import asset_root
from runtime.actor import Actor
from runtime.service import Service

CSP: Final = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "worker-src 'self'",
        "manifest-src 'self'",
    )
)
HTMX_CONFIG: Final = json.dumps(
    {
        "allowEval": False,
        "includeIndicatorStyles": False,
        "allowScriptTags": False,
        "selfRequestsOnly": True,
        "historyCacheSize": 0,
        "refreshOnHistoryMiss": True,
        "scrollIntoViewOnBoost": False,
        "defaultSwapStyle": "outerHTML",
        # A key or a click that comes at once finds the new part at work, not still a plain form.
        "defaultSettleDelay": 0,
        "responseHandling": [
            {"code": "204", "swap": False},
            {"code": "[23]..", "swap": True},
            {"code": "422", "swap": True},
            {"code": "409", "swap": True},
            {"code": "[45]..", "swap": False, "error": True},
        ],
    }
)
DEVICE_LENGTH: Final = 255
LARGE_FORMS: Final = ("upload.bring", "remarks.say")
FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
MOST_COUNTED: Final = 2**31 - 1


def install_web(app: Flask) -> None:
    """Give the application htmx, the headers and the template functions that every page needs."""
    Htmx(app)
    app.before_request(_refuse_nul)
    app.after_request(_add_headers)
    app.jinja_env.globals.update(asset=asset, styles=styles, htmx_config=HTMX_CONFIG)


def is_htmx() -> bool:
    """Whether a part of a page is asked for, not a page. A history restore wants the page."""
    htmx = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and not htmx.history_restore_request and not htmx.boosted


def wants_json() -> bool:
    """Whether a script asks that reads JSON, such as the canvas."""
    best = request.accept_mimetypes.best_match(("text/html", "application/json"), default="text/html")
    return request.is_json or best == "application/json"


def counting(value: Any) -> int | None:
    """A number that counts something, from JSON or a form, as any database can hold it; None for whatever else."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:12])
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_COUNTED
    return value if fits else None


def page_address() -> str:
    """Path and query of the page on which an htmx request began, decoded; empty when it is not told."""
    try:
        told = urlsplit(request.headers.get("HX-Current-URL", ""))
    except ValueError:
        return ""
    return unquote(told.path) + (f"?{told.query}" if told.query else "")


def part(template: str, status: int = 200, **names: Any) -> Response:
    """A part of a page as an htmx answer."""
    return make_response(render_template(template, **names), status)


def go(endpoint: str, **values: Any) -> ResponseReturnValue:
    """Send the browser to another page, after a form or after an htmx request alike."""
    address = url_for(endpoint, **values)
    if is_htmx():
        return "", 200, {"HX-Redirect": address}
    return redirect(address, code=303)


def here() -> str:
    """Path and query of the page that is shown, also while a part of it is asked for."""
    return page_address() if is_htmx() else request.full_path.rstrip("?")


def safe_next(address: str | None) -> str:
    """`address` if it is a path on this server, else the start page."""
    if not address or not address.startswith("/") or address.startswith(("//", "/\\")):
        return "/"
    if any(ord(sign) < 32 for sign in address):
        return "/"
    return address


def asker(name: str) -> Actor:
    """The person or machine behind this request, as journal and audit keep it."""
    return Actor(name, request.remote_addr, (request.user_agent.string or "")[:DEVICE_LENGTH] or None)


def service() -> Service:
    """The runtime's door."""
    found: Service = current_app.extensions["orderflow.service"]
    return found


# --- what Vite built --------------------------------------------------------------------------------------------------


def asset(entry: str) -> str:
    """Address of a built script, by its source under static/src: `asset('app.ts')`."""
    built = _manifest().get(entry)
    return url_for("static", filename=built["file"] if built else f"{Path(entry).stem}.js")


def built_file(entry: str) -> str | None:
    """The file under static/dist that was built from a script; None: nothing was."""
    built = _manifest().get(entry)
    return str(built["file"]) if built else None


def styles(entry: str) -> tuple[str, ...]:
    """Addresses of the style sheets that belong to a built script: first those of what it shares with other scripts."""
    built = _manifest().get(entry, {})
    shared = (address for part in built.get("imports", ()) for address in styles(part))
    own = (url_for("static", filename=name) for name in built.get("css", ()))
    return tuple(dict.fromkeys((*shared, *own)))


def _manifest() -> dict[str, Any]:
    path = asset_root() / "static" / "dist" / ".vite" / "manifest.json"
    # Looked at anew after a build, so that a server that keeps running serves the names that are there.
    return _read_manifest(path, path.stat().st_mtime_ns) if path.exists() else {}


@lru_cache(maxsize=1)
def _read_manifest(path: Path, _built_at: int) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return manifest


def _refuse_nul() -> None:
    """What people type holds no NUL, and not every database can even compare with one. The API tells it by itself."""
    if request.path.startswith("/api/"):
        return
    told = [request.path, *(text for texts in request.args.listvalues() for text in texts)]
    # Where files are taken, they may be larger than the forms of other pages, and are measured before they are read.
    if request.mimetype in FORMS and request.endpoint not in LARGE_FORMS:
        told += [text for texts in request.form.listvalues() for text in texts]
    if any("\0" in text for text in told):
        abort(400)


def _add_headers(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", CSP)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "geolocation=(), microphone=(), payment=()")
    if response.mimetype == "text/html":
        response.vary.update(("HX-Request", "Cookie", "Accept-Language"))
        headers.setdefault("Cache-Control", "no-store")
    return response

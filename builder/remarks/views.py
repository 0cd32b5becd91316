"""Comments on an order: said, struck, read; their files; and all that mentions the person who asks."""

from typing import Final

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user

from builder.auth import requires
from builder.i18n import count
from builder.i18n.text import _
from builder.models import engine
from builder.orders.names import names
from builder.remarks.telling import people_to_mention, pieces, thread, unread_mentions
from builder.web import asker, go, is_htmx, safe_next, service
from runtime import remarks as acts
from runtime.attaching import MOST_BYTES
from runtime.clock import now
from runtime.core.moment import micros
from runtime.remarks import MOST_FILES, MOST_TOGETHER, File, Refusal
from runtime.store import queries, remarks
from runtime.store.database import reading

pages = Blueprint("remarks", __name__)

PAGE: Final = 50
MOST_REQUEST: Final = MOST_TOGETHER + 256 * 1024
MOST_LET_PASS: Final = 100 * 1024 * 1024
MOST_OFFERED: Final = 8
FILE_CSP: Final = "sandbox; default-src 'none'; frame-ancestors 'none'"


def install_remarks(app: Flask) -> None:
    """Give the application its comments. The form is read only after its own limit is set; then the view checks it."""
    app.jinja_env.globals.update(remark_thread=thread, unread_mentions=unread_mentions)
    app.register_blueprint(pages)
    app.extensions["orderflow.csrf"].exempt(app.view_functions["remarks.say"])


@pages.get("/orders/<run_id>/remarks")
@requires("orders.see")
def list_part(run_id: str) -> ResponseReturnValue:
    """The comments alone; nothing when nothing has changed."""
    _known(run_id)
    told = thread(run_id)
    if told.mark == request.args.get("mark"):
        return "", 204
    return render_template("remarks/list.html", thread=told)


@pages.post("/orders/<run_id>/remarks")
@requires("remarks.write")
def say(run_id: str) -> ResponseReturnValue:
    """Say something about an order, with files if so wished."""
    request.max_content_length = MOST_REQUEST
    if (request.content_length or 0) > MOST_REQUEST:
        _let_pass()
        return _thread(run_id, _refusal_words(Refusal("many")), 413)
    current_app.extensions["orderflow.csrf"].protect()
    text = request.form.get("text", "").replace("\r\n", "\n").strip()
    if "\0" in text:
        abort(400)
    given = [one for one in request.files.getlist("file") if one.filename]
    files = [File(one.filename or "", one.stream.read(MOST_BYTES + 1)) for one in given[: MOST_FILES + 1]]
    with reading(engine()) as connection:
        people = people_to_mention(connection)
    said = acts.say(engine(), run_id, text, files, people, asker(current_user.name), micros(now()))
    if isinstance(said, Refusal):
        if said.why == "unknown":
            abort(404)
        return _thread(run_id, _refusal_words(said), 422, text)
    _tell_of(run_id)
    return _thread(run_id)


@pages.post("/remarks/<remark_id>/strike")
@requires("remarks.write")
def strike(remark_id: str) -> ResponseReturnValue:
    """Take back what one has said, within five minutes."""
    run_id = request.form.get("run", "")
    _known(run_id)
    if not acts.strike(engine(), remark_id, asker(current_user.name), micros(now())):
        return _thread(run_id, _("A comment can be taken back by its author, for five minutes."), 409)
    _tell_of(run_id)
    return _thread(run_id)


@pages.post("/orders/<run_id>/mentions/read")
@requires("orders.see")
def read(run_id: str) -> ResponseReturnValue:
    """The person who asks has seen what mentions them on an order."""
    acts.read_mentions(engine(), current_user.name, micros(now()), run_id=run_id)
    return "", 204


@pages.get("/mentions")
@requires("orders.see")
def mentions() -> ResponseReturnValue:
    """Everything that mentions the person who asks, the newest first."""
    with reading(engine()) as connection:
        rows = remarks.mentioning(
            connection, current_user.name, before=request.args.get("before", "")[:26] or None, limit=PAGE + 1
        )
        me = {current_user.name: current_user.display}
        told = [(row, pieces(row["text"], me)) for row in rows[:PAGE]]
        return render_template(
            "remarks/mentions.html",
            rows=told,
            names=names(connection),
            more=rows[PAGE - 1]["id"] if len(rows) > PAGE else None,
        )


@pages.post("/mentions/read")
@requires("orders.see")
def read_all() -> ResponseReturnValue:
    """The person who asks has seen everything up to a comment."""
    acts.read_mentions(engine(), current_user.name, micros(now()), upto=request.form.get("upto", "")[:26])
    return go("remarks.mentions")


@pages.get("/mentions/people")
@requires("remarks.write")
def people() -> ResponseReturnValue:
    """Who can be mentioned, by the beginning or a part of a name."""
    wanted = request.args.get("q", "").strip().casefold()[:64]
    with reading(engine()) as connection:
        known = people_to_mention(connection)
    fits = [
        (not (shown.casefold().startswith(wanted) or name.casefold().startswith(wanted)), shown, name)
        for name, shown in known.items()
        if wanted in shown.casefold() or wanted in name.casefold()
    ]
    return jsonify([{"name": name, "shown": shown} for _later, shown, name in sorted(fits)[:MOST_OFFERED]])


@pages.get("/files/<attachment_id>")
@requires("orders.see")
def file(attachment_id: str) -> ResponseReturnValue:
    """A file as a download that no browser runs."""
    with reading(engine()) as connection:
        row = remarks.attachment(connection, attachment_id)
        if row is None:
            abort(404)
        content = b"".join(remarks.content_of(connection, attachment_id))
    answer = Response(content, content_type=row["type"])
    answer.headers.set("Content-Disposition", "attachment", filename=row["name"])
    answer.headers["Content-Security-Policy"] = FILE_CSP
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _thread(run_id: str, problem: str = "", status: int = 200, text: str = "") -> ResponseReturnValue:
    """The comments after something was done; a browser without scripts goes back to where it was."""
    _known(run_id)
    if is_htmx():
        return render_template("remarks/thread.html", run_id=run_id, problem=problem, typed=text), status
    if problem:
        return render_template("remarks/again.html", run_id=run_id, problem=problem, typed=text), status
    back = safe_next(request.form.get("back"))
    return redirect(back if back != "/" else url_for("orders.order_page", run_id=run_id), code=303)


def _known(run_id: str) -> None:
    with reading(engine()) as connection:
        if queries.order(connection, run_id) is None:
            abort(404)


def _tell_of(run_id: str) -> None:
    service().tell((f"run:{run_id}",))
    service().effect_bell.ring()


def _let_pass() -> None:
    """Read what is too large and forget it: a browser that is cut off shows no answer."""
    request.max_content_length = MOST_LET_PASS
    if (request.content_length or 0) <= MOST_LET_PASS:
        while request.stream.read(256 * 1024):
            pass


def _refusal_words(refused: Refusal) -> str:
    match refused.why:
        case "empty":
            return _("Write something, or attach a file.")
        case "long":
            return _("Write at most %(n)s characters.", n=count(acts.LONGEST))
        case "many":
            return _("Attach at most %(n)s files, %(size)s MB together.", n=MOST_FILES, size=MOST_TOGETHER // 2**20)
        case "large":
            return _("%(file)s is larger than %(size)s MB.", file=refused.file, size=MOST_BYTES // 2**20)
        case "empty_file":
            return _("%(file)s is empty.", file=refused.file)
        case "kind":
            return _(
                "%(file)s cannot be attached. Pictures (PNG, JPEG, GIF, WebP), PDF, XLSX without macros, CSV and text can.",
                file=refused.file,
            )
        case _:
            return _("This order holds no more comments or files.")

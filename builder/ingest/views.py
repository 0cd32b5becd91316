"""The pages by which people upload orders: choose a file, say what its columns mean, look at the check, take them in."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final
from zoneinfo import available_timezones

from flask import Blueprint, Flask, Response, abort, current_app, flash, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import get_timezone, ngettext
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select

from builder.auth import requires
from builder.i18n import count, language_tag
from builder.ingest.checking import LONGEST_CHANNEL, OWN_SHOP, Sender
from builder.ingest.columns import ATTRIBUTE, Meaning, guess, targets
from builder.ingest.sheets import MOST_BYTES, MOST_COLUMNS, MOST_ROWS, read_sheet
from builder.ingest.uploads import MOST_SHOWN, Upload, Uploads, report_csv
from builder.models import engine
from builder.web import go, is_htmx, part, service
from runtime.core.money import CURRENCIES
from runtime.core.order import FIELDS, LINE_FIELDS
from runtime.core.problem import Problem
from runtime.core.words import text
from runtime.intake import fit_name
from runtime.store.database import reading
from runtime.store.ids import new_id
from runtime.store.tables import channels

pages = Blueprint("upload", __name__, url_prefix="/upload")

# The file, and what the form says around it.
MOST_REQUEST: Final = MOST_BYTES + 64 * 1024
MOST_LET_PASS: Final = 100 * 1024 * 1024
USUAL_CURRENCIES: Final = ("CNY", "USD", "EUR", "HKD", "TWD", "JPY", "GBP", "BRL")
USUAL_ZONES: Final = ("Asia/Shanghai", "Asia/Hong_Kong", "Asia/Tokyo", "UTC", "Europe/Berlin", "America/New_York")


def install_uploads(app: Flask, home: Path) -> None:
    """Give the application its upload pages; what is uploaded lies in the home until it is in."""
    app.extensions["orderflow.uploads"] = Uploads(home / "uploads")
    app.register_blueprint(pages)
    # Its form is read only after its own limit is set; then the view checks the form itself.
    app.extensions["orderflow.csrf"].exempt(app.view_functions["upload.bring"])


@pages.get("")
@requires("orders.upload")
def start() -> ResponseReturnValue:
    """Choose a file."""
    return _start()


@pages.post("")
@requires("orders.upload")
def bring() -> ResponseReturnValue:
    """Read a file; what cannot be read is told at once."""
    request.max_content_length = MOST_REQUEST
    if (request.content_length or 0) > MOST_REQUEST:
        _let_pass()
        return _start(Problem("upload.large", params={"most": MOST_BYTES // 1024 // 1024}), 413)
    current_app.extensions["orderflow.csrf"].protect()
    given = request.files.get("file")
    if given is None or not given.filename:
        return _start(Problem("upload.none"), 422)
    sheet = read_sheet(given.stream.read(MOST_BYTES + 1))
    if isinstance(sheet, Problem):
        return _start(sheet, 422)
    upload = _uploads().keep(new_id(service().clock()), current_user.name, given.filename, sheet)
    return go("upload.page", upload_id=upload.id)


@pages.get("/<upload_id>")
@requires("orders.upload")
def page(upload_id: str) -> ResponseReturnValue:
    """Where the upload is: its columns, its check, or its intake."""
    upload = _find(upload_id)
    if upload.stage == "columns":
        return _columns(upload, _guessed(upload))
    if upload.stage == "checked":
        report = _uploads().report(upload)
        return render_template(
            "upload/check.html", upload=upload, report=report[:MOST_SHOWN], more=len(report) > MOST_SHOWN
        )
    return render_template("upload/taking.html", upload=upload, paused="paused" in request.args)


@pages.get("/<upload_id>/columns")
@requires("orders.upload")
def columns(upload_id: str) -> ResponseReturnValue:
    """Say again what the columns mean."""
    upload = _find(upload_id)
    if upload.stage in ("taking", "done"):
        return go("upload.page", upload_id=upload.id)
    return _columns(upload, upload.meaning or _guessed(upload))


@pages.post("/<upload_id>/columns")
@requires("orders.upload")
def check_columns(upload_id: str) -> ResponseReturnValue:
    """Check every order of the file; none is taken yet. With `look` only say what is missing."""
    upload = _find(upload_id)
    if upload.stage in ("taking", "done"):
        return go("upload.page", upload_id=upload.id)
    meaning = _told_meaning(upload)
    if is_htmx() and "look" in request.args:
        return part("upload/needed.html", needed=_needed(meaning))
    wrong = _wrong(meaning)
    if wrong:
        return _columns(upload, meaning, wrong), 422
    _uploads().try_out(upload, meaning, _sender())
    return go("upload.page", upload_id=upload.id)


@pages.post("/<upload_id>/orders")
@requires("orders.upload")
def take(upload_id: str) -> ResponseReturnValue:
    """Take the next few hundred orders; the page asks again until all are in."""
    upload = _find(upload_id)
    if upload.stage in ("checked", "taking"):
        upload = _uploads().take_some(upload, service().intake, _sender())
    if is_htmx() and "more" in request.args:
        return part("upload/progress.html", upload=upload, paused=False)
    return go("upload.page", upload_id=upload.id)


@pages.get("/<upload_id>/report.csv")
@requires("orders.upload")
def report(upload_id: str) -> ResponseReturnValue:
    """What is wrong with the file, as a table to mend it by."""
    upload = _find(upload_id)
    heads = (_("Row"), _("Order"), _("Column"), _("What stands there"), _("What is wrong"), _("How to mend it"))
    content = report_csv(_uploads().report(upload), heads, language_tag())
    answer = Response(content, mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="refused-{upload.id[-6:].lower()}.csv"'
    return answer


@pages.post("/<upload_id>/drop")
@requires("orders.upload")
def drop(upload_id: str) -> ResponseReturnValue:
    """Throw the upload away; what was taken stays taken."""
    upload = _find(upload_id)
    _uploads().drop(upload)
    if upload.taken.accepted:
        stay = ngettext(
            "Stopped. %(n)s order is in and stays.",
            "Stopped. %(n)s orders are in and stay.",
            upload.taken.accepted,
            n=count(upload.taken.accepted),
        )
        flash(stay, "good")
    return go("upload.start")


@pages.get("/sample.csv")
@requires("orders.upload")
def sample() -> ResponseReturnValue:
    """A small file that is right, to begin from."""
    file = Path(__file__).with_name("sample.zh.csv" if language_tag() == "zh-CN" else "sample.en.csv")
    answer = Response(b"\xef\xbb\xbf" + file.read_bytes(), mimetype="text/csv")
    answer.headers["Content-Disposition"] = 'attachment; filename="orders.csv"'
    return answer


# --- parts ----------------------------------------------------------------------------------------------------------


def _uploads() -> Uploads:
    found: Uploads = current_app.extensions["orderflow.uploads"]
    return found


def _find(upload_id: str) -> Upload:
    upload = _uploads().find(upload_id, current_user.name)
    if upload is None:
        abort(404)
    return upload


def _sender() -> Sender:
    return Sender(current_user.name, "", None)


def _let_pass() -> None:
    """Read what nobody keeps: a browser that is still sending would show a broken connection, not the answer."""
    request.max_content_length = MOST_LET_PASS
    while request.stream.read(MOST_BYTES):
        pass


def _start(problem: Problem | None = None, status: int = 200) -> ResponseReturnValue:
    told = text(problem.code, problem.params, language_tag()) if problem else None
    limits = {"rows": count(MOST_ROWS), "columns": count(MOST_COLUMNS), "size": MOST_BYTES // 1024 // 1024}
    unfinished = _uploads().unfinished(current_user.name)
    return render_template("upload/start.html", problem=told, limits=limits, unfinished=unfinished), status


def _guessed(upload: Upload) -> Meaning:
    return Meaning(guess(upload.columns), str(get_timezone()), {"channel": OWN_SHOP, "currency": ""})


def _columns(upload: Upload, meaning: Meaning, wrong: list[str] | None = None) -> str:
    sheet = _uploads().sheet(upload)
    with reading(engine()) as connection:
        known = list(connection.execute(select(channels.c.name).order_by(channels.c.name)).scalars())
    return render_template(
        "upload/columns.html",
        upload=upload,
        meaning=meaning,
        wrong=wrong or [],
        needed=_needed(meaning),
        rows=[(index, name, sheet.samples(index)) for index, name in enumerate(upload.columns)],
        groups=_groups(),
        attribute=ATTRIBUTE,
        channels=sorted({OWN_SHOP, *known}),
        currencies=[*USUAL_CURRENCIES, *(code for code in CURRENCIES if code not in USUAL_CURRENCIES)],
        zones=sorted({*USUAL_ZONES, str(get_timezone()), meaning.zone}),
    )


def _told_meaning(upload: Upload) -> Meaning:
    told = [request.form.get(f"column-{index}", "") for index in range(len(upload.columns))]
    known = tuple(path if path == ATTRIBUTE or path in targets() else "" for path in told)
    zone = request.form.get("zone", "")
    constants = {name: request.form.get(name, "").strip() for name in ("channel", "currency")}
    return Meaning(known, zone if zone in available_timezones() else str(get_timezone()), constants)


def _wrong(meaning: Meaning) -> list[str]:
    found = [_("Nothing fills “%(field)s”. Choose its column.", field=target_name(path)) for path in meaning.missing()]
    found += [_("Two columns fill “%(field)s”. Keep one of them.", field=target_name(path)) for path in meaning.twice()]
    channel = meaning.constants.get("channel", "")
    if meaning.column("channel") is None and fit_name(channel or OWN_SHOP, LONGEST_CHANNEL) is None:
        found.append(_("A channel's name has at most 64 characters."))
    return found


def _needed(meaning: Meaning) -> list[tuple[str, bool]]:
    """Each required field, and whether something fills it."""
    missing = meaning.missing()
    return [(target_name(path), path not in missing) for path, target in targets().items() if target.required]


def _groups() -> list[tuple[str, list[tuple[str, str]]]]:
    """What a column can mean, as a select offers it."""
    names = {
        "order": _("Order"),
        "buyer": _("Buyer"),
        "address": _("Address"),
        "line": _("Item (one row each)"),
        "payment": _("Payment"),
    }
    return [(label, list(_of_group(group))) for group, label in names.items()]


def _of_group(group: str) -> Iterator[tuple[str, str]]:
    return ((path, target_name(path)) for path, target in targets().items() if target.group == group)


def target_name(path: str) -> str:
    """What a field is called that a column can fill."""
    group, _dot, name = path.partition(".")
    if group == "line":
        return LINE_FIELDS[name].label[language_tag()]
    if group == "payment":
        names: dict[str, str] = {
            "method": _("payment method"),
            "amount": _("amount paid"),
            "paid_at": _("time of payment"),
        }
        return names[name]
    return FIELDS[path].label[language_tag()]

"""The pages on which orders of a channel are pulled: set up, tried out, paused, begun anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, abort, current_app, flash, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Connection, RowMapping
from sqlalchemy.exc import IntegrityError

from builder.auth import requires
from builder.channels import health
from builder.i18n.text import _
from builder.labels import told_problem
from builder.models import engine
from builder.systems.health import State
from builder.web import asker, go, service
from runtime import pulls
from runtime.actor import Actor
from runtime.adapters.contract import Asked, NoPage
from runtime.clock import now
from runtime.core.moment import micros
from runtime.core.problem import Problem
from runtime.intake import Refused
from runtime.pulling import taken
from runtime.pulls import ACTS, EVERY, FEED, USUAL_SECONDS, Pull
from runtime.sealing import Seal
from runtime.store import pulls as stored
from runtime.store import screens, surges
from runtime.store.database import begin, reading
from runtime.systems import allowed, read_allowed

pages = Blueprint("channels", __name__)

# Somebody waits for it, and a thread of the web server with them.
TRY_SECONDS: Final = 10.0
TRY_ORDERS: Final = 5


@dataclass(frozen=True, slots=True)
class Tried:
    """What a try brought: why not, or the ids of orders that would be taken, and of those that would be refused and why."""

    why_not: tuple[str, str] | None = None
    fit: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    more: bool = False


@pages.get("/channels/pulls/new")
@requires("people.manage")
def new_page() -> ResponseReturnValue:
    """The form for one more channel whose orders are pulled."""
    return _new({"channel": request.args.get("channel", "")[:64], "every": str(USUAL_SECONDS)})


@pages.post("/channels/pulls/new")
@requires("people.manage")
def add() -> ResponseReturnValue:
    """Pull the orders of a channel from now on, or only try whether that works."""
    pull = _typed(request.form.get("channel", "").strip())
    problems = pulls.problems_of(pull, None)
    if not problems and request.form.get("do") == "try":
        return _new(_typed_so_far(pull), tried=_try_out(pull, None))
    if not problems and not _add(pull):
        problems = [Problem("pull.taken", "channel", {"channel": pull.channel})]
    if problems:
        return _new(_typed_so_far(pull), problems), 422
    service().pull_bell.ring()
    flash(_("Orders of %(channel)s are pulled from now on.", channel=pull.channel), "good")
    return go("channels.pull_page", name=pull.channel)


@pages.get("/channels/<name>/pull")
@requires("people.manage")
def pull_page(name: str) -> ResponseReturnValue:
    """How the pull of a channel does, and what can be done about it. A channel without one: the form for it."""
    with reading(engine()) as connection:
        row = stored.find(connection, name)
        known = row is not None or name in screens.channel_names(connection)
    if not known:
        abort(404)
    return _page(name) if row else go("channels.new_page", channel=name)


@pages.post("/channels/<name>/pull")
@requires("people.manage")
def change(name: str) -> ResponseReturnValue:
    """Pull from another address, with another secret or at another pace, or only try whether that works."""
    pull = _typed(name)
    with reading(engine()) as connection:
        row = _row(connection, name)
    problems = pulls.problems_of(pull, row)
    if problems:
        return _page(name, _typed_so_far(pull), problems), 422
    if request.form.get("do") == "try":
        return _page(name, _typed_so_far(pull), tried=_try_out(pull, row))
    with begin(engine(), durable=True) as connection:
        _row(connection, name)
        pulls.keep(connection, pull, _seal(), _asker(), micros(now()))
    service().pull_bell.ring()
    flash(_("Saved. It goes on where it stood."), "good")
    return go("channels.pull_page", name=name)


@pages.post("/channels/<name>/pull/act")
@requires("people.manage")
def act(name: str) -> ResponseReturnValue:
    """Pause or resume a pull, let it begin at once, or from the beginning."""
    wanted = next((one for one in ACTS if one == request.form.get("act")), None)
    if wanted is None:
        abort(400)
    with begin(engine(), durable=True) as connection:
        _row(connection, name)
        done = pulls.act(connection, name, wanted, _asker(), micros(now()))
    if wanted != "pause":
        service().pull_bell.ring()
    flash(_("Done.") if done else _("Somebody else was faster: it is so already."), "good")
    return go("channels.pull_page", name=name)


@pages.post("/channels/<name>/pull/deletion")
@requires("people.manage")
def delete(name: str) -> ResponseReturnValue:
    """Pull no more. The channel and its orders stay."""
    with begin(engine(), durable=True) as connection:
        _row(connection, name)
        pulls.drop(connection, name, _asker(), micros(now()))
    flash(_("Orders of %(channel)s are pulled no more.", channel=name), "good")
    return go("admin.channels")


# --- for other pages ----------------------------------------------------------------------------------------------------


@pages.app_template_global()
def pull_states() -> Mapping[str, State]:
    """How the pull of each channel does that has one."""
    with reading(engine()) as connection:
        return health.states(connection, micros(now()))


@pages.app_template_global()
def pull_trouble(channel: str) -> str:
    """Why the orders of a channel are not pulled just now; empty where they are, or never were."""
    with reading(engine()) as connection:
        row = stored.find(connection, channel)
        if row is None:
            return ""
        found = health.state(row, micros(now()), held=_surge(connection, channel) is not None)
    if found.tone not in ("failed", "held"):
        return ""
    return _("Its orders are pulled: %(state)s. %(why)s", state=found.name, why=found.text)


# --- pages ------------------------------------------------------------------------------------------------------------


def _new(typed: Mapping[str, str], problems: Sequence[Problem] = (), *, tried: Tried | None = None) -> str:
    return render_template(
        "channels/new.html", row=None, typed=typed, told=_by_field(problems), tried=tried, every=EVERY
    )


def _page(
    name: str,
    typed: Mapping[str, str] | None = None,
    problems: Sequence[Problem] = (),
    *,
    tried: Tried | None = None,
) -> str:
    with reading(engine()) as connection:
        row = _row(connection, name)
        surge = _surge(connection, name)
        state = health.state(row, micros(now()), held=surge is not None)
    before = {"address": row["address"], "every": str(row["every_seconds"])}
    return render_template(
        "channels/pull.html",
        row=row,
        state=state,
        surge=surge,
        typed=typed or before,
        told=_by_field(problems),
        tried=tried,
        every=EVERY,
    )


def _row(connection: Connection, name: str) -> RowMapping:
    row = stored.find(connection, name)
    if row is None:
        abort(404)
    return row


def _surge(connection: Connection, channel: str) -> str | None:
    """The hold that keeps the channel, if one does."""
    return next((one["id"] for one in surges.open_surges(connection) if one["channel"] == channel), None)


def _by_field(problems: Sequence[Problem]) -> dict[str, tuple[str, str]]:
    return {problem.where: told_problem(problem) for problem in problems}


# --- what was typed ---------------------------------------------------------------------------------------------------


def _typed(channel: str) -> Pull:
    """The pull that the form tells. An empty secret leaves the one typed before a try, or else the one that is kept."""
    told = request.form
    sealed = told.get("sealed", "")
    tried = next(iter(_seal().open(sealed)), None) if sealed.isascii() else None
    secret = told.get("secret", "").strip() or tried
    return Pull(channel, told.get("address", "").strip(), told.get("every", "").strip(), secret)


def _typed_so_far(pull: Pull) -> Mapping[str, str]:
    """What stands in the fields again. A secret is not shown, but goes along sealed, so that nobody types it twice."""
    return {**request.form, "sealed": _seal().close((pull.secret,)) if pull.secret else ""}


def _add(pull: Pull) -> bool:
    """Set a pull up that is without problems. False: the channel has one already."""
    try:
        with begin(engine(), durable=True) as connection:
            if stored.find(connection, pull.channel):
                return False
            pulls.keep(connection, pull, _seal(), _asker(), micros(now()))
    except IntegrityError:
        return False
    return True


def _try_out(pull: Pull, row: RowMapping | None) -> Tried:
    """Ask the shop for some orders and store none of them."""
    kept = _seal().open(row["secret"]) if row else ()
    secret = pull.secret or next(iter(kept), "")
    if not secret:
        return Tried(told_problem(Problem("pull.secret_lost")))
    with reading(engine()) as connection:
        listed = read_allowed(allowed(connection))
    asked = Asked(pull.address, secret, row["cursor"] if row else None, TRY_ORDERS, TRY_SECONDS, listed)
    page = service().pulling.try_out(FEED, asked)
    if isinstance(page, NoPage):
        return Tried(told_problem(page.problem))
    checked = [taken(item, pull.channel) for item in page.orders]
    fit = tuple(one.order["id"] for one in checked if not isinstance(one, Refused))
    refused = tuple(
        (one.external_id or "–", " ".join(told_problem(one.problems[0]))) for one in checked if isinstance(one, Refused)
    )
    return Tried(None, fit, refused, page.more)


def _seal() -> Seal:
    return Seal(current_app.config["SECRET_KEY"])


def _asker() -> Actor:
    return asker(current_user.name)

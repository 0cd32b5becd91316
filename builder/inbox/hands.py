"""Whose task it is: taken on, given back, handed on, signed by others too, or sent back to an earlier step."""

from collections.abc import Callable
from typing import Final, Literal

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from builder.auth import may, reader, requires
from builder.away.telling import holder_is_away
from builder.i18n.text import _
from builder.inbox.board import Done, find_following, go_on, late_words, read_look, receivers, show_board, undo_seconds
from builder.models import engine
from builder.orders.names import Names
from builder.web import asker, service
from runtime.answering import Decline
from runtime.store import queries
from runtime.store.database import reading

pages = Blueprint("hands", __name__)

MOST_NOTE: Final = 1000


@pages.post("/tasks/<trace>/claim")
@requires("tasks.decide")
def claim(trace: str) -> ResponseReturnValue:
    """Take a task on, so that nobody else decides it."""
    return _handed(trace, lambda: service().answering.claim(trace, asker(current_user.name)), _("It is yours."))


@pages.post("/tasks/<trace>/claim/end")
@requires("tasks.decide")
def let_go(trace: str) -> ResponseReturnValue:
    """Give a task back to all that are asked."""
    actor = asker(current_user.name)
    done = _("It is everybody's again.")
    anybodys = may("tasks.lead") or holder_is_away(trace)
    return _handed(trace, lambda: service().answering.let_go(trace, actor, anybodys=anybodys), done)


@pages.post("/tasks/<trace>/transfer")
@requires("tasks.decide")
def transfer(trace: str) -> ResponseReturnValue:
    """Ask another person or team in place of those who were asked."""
    kind, who, told = _receiver()
    if not told:
        return _nobody(trace)
    actor = asker(current_user.name)
    done = _("%(who)s is asked now.", who=told)
    return _handed(trace, lambda: service().answering.transfer(trace, kind, who, _note(), actor), done)


@pages.post("/tasks/<trace>/signers")
@requires("tasks.decide")
def call_in(trace: str) -> ResponseReturnValue:
    """Let somebody else sign too, before or after the asker."""
    kind, who, told = _receiver()
    if not told:
        return _nobody(trace)
    before = request.form.get("place") != "after"
    place: Literal["before", "after"] = "before" if before else "after"
    actor = asker(current_user.name)
    done = (
        _("%(who)s is asked first; then it comes back to you.", who=told) if before
        else _("%(who)s is asked after you.", who=told)
    )  # fmt: skip
    return _handed(trace, lambda: service().answering.call_in(trace, kind, who, place, _note(), actor), done)


@pages.post("/tasks/<trace>/back")
@requires("tasks.decide")
def send_back(trace: str) -> ResponseReturnValue:
    """Send the order back to an earlier step, with a note for those who are asked there."""
    if not _note():
        return show_board(
            read_look(), trace, problem=_("Say why: write a note for those who are asked again."), status=422
        )
    to, actor = request.form.get("to", ""), asker(current_user.name)
    return _handed(
        trace,
        lambda: service().answering.send_back(trace, to, _note(), actor, undo_seconds()),
        _("Sent back."),
        undo=(trace,),
    )


def _receiver() -> tuple[Literal["person", "team"], str, str]:
    """Who is to be asked: kind, key, and the name in words; no words where the form names nobody who can be."""
    kind, _colon, who = request.form.get("to", "").partition(":")
    with reading(engine()) as connection:
        known = receivers(connection)
    told = Names(known["person"], known["team"]).asked(kind, who) if who in known.get(kind, {}) else ""
    return "team" if kind == "team" else "person", who, told


def _nobody(trace: str) -> ResponseReturnValue:
    problem = _("Choose the person or the team that is to be asked.")
    return show_board(read_look(), trace, problem=problem, status=422)


def _note() -> str:
    return request.form.get("note", "").strip()[:MOST_NOTE]


def _handed(
    trace: str, hand: Callable[[], Decline | None], done: str, undo: tuple[str, ...] = ()
) -> ResponseReturnValue:
    """Change whose task it is, if it asks the asker."""
    look = read_look()
    with reading(engine()) as connection:
        if not queries.may_decide(connection, trace, reader()):
            return show_board(look, trace, problem=_("This task asks somebody else."), status=403)
        following = find_following(connection, look, {trace})
    declined = hand()
    if declined:
        return show_board(look, trace, problem=late_words(declined), status=409)
    with reading(engine()) as connection:
        still = trace if queries.may_decide(connection, trace, reader()) else following
    return go_on(look, following if undo else still, Done(done, undo))

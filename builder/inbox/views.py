"""The inbox: what waits for me, with its order beside it, decided by a click or a key."""

from collections.abc import Mapping
from typing import Final

from flask import Blueprint, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Connection

from builder.auth import may, reader, requires
from builder.drawn import drawn_version
from builder.i18n.text import _, ngettext
from builder.inbox.board import Done, find_following, find_shelf, go_on, late_words, read_look, show_board, undo_seconds
from builder.inbox.filters import first_look
from builder.labels import word
from builder.models import engine
from builder.orders.names import names
from builder.web import asker, service
from runtime.answering import Verdict
from runtime.store import queries
from runtime.store.database import reading

pages = Blueprint("inbox", __name__)

MOST_REASON: Final = 1000
MOST_AT_ONCE: Final = 500
VERDICTS: Final[Mapping[str, Verdict]] = {"approve": "approve", "reject": "reject"}


@pages.get("/inbox")
@requires("tasks.see")
def list_page() -> ResponseReturnValue:
    """The list, and on a wide screen the first task beside it; a person may begin with a filter of their own."""
    begins = first_look()
    if begins is not None:
        return redirect(begins)
    return show_board(read_look(), None)


@pages.get("/inbox/list")
@requires("tasks.see")
def list_part() -> ResponseReturnValue:
    """The list alone, asked for every few seconds; nothing when nothing has changed."""
    look = read_look()
    with reading(engine()) as connection:
        shelf = find_shelf(connection, look)
        if shelf.mark == request.args.get("mark"):
            return "", 204
        return render_template(
            "inbox/list.html",
            look=look,
            shelf=shelf,
            names=names(connection),
            selected=request.args.get("selected"),
            may_decide=may("tasks.decide"),
        )


@pages.get("/inbox/<trace>")
@requires("tasks.see")
def task_page(trace: str) -> ResponseReturnValue:
    """One task, with the list beside it."""
    return show_board(read_look(), trace)


@pages.post("/tasks/<trace>/decision")
@requires("tasks.decide")
def decide(trace: str) -> ResponseReturnValue:
    """Approve or reject. The first decision counts; a later one is told who was first."""
    look, decision, reason = read_look(), _verdict(), _reason()
    with reading(engine()) as connection:
        allowed = queries.may_decide(connection, trace, reader())
        following = find_following(connection, look, {trace})
        done = _done_words(connection, trace, decision)
    if not allowed:
        return show_board(look, trace, problem=_("This task asks somebody else."), status=403)
    if decision == "reject" and not reason:
        return show_board(look, trace, problem=_("Say why: choose a reason or write one."), status=422)
    late = service().answering.decide([trace], decision, reason, asker(current_user.name), undo_seconds())
    if late:
        return show_board(look, trace, problem=late_words(late[trace]), status=409)
    return go_on(look, following, Done(done, (trace,)))


@pages.post("/tasks/decisions")
@requires("tasks.decide")
def decide_many() -> ResponseReturnValue:
    """Decide all ticked tasks alike. Those that came too late, or ask somebody else, are told."""
    look, decision, reason = read_look(), _verdict(), _reason()
    ticked = list(dict.fromkeys(request.form.getlist("trace")))[:MOST_AT_ONCE]
    if not ticked:
        return show_board(look, None, problem=_("No task is ticked."), status=422)
    if decision == "reject" and not reason:
        return show_board(look, None, problem=_("Say why: write a reason for all of them."), status=422)
    with reading(engine()) as connection:
        mine = queries.decidable(connection, ticked, reader())
        following = find_following(connection, look, set(ticked))
    late = service().answering.decide(mine, decision, reason, asker(current_user.name), undo_seconds())
    decided = tuple(trace for trace in mine if trace not in late)
    missed = len(ticked) - len(decided)
    problem = (
        ngettext("%(num)s was decided before you, or asks somebody else.",
                 "%(num)s were decided before you, or ask somebody else.", missed)
        if missed else ""
    )  # fmt: skip
    problem = next((late_words(one) for one in late.values() if one.why == "one_voice"), problem)
    if not decided:
        return show_board(look, following, problem=problem, status=409, push=True)
    return go_on(look, following, Done(_many_words(decision, len(decided)), decided, problem))


@pages.post("/tasks/decisions/undo")
@requires("tasks.decide")
def undo() -> ResponseReturnValue:
    """Open again what the asker decided a moment ago."""
    look = read_look()
    wanted = list(dict.fromkeys(request.form.getlist("trace")))[:MOST_AT_ONCE]
    opened = service().answering.take_back(wanted, asker(current_user.name))
    if not opened:
        problem = _("Too late to undo: the order has gone on with the decision.")
        return show_board(look, wanted[0] if len(wanted) == 1 else None, problem=problem, status=409)
    told = ngettext("%(num)s task is open again.", "%(num)s tasks are open again.", len(opened))
    return go_on(look, opened[0], Done(told))


def _verdict() -> Verdict:
    verdict = VERDICTS.get(request.form.get("decision", ""))
    if verdict is None:
        abort(400)
    return verdict


def _reason() -> str:
    chips = [chip.strip() for chip in request.form.getlist("reason") if chip.strip()]
    told = request.form.get("words", "").strip()
    return "; ".join([*chips, told] if told else chips)[:MOST_REASON]


def _done_words(connection: Connection, trace: str, decision: str) -> str:
    task = queries.task(connection, trace)
    kind = drawn_version(connection, task["version_id"]).asking_kind(task["node"]) if task else ""
    return word(f"{kind}.decided.{decision}", _("Approved.") if decision == "approve" else _("Rejected."))


def _many_words(decision: Verdict, count: int) -> str:
    if decision == "approve":
        return ngettext("%(num)s task approved.", "%(num)s tasks approved.", count)
    return ngettext("%(num)s task rejected.", "%(num)s tasks rejected.", count)

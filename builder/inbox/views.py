"""The inbox: what waits for me, with its order beside it, decided by a click or a key."""

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import orjson
from flask import Blueprint, abort, current_app, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Connection, RowMapping, select

from builder.auth import allows, may, reader, requires
from builder.drawn import drawn_version
from builder.i18n import moment, words
from builder.i18n.text import _, ngettext
from builder.labels import word
from builder.models import engine
from builder.orders.story import Names, Story, names, tell
from builder.web import asker, is_htmx, service
from runtime.answering import Decline, Verdict
from runtime.clock import now
from runtime.core.engine import micros, with_changes
from runtime.store import queries, screens
from runtime.store.database import reading
from runtime.store.tables import tasks

pages = Blueprint("inbox", __name__)

PAGE: Final = 50
SHOWS: Final = ("all", "mine", "team", "overdue")
MOST_REASON: Final = 1000
MOST_AT_ONCE: Final = 500
VERDICTS: Final[Mapping[str, Verdict]] = {"approve": "approve", "reject": "reject"}
LARGEST_PLACE: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Look:
    """What of the inbox is looked at: a filter, a search, and where the page begins."""

    show: str
    text: str
    after: tuple[int, str] | None

    def query(self, **more: Any) -> dict[str, Any]:
        """The look as parameters of an address."""
        told = {"show": self.show if self.show != "all" else None, "q": self.text or None}
        return {name: value for name, value in (told | more).items() if value is not None}


@dataclass(frozen=True, slots=True)
class Shelf:
    """A page of the inbox. `mark` changes when anything in it does."""

    rows: tuple[RowMapping, ...]
    more: str | None
    mark: str


@dataclass(frozen=True, slots=True)
class Done:
    """What was just done, in words; which decisions of it can be taken back; and what of it could not be done."""

    words: str
    undo: tuple[str, ...] = ()
    missed: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A task with all that helps to decide it."""

    task: RowMapping
    order: RowMapping
    document: dict[str, Any]
    story: Story
    names: Names
    reasons: tuple[str, ...]
    mine: bool
    claimed: Literal["", "me", "other"]
    kind: str
    undo_until: int | None


@pages.get("/inbox")
@requires("tasks.see")
def list_page() -> ResponseReturnValue:
    """The list, and on a wide screen the first task beside it."""
    return _board(_look(), None)


@pages.get("/inbox/list")
@requires("tasks.see")
def list_part() -> ResponseReturnValue:
    """The list alone, asked for every few seconds; nothing when nothing has changed."""
    look = _look()
    with reading(engine()) as connection:
        shelf = _shelf(connection, look)
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
    return _board(_look(), trace)


@pages.post("/tasks/<trace>/decision")
@requires("tasks.decide")
def decide(trace: str) -> ResponseReturnValue:
    """Approve or reject. The first decision counts; a later one is told who was first."""
    look, decision, reason = _look(), _verdict(), _reason()
    with reading(engine()) as connection:
        allowed = queries.may_decide(connection, trace, reader())
        following = _following(connection, look, {trace})
        done = _done_words(connection, trace, decision)
    if not allowed:
        return _board(look, trace, problem=_("This task asks somebody else."), status=403)
    if decision == "reject" and not reason:
        return _board(look, trace, problem=_("Say why: choose a reason or write one."), status=422)
    late = service().answering.decide([trace], decision, reason, asker(current_user.name), _undo_seconds())
    if late:
        return _board(look, trace, problem=_late_words(late[trace]), status=409)
    return _gone_on(look, following, Done(done, (trace,)))


@pages.post("/tasks/decisions")
@requires("tasks.decide")
def decide_many() -> ResponseReturnValue:
    """Decide all ticked tasks alike. Those that came too late, or ask somebody else, are told."""
    look, decision, reason = _look(), _verdict(), _reason()
    ticked = list(dict.fromkeys(request.form.getlist("trace")))[:MOST_AT_ONCE]
    if not ticked:
        return _board(look, None, problem=_("No task is ticked."), status=422)
    if decision == "reject" and not reason:
        return _board(look, None, problem=_("Say why: write a reason for all of them."), status=422)
    with reading(engine()) as connection:
        mine = queries.decidable(connection, ticked, reader())
        following = _following(connection, look, set(ticked))
    late = service().answering.decide(mine, decision, reason, asker(current_user.name), _undo_seconds())
    decided = tuple(trace for trace in mine if trace not in late)
    missed = len(ticked) - len(decided)
    problem = (
        ngettext("%(num)s was decided before you, or asks somebody else.",
                 "%(num)s were decided before you, or ask somebody else.", missed)
        if missed else ""
    )  # fmt: skip
    if not decided:
        return _board(look, following, problem=problem, status=409, push=True)
    return _gone_on(look, following, Done(_many_words(decision, len(decided)), decided, problem))


@pages.post("/tasks/decisions/undo")
@requires("tasks.decide")
def undo() -> ResponseReturnValue:
    """Open again what the asker decided a moment ago."""
    look = _look()
    wanted = list(dict.fromkeys(request.form.getlist("trace")))[:MOST_AT_ONCE]
    opened = service().answering.take_back(wanted, asker(current_user.name))
    if not opened:
        problem = _("Too late to undo: the order has gone on with the decision.")
        return _board(look, wanted[0] if len(wanted) == 1 else None, problem=problem, status=409)
    told = ngettext("%(num)s task is open again.", "%(num)s tasks are open again.", len(opened))
    return _gone_on(look, opened[0], Done(told))


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
    return _handed(trace, lambda: service().answering.let_go(trace, actor, anybodys=may("tasks.lead")), done)


@pages.post("/tasks/<trace>/transfer")
@requires("tasks.decide")
def transfer(trace: str) -> ResponseReturnValue:
    """Ask another person or team in place of those who were asked."""
    kind, _colon, who = request.form.get("to", "").partition(":")
    note = request.form.get("note", "").strip()[:MOST_REASON]
    with reading(engine()) as connection:
        known = _receivers(connection)
    if kind not in ("person", "team") or who not in known[kind]:
        return _board(_look(), trace, problem=_("Choose the person or the team that is to be asked."), status=422)
    told = Names(known["person"], known["team"]).asked(kind, who)
    to: Literal["person", "team"] = "person" if kind == "person" else "team"
    actor = asker(current_user.name)
    done = _("%(who)s is asked now.", who=told)
    return _handed(trace, lambda: service().answering.transfer(trace, to, who, note, actor), done)


def _handed(trace: str, hand: Callable[[], Decline | None], done: str) -> ResponseReturnValue:
    """Change whose task it is, if it asks the asker."""
    look = _look()
    with reading(engine()) as connection:
        if not queries.may_decide(connection, trace, reader()):
            return _board(look, trace, problem=_("This task asks somebody else."), status=403)
        following = _following(connection, look, {trace})
    declined = hand()
    if declined:
        return _board(look, trace, problem=_late_words(declined), status=409)
    with reading(engine()) as connection:
        still = trace if queries.may_decide(connection, trace, reader()) else following
    return _gone_on(look, still, Done(done))


def _gone_on(look: Look, trace: str | None, done: Done) -> ResponseReturnValue:
    """The board after something was done; a browser without scripts is told on the next page."""
    if is_htmx():
        return _board(look, trace, done=done, push=True)
    flash(" ".join(part for part in (done.words, done.missed) if part), "good")
    return redirect(_address(look, trace), code=303)


def _receivers(connection: Connection) -> dict[str, dict[str, str]]:
    """Whom a task can be handed to: active people who may decide, and teams with somebody in them, by key."""
    people = [row for row in screens.people_rows(connection) if row["active"]]
    return {
        "person": {
            row["name"]: row["display"]
            for row in people
            if allows(frozenset(orjson.loads(row["duties"])), "tasks.decide")
        },
        "team": {
            row["key"]: words(row["name"]) or row["key"]
            for row, members, _n in screens.team_rows(connection)
            if members
        },
    }


def _board(
    look: Look,
    trace: str | None,
    *,
    problem: str = "",
    done: Done | None = None,
    status: int = 200,
    push: bool = False,
) -> ResponseReturnValue:
    """List and task. `trace` None takes the first task, which a phone does not show until it is chosen."""
    with reading(engine()) as connection:
        shelf = _shelf(connection, look)
        chosen = trace or (shelf.rows[0]["trace"] if shelf.rows else None)
        sheet = _sheet(connection, chosen) if chosen else None
        if trace and sheet is None:
            abort(404)
        answer = make_response(
            render_template(
                "inbox/board.html" if is_htmx() else "inbox/page.html",
                look=look,
                shelf=shelf,
                sheet=sheet,
                names=names(connection),
                selected=chosen,
                opened=trace is not None,
                problem=problem,
                done=done,
                undo_seconds=_undo_seconds(),
                may_decide=may("tasks.decide"),
                receivers=_receivers(connection) if sheet and sheet.mine else {},
                shows=_shows(),
                decision_name=decision_name,
            ),
            status,
        )
    if push:
        answer.headers["HX-Push-Url"] = _address(look, trace)
    return answer


def _look() -> Look:
    show = request.args.get("show", "all")
    after = request.args.get("after", "")
    place, _dot, trace = after.partition("-")
    known = bool(trace) and place.isascii() and place.isdigit() and len(place) < 20 and int(place) <= LARGEST_PLACE
    cursor = (int(place), trace) if known else None
    return Look(show if show in SHOWS else "all", request.args.get("q", "").strip()[:128], cursor)


def _shows() -> tuple[tuple[str, str], ...]:
    return (("all", _("All")), ("mine", _("Mine")), ("team", _("My teams")), ("overdue", _("Overdue")))


def _shelf(connection: Connection, look: Look) -> Shelf:
    rows = queries.find_tasks(
        connection,
        None if _sees_all() else reader(),
        text=look.text,
        who_kind="team" if look.show == "team" else None,
        own=current_user.name if look.show == "mine" else None,
        due_before=micros(now()) if look.show == "overdue" else None,
        after=look.after,
        limit=PAGE + 1,
    )
    more = f"{rows[PAGE - 1]['place']}-{rows[PAGE - 1]['trace']}" if len(rows) > PAGE else None
    told = "|".join(f"{row['trace']} {row['due_at']} {row['who']} {row['claimed_by']}" for row in rows)
    return Shelf(tuple(rows[:PAGE]), more, hashlib.sha256(told.encode()).hexdigest()[:16])


def _sees_all() -> bool:
    """Auditors look at everything and decide nothing."""
    return not may("tasks.decide")


def _following(connection: Connection, look: Look, decided: Collection[str]) -> str | None:
    """The task that comes after these in the list, else the nearest before them."""
    traces: list[str] = [row["trace"] for row in _shelf(connection, look).rows]
    at = max((traces.index(trace) for trace in decided if trace in traces), default=-1)
    others = traces[at + 1 :] + traces[: max(at, 0)][::-1]
    return next((trace for trace in others if trace not in decided), None)


def _sheet(connection: Connection, trace: str) -> Sheet | None:
    task = connection.execute(select(tasks).where(tasks.c.trace == trace)).mappings().first()
    order = queries.order(connection, task["run_id"]) if task else None
    if task is None or order is None:
        return None
    mine = queries.may_decide(connection, trace, reader())
    if not mine and not may("orders.see"):
        return None
    return Sheet(
        task=task,
        order=order,
        document=dict(with_changes(orjson.loads(order["document"]), orjson.loads(order["changes"]))),
        story=tell(connection, order),
        names=names(connection),
        reasons=tuple(words(reason) for reason in orjson.loads(task["reasons"])),
        mine=mine and task["state"] == "open" and may("tasks.decide"),
        claimed=_claimed(task),
        kind=drawn_version(connection, order["version_id"]).asking_kind(task["node"]),
        undo_until=task["deliver_at"] if task["decided_by"] == current_user.name else None,
    )


def _claimed(task: RowMapping) -> Literal["", "me", "other"]:
    if task["claimed_by"] is None:
        return ""
    return "me" if task["claimed_by"] == current_user.name else "other"


def decision_name(kind: str, decision: str) -> str:
    """What a decision is called where this type of step asks: a hold is released, an approval approved."""
    return word(f"{kind}.decision.{decision}", _("Approve") if decision == "approve" else _("Reject"))


def _done_words(connection: Connection, trace: str, decision: str) -> str:
    task = queries.task(connection, trace)
    kind = drawn_version(connection, task["version_id"]).asking_kind(task["node"]) if task else ""
    return word(f"{kind}.decided.{decision}", _("Approved.") if decision == "approve" else _("Rejected."))


def _many_words(decision: Verdict, count: int) -> str:
    if decision == "approve":
        return ngettext("%(num)s task approved.", "%(num)s tasks approved.", count)
    return ngettext("%(num)s task rejected.", "%(num)s tasks rejected.", count)


def _verdict() -> Verdict:
    verdict = VERDICTS.get(request.form.get("decision", ""))
    if verdict is None:
        abort(400)
    return verdict


def _undo_seconds() -> int:
    seconds: int = current_app.config["ORDERFLOW_UNDO_SECONDS"]
    return seconds


def _reason() -> str:
    chips = [chip.strip() for chip in request.form.getlist("reason") if chip.strip()]
    told = request.form.get("words", "").strip()
    return "; ".join([*chips, told] if told else chips)[:MOST_REASON]


def _late_words(declined: Decline) -> str:
    match declined.why:
        case "already_decided":
            with reading(engine()) as connection:
                who = names(connection).person(declined.by)
            if declined.decision == "approve":
                return _("%(who)s approved this at %(time)s, before you. Nothing was changed.",
                         who=who, time=moment(declined.at))  # fmt: skip
            return _("%(who)s rejected this at %(time)s, before you. Nothing was changed.",
                     who=who, time=moment(declined.at))  # fmt: skip
        case "claimed" if declined.by is None:
            return _("Nobody has taken this on any more.")
        case "claimed":
            with reading(engine()) as connection:
                who = names(connection).person(declined.by)
            return _("%(who)s has taken this on since %(time)s.", who=who, time=moment(declined.at))
        case "withdrawn":
            return _("The order went on without this decision, so it is not needed any more.")
        case _:
            return _("This task does not exist any more.")


def _address(look: Look, trace: str | None) -> str:
    if trace is None:
        return url_for("inbox.list_page", **look.query())
    return url_for("inbox.task_page", trace=trace, **look.query())

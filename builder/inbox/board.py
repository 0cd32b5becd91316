"""The inbox's board: a list of tasks, and beside it one task with all that helps to decide it."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import orjson
from flask import abort, current_app, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Connection, RowMapping, select

from builder.auth import allows, may, reader
from builder.drawn import DrawnFlow, drawn_version
from builder.i18n import moment, words
from builder.i18n.text import _
from builder.inbox.narrowing import NOT_NARROW, Narrow, read_narrow
from builder.labels import word
from builder.models import engine
from builder.orders.names import Names, names
from builder.orders.story import Story, tell
from builder.web import is_htmx
from runtime.answering import MOST_CALLED_IN, Decline
from runtime.clock import now
from runtime.core.moment import micros
from runtime.core.run import read_seat, trace_code, with_changes
from runtime.store import queries, screens
from runtime.store.database import reading
from runtime.store.tables import tasks

PAGE: Final = 50
SHOWS: Final = ("all", "mine", "team", "overdue")
LARGEST_PLACE: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Look:
    """What of the inbox is looked at: a filter, a search, and where the page begins."""

    show: str
    text: str
    after: tuple[int, str] | None
    narrow: Narrow = NOT_NARROW

    def query(self, **more: Any) -> dict[str, Any]:
        """The look as parameters of an address."""
        told = {"show": self.show if self.show != "all" else None, "q": self.text or None, **self.narrow.query()}
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
class WayBack:
    """An earlier step to which an order can be sent back, and the calls and messages that would be made again behind it."""

    node: str
    name: str
    again: tuple[str, ...]


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
    signers: tuple[RowMapping, ...]
    said: tuple[tuple[str, str], ...]
    ways_back: tuple[WayBack, ...]


def show_board(
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
        shelf = find_shelf(connection, look)
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
                undo_seconds=undo_seconds(),
                may_decide=may("tasks.decide"),
                receivers=receivers(connection) if sheet and sheet.mine else {},
                shows=_shows(),
                decision_name=decision_name,
            ),
            status,
        )
    if push:
        answer.headers["HX-Push-Url"] = address(look, trace)
    return answer


def read_look(told: Mapping[str, str] | None = None) -> Look:
    """The look that the request's address tells, or what else is told."""
    told = request.args if told is None else told
    show = told.get("show", "all")
    place, _dot, trace = told.get("after", "").partition("-")
    known = bool(trace) and place.isascii() and place.isdigit() and len(place) < 20 and int(place) <= LARGEST_PLACE
    cursor = (int(place), trace) if known else None
    return Look(show if show in SHOWS else "all", told.get("q", "").strip()[:128], cursor, read_narrow(told))


def _shows() -> tuple[tuple[str, str], ...]:
    return (("all", _("All")), ("mine", _("Mine")), ("team", _("My teams")), ("overdue", _("Overdue")))


def find_shelf(connection: Connection, look: Look) -> Shelf:
    """The page of the inbox that a look shows."""
    rows = queries.find_tasks(
        connection, None if _sees_all() else reader(), **_wanted(look), after=look.after, limit=PAGE + 1
    )
    more = f"{rows[PAGE - 1]['place']}-{rows[PAGE - 1]['trace']}" if len(rows) > PAGE else None
    told = "|".join(f"{row['trace']} {row['due_at']} {row['who']} {row['claimed_by']}" for row in rows)
    return Shelf(tuple(rows[:PAGE]), more, hashlib.sha256(told.encode()).hexdigest()[:16])


def count_found(connection: Connection, look: Look) -> int:
    """How many tasks a look shows, on all its pages."""
    return queries.count_found(connection, None if _sees_all() else reader(), **_wanted(look))


def _wanted(look: Look) -> dict[str, Any]:
    return {
        "text": look.text,
        "who_kind": "team" if look.show == "team" else None,
        "own": current_user.name if look.show == "mine" else None,
        "due_before": micros(now()) if look.show == "overdue" else None,
        "narrowed": look.narrow.conditions(),
    }


def _sees_all() -> bool:
    """Auditors look at everything and decide nothing."""
    return not may("tasks.decide")


def find_following(connection: Connection, look: Look, decided: Collection[str]) -> str | None:
    """The task that comes after these in the list, else the nearest before them."""
    traces: list[str] = [row["trace"] for row in find_shelf(connection, look).rows]
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
    flow, story = drawn_version(connection, order["version_id"]), tell(connection, order)
    return Sheet(
        task=task,
        order=order,
        document=dict(with_changes(orjson.loads(order["document"]), orjson.loads(order["changes"]))),
        story=story,
        names=names(connection),
        reasons=tuple(words(reason) for reason in orjson.loads(task["reasons"])),
        mine=mine and task["state"] == "open" and may("tasks.decide"),
        claimed=_claimed(task),
        kind=flow.asking_kind(task["node"]),
        undo_until=task["deliver_at"] if task["decided_by"] == current_user.name else None,
        signers=_signers(connection, trace),
        said=_said(story, trace) if task["state"] == "open" else (),
        ways_back=_ways_back(flow, story, order, trace) if task["state"] == "open" else (),
    )


def _signers(connection: Connection, trace: str) -> tuple[RowMapping, ...]:
    """All whom the step asks, where it asks several; in the order of their seats."""
    run_id, step, attempt, _seat = read_seat(trace)
    place = trace_code(run_id, step, attempt)
    rows = connection.execute(select(tasks).where(tasks.c.run_id == run_id)).mappings()
    seats = sorted(
        (read_seat(row["trace"]), row) for row in rows if read_seat(row["trace"])[:3] == read_seat(place)[:3]
    )
    return tuple(row for _place, row in seats) if len(seats) > 1 else ()


def _said(story: Story, trace: str) -> tuple[tuple[str, str], ...]:
    """What colleagues did that led to this question, with their notes: who sent the order back, handed over, called in."""
    _run_id, step, attempt, _seat = read_seat(trace)
    here = next((visit for visit in story.visits if (visit.step, visit.attempt) == (step, attempt)), None)
    if here is None:
        return ()
    back = (visit for visit in story.visits if visit.said and not visit.ports and visit.left == here.came)
    return (*(visit.said[-1] for visit in back), *here.said)


def _ways_back(flow: DrawnFlow, story: Story, order: RowMapping, trace: str) -> tuple[WayBack, ...]:
    """The nearest first. Steps of before are done again as they come, calls to systems too."""
    _run_id, step, attempt, _seat = read_seat(trace)
    here = (
        token for token in orjson.loads(order["tokens"]) if (token["step"], token.get("attempt", 1)) == (step, attempt)
    )
    passed: list[str] = next((token.get("passed", []) for token in here), [])
    return tuple(WayBack(node, flow.node_name(node), _again(story, node)) for node in reversed(passed))


def _again(story: Story, node: str) -> tuple[str, ...]:
    since = max((number for number, visit in enumerate(story.visits) if visit.node == node), default=len(story.visits))
    later = (visit.name for visit in story.visits[since:] if visit.kind in ("request", "notify"))
    return tuple(dict.fromkeys(later))


def _claimed(task: RowMapping) -> Literal["", "me", "other"]:
    if task["claimed_by"] is None:
        return ""
    return "me" if task["claimed_by"] == current_user.name else "other"


def decision_name(kind: str, decision: str) -> str:
    """What a decision is called where this type of step asks: a hold is released, an approval approved."""
    known = {"approve": _("Approve"), "reject": _("Reject"), "send_back": _("Sent back")}
    return word(f"{kind}.decision.{decision}", known[decision])


def undo_seconds() -> int:
    """How long a decision can be taken back."""
    seconds: int = current_app.config["ORDERFLOW_UNDO_SECONDS"]
    return seconds


def receivers(connection: Connection) -> dict[str, dict[str, str]]:
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


def go_on(look: Look, trace: str | None, done: Done) -> ResponseReturnValue:
    """The board after something was done; a browser without scripts is told on the next page."""
    if is_htmx():
        return show_board(look, trace, done=done, push=True)
    flash(" ".join(part for part in (done.words, done.missed) if part), "good")
    return redirect(address(look, trace), code=303)


def late_words(declined: Decline) -> str:
    """Why what was wanted was not done, in words."""
    match declined.why:
        case "already_decided":
            return _decided_words(declined)
        case "claimed" if declined.by is None:
            return _("Nobody has taken this on any more.")
        case "claimed":
            with reading(engine()) as connection:
                who = names(connection).person(declined.by)
            return _("%(who)s has taken this on since %(time)s.", who=who, time=moment(declined.at))
        case "no_seats":
            return _("This step asks one person only: hand the task over instead.")
        case "one_voice":
            with reading(engine()) as connection:
                who = names(connection).person(declined.by)
            return _("%(who)s signs here already, and nobody signs twice: hand it over to somebody else.", who=who)
        case "full":
            return _("%(most)s others were called in already: decide, or hand it over.", most=MOST_CALLED_IN)
        case "no_way_back":
            return _("The order cannot go back to that step: it was not there, or other branches are on their way.")
        case "withdrawn":
            return _("The order went on without this decision, so it is not needed any more.")
        case _:
            return _("This task does not exist any more.")


def _decided_words(declined: Decline) -> str:
    with reading(engine()) as connection:
        who = names(connection).person(declined.by)
    if declined.decision == "send_back":
        return _("%(who)s sent this back at %(time)s, before you. Nothing was changed.",
                 who=who, time=moment(declined.at))  # fmt: skip
    if declined.decision == "approve":
        return _("%(who)s approved this at %(time)s, before you. Nothing was changed.",
                 who=who, time=moment(declined.at))  # fmt: skip
    return _("%(who)s rejected this at %(time)s, before you. Nothing was changed.",
             who=who, time=moment(declined.at))  # fmt: skip


def address(look: Look, trace: str | None) -> str:
    if trace is None:
        return url_for("inbox.list_page", **look.query())
    return url_for("inbox.task_page", trace=trace, **look.query())

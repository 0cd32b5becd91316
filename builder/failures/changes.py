"""The form by which people change the content of an order: a field for each value, what was typed kept, errors in place."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal

import orjson
from flask import Blueprint, abort, flash, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from builder.auth import DUTIES, requires
from builder.i18n import language_tag, moment, plain
from builder.i18n.text import _
from builder.labels import field_name, told_problem
from builder.models import engine
from builder.orders.names import names
from builder.web import asker, go, service
from runtime.core.amending import ADDRESS, BUYER, LINE, under_patch
from runtime.core.order import LINE_FIELDS, PRIORITIES, digest, is_masked
from runtime.core.problem import Problem
from runtime.core.run import with_changes
from runtime.mending import MAY_AMEND, Proposed, Unchanged, Unfit
from runtime.store import queries
from runtime.store.database import reading

pages = Blueprint("changes", __name__)

MOST_REASON: Final = 1000
MOST_LINES: Final = 50
_NUMBER: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?", re.ASCII)
_COMMA: Final = re.compile(r"[,，、\n]")

Kind = Literal["text", "long", "number", "flag", "choice", "texts"]
_KINDS: Final[Mapping[str, Kind]] = {"number": "number", "bool": "flag", "text": "text"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A field of the form. `value` is what the order says, as it is typed; `hidden` is what a channel masks."""

    path: str
    label: str
    kind: Kind
    value: str
    choices: tuple[str, ...] = ()
    hidden: str = ""

    @property
    def untouched(self) -> str:
        """What a browser sends back where nobody typed: a field of one line loses its breaks."""
        lines = self.value.replace("\r\n", "\n").replace("\r", "\n")
        return lines if self.kind == "long" else lines.replace("\n", "")

    def told(self, typed: str) -> Any:
        """What was typed, as the order document writes it."""
        match self.kind:
            case "number" if _NUMBER.fullmatch(typed.strip()):
                return Decimal(typed.strip())
            case "flag":
                return typed == "1"
            case "texts":
                return [part for one in _COMMA.split(typed) if (part := one.strip())]
            case _:
                return typed or None


@dataclass(frozen=True, slots=True)
class Shown:
    """The form as it is shown: what is typed into it, and what is wrong with what."""

    order: Mapping[str, Any]
    typed: Mapping[str, str]
    reason: str = ""
    problem: str = ""
    errors: Mapping[str, Sequence[tuple[str, str]]] | None = None
    moved: bool = False


@pages.get("/orders/<run_id>/content")
@requires("orders.amend")
def form(run_id: str) -> ResponseReturnValue:
    """The order's content, to be changed."""
    order = _order(run_id)
    return _page(run_id, Shown(order, {}))


@pages.post("/orders/<run_id>/content")
@requires("orders.amend")
def change(run_id: str) -> ResponseReturnValue:
    """Change what was typed anew, with a reason."""
    order = _order(run_id)
    entries = list(_entries(order))
    typed = {one.path: _typed(one) for one in entries}
    patch = {
        one.path: one.told(typed[one.path]) for one in entries if typed[one.path] not in (one.value, one.untouched)
    }
    reason = request.form.get("reason", "").strip()[:MOST_REASON]
    duty = next(duty for duty in DUTIES if duty in MAY_AMEND and duty in current_user.duty_set)
    seen = request.form.get("seen", "")[:64]
    answer = service().mending.propose_change(run_id, patch, duty, reason, asker(current_user.name), seen=seen)
    if isinstance(answer, Proposed):
        flash(_("The order is changed.") if answer.applied else _("The change waits for confirmation."), "good")
        failure = request.form.get("failure", "")
        if len(failure) == 26 and failure.isalnum():
            return go("failures.failure_page", failure_id=failure)
        return go("orders.order_page", run_id=run_id)
    if isinstance(answer, Unfit):
        return _page(run_id, _unfit(order, typed, reason, patch, answer.problems), 422)
    late = answer.why in ("meanwhile", "ended")
    shown = Shown(_order(run_id), typed, reason, _unchanged_words(answer), moved=answer.why == "meanwhile")
    return _page(run_id, shown, 409 if late else 422)


# --- the fields -----------------------------------------------------------------------------------------------------------


def _entries(order: Mapping[str, Any]) -> Iterator[Entry]:
    for head, fields in (("buyer", BUYER), ("address", ADDRESS)):
        part = order.get(head) or {}
        yield from (_entry(f"{head}.{name}", part.get(name), "text") for name in fields)
    yield _entry("note", order.get("note"), "long")
    yield _entry("tags", order.get("tags"), "texts")
    yield _entry("priority", order.get("priority"), "choice", PRIORITIES)
    for number, line in enumerate((order.get("lines") or ())[:MOST_LINES]):
        for name in LINE:
            yield _entry(f"lines.{number}.{name}", line.get(name), _KINDS[LINE_FIELDS[name].kind])
    for name, value in (order.get("attributes") or {}).items():
        if value is None or isinstance(value, str | int | float):
            kind: Kind = "flag" if isinstance(value, bool) else "number" if isinstance(value, int | float) else "text"
            yield _entry(f"attributes.{name}", value, kind)


def _entry(path: str, value: Any, kind: Kind, choices: tuple[str, ...] = ()) -> Entry:
    line_field = LINE_FIELDS.get(path.rpartition(".")[2]) if path.startswith("lines.") else None
    label = line_field.label[language_tag()] if line_field else field_name(path)
    hidden = plain(value) if is_masked(value) else ""
    return Entry(path, label, kind, _written(value), choices, hidden)


def _written(value: Any) -> str:
    """A value as it is typed."""
    match value:
        case True:
            return "1"
        case None | False | {}:
            return ""
        case list():
            return ", ".join(value)
        case dict():
            return ""
        case _:
            return str(value)


def _typed(entry: Entry) -> str:
    """What came back for a field; what did not come back stays as it is. Browsers send line breaks as two signs."""
    came = request.form.getlist(entry.path)
    return came[-1].replace("\r\n", "\n") if came else entry.value


# --- the answer -----------------------------------------------------------------------------------------------------------


def _page(run_id: str, shown: Shown, status: int = 200) -> ResponseReturnValue:
    entries = {entry.path: entry for entry in _entries(shown.order)}
    with reading(engine()) as connection:
        row = queries.order(connection, run_id)
    page = render_template(
        "failures/content.html",
        row=row,
        shown=shown,
        entries=entries,
        buyer=[entries[f"buyer.{name}"] for name in BUYER],
        address=[entries[f"address.{name}"] for name in ADDRESS],
        lines=_lines(shown.order, entries),
        attributes=[entry for path, entry in entries.items() if path.startswith("attributes.")],
        more_lines=max(0, len(shown.order.get("lines") or ()) - MOST_LINES),
        seen=digest(shown.order),
        failure=request.values.get("failure", "")[:26],
    )
    return page, status


def _lines(order: Mapping[str, Any], entries: Mapping[str, Entry]) -> list[list[Entry]]:
    count = min(len(order.get("lines") or ()), MOST_LINES)
    return [[entries[f"lines.{number}.{name}"] for name in LINE] for number in range(count)]


def _order(run_id: str) -> Mapping[str, Any]:
    """The order as it stands now."""
    with reading(engine()) as connection:
        row = queries.order(connection, run_id)
    if row is None:
        abort(404)
    return with_changes(orjson.loads(row["document"]), orjson.loads(row["changes"]))


def _unfit(
    order: Mapping[str, Any],
    typed: Mapping[str, str],
    reason: str,
    patch: Mapping[str, Any],
    problems: Sequence[Problem],
) -> Shown:
    errors: dict[str, list[tuple[str, str]]] = {}
    for problem in problems:
        errors.setdefault(under_patch(problem, patch), []).append(told_problem(problem))
    elsewhere = " ".join(text for text, _remedy in errors.get("", ()))
    return Shown(
        order, typed, reason, elsewhere or _("Nothing is changed yet: look at the fields that are marked."), errors
    )


def _unchanged_words(unchanged: Unchanged) -> str:
    match unchanged.why:
        case "reason":
            return _("Say why, in a few words: whoever looks at the order later wants to know.")
        case "nothing":
            return _("Nothing is changed: the order says this already.")
        case "ended":
            return _("The order had ended at %(time)s. Its content stays as it is.", time=moment(unchanged.at))
        case "meanwhile" if unchanged.by:
            with reading(engine()) as connection:
                who = names(connection).person(unchanged.by)
            return _(
                "%(who)s changed the order at %(time)s, while you looked at it. Where it differs from what you typed, "
                "the field says so; save again to keep yours.",
                who=who,
                time=moment(unchanged.at),
            )
        case _:
            return _(
                "The order has changed while you looked at it. Where it differs from what you typed, the field says so; "
                "save again to keep yours."
            )

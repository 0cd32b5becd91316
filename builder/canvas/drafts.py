"""The asker's own draft of a flow: opened, changed, merged with what others drew, and seen again as it was."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import select

from builder.auth import may, requires
from builder.canvas.answers import answered, body, iso, refused, told_problems
from builder.i18n.text import _
from builder.models import engine
from builder.orders.names import Names, names
from builder.web import asker, counting, service
from runtime.core.drafting import is_change, normal
from runtime.core.flow import FlowCheck, fingerprint
from runtime.drafts import Behind, Edit, Logged, OpenDraft, Overtaken, Somebody, Trunk
from runtime.store.database import reading
from runtime.store.tables import flow_versions

pages = Blueprint("drafts", __name__)

MOST_EDITS: Final = 500
LONGEST_LABEL: Final = 200
LONGEST_ID: Final = 64
LINES: Final = 100


# --- drawing ------------------------------------------------------------------------------------------------------------


@pages.get("/flows/<key>/draft")
@requires("flows.see")
def draft(key: str) -> ResponseReturnValue:
    """The asker's draft with its log, what is wrong with it, what is published, and who else is at the flow.

    With `of` it is the draft of somebody else, to be looked at.
    """
    drafts, person = service().drafts, request.args.get("of") or current_user.name
    if person == current_user.name and may("flows.edit"):
        drafts.follow(key, person, _("Took over what was published"))
    found = drafts.open(key, person)
    if found is None:
        abort(404)
    return answered(
        {
            "document": found.document,
            "rev": found.rev,
            "base_rev": found.base_rev,
            "differs": found.differs,
            "log": _lines(found.log),
            "problems": told_problems(service().flows.check(found.document).problems, found.document),
            "fingerprint": fingerprint(found.document),
            "published": _published(key, found),
            "authors": _people(drafts.authors(key, person)),
            **_around(key, found.trunk),
        }
    )


@pages.post("/flows/<key>/draft/changes")
@requires("flows.edit")
def change(key: str) -> ResponseReturnValue:
    """Add changes to the asker's draft, which the page knows up to `rev`; what it does not know is told instead."""
    told = body()
    rev, base_rev, edits = counting(told.get("rev")), counting(told.get("base_rev")), _edits(told.get("edits"))
    if rev is None or base_rev is None or edits is None:
        return refused(400, _("Not understood"), _("The request does not say which draft it changes."))
    written = service().drafts.write(key, asker(current_user.name), rev, base_rev, edits)
    match written:
        case None:
            abort(404)
        case Behind():
            return behind(written)
        case Overtaken():
            return overtaken(written)
        case FlowCheck():
            detail = _("This is not a flow that can be kept.")
            return refused(422, _("Not saved"), detail, problems=told_problems(written.problems, {}))
    return answered(
        {
            "rev": written.rev,
            "base_rev": written.base_rev,
            "problems": told_problems(written.check.problems, written.document),
            "fingerprint": fingerprint(written.document),
        }
    )


@pages.post("/flows/<key>/presence")
@requires("flows.see")
def look_around(key: str) -> ResponseReturnValue:
    """Say that the asker is here, and hear what happened: changes after `rev`, others, the flow's own document."""
    told = body()
    page, node, rev = told.get("page"), told.get("node"), counting(told.get("rev"))
    if not _is_short(page) or not (node is None or _is_short(node)) or rev is None:
        return refused(400, _("Not understood"), _("The request does not say which page it comes from."))
    drafts = service().drafts
    found = drafts.open(key, current_user.name, remembered=0)
    if found is None:
        abort(404)
    drafts.seen(key, current_user.name, str(page), node, edits=may("flows.edit"))
    changes = drafts.changes(key, current_user.name, rev)
    return answered({"rev": found.rev, "changes": _lines(changes), **_around(key, found.trunk)})


@pages.post("/flows/<key>/draft/merge")
@requires("flows.edit")
def merge(key: str) -> ResponseReturnValue:
    """What brings somebody's changes (with no `of`: the flow's own) into the asker's draft, and what contradicts."""
    of = body().get("of")
    merged = service().drafts.merge(key, current_user.name, of if _is_short(of) else None)
    found = service().drafts.open(key, current_user.name)
    if merged is None or found is None:
        abort(404)
    conflicts = [{"cell": one.cell, "mine": one.mine, "theirs": one.theirs} for one in merged.conflicts]
    return answered({"change": merged.change, "conflicts": conflicts, **_of_the_flow(found.trunk)})


# --- what was -----------------------------------------------------------------------------------------------------------


@pages.get("/flows/<key>/draft/history")
@requires("flows.see")
def history(key: str) -> ResponseReturnValue:
    """The changes of the asker's draft, newest first, a page at a time."""
    before = counting(request.args.get("before"))
    rows = service().drafts.history(key, current_user.name, before, LINES + 1)
    with reading(engine()) as connection:
        people = names(connection)
    lines = [
        {
            "number": row["number"],
            "at": iso(row["at"]),
            "who": people.person(row["by"]),
            "kind": row["kind"],
            "label": row["label"],
        }
        for row in rows[:LINES]
    ]
    return answered({"lines": lines, "more": len(rows) > LINES})


@pages.get("/flows/<key>/draft/moments/<int(max=2147483647):number>")
@requires("flows.see")
def moment(key: str, number: int) -> ResponseReturnValue:
    """The asker's draft as it was after its change of this number."""
    document = service().drafts.document_at(key, current_user.name, number)
    if document is None:
        abort(404)
    return answered({"document": document})


# --- telling ------------------------------------------------------------------------------------------------------------


def behind(found: Behind) -> ResponseReturnValue:
    """The draft has gone on on another page of the same person."""
    detail = _("This flow was changed on another page of yours.")
    return refused(409, _("Changed meanwhile"), detail, reason="behind", changes=_lines(found.changes))


def overtaken(found: Overtaken) -> ResponseReturnValue:
    """Somebody published or imported the flow meanwhile."""
    trunk = _trunk(found.trunk)
    detail = _("%(who)s has published this flow in the meantime.", who=trunk["who"])
    return refused(409, _("Changed by somebody else"), detail, reason="overtaken", trunk=trunk)


def _around(key: str, trunk: Trunk) -> dict[str, Any]:
    others = service().drafts.others(key, current_user.name)
    with reading(engine()) as connection:
        people = names(connection)
    return {"trunk": _trunk(trunk), "others": [_somebody(one, people) for one in others]}


def _somebody(one: Somebody, people: Names) -> dict[str, Any]:
    return {
        "name": one.name,
        "who": people.person(one.name),
        "here": one.here,
        "node": one.node,
        "changes": one.changes,
        "at": None if one.changed_at is None else iso(one.changed_at),
    }


def _trunk(trunk: Trunk) -> dict[str, Any]:
    who = _people([trunk.by])[0]
    return {"rev": trunk.rev, "who": who, "by": trunk.by, "at": iso(trunk.at)}


def _of_the_flow(trunk: Trunk) -> dict[str, Any]:
    return {"trunk": _trunk(trunk), "document": normal(trunk.document)}


def _people(found: Sequence[str]) -> list[str]:
    with reading(engine()) as connection:
        people = names(connection)
    return [people.person(name) for name in found]


def _published(key: str, found: OpenDraft) -> dict[str, Any] | None:
    number = found.trunk.version
    if number is None:
        return None
    live = select(flow_versions.c.fingerprint).where(flow_versions.c.flow_key == key, flow_versions.c.number == number)
    with reading(engine()) as connection:
        return {"version": number, "fingerprint": connection.execute(live).scalar_one()}


def _lines(log: Sequence[Logged]) -> list[dict[str, Any]]:
    return [
        {
            "number": line.number,
            "id": line.id,
            "kind": line.kind,
            "label": line.label,
            "series": line.series,
            "change": line.change,
            "back": line.back,
        }
        for line in log
    ]


# --- reading ------------------------------------------------------------------------------------------------------------


def _edits(given: Any) -> list[Edit] | None:
    """The edits of a request; None where they cannot be understood."""
    if not isinstance(given, list) or not 0 < len(given) <= MOST_EDITS:
        return None
    edits = [_edit(one) for one in given]
    return None if None in edits else [edit for edit in edits if edit]


def _edit(given: Any) -> Edit | None:
    match given:
        case {"id": str(own), "kind": "do" | "undo" | "redo" as kind, "label": str(label), "change": change} if (
            _is_short(own) and is_change(change)
        ):
            return Edit(own, kind, label[:LONGEST_LABEL], change, **_more(given))
        case _:
            return None


def _more(given: Mapping[str, Any]) -> dict[str, Any]:
    series, by, onto = given.get("series"), given.get("by"), given.get("onto")
    return {
        "series": str(series)[:LONGEST_ID] if series else None,
        "by": by if _is_short(by) else None,
        "onto": counting(onto),
    }


def _is_short(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_ID

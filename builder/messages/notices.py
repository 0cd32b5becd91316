"""What a person was told, and where they want to be told."""

import re
from collections.abc import Mapping
from typing import Any, Final

from flask import Blueprint, abort, flash, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Connection, select

from builder.auth import requires
from builder.i18n import words
from builder.i18n.text import _
from builder.messages.words import CONTACT_NAMES
from builder.models import engine
from builder.web import asker, go
from runtime.clock import now
from runtime.core.moment import micros
from runtime.reaching import addresses_of, keep_addresses, keep_ways, ways_of
from runtime.store import notices, trail
from runtime.store.database import begin, reading
from runtime.store.tables import users
from runtime.store.ways import all_ways, chain, house

pages = Blueprint("notices", __name__)

PAGE: Final = 50
LONGEST: Final = 254
_FITS: Final = {
    "email": re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"),
    "phone": re.compile(r"\+?[0-9][0-9 ()-]{4,20}"),
}
_ANY: Final = re.compile(r"\S{1,254}")


@pages.get("/notices")
@requires("start.see")
def list_page() -> ResponseReturnValue:
    """What the person who asks was told, the newest first."""
    before = request.args.get("before", "")[:26]
    with reading(engine()) as connection:
        found = notices.of_person(connection, current_user.name, before=before or None, limit=PAGE + 1)
    rows = found[:PAGE]
    return render_template(
        "messages/notices.html",
        rows=rows,
        before=before,
        more=rows[-1]["id"] if len(found) > PAGE else None,
        unread=any(row["read_at"] is None for row in rows),
    )


@pages.post("/notices/read")
@requires("start.see")
def read() -> ResponseReturnValue:
    """The person has read what is on their page."""
    upto = request.form.get("upto", "")[:26]
    with begin(engine(), durable=True) as connection:
        notices.read_all(connection, current_user.name, upto, micros(now()))
    return go("notices.list_page")


@pages.get("/account/messages")
@requires("start.see")
def own_page() -> ResponseReturnValue:
    """Where the person who asks is reached, and by which ways."""
    with reading(engine()) as connection:
        return _page(connection, current_user.name)


@pages.post("/account/messages")
@requires("start.see")
def change_own() -> ResponseReturnValue:
    """Say where and how one is reached."""
    return _change(current_user.name, "notices.own_page")


@pages.get("/people/<name>/messages")
@requires("people.manage")
def person_page(name: str) -> ResponseReturnValue:
    """Where a person is reached, for who looks after people."""
    with reading(engine()) as connection:
        return _page(connection, name)


@pages.post("/people/<name>/messages")
@requires("people.manage")
def change_person(name: str) -> ResponseReturnValue:
    """Say where and how a person is reached."""
    return _change(name, "notices.person_page", name=name)


def _change(person: str, back: str, **values: str) -> ResponseReturnValue:
    told = {kind: request.form.get(kind, "").strip()[:LONGEST] for kind in CONTACT_NAMES}
    wrong = {kind: _("This does not look like one.") for kind, text in told.items() if text and not _fits(kind, text)}
    with begin(engine(), durable=True) as connection:
        known = all_ways(connection)
        ways = [key for key in dict.fromkeys(request.form.getlist("way")) if key in known]
        if wrong:
            return _page(connection, person, typed=told, wrong=wrong, chosen=ways), 422
        _known_person(connection, person)
        keep_addresses(connection, person, told)
        keep_ways(connection, person, ways)
        after: dict[str, Any] = {"kinds": sorted(kind for kind, text in told.items() if text), "ways": ways}
        trail.write(connection, asker(current_user.name), micros(now()), "user.reach", person, None, after)
    flash(_("Saved."), "good")
    return go(back, **values)


def _page(
    connection: Connection,
    person: str,
    *,
    typed: Mapping[str, str] | None = None,
    wrong: Mapping[str, str] | None = None,
    chosen: list[str] | None = None,
) -> str:
    known = all_ways(connection)
    display = _known_person(connection, person)
    kept = ways_of(connection, [person]).get(person, [])
    return render_template(
        "messages/reach.html",
        person=person,
        display=display,
        own=person == current_user.name and request.endpoint in ("notices.own_page", "notices.change_own"),
        kinds=CONTACT_NAMES,
        typed=typed if typed is not None else addresses_of(connection, [person])[person],
        wrong=wrong or {},
        ways={key: words(way.name) for key, way in known.items()},
        chosen=chosen if chosen is not None else [key for key in kept if key in known],
        usual=[words(known[key].name) for key in chain(known, house(connection).way)],
    )


def _known_person(connection: Connection, name: str) -> str:
    display: str | None = connection.execute(select(users.c.display).where(users.c.name == name)).scalar()
    return display or abort(404)


def _fits(kind: str, text: str) -> bool:
    return text.isprintable() and bool(_FITS.get(kind, _ANY).fullmatch(text))

"""The pages of the ways by which messages go: how each does, setting one up, a test, and what holds for all."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, get_args

import orjson
from flask import Blueprint, abort, current_app, flash, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Connection

from builder.auth import requires
from builder.i18n import LANGUAGES, language_tag, words
from builder.i18n.text import _
from builder.labels import told_problem
from builder.messages import forms
from builder.messages.words import (
    CONTACT_NAMES,
    choice_words,
    messenger_name,
    said,
    said_of,
    setting_words,
    way_state,
)
from builder.models import engine
from builder.orders.names import Names, names
from builder.systems.health import State
from builder.web import asker, go, service
from runtime import adapters, ways
from runtime.actor import Actor
from runtime.adapters.contract import Call
from runtime.carrying import conveyance, masked, outlet, result_of
from runtime.clock import now
from runtime.core.lane import SECOND
from runtime.core.moment import micros
from runtime.core.problem import Problem
from runtime.effects import ask
from runtime.placing import cap_name, digest_of
from runtime.sealing import Seal
from runtime.store import lanes, mail, mailbook
from runtime.store.database import begin, reading
from runtime.store.ids import new_id
from runtime.store.mail import Parting
from runtime.store.ways import House, Way, all_ways, chain, find, house
from runtime.systems import LaneAct, url_problem

pages = Blueprint("messages", __name__)

HOUR: Final = 3_600 * SECOND
ACTS: Final[tuple[LaneAct, ...]] = get_args(LaneAct)
LONGEST_REASON: Final = 500
LONGEST_ADDRESS: Final = 254
# Somebody waits for the answer of a test, and a thread of the web server with them.
TEST_SECONDS: Final = 15


@pages.get("/messages")
@requires("systems.manage")
def list_page() -> ResponseReturnValue:
    """Every way and how it does; what is wrong; and what holds for all messages."""
    with reading(engine()) as connection:
        return _list(connection, house(connection))


@pages.post("/messages/house")
@requires("systems.manage")
def choose() -> ResponseReturnValue:
    """Say by which ways people are told who chose none, in which language, and where links lead."""
    told = request.form
    language = told.get("language", "") if told.get("language") in LANGUAGES else "zh-CN"
    chosen = House(told.get("url", "").strip().rstrip("/"), told.get("way", ""), language)
    with begin(engine(), durable=True) as connection:
        wrong = url_problem(chosen.url, "url") if chosen.url else None
        if wrong:
            return _list(connection, chosen, told_problem(wrong)), 422
        known = chosen.way in all_ways(connection)
        ways.choose(connection, chosen if known else replace(chosen, way=""), _asker(), micros(now()))
    flash(_("Saved."), "good")
    return go("messages.list_page")


@pages.get("/messages/new")
@requires("systems.manage")
def new_page() -> ResponseReturnValue:
    """First the kind of messenger, then its form."""
    messenger = request.args.get("messenger", "")
    if messenger not in adapters.all_messengers():
        kinds = [(key, words(one.label), one) for key, one in adapters.all_messengers().items()]
        return render_template("messages/kinds.html", kinds=kinds)
    with reading(engine()) as connection:
        return _form(connection, messenger, forms.typed_before(None), ())


@pages.post("/messages/new")
@requires("systems.manage")
def add() -> ResponseReturnValue:
    """Set up a way; flows can send by it at once."""
    key, messenger = request.form.get("key", "").strip(), request.form.get("messenger", "")
    draft, wrong = forms.read(request.form, key, messenger)
    with begin(engine(), durable=True) as connection:
        problems = [*ways.problems_of(connection, draft, None), *wrong]
        if not problems and not ways.add(connection, draft, _seal(), _asker(), micros(now())):
            problems = [Problem("way.taken", "key", {"key": key})]
        if not problems and not house(connection).url:
            # Links lead to where the administrator just is.
            ways.choose(connection, replace(house(connection), url=_here()), _asker(), micros(now()))
        if problems:
            return _form(connection, messenger, request.form, problems), 422
    flash(_("Messages can go by %(way)s now. Send yourself a test.", way=words(draft.name)), "good")
    return go("messages.way_page", key=key)


@pages.get("/messages/ways/<key>")
@requires("systems.manage")
def way_page(key: str) -> ResponseReturnValue:
    """One way: how it does, a test, its settings."""
    with reading(engine()) as connection:
        return _page(connection, _way(connection, key))


@pages.post("/messages/ways/<key>")
@requires("systems.manage")
def change(key: str) -> ResponseReturnValue:
    """Change a way. Secrets that are left empty stay."""
    with begin(engine(), durable=True) as connection:
        way = _way(connection, key)
        draft, wrong = forms.read(request.form, key, way.messenger)
        problems = [*ways.problems_of(connection, draft, way), *wrong]
        if problems:
            return _page(connection, way, typed=request.form, problems=problems), 422
        ways.keep(connection, draft, way, _seal(), _asker(), micros(now()))
    service().effect_bell.ring()
    flash(_("Saved. What waits goes by the new settings."), "good")
    return go("messages.way_page", key=key)


@pages.post("/messages/ways/<key>/test")
@requires("systems.manage")
def test(key: str) -> ResponseReturnValue:
    """Send one real message and show what is answered. It counts for the caps, and for no order."""
    to = request.form.get("to", "").strip()[:LONGEST_ADDRESS]
    with reading(engine()) as connection:
        way = _way(connection, key)
        messenger = adapters.all_messengers().get(way.messenger)
        if messenger is None:
            abort(404)
        if messenger.contact and not messenger.room and not to:
            return _page(connection, way, test_problem=_("Write where the test goes.")), 422
        by = conveyance(connection, way, current_app.config["SECRET_KEY"], TEST_SECONDS)
        url = house(connection).url
    content = _test_message(way, [to] if to else [], url)
    at = micros(now())
    call = Call(f"test.{new_id(now())}", content, TEST_SECONDS)
    address = digest_of(key, "" if messenger.room else to)
    parting = Parting(call.key, key, way.messenger, "test", masked([to] if to else []), address, False, (), content)
    with begin(engine(), durable=True) as connection:
        delivery_id = mail.part(connection, parting, at, at + (TEST_SECONDS + 10) * SECOND)
    began = time.monotonic()
    answer = ask(outlet(way, messenger, by, now), replace(call, content={**content, "key": call.key}))
    result, told = result_of(answer)
    with begin(engine(), durable=True) as connection:
        millis = round((time.monotonic() - began) * 1000)
        mail.answer(connection, delivery_id, result, orjson.dumps(told).decode(), millis)
        if result == "ok":
            mail.end_trouble(connection, "wrong_key", [key], micros(now()))
    with reading(engine()) as connection:
        return _page(connection, way, tested=(result, *said_of(told)), to=to)


@pages.post("/messages/ways/<key>/lane")
@requires("systems.manage")
def act(key: str) -> ResponseReturnValue:
    """Pause or resume a way, or close its breaker, by hand and with a reason."""
    reason = request.form.get("reason", "").strip()[:LONGEST_REASON]
    wanted = next((one for one in ACTS if one == request.form.get("act")), None)
    if wanted is None:
        abort(400)
    with begin(engine(), durable=True) as connection:
        way = _way(connection, key)
        if not reason:
            problem = _("Write why, so that others understand it later.")
            return _page(connection, way, act_problem=problem), 422
        done = ways.act_on(connection, key, wanted, reason, _asker(), micros(now()))
    service().effect_bell.ring()
    flash(_("Done.") if done else _("Somebody else was faster: it is so already."), "good")
    return go("messages.way_page", key=key)


@pages.post("/messages/ways/<key>/deletion")
@requires("systems.manage")
def delete(key: str) -> ResponseReturnValue:
    """Forget a way that nobody uses any more."""
    with begin(engine(), durable=True) as connection:
        way = _way(connection, key)
        users = _users(connection, key)
        if any(users.values()):
            return _page(connection, way, users=users), 409
        ways.drop(connection, key, _asker(), micros(now()))
    flash(_("%(way)s is forgotten.", way=words(way.name)), "good")
    return go("messages.list_page")


# --- pages ------------------------------------------------------------------------------------------------------------


def _list(connection: Connection, chosen: House, problem: tuple[str, str] | None = None) -> str:
    known = all_ways(connection)
    at = micros(now())
    troubles = mail.troubles(connection)
    counted = mailbook.counts(connection, list(known), at - HOUR)
    rows = [
        (way, _state(connection, way, counted[key], troubles, at), counted[key], said(counted[key].last_failure)[0])
        for key, way in known.items()
    ]
    return render_template(
        "messages/list.html",
        rows=rows,
        troubles=[_trouble(row, known, counted, names(connection)) for row in troubles],
        house=chosen,
        chain=[words(known[key].name) for key in chain(known, chosen.way)],
        known=known,
        problem=problem,
        languages=LANGUAGES,
        messenger_name=messenger_name,
    )


def _page(
    connection: Connection,
    way: Way,
    *,
    typed: Mapping[str, str] | None = None,
    problems: Sequence[Problem] = (),
    **more: Any,
) -> str:
    at = micros(now())
    counted = mailbook.counts(connection, [way.key], at - HOUR)[way.key]
    troubles = mail.troubles(connection)
    known = all_ways(connection)
    return render_template(
        "messages/way.html",
        way=way,
        state=_state(connection, way, counted, troubles, at),
        counts=counted,
        lane=lanes.find(connection, ("messenger", way.key)),
        failure=said(counted.last_failure),
        chain=[words(known[key].name) for key in chain(known, way.key)[1:]],
        messenger_name=messenger_name,
        **_fields(connection, way.messenger, typed or forms.typed_before(way), problems, way),
        **more,
    )


def _form(connection: Connection, messenger: str, typed: Mapping[str, str], problems: Sequence[Problem]) -> str:
    return render_template(
        "messages/new.html",
        messenger=messenger,
        label=messenger_name(messenger),
        **_fields(connection, messenger, typed, problems, None),
    )


def _fields(
    connection: Connection, messenger: str, typed: Mapping[str, str], problems: Sequence[Problem], way: Way | None
) -> dict[str, Any]:
    """What the form of a way is made of."""
    known = adapters.all_messengers().get(messenger)
    key = way.key if way else ""
    others = {
        other.key: words(other.name)
        for other in all_ways(connection).values()
        if key not in (other.key, *chain(all_ways(connection), other.key))
    }
    return {
        "typed": typed,
        "told": {forms.field_of(problem, messenger): told_problem(problem) for problem in problems},
        "rules": dict(known.settings["properties"]) if known else {},
        "required": frozenset(known.settings.get("required", ())) if known else frozenset(),
        "caps": [(forms.CAP + cap_name(cap.each, cap.seconds), cap) for cap in known.caps] if known else [],
        "contact": CONTACT_NAMES.get(known.contact, "") if known else "",
        "room": bool(known and (known.room or not known.contact)),
        "has_secrets": bool(way and way.sealed),
        "others": others,
        "setting_words": setting_words,
        "choice_words": choice_words,
    }


def _state(connection: Connection, way: Way, counts: mailbook.Counts, troubles: Sequence[Any], at: int) -> State:
    lane = lanes.find(connection, ("messenger", way.key))
    wrong = any(row["kind"] == "wrong_key" and row["subject"] == way.key for row in troubles)
    return way_state(way, lane, counts, wrong, at)


def _trouble(
    row: Any, known: Mapping[str, Way], counted: Mapping[str, mailbook.Counts], people: Names
) -> dict[str, Any]:
    """A trouble in the asker's language."""
    key = row["subject"]
    subject = words(known[key].name) if key in known else people.addressee(key)
    message = said(counted[key].last_failure)[0] if key in counted else ""
    params = {"subject": subject, "message": message or row["message"]}
    text, remedy = told_problem(Problem(f"post.trouble.{row['kind']}", params=params))
    return {**row, "text": text, "remedy": remedy}


def _users(connection: Connection, key: str) -> dict[str, list[str]]:
    """Who uses a way: flows, ways before it, people who chose it."""
    known = all_ways(connection)
    return {
        "flows": ways.flows_by(connection, key),
        "ways": [words(known[one].name) for one in ways.behind_which(connection, key)],
        "people": mailbook.choosers(connection, key),
    }


def _test_message(way: Way, to: Sequence[str], url: str) -> dict[str, Any]:
    return {
        "to": list(to),
        "subject": _("A test of Orderflow"),
        "text": _("Messages by “%(way)s” arrive. Sent by %(who)s.", way=words(way.name), who=current_user.display),
        "urgent": False,
        "language": language_tag(),
        "link": f"{url}/messages/ways/{way.key}" if url else None,
    }


def _way(connection: Connection, key: str) -> Way:
    return find(connection, key) or abort(404)


def _here() -> str:
    return request.url_root.rstrip("/")


def _seal() -> Seal:
    return Seal(current_app.config["SECRET_KEY"])


def _asker() -> Actor:
    return asker(current_user.name)

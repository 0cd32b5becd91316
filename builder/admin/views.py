"""Administration: people and what they may do, the teams that are asked, the channels and who takes their orders."""

import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, cast

from flask import Blueprint, abort, flash, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Connection, RowMapping, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from builder import auth
from builder.auth import DUTIES, Duty, requires
from builder.i18n.text import _
from builder.models import engine
from builder.orders.names import names
from builder.web import asker, go
from runtime.answering import give_back
from runtime.clock import now
from runtime.core.moment import micros
from runtime.flows import default_flow
from runtime.store import screens, trail
from runtime.store.database import begin, reading
from runtime.store.tables import channels as channel_table
from runtime.store.tables import flows, team_members, teams, users

pages = Blueprint("admin", __name__)

MOST_ORDERS: Final = 10_000


@pages.get("/people")
@requires("people.manage")
def people() -> ResponseReturnValue:
    """Everybody, with their duties, and the teams."""
    return _people()


@pages.post("/people")
@requires("people.manage")
def add_person() -> ResponseReturnValue:
    """Add a person and show the link by which they sign in for the first time."""
    name = request.form.get("name", "").strip()
    display = request.form.get("display", "").strip()[:128] or name
    duties = _duties()
    typed = {"name": name, "display": request.form.get("display", ""), "duties": duties}
    if not auth.fit_user_name(name):
        return _people(_("Write a name of 1 to 64 characters without blanks, such as “li.wei”."), 422, typed=typed)
    if not duties:
        return _people(_("Choose at least one duty."), 422, typed=typed)
    try:
        with begin(engine(), durable=True) as connection:
            auth.add_user(connection, name, display, duties)
            _note(connection, "user.add", name, after={"duties": list(duties)})
    except IntegrityError:
        return _people(_("This name is taken. Choose another one."), 422, typed=typed)
    return _people(link_of=name)


@pages.post("/people/<name>/link")
@requires("people.manage")
def make_link(name: str) -> ResponseReturnValue:
    """Make a one-time sign-in link for a person."""
    return _people(link_of=name)


@pages.post("/people/<name>")
@requires("people.manage")
def change_person(name: str) -> ResponseReturnValue:
    """Change a person's duties, or whether they still work here. The last administrator stays one."""
    duties, active = _duties(), bool(request.form.get("active"))
    most = request.form.get("most", "").strip()
    if most and not (most.isascii() and most.isdigit() and int(most) <= MOST_ORDERS):
        return _people(_("Write how many open orders at most: 0 to %(most)s, or nothing.", most=MOST_ORDERS), 422)
    can, at_most = _skills_told(), int(most) if most else None
    with begin(engine(), durable=True) as connection:
        row = connection.execute(select(users).where(users.c.name == name)).mappings().first()
        if row is None:
            abort(404)
        if not (active and auth.allows(frozenset(duties), "tasks.decide")):
            give_back(connection, name, asker(current_user.name), micros(now()))
        connection.execute(
            update(users)
            .where(users.c.name == name)
            .values(duties=json.dumps(list(duties)), active=active, skills=json.dumps(can), most_orders=at_most)
        )
        lasting = auth.has_admin(connection)
        if lasting:
            before = {"duties": json.loads(row["duties"]), "active": row["active"], "skills": skills(row)}
            before["most_orders"] = row["most_orders"]
            after = {"duties": list(duties), "active": active, "skills": can, "most_orders": at_most}
            _note(connection, "user.change", name, before, after)
        else:
            connection.rollback()
    if not lasting:
        return _people(_("Somebody has to stay administrator. Make another person one first."), 409)
    flash(_("Saved."), "good")
    return go("admin.people")


@pages.post("/teams/<key>")
@requires("people.manage")
def change_team(key: str) -> ResponseReturnValue:
    """Say who belongs to a team."""
    wanted = set(request.form.getlist("member"))
    with begin(engine(), durable=True) as connection:
        if connection.execute(select(teams.c.key).where(teams.c.key == key)).first() is None:
            abort(404)
        members = sorted(wanted & set(connection.execute(select(users.c.name)).scalars()))
        of_team = select(team_members.c.user_name).where(team_members.c.team == key)
        for gone in set(connection.execute(of_team).scalars()) - set(members):
            give_back(connection, gone, asker(current_user.name), micros(now()), team=key)
        connection.execute(delete(team_members).where(team_members.c.team == key))
        if members:
            connection.execute(insert(team_members), [{"team": key, "user_name": name} for name in members])
        _note(connection, "team.change", key, after={"members": members})
    flash(_("Saved."), "good")
    return go("admin.people")


@pages.get("/channels")
@requires("people.manage")
def channels() -> ResponseReturnValue:
    """The shops that orders come from, and which flow takes them."""
    with reading(engine()) as connection:
        return render_template(
            "admin/channels.html",
            rows=screens.channel_rows(connection, micros(now())),
            flow_names=screens.flow_names(connection, published=True),
            default=default_flow(connection),
        )


@pages.post("/channels/<name>")
@requires("people.manage")
def change_channel(name: str) -> ResponseReturnValue:
    """Choose the flow that takes a channel's orders; none means the default flow."""
    key = request.form.get("flow") or None
    with begin(engine(), durable=True) as connection:
        known = connection.execute(select(flows.c.key).where(flows.c.key == key, flows.c.version.is_not(None))).first()
        if key and known is None:
            abort(404)
        changed = connection.execute(update(channel_table).where(channel_table.c.name == name).values(flow_key=key))
        if not changed.rowcount:
            abort(404)
        _note(connection, "channel.change", name, after={"flow": key})
    flash(_("New orders of %(channel)s go this way from now on.", channel=name), "good")
    return go("admin.channels")


def _people(
    problem: str = "", status: int = 200, link_of: str | None = None, typed: Mapping[str, object] = MappingProxyType({})
) -> ResponseReturnValue:
    link = None
    if link_of is not None:
        with reading(engine()) as connection:
            if connection.execute(select(users.c.name).where(users.c.name == link_of)).first() is None:
                abort(404)
        link = request.url_root.rstrip("/") + auth.make_signin_link(engine(), link_of)
    with reading(engine()) as connection:
        rows = [(row, frozenset(json.loads(row["duties"]))) for row in screens.people_rows(connection)]
        page = render_template(
            "admin/people.html",
            rows=rows,
            teams=screens.team_rows(connection),
            names=names(connection),
            skills=skills,
            duties=DUTIES,
            problem=problem,
            typed=typed,
            link=link,
            link_of=link_of,
        )
    return page, status


def skills(row: RowMapping) -> list[str]:
    """What a person can do, as it is told on the page People."""
    return list(json.loads(row["skills"])) if row["skills"] else []


def _skills_told() -> list[str]:
    told = re.split(r"[,，、;；\n]", request.form.get("skills", "")[:500])
    return list(dict.fromkeys(skill.strip()[:40] for skill in told if skill.strip()))


def _duties() -> tuple[Duty, ...]:
    told = request.form.getlist("duty")
    return cast(tuple[Duty, ...], tuple(duty for duty in DUTIES if duty in told))


def _note(
    connection: Connection,
    action: str,
    subject: str,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    trail.write(connection, asker(current_user.name), micros(now()), action, subject, before, after)

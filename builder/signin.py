"""Signing in: by password, by a one-time link, as the first administrator, and between the people of the demo shop."""

import time
from dataclasses import dataclass, field
from typing import Final

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_user, logout_user
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from builder import auth
from builder.i18n import LANGUAGE_COOKIE, LANGUAGES
from builder.i18n.text import _
from builder.models import User, db, engine
from builder.web import asker, go, safe_next
from runtime.clock import now
from runtime.core.moment import micros
from runtime.store import tables, trail
from runtime.store.database import begin, reading

pages = Blueprint("signin", __name__)

THEMES: Final = ("auto", "light", "dark")
THEME_COOKIE: Final = "theme"
COOKIE_LIFE: Final = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class FirstAdmin:
    """What the first administrator tells."""

    name: str = ""
    display: str = ""
    password: str = field(default="", repr=False)


@pages.get("/sign-in")
@auth.public
def form() -> ResponseReturnValue:
    """The sign-in page."""
    if current_user.is_authenticated:
        return go("start.page")
    return render_template("auth/sign_in.html", next=safe_next(request.args.get("next")))


@pages.post("/sign-in")
@auth.public
def sign_in() -> ResponseReturnValue:
    """Check name and password. Ten failures in ten minutes, of a name or an address, close the door for a while."""
    name, back = request.form.get("name", "").strip(), safe_next(request.form.get("next"))
    throttle: auth.Throttle = current_app.extensions["orderflow.throttle"]
    keys = (f"name {name.casefold()}", f"address {request.remote_addr}")
    at = time.monotonic()
    with throttle.turn:
        blocked = any(throttle.blocks(key, at) for key in keys)
        user = None if blocked else auth.check_password(name, request.form.get("password", ""))
        if user is None and not blocked:
            for key in keys:
                throttle.count(key, at)
    if blocked:
        text = _("Too many tries. Wait ten minutes, or ask your administrator for a sign-in link.")
        return render_template("auth/sign_in.html", next=back, name=name, problem=text), 429
    if user is None:
        text = _("Name and password do not match.")
        return render_template("auth/sign_in.html", next=back, name=name, problem=text), 422
    throttle.forget(keys[0])
    _enter(user)
    return redirect(back, code=303)


@pages.get("/sign-in/<code>")
@auth.public
def link(code: str) -> ResponseReturnValue:
    """Show what a one-time link is for. Looking at it, as preview bots do, uses nothing up."""
    with reading(engine()) as connection:
        found = auth.find_signin_link(connection, code)
    if found is None:
        return render_template("auth/link_over.html"), 410
    if found.user_name is None:
        return render_template("auth/first_admin.html", code=code, form=FirstAdmin(), problems={})
    user = db.session.scalar(select(User).where(User.name == found.user_name))
    return render_template("auth/link.html", code=code, user=user)


@pages.post("/sign-in/<code>")
@auth.public
def use_link(code: str) -> ResponseReturnValue:
    """Use a one-time link up: sign in, or make the first administrator."""
    with reading(engine()) as connection:
        found = auth.find_signin_link(connection, code)
    if found is None:
        return render_template("auth/link_over.html"), 410
    if found.user_name is None:
        return _make_first_admin(code, found)
    with begin(engine(), durable=True) as connection:
        used = auth.use_signin_link(connection, found)
    user = db.session.scalar(select(User).where(User.name == found.user_name, User.active))
    if not used or user is None:
        return render_template("auth/link_over.html"), 410
    _enter(user)
    return go("start.page")


def _make_first_admin(code: str, found: auth.SigninLink) -> ResponseReturnValue:
    told = FirstAdmin(
        request.form.get("name", "").strip(),
        request.form.get("display", "").strip(),
        request.form.get("password", ""),
    )
    problems = _problems_of(told)
    if problems:
        return render_template("auth/first_admin.html", code=code, form=told, problems=problems), 422
    try:
        with begin(engine(), durable=True) as connection:
            if not auth.use_signin_link(connection, found):
                return render_template("auth/link_over.html"), 410
            auth.add_user(connection, told.name, told.display or told.name, ("admin",), told.password)
    except IntegrityError:
        problems = {"name": _("This name is taken. Choose another one.")}
        return render_template("auth/first_admin.html", code=code, form=told, problems=problems), 422
    user = db.session.scalar(select(User).where(User.name == told.name))
    assert user is not None
    _enter(user)
    return go("start.page")


def _problems_of(told: FirstAdmin) -> dict[str, str]:
    problems = {}
    if not auth.fit_user_name(told.name):
        problems["name"] = _("Write a name of 1 to 64 characters without blanks, such as “li.wei”.")
    if len(told.password) < auth.MIN_PASSWORD:
        problems["password"] = _("Write at least %(n)s characters.", n=auth.MIN_PASSWORD)
    if len(told.display) > 128:
        problems["display"] = _("Write at most 128 characters.")
    return problems


@pages.get("/account")
@auth.requires("start.see")
def account() -> ResponseReturnValue:
    """Where people set their own password."""
    return render_template("auth/account.html", problems={})


@pages.post("/account")
@auth.requires("start.see")
def set_password() -> ResponseReturnValue:
    """Set a password; whoever has one must know it."""
    problems = {}
    old, new = request.form.get("old", ""), request.form.get("new", "")
    if current_user.password_hash and auth.check_password(current_user.name, old) is None:
        problems["old"] = _("This is not your password.")
    if len(new) < auth.MIN_PASSWORD:
        problems["new"] = _("Write at least %(n)s characters.", n=auth.MIN_PASSWORD)
    if problems:
        return render_template("auth/account.html", problems=problems), 422
    users = tables.users
    with begin(engine(), durable=True) as connection:
        changed = update(users).where(users.c.id == current_user.id).values(password_hash=auth.hash_password(new))
        connection.execute(changed)
        trail.write(connection, asker(current_user.name), micros(now()), "user.password", current_user.name)
    flash(_("Your password is set."), "good")
    return go("start.page")


@pages.post("/sign-out")
@auth.public
def sign_out() -> ResponseReturnValue:
    """Leave."""
    logout_user()
    session.clear()
    return go("signin.form")


@pages.post("/duty")
@auth.public
def switch_duty() -> ResponseReturnValue:
    """Become another person of the demo shop. In the real thing this page does not exist."""
    if not current_app.config["ORDERFLOW_DEMO"]:
        abort(404)
    user = db.session.scalar(select(User).where(User.name == request.form.get("user", ""), User.active))
    if user is None:
        abort(404)
    _enter(user)
    return go("start.page")


@pages.post("/preferences")
@auth.public
def preferences() -> ResponseReturnValue:
    """Keep the asker's theme and language."""
    answer = redirect(safe_next(request.form.get("next")), code=303)
    theme, language = request.form.get("theme"), request.form.get("language")
    secure = request.is_secure
    if theme in THEMES:
        answer.set_cookie(THEME_COOKIE, theme, max_age=COOKIE_LIFE, samesite="Lax", httponly=True, secure=secure)
    if language in LANGUAGES:
        answer.set_cookie(LANGUAGE_COOKIE, language, max_age=COOKIE_LIFE, samesite="Lax", httponly=True, secure=secure)
        if current_user.is_authenticated:
            with begin(engine(), durable=True) as connection:
                users = tables.users
                connection.execute(update(users).where(users.c.id == current_user.id).values(language=language))
    return answer


def theme() -> str:
    """The asker's theme: auto, light or dark."""
    chosen = request.cookies.get(THEME_COOKIE, "auto")
    return chosen if chosen in THEMES else "auto"


def demo_people() -> list[User]:
    """The people of the demo shop, in the order in which they were made."""
    return list(db.session.scalars(select(User).where(User.active).order_by(User.made_at, User.id)))


def _enter(user: User) -> None:
    session.clear()
    login_user(user)
    with begin(engine(), durable=True) as connection:
        trail.write(connection, asker(user.name), micros(now()), "user.sign_in", user.name)

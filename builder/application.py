"""Puts web, database and runtime together: the one place that knows them all."""

from datetime import timedelta
from urllib.parse import urlsplit

from flask import Flask, request
from flask.typing import ResponseReturnValue
from flask_login import LoginManager
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from builder import auth, errors, labels, navigation, signin
from builder.admin import views as admin
from builder.api import install_api
from builder.away import views as away
from builder.balance import views as balance
from builder.board import hands as board_hands
from builder.board import limits as board_limits
from builder.board import views as board
from builder.calendars import views as calendars
from builder.canvas import drafts, forms, live, trying
from builder.canvas import views as canvas
from builder.channels import views as channels
from builder.config import Settings, asset_root
from builder.failures import changes
from builder.failures import views as failures
from builder.flows import imports, using
from builder.flows import views as flows
from builder.guide import views as guide
from builder.i18n import install_i18n
from builder.inbox import filters, hands
from builder.inbox import views as inbox
from builder.ingest.views import install_uploads
from builder.installed import views as installed
from builder.kpi import views as kpi
from builder.messages import deliveries, notices
from builder.messages import views as messages
from builder.models import User, db
from builder.moving import views as moving
from builder.orders import refusals
from builder.orders import views as orders
from builder.patience import Patience
from builder.push import views as push
from builder.push.views import install_push
from builder.remarks.views import install_remarks
from builder.start import views as start
from builder.surges import views as surges
from builder.systems import views as systems
from builder.web import here, install_web
from runtime.wiring import open_service

MAX_BODY = 8 * 1024 * 1024
ROOMS = (
    signin,
    start,
    inbox,
    hands,
    filters,
    installed,
    board,
    board_hands,
    board_limits,
    away,
    orders,
    balance,
    failures,
    surges,
    changes,
    refusals,
    flows,
    using,
    imports,
    canvas,
    drafts,
    forms,
    live,
    trying,
    moving,
    guide,
    systems,
    calendars,
    admin,
    channels,
    messages,
    deliveries,
    notices,
    push,
    kpi,
)


def assemble(settings: Settings) -> Flask:
    """The application, ready to serve."""
    root = asset_root()
    app = Flask(
        "builder",
        static_folder=str(root / "static" / "dist"),
        static_url_path="/static/dist",
        template_folder=str(root / "templates"),
    )
    app.config.update(
        SECRET_KEY=settings.secret_key,
        ORDERFLOW_UNDO_SECONDS=settings.undo_seconds,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SESSION_COOKIE_NAME="orderflow-demo" if settings.demo else "orderflow",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.proxies > 0,
        PERMANENT_SESSION_LIFETIME=timedelta(days=14),
        MAX_CONTENT_LENGTH=MAX_BODY,
        WTF_CSRF_TIME_LIMIT=None,
        ORDERFLOW_DEMO=settings.demo and settings.loopback,
    )
    if settings.proxies:
        behind = {f"x_{part}": settings.proxies for part in ("for", "proto", "host")}
        app.wsgi_app = ProxyFix(app.wsgi_app, **behind)  # type: ignore[method-assign]
    app.wsgi_app = Patience(app.wsgi_app, settings.threads)  # type: ignore[method-assign, assignment]
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    if settings.demo:
        _close_the_demo_to_foreign_names(app, settings)
    _install_runtime(app, settings)
    board.install_board(app)
    _install_frame(app, settings)
    _install_people(app)
    for room in ROOMS:
        app.register_blueprint(room.pages)
    install_api(app, settings.secret_key)
    install_uploads(app, settings.home)
    install_remarks(app)
    errors.install_errors(app)
    return app


def _close_the_demo_to_foreign_names(app: Flask, settings: Settings) -> None:
    """The demo lets people in without passwords, so no foreign name that leads to this machine may open it."""
    known = {"localhost", "127.0.0.1", "::1", settings.host}

    def refuse() -> ResponseReturnValue | None:
        asked = urlsplit(f"//{request.host}").hostname
        return None if asked in known else ("The demo answers on this machine only, by the address it told.", 400)

    app.before_request(refuse)


def _install_runtime(app: Flask, settings: Settings) -> None:
    service = open_service(
        settings.database_url,
        settings.redis_url,
        secret_key=settings.secret_key,
        timezone=settings.timezone,
        pushes=settings.pushes,
    )
    app.extensions["orderflow.service"] = service
    app.extensions["orderflow.engine"] = service.engine
    db.init_app(app)


def _install_frame(app: Flask, settings: Settings) -> None:
    install_web(app)
    install_push(app, settings)
    install_i18n(app, settings.timezone, settings.language)
    navigation.install_navigation(app)
    icons = app.jinja_env.get_template("parts/icons.html").module
    app.jinja_env.globals.update(
        icon=icons.icon,  # type: ignore[attr-defined]
        brand_mark=icons.brand_mark,  # type: ignore[attr-defined]
        demo=app.config["ORDERFLOW_DEMO"],
        theme=signin.theme,
        demo_people=signin.demo_people,
        here=here,
        choice_name=labels.choice_name,
        value_name=labels.value_name,
        field_name=labels.field_name,
    )


def _install_people(app: Flask) -> None:
    app.extensions["orderflow.throttle"] = auth.Throttle(limit=10, seconds=600)
    login = LoginManager(app)
    login.session_protection = "basic"
    login.user_loader(lambda user_id: db.session.get(User, user_id))
    app.extensions["orderflow.csrf"] = CSRFProtect(app)
    app.before_request(auth.check_access)

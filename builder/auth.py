"""Who may do what, and how a person proves who they are.

Every view carries a mark: `@requires(action)` or `@public`. One gate, `check_access`, reads it before each request; a view
without a mark is refused. Blueprints in `TOKEN_BLUEPRINTS` check bearer tokens themselves, with `find_token`.
"""

import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Final, Literal, TypeVar, get_args

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import abort, current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Connection, Engine, insert, select, update
from ulid import ULID

from builder.models import User, db, engine
from builder.web import page_address, wants_json
from runtime.store import absences, tables
from runtime.store.database import begin, reading
from runtime.store.queries import Reader

Duty = Literal["designer", "operator", "lead", "finance", "warehouse", "after_sales", "admin", "auditor"]
Action = Literal[
    "start.see",
    "tasks.see",
    "tasks.decide",
    "tasks.lead",
    "board.see",
    "orders.see",
    "orders.mend",
    "orders.amend",
    "orders.upload",
    "refusals.see",
    "flows.see",
    "flows.edit",
    "flows.publish",
    "people.manage",
    "systems.manage",
    "remarks.write",
    "calendars.see",
    "calendars.manage",
    "surges.decide",
    "kpi.see",
    "kpi.type",
]

DUTIES: Final[tuple[Duty, ...]] = get_args(Duty)
ACTIONS: Final[tuple[Action, ...]] = get_args(Action)

_DECIDES: Final[frozenset[Action]] = frozenset(
    ("start.see", "tasks.see", "tasks.decide", "board.see", "orders.see", "flows.see", "remarks.write")
)
MAY: Final[Mapping[Duty, frozenset[Action]]] = MappingProxyType(
    {
        "designer": frozenset(
            (
                "start.see",
                "orders.see",
                "refusals.see",
                "flows.see",
                "flows.edit",
                "flows.publish",
                "calendars.see",
                "kpi.see",
            )
        ),
        "operator": _DECIDES,
        "lead": _DECIDES
        | {
            "tasks.lead",
            "orders.mend",
            "orders.amend",
            "orders.upload",
            "refusals.see",
            "surges.decide",
            "calendars.see",
            "kpi.see",
            "kpi.type",
        },
        "finance": _DECIDES,
        "warehouse": _DECIDES,
        "after_sales": _DECIDES | {"orders.mend", "orders.amend"},
        "admin": frozenset(ACTIONS),
        "auditor": frozenset(
            (
                "start.see",
                "tasks.see",
                "board.see",
                "orders.see",
                "refusals.see",
                "flows.see",
                "calendars.see",
                "kpi.see",
            )
        ),
    }
)

TOKEN_BLUEPRINTS: Final = frozenset(("api", "ingest", "health"))
LINK_LIFE: Final = timedelta(minutes=10)
MIN_PASSWORD: Final = 10

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])


# --- the gate ---------------------------------------------------------------------------------------------------------


def requires(action: Action) -> Callable[[View], View]:
    """Mark a view: only for people whose duties allow `action`."""

    def mark(view: View) -> View:
        view.requires_action = action  # type: ignore[attr-defined]
        return view

    return mark


def public(view: View) -> View:
    """Mark a view: for strangers too."""
    view.requires_action = None  # type: ignore[attr-defined]
    return view


def allows(duties: frozenset[str], action: Action) -> bool:
    """Whether any of the duties allows the action."""
    return any(action in MAY[duty] for duty in DUTIES if duty in duties)


def may(action: Action) -> bool:
    """Whether the person who asks may do this. For templates and views; the gate has the last word."""
    return current_user.is_authenticated and allows(current_user.duty_set, action)


def reader() -> Reader:
    """The person who asks, as the lists of tasks see them; found once for a request."""
    if "reader" not in g:
        duties = current_user.duty_set
        admin = "admin" in duties
        with reading(engine()) as connection:
            for_whom = absences.stands_in_for(connection, current_user.name, _now(), admin=admin)
        g.reader = Reader(current_user.name, tuple(sorted(duties)), admin, for_whom)
    found: Reader = g.reader
    return found


def check_access() -> ResponseReturnValue | None:
    """Before each request: let pass, send to the sign-in page, or refuse."""
    if request.endpoint is None or request.endpoint == "static" or request.blueprint in TOKEN_BLUEPRINTS:
        return None
    view = current_app.view_functions[request.endpoint]
    if not hasattr(view, "requires_action"):
        abort(403)
    if view.requires_action is None:
        return None
    if not current_user.is_authenticated:
        return _ask_to_sign_in()
    if not may(view.requires_action):
        abort(403)
    return None


def _ask_to_sign_in() -> ResponseReturnValue:
    back = request.full_path.rstrip("?") if request.method == "GET" else None
    if wants_json():
        abort(401)
    if request.headers.get("HX-Request") == "true":
        return "", 401, {"HX-Redirect": url_for("signin.form", next=page_address() or None)}
    if request.method != "GET":
        abort(401)
    return redirect(url_for("signin.form", next=back if back != "/" else None))


# --- passwords --------------------------------------------------------------------------------------------------------


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _hash_of_nobody() -> str:
    return _hasher().hash(secrets.token_urlsafe())


def fit_user_name(name: str) -> bool:
    """Whether a person can be called so: no blanks, nothing invisible, nothing that an address or a token's name has."""
    return 1 <= len(name) <= 64 and name.isprintable() and not set(name) & set(" /:\\") and name.strip(".") != ""


def hash_password(password: str) -> str:
    """The argon2 hash to store."""
    return _hasher().hash(password)


def check_password(name: str, password: str) -> User | None:
    """The person with this name and password. An unknown name takes as long as a wrong password."""
    user = db.session.scalar(select(User).where(User.name == name))
    stored = user.password_hash if user is not None and user.active else None
    try:
        _hasher().verify(stored or _hash_of_nobody(), password)
    except (VerificationError, InvalidHashError):
        return None
    return user if stored else None


@dataclass(slots=True)
class Throttle:
    """Counts failed sign-ins of a key (name or address) in a sliding window, in this process's memory.

    One password is checked at a time, by whoever holds the `turn`: each check takes 64 MiB, and many tries at once
    would all be checked before the first is counted.
    """

    limit: int
    seconds: float
    failures: dict[str, list[float]] = field(default_factory=dict)
    turn: threading.Lock = field(default_factory=threading.Lock)

    def blocks(self, key: str, now: float) -> bool:
        """Whether the key has failed too often lately."""
        recent = [at for at in self.failures.get(key, ()) if at > now - self.seconds]
        if recent:
            self.failures[key] = recent
        else:
            self.failures.pop(key, None)
        return len(recent) >= self.limit

    def count(self, key: str, now: float) -> None:
        """Remember one failure."""
        self.failures.setdefault(key, []).append(now)

    def forget(self, key: str) -> None:
        """A right password clears the count."""
        self.failures.pop(key, None)


# --- one-time links ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SigninLink:
    """A link that still works. `user_name` is None for the link that makes the first administrator."""

    digest: str
    user_name: str | None


def make_signin_link(engine: Engine, user_name: str | None) -> str:
    """Make a one-time sign-in link and return its path. Valid for ten minutes, stored only as a digest.

    Without a name it is the link that makes the first administrator; it works only while there is none.
    """
    code = secrets.token_urlsafe(24)
    expires = datetime.now(UTC) + LINK_LIFE
    with begin(engine, durable=True) as connection:
        connection.execute(
            insert(tables.signin_links).values(
                digest=_digest(code), user_name=user_name, expires_at=_micros(expires), used_at=None
            )
        )
    return f"/sign-in/{code}"


def find_signin_link(connection: Connection, code: str) -> SigninLink | None:
    """The link behind a code, if it has not been used and its time is not over."""
    links = tables.signin_links
    row = connection.execute(
        select(links.c.digest, links.c.user_name).where(
            links.c.digest == _digest(code), links.c.used_at.is_(None), links.c.expires_at > _now()
        )
    ).first()
    if row is None or (row.user_name is None and has_admin(connection)):
        return None
    return SigninLink(row.digest, row.user_name)


def use_signin_link(connection: Connection, link: SigninLink) -> bool:
    """Use the link up. False when somebody was faster."""
    links = tables.signin_links
    used = connection.execute(
        update(links)
        .where(links.c.digest == link.digest, links.c.used_at.is_(None), links.c.expires_at > _now())
        .values(used_at=_now())
    )
    return used.rowcount == 1


def has_admin(connection: Connection) -> bool:
    """Whether anybody may manage people. JSON text is searched in Python: there are few users."""
    rows = connection.execute(select(tables.users.c.duties).where(tables.users.c.active))
    return any("admin" in json.loads(row.duties) for row in rows)


def add_user(
    connection: Connection,
    name: str,
    display: str,
    duties: tuple[Duty, ...],
    password: str | None = None,
    email: str | None = None,
) -> str:
    """Store a new person and return the id. Raises IntegrityError when the name is taken."""
    user_id = str(ULID())
    connection.execute(
        insert(tables.users).values(
            id=user_id,
            name=name,
            display=display,
            email=email,
            password_hash=hash_password(password) if password else None,
            duties=json.dumps(list(duties)),
            language=None,
            active=True,
            made_at=_now(),
        )
    )
    return user_id


# --- API tokens -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A machine's key. `channels` None means every channel."""

    id: str
    name: str
    role: str
    channels: frozenset[str] | None

    def may_use(self, channel: str) -> bool:
        """Whether the token may bring or read orders of the channel."""
        return self.channels is None or channel in self.channels


def add_token(connection: Connection, name: str, role: str, channels: tuple[str, ...] | None = None) -> str:
    """Store a new API token and return its text, which is shown this once."""
    text = f"of_{secrets.token_urlsafe(30)}"
    connection.execute(
        insert(tables.api_tokens).values(
            id=str(ULID()),
            name=name,
            digest=_digest(text),
            role=role,
            channels=None if channels is None else json.dumps(list(channels)),
            made_at=_now(),
            revoked_at=None,
        )
    )
    return text


def find_token(connection: Connection, text: str) -> ApiToken | None:
    """The live API token with this text."""
    tokens = tables.api_tokens
    row = connection.execute(
        select(tokens).where(tokens.c.digest == _digest(text), tokens.c.revoked_at.is_(None))
    ).first()
    if row is None:
        return None
    channels = None if row.channels is None else frozenset(json.loads(row.channels))
    return ApiToken(row.id, row.name, row.role, channels)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _micros(at: datetime) -> int:
    return int(at.timestamp()) * 1_000_000 + at.microsecond


def _now() -> int:
    return time.time_ns() // 1000

"""Who may use the API: bearer tokens with a role, and own shops that sign what they send."""

import hashlib
import hmac
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal, get_args

from flask import Flask, current_app, request
from sqlalchemy import Engine

from builder.api.problems import Refusal
from builder.auth import ApiToken, find_token
from builder.ingest.checking import LONGEST_CHANNEL, OWN_SHOP, Sender
from builder.models import engine
from builder.web import service
from runtime.actor import Actor
from runtime.core.problem import Problem
from runtime.intake import fit_name
from runtime.sealing import Seal, signing_secrets
from runtime.store.database import reading

Role = Literal["intake", "operator", "designer", "admin", "auditor"]
Permission = Literal[
    "orders.send",
    "orders.read",
    "orders.mend",
    "tasks.read",
    "tasks.decide",
    "flows.read",
    "flows.edit",
    "flows.publish",
    "balance.read",
]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
PERMISSIONS: Final[tuple[Permission, ...]] = get_args(Permission)
MAY: Final[Mapping[str, frozenset[Permission]]] = MappingProxyType(
    {
        "intake": frozenset(("orders.send", "orders.read")),
        "operator": frozenset(("orders.read", "orders.mend", "tasks.read", "tasks.decide", "balance.read")),
        "designer": frozenset(("orders.read", "flows.read", "flows.edit", "flows.publish", "balance.read")),
        "admin": frozenset(PERMISSIONS),
        "auditor": frozenset(("orders.read", "tasks.read", "flows.read", "balance.read")),
    }
)
"""What each role of a token allows: the one table."""

REMEMBERED_SECONDS = 3.0
MOST_REMEMBERED = 1_000
SIGNATURE_SECONDS = 300
_SIGNATURE = re.compile(r"t=([0-9]{1,12})((?:,v1=[0-9a-f]{64}){1,4})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and on which channels it may act (None: all of them)."""

    name: str
    owner: str
    role: str
    channels: frozenset[str] | None

    def may(self, permission: Permission) -> bool:
        """Whether the caller's role allows this."""
        return permission in MAY.get(self.role, frozenset())

    @property
    def sender(self) -> Sender:
        """The caller as one who brings orders."""
        return Sender(self.name, self.owner, self.channels)

    @property
    def actor(self) -> Actor:
        """The caller as journal and audit keep it; no person can be named so."""
        return Actor(f"token:{self.name}"[:64], request.remote_addr, (request.user_agent.string or "")[:255] or None)


class Outdated(Refusal):
    """The shop did sign this, but when it says so is not now: its clock is wrong, or somebody sends it again."""

    def __init__(self, shop: Caller) -> None:
        minutes = {"minutes": SIGNATURE_SECONDS // 60}
        super().__init__(401, Problem("api.old_signature", "X-Signature", minutes))
        self.shop = shop


@dataclass(slots=True)
class Tokens:
    """Live tokens by their text, remembered for three seconds: a revoked token is refused within five."""

    engine: Engine
    _found: dict[str, tuple[float, ApiToken]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self, text: str) -> ApiToken | None:
        """The live token with this text."""
        remembered = self._found.get(text)
        if remembered and remembered[0] > time.monotonic():
            return remembered[1]
        with reading(self.engine) as connection:
            token = find_token(connection, text)
        with self._lock:
            if len(self._found) >= MOST_REMEMBERED:
                self._found.clear()
            if token:
                self._found[text] = (time.monotonic() + REMEMBERED_SECONDS, token)
            else:
                self._found.pop(text, None)
        return token


def install_access(app: Flask, secret_key: str) -> None:
    """Give the application what it needs to know tokens and signatures."""
    app.extensions["orderflow.seal"] = Seal(secret_key)
    app.extensions["orderflow.tokens"] = Tokens(app.extensions["orderflow.engine"])


def seal() -> Seal:
    """What the channels' secrets are sealed with."""
    found: Seal = current_app.extensions["orderflow.seal"]
    return found


def known_caller(body: bytes | None = None) -> Caller:
    """Who asks, by bearer token; or, where a body is given, by its signature. Raises a 401 refusal for strangers."""
    if body is not None and "X-Signature" in request.headers:
        return _signer(body)
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise Refusal(401, Problem("api.no_token", "Authorization"))
    tokens: Tokens = current_app.extensions["orderflow.tokens"]
    token = tokens.find(text.strip())
    if token is None:
        raise Refusal(401, Problem("api.bad_token", "Authorization"))
    return Caller(token.name, token.id, token.role, token.channels)


def check_permission(caller: Caller, permission: Permission) -> None:
    """Raises a 403 refusal when the caller's role does not allow this."""
    if not caller.may(permission):
        roles = ", ".join(role for role in ROLES if permission in MAY[role])
        raise Refusal(403, Problem("api.wrong_role", "Authorization", {"role": caller.role, "roles": roles}))


def _signer(body: bytes) -> Caller:
    """The own shop whose live secret signed exactly these bytes not more than five minutes ago."""
    channel = request.headers.get("X-Channel") or request.args.get("channel") or OWN_SHOP
    signature = _SIGNATURE.fullmatch(request.headers["X-Signature"].replace(" ", "").lower())
    if signature is None or fit_name(channel, LONGEST_CHANNEL) is None:
        raise Refusal(401, Problem("api.bad_signature", "X-Signature"))
    told, marks = signature.groups()
    with reading(engine()) as connection:
        secrets = signing_secrets(connection, seal(), channel)
    if not _fits(secrets, told.encode() + b"." + body, marks.split(",v1=")[1:]):
        raise Refusal(401, Problem("api.bad_signature", "X-Signature"))
    owner = "hmac:" + hashlib.sha256(channel.encode()).hexdigest()[:20]
    shop = Caller(f"signed:{channel}"[:64], owner, "intake", frozenset((channel,)))
    if abs(service().clock().timestamp() - int(told)) > SIGNATURE_SECONDS:
        raise Outdated(shop)
    return shop


def _fits(secrets: tuple[str, ...], signed: bytes, marks: list[str]) -> bool:
    """Whether one of the marks is that of one of the secrets; every pair is compared, in constant time."""
    wanted = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets]
    return sum([hmac.compare_digest(mark, one) for mark in marks for one in wanted]) > 0

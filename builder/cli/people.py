"""What the commands do about people: API tokens, one-time links, and the home made ready for its first visitor."""

from dataclasses import dataclass
from difflib import get_close_matches

from sqlalchemy import Engine, select, update
from sqlalchemy.exc import IntegrityError

from builder.api.access import ROLES
from builder.auth import add_token, has_admin, make_signin_link
from builder.config import Settings
from runtime.actor import SYSTEM
from runtime.calendars import furnish
from runtime.clock import now
from runtime.core.moment import micros
from runtime.sealing import Seal, add_signing_secret, drop_old_secrets
from runtime.store import trail
from runtime.store.database import begin, connect, migrate, reading
from runtime.store.tables import api_tokens, users


@dataclass(frozen=True, slots=True)
class MadeToken:
    """The token's text, shown once; or the problem, and then nothing was made."""

    text: str = ""
    problem: str = ""


def make_token(settings: Settings, name: str, role: str, channels: tuple[str, ...]) -> MadeToken:
    """Makes an API token; without channels it is good for every channel."""
    if role not in ROLES:
        close = get_close_matches(role, ROLES, n=1)
        hint = f"Did you mean {close[0]}?" if close else f"Take one of {', '.join(ROLES)}."
        return MadeToken(problem=f"There is no role “{role}”. {hint}")
    if not (1 <= len(name) <= 64 and name.isprintable() and name.strip() == name):
        return MadeToken(problem="The name of a token is 1 to 64 characters that can be seen. Choose another name.")
    if wrong := [channel for channel in channels if not (channel.strip() and len(channel) <= 64)]:
        return MadeToken(problem=f"“{wrong[0]}” is no channel: its name is 1 to 64 characters long.")
    try:
        with begin(connect(settings.database_url), durable=True) as connection:
            return MadeToken(add_token(connection, name, role, channels or None))
    except IntegrityError:
        return MadeToken(problem=f"There is a token named “{name}” already. Choose another name.")


def end_token(settings: Settings, name: str) -> bool:
    """Revokes an API token. False: there is no live one of this name."""
    at = micros(now())
    with begin(connect(settings.database_url), durable=True) as connection:
        live = update(api_tokens).where(api_tokens.c.name == name, api_tokens.c.revoked_at.is_(None))
        if connection.execute(live.values(revoked_at=at)).rowcount == 0:
            return False
        trail.write(connection, SYSTEM, at, "token.revoke", name)
    return True


def make_secret(settings: Settings, channel: str, *, only: bool) -> str:
    """Makes a signing secret for a channel. With `only`, makes none and lets only the newest be good."""
    at, seal = micros(now()), Seal(settings.secret_key)
    with begin(connect(settings.database_url), durable=True) as connection:
        trail.write(connection, SYSTEM, at, "channel.secret", channel, after={"only": only})
        if only:
            drop_old_secrets(connection, seal, channel, at)
            return ""
        return add_signing_secret(connection, seal, channel, at)


def make_link(settings: Settings, user: str | None) -> str | None:
    """The path of a one-time sign-in link; None where it would let nobody in."""
    engine = connect(settings.database_url)
    with reading(engine) as connection:
        found = connection.execute(select(users.c.name).where(users.c.name == user, users.c.active)).first()
        opens = found is not None if user is not None else not has_admin(connection)
    return make_signin_link(engine, user) if opens else None


def prepare_home(settings: Settings) -> str | None:
    """Brings the database up to date, gives a new house its calendar and, in the demo, opens the shop.

    Gives the path of a sign-in link: into the demo, or for the first administrator while there is none."""
    migrate(settings.database_url)
    engine = connect(settings.database_url)
    with begin(engine, durable=True) as connection:
        furnish(connection, micros(now()))
    if settings.demo:
        from builder.demo.shop import GUIDE, open_shop

        open_shop(settings)
        return make_signin_link(engine, GUIDE.name)
    return None if _has_admin(engine) else make_signin_link(engine, None)


def _has_admin(engine: Engine) -> bool:
    with reading(engine) as connection:
        return has_admin(connection)

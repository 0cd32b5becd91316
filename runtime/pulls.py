"""Pulls that an administrator sets up: from which address the orders of a channel are fetched, how often, and who stops it.

How a page is fetched and stored is `runtime.pulling`.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update

from runtime.actor import Actor
from runtime.core.json_text import shown
from runtime.core.problem import Problem
from runtime.store import trail
from runtime.store.pulls import NOBODY, find
from runtime.store.tables import channels, pulls
from runtime.systems import moved_problem, secret_problem, url_problem

if TYPE_CHECKING:
    from runtime.sealing import Seal

PullAct = Literal["pause", "resume", "now", "beginning"]

ACTS: Final[tuple[PullAct, ...]] = get_args(PullAct)
FEED: Final = "feed"
EVERY: Final = (30, 86_400)
USUAL_SECONDS: Final = 60
LONGEST_CHANNEL: Final = 64


@dataclass(frozen=True, slots=True)
class Pull:
    """How the orders of a channel are to be pulled. `every` is seconds as they were typed; `secret` None: as it was."""

    channel: str
    address: str
    every: str
    secret: str | None = None


# --- checking -------------------------------------------------------------------------------------------------------------


def problems_of(pull: Pull, before: RowMapping | None) -> list[Problem]:
    """What is wrong with a pull. `before`: how it is set up now; None: it is added."""
    found = (
        None if before else _channel_problem(pull.channel),
        url_problem(pull.address, "address"),
        _secret_problem(pull, before),
        _every_problem(pull.every),
    )
    return [one for one in found if one]


def _channel_problem(channel: str) -> Problem | None:
    fit = 0 < len(channel) <= LONGEST_CHANNEL and channel.isprintable() and not any(s.isspace() for s in channel)
    # A channel is a part of addresses: what means something there cannot be its name.
    if fit and not set(channel) & set("/?#%\\") and channel not in (".", ".."):
        return None
    return Problem("pull.channel", "channel", {"value": shown(channel), "most": LONGEST_CHANNEL})


def _secret_problem(pull: Pull, before: RowMapping | None) -> Problem | None:
    if pull.secret is not None:
        return secret_problem(pull.secret)
    if before is None:
        return Problem("pull.secret_missing", "secret")
    # A kept secret goes where it was meant for: whoever may change the address does not learn what it signs.
    return moved_problem(pull.address, before["address"])


def _every_problem(told: str) -> Problem | None:
    least, most = EVERY
    fit = told.isascii() and told.isdigit() and len(told) < 10 and least <= int(told) <= most
    return None if fit else Problem("system.range", "every", {"value": shown(told), "least": least, "most": most})


# --- changing -------------------------------------------------------------------------------------------------------------


def keep(connection: Connection, pull: Pull, seal: "Seal", actor: Actor, at: int) -> None:
    """Pull a channel's orders so from now on. It must be without problems. A pull that goes on keeps its cursor."""
    before = find(connection, pull.channel)
    values: dict[str, Any] = {"address": pull.address, "every_seconds": int(pull.every), "next_at": at, **NOBODY}
    if pull.secret is not None:
        values["secret"] = seal.close((pull.secret,))
    if before:
        _change(connection, pull.channel, **values)
    else:
        _know_channel(connection, pull.channel, at)
        made = {"state": "on", "failures": 0, "last_came": 0, "came": 0, "made_at": at, "made_by": actor.name}
        connection.execute(insert(pulls).values(channel=pull.channel, source=FEED, **made, **values))
    told = {"address": pull.address, "every_seconds": int(pull.every), "new_secret": pull.secret is not None}
    was = {name: before[name] for name in ("address", "every_seconds")} if before else None
    trail.write(connection, actor, at, "pull.change" if before else "pull.add", pull.channel, was, told)


def act(connection: Connection, channel: str, wanted: PullAct, actor: Actor, at: int) -> bool:
    """Pause or resume a pull, let it begin at once, or from the beginning. False: it was so already, or is none.

    What is out at this moment is dropped before it is stored, and asked for again.
    """
    row = connection.execute(select(pulls).where(pulls.c.channel == channel).with_for_update()).mappings().first()
    if row is None or (wanted, row["state"]) in (("pause", "off"), ("resume", "on"), ("now", "off")):
        return False
    match wanted:
        case "pause":
            _change(connection, channel, state="off", **NOBODY)
        case "resume":
            _change(connection, channel, state="on", next_at=at, failures=0, error=None, **NOBODY)
        case "now":
            _change(connection, channel, next_at=at)
        case "beginning":
            _change(connection, channel, cursor=None, next_at=at, failures=0, error=None, **NOBODY)
    before = {"cursor": row["cursor"], "state": row["state"]}
    trail.write(connection, actor, at, f"pull.{wanted}", channel, before)
    return True


def drop(connection: Connection, channel: str, actor: Actor, at: int) -> None:
    """Pull no more. The channel and its orders stay; the audit trail keeps the cursor."""
    row = find(connection, channel)
    connection.execute(delete(pulls).where(pulls.c.channel == channel))
    before = {"address": row["address"], "cursor": row["cursor"]} if row else None
    trail.write(connection, actor, at, "pull.drop", channel, before)


def _change(connection: Connection, channel: str, **values: Any) -> None:
    connection.execute(update(pulls).where(pulls.c.channel == channel).values(**values))


def _know_channel(connection: Connection, channel: str, at: int) -> None:
    if not connection.execute(select(func.count()).where(channels.c.name == channel)).scalar_one():
        connection.execute(insert(channels).values(name=channel, made_at=at))

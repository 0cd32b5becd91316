"""Systems that an administrator sets up: where they are, how calls prove who sends them, and the lanes by which they go.

They stand beside those that come as folders in `runtime.adapters`; a flow names both alike.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from ipaddress import ip_network
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import orjson
from sqlalchemy import Connection, Engine, RowMapping, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from nodes.contract import Answered, Words
from runtime import adapters
from runtime.actor import Actor
from runtime.adapters.contract import Call, Outlet
from runtime.adapters.web import Proof, WebSystem
from runtime.core.json_text import shown
from runtime.core.lane import RANGES, Limits, Paused, closed, opened
from runtime.core.problem import Problem
from runtime.outgoing import Allowed, Network, Refused, read_url
from runtime.store import lanes, trail, versions, ways
from runtime.store.database import reading
from runtime.store.tables import choices, effects, systems

if TYPE_CHECKING:
    from runtime.sealing import Seal

LaneAct = Literal["pause", "resume", "open", "close"]

PROOFS: Final[tuple[Proof, ...]] = get_args(Proof)
ALLOWED: Final = "outgoing_allowed"
REMEMBERED_SECONDS = 2.0
STRANGE_SECONDS = 0.2
LONGEST_NAME: Final = 64
LONGEST_LABEL: Final = 128
LONGEST_URL: Final = 2_000
LONGEST_SECRET: Final = 1_000
MOST_ALLOWED: Final = 100


@dataclass(frozen=True, slots=True)
class System:
    """A system as it is to be called. `secret` None: as it was."""

    name: str
    label: Words
    url: str
    proof: Proof = "none"
    secret: str | None = None


# --- reading --------------------------------------------------------------------------------------------------------------


def all_systems(connection: Connection) -> list[RowMapping]:
    """Every system that an administrator set up, by name."""
    return list(connection.execute(select(systems).order_by(systems.c.name)).mappings())


def find(connection: Connection, name: str) -> RowMapping | None:
    """A system that an administrator set up."""
    return connection.execute(select(systems).where(systems.c.name == name)).mappings().first()


def limits_of(connection: Connection, name: str) -> Limits:
    """The limits of a system's lane."""
    return lanes.find(connection, ("system", name)).limits


def allowed(connection: Connection) -> tuple[str, ...]:
    """The networks and hosts that calls may go to although they are not on the public internet, as they were written."""
    kept = connection.execute(select(choices.c.value).where(choices.c.name == ALLOWED)).scalar()
    return tuple(json.loads(kept)) if kept else ()


def read_allowed(texts: tuple[str, ...]) -> Allowed:
    """Networks and hosts from their texts."""
    networks = [network for text in texts if (network := _network(text))]
    return Allowed(tuple(networks), frozenset(text.lower() for text in texts if not _network(text)))


def longest_waiting(connection: Connection, target: lanes.Target, now: int) -> int | None:
    """Since when the longest waiting call by a lane waits."""
    adapter, name = target
    mine = (effects.c.adapter == adapter, effects.c.target == name, effects.c.due_at <= now)
    return connection.execute(select(func.min(effects.c.made_at)).where(*mine)).scalar()


def callers(connection: Connection, name: str) -> list[str]:
    """The keys of the flows that call a system: by their draft or published version, or for an order that still runs."""
    in_use = versions.documents_in_use(connection)
    return sorted({key for key, document in in_use if _calls(document, name)})


# --- checking -------------------------------------------------------------------------------------------------------------


def problems_of(system: System, before: RowMapping | None) -> list[Problem]:
    """What is wrong with a system. `before`: how it is set up now; None: it is added."""
    found = (
        None if before else _name_problem(system.name),
        _label_problem(system.label),
        url_problem(system.url, "url"),
        _proof_problem(system, before),
    )
    return [one for one in found if one]


def read_limits(told: Mapping[str, str], before: Limits) -> tuple[Limits, list[Problem]]:
    """Limits from texts, and what is wrong with them. What is not told stays as before."""
    wrong: list[Problem] = []
    read: dict[str, int] = {}
    for name, text in told.items():
        least, most = RANGES[name]
        number = text.strip()
        fits = number.isascii() and number.isdigit() and len(number) < 10 and least <= int(number) <= most
        if fits:
            read[name] = int(number)
        else:
            wrong.append(Problem("system.range", name, {"value": shown(text), "least": least, "most": most}))
    return (before if wrong else replace(before, **read)), wrong


def allowed_problems(texts: Sequence[str]) -> list[Problem]:
    """What is wrong with a list of networks and hosts."""
    if len(texts) > MOST_ALLOWED:
        return [Problem("system.allowed_many", "allowed", {"most": MOST_ALLOWED})]
    unread = [text for text in texts if not (_network(text) or _is_host(text))]
    return [Problem("system.allowed", "allowed", {"value": shown(text)}) for text in unread]


# --- changing -------------------------------------------------------------------------------------------------------------


def add(connection: Connection, system: System, limits: Limits, seal: "Seal", actor: Actor, at: int) -> bool:
    """Add a system that is without problems. False: somebody has just set up one of this name."""
    if find(connection, system.name):
        return False
    try:
        with connection.begin_nested():
            keep(connection, system, limits, seal, actor, at)
    except IntegrityError:
        return False
    return True


def keep(connection: Connection, system: System, limits: Limits, seal: "Seal", actor: Actor, at: int) -> None:
    """Add a system, or change it, with its limits. They must be without problems."""
    before = find(connection, system.name)
    values: dict[str, str | None] = {"label": _label_text(system.label), "url": system.url, "proof": system.proof}
    if system.proof == "none":
        values["secret"] = None
    elif system.secret is not None:
        values["secret"] = seal.close((system.secret,))
    if before:
        connection.execute(update(systems).where(systems.c.name == system.name).values(**values))
    else:
        connection.execute(insert(systems).values(name=system.name, made_at=at, made_by=actor.name, **values))
    told = {"url": system.url, "proof": system.proof, "new_secret": system.secret is not None}
    was = {"url": before["url"], "proof": before["proof"]} if before else None
    trail.write(connection, actor, at, "system.change" if before else "system.add", system.name, was, told)
    limit(connection, ("system", system.name), limits, actor, at)


def limit(connection: Connection, target: lanes.Target, limits: Limits, actor: Actor, at: int) -> None:
    """Let calls go out by these limits from now on."""
    lane = lanes.lock(connection, target)
    if lane.limits == limits:
        return
    lanes.save(connection, replace(lane, limits=limits))
    trail.write(connection, actor, at, "lane.limits", ":".join(target), asdict(lane.limits), asdict(limits))


def act_on_lane(connection: Connection, target: lanes.Target, act: LaneAct, reason: str, actor: Actor, at: int) -> bool:
    """Pause or resume calls, or open or close the breaker, by a person's word. False: it was so already."""
    lane = lanes.lock(connection, target)
    match act:
        case "pause":
            acted = lane if lane.paused else replace(lane, paused=Paused(actor.name, at, reason))
        case "resume":
            acted = replace(lane, paused=None)
        case "open":
            acted = lane if lane.breaker(at) == "open" else opened(lane, at, reason)
        case "close":
            acted = closed(lane)
    if acted == lane:
        return False
    lanes.save(connection, acted)
    trail.write(connection, actor, at, f"lane.{act}", ":".join(target), after={"reason": reason})
    return True


def drop(connection: Connection, name: str, actor: Actor, at: int) -> None:
    """Forget a system. Calls to it that still wait are refused; its lane stays."""
    connection.execute(delete(systems).where(systems.c.name == name))
    trail.write(connection, actor, at, "system.drop", name)


def allow(connection: Connection, texts: Sequence[str], actor: Actor, at: int) -> None:
    """Let exactly these networks and hosts be called beside the public internet."""
    before, value = allowed(connection), orjson.dumps(list(texts)).decode()
    changed = connection.execute(update(choices).where(choices.c.name == ALLOWED).values(value=value))
    if changed.rowcount == 0:
        connection.execute(insert(choices).values(name=ALLOWED, value=value))
    trail.write(connection, actor, at, "outgoing.allow", ALLOWED, {"allowed": before}, {"allowed": list(texts)})


# --- calling --------------------------------------------------------------------------------------------------------------


class LiveOutlets(Mapping[tuple[str, str], Outlet]):
    """Every outlet that a flow may name, by adapter and target: those of folders, and those set up, as they are now.

    What was set up is looked up again after two seconds, and at once when a name is not known. Threads may share it.
    """

    def __init__(self, engine: Engine, secret_key: str) -> None:
        self._engine = engine
        self._secret_key = secret_key
        self._turn = Lock()
        self._looked_at = float("-inf")
        self._set_up: dict[tuple[str, str], Outlet] = {}
        self._allowed = Allowed()
        self._folders = {
            (adapter, name): outlet
            for adapter in ("notifier", "system")
            for name, outlet in adapters.outlets(f"{adapter}s").items()
        }

    def __getitem__(self, key: tuple[str, str]) -> Outlet:
        found = self._folders.get(key) or self._current(REMEMBERED_SECONDS).get(key)
        return found or self._current(STRANGE_SECONDS)[key]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter({**self._folders, **self._current(REMEMBERED_SECONDS)})

    def __len__(self) -> int:
        return len({**self._folders, **self._current(REMEMBERED_SECONDS)})

    def _current(self, seconds: float) -> dict[tuple[str, str], Outlet]:
        """What is set up, as it was at most so many seconds ago."""
        with self._turn:
            if time.monotonic() - self._looked_at > seconds:
                with reading(self._engine) as connection:
                    rows, listed, posted = all_systems(connection), allowed(connection), ways.all_ways(connection)
                self._allowed = read_allowed(listed)
                self._set_up = {("system", row["name"]): self._outlet(row) for row in rows} | {
                    ("notifier", way.key): Outlet(way.name, _left_to_the_post, posted=True) for way in posted.values()
                }
                self._looked_at = time.monotonic()
            return self._set_up

    def _outlet(self, row: RowMapping) -> Outlet:
        secret = self._secret(row["secret"]) if row["proof"] != "none" else ""
        if row["proof"] != "none" and not secret:
            return Outlet(label_of(row), _without_its_secret)
        return Outlet(label_of(row), WebSystem(row["url"], row["proof"], secret, lambda: self._allowed).send)

    def _secret(self, sealed: str | None) -> str:
        # Only this needs cryptography, which is large: most processes never open a secret.
        from runtime.sealing import Seal

        return next(iter(Seal(self._secret_key).open(sealed)), "")


def _label_text(label: Words) -> str:
    return label if isinstance(label, str) else json.dumps(dict(label), ensure_ascii=False)


def label_of(row: RowMapping) -> Words:
    """The name that people read: a text, or a text a language."""
    label: str = row["label"]
    if not label.startswith("{"):
        return label
    spoken: dict[str, str] = json.loads(label)
    return spoken


# --- parts ----------------------------------------------------------------------------------------------------------------


def _left_to_the_post(call: Call) -> Answered:
    raise AssertionError(f"{call.key} is brought by the post")


def _without_its_secret(call: Call) -> Answered:
    return Answered(
        "refused", message="the secret of the system cannot be opened with this installation's key: set it again"
    )


def _name_problem(name: str) -> Problem | None:
    fit = 1 <= len(name) <= LONGEST_NAME and all(s.isascii() and (s.isalnum() or s in "-_.") for s in name)
    if not fit or not name[0].isalnum():
        return Problem("system.name", "name", {"value": shown(name), "most": LONGEST_NAME})
    return Problem("system.taken", "name", {"name": name}) if name in adapters.outlets("systems") else None


def _label_problem(label: Words) -> Problem | None:
    texts = [label] if isinstance(label, str) else list(label.values())
    fit = texts and all(0 < len(text.strip()) <= LONGEST_LABEL and text.isprintable() for text in texts)
    return None if fit else Problem("system.label", "label", {"most": LONGEST_LABEL})


def url_problem(url: str, where: str) -> Problem | None:
    """Why an address that somebody typed can never be called; None: it may be."""
    if len(url) > LONGEST_URL:
        return Problem("system.url_long", where, {"most": LONGEST_URL})
    try:
        read_url(url)
    except Refused as refused:
        return Problem(refused.code, where, refused.params)
    return None


def _proof_problem(system: System, before: RowMapping | None) -> Problem | None:
    if system.proof not in PROOFS:
        return Problem("system.proof", "proof", {"value": shown(system.proof), "known": ", ".join(PROOFS)})
    if system.proof == "none":
        return Problem("system.secret_unused", "proof") if system.secret else None
    if before and before["secret"] and system.secret is None:
        # A kept secret goes where it was meant for: whoever may change the address does not learn it by that.
        return moved_problem(system.url, before["url"])
    if not system.secret:
        return Problem("system.secret_missing", "secret")
    return secret_problem(system.secret)


def moved_problem(url: str, before: str) -> Problem | None:
    """Why a kept secret is not used for an address: it was meant for another host."""
    return Problem("system.secret_again", "secret") if _origin(url) != _origin(before) else None


def secret_problem(secret: str) -> Problem | None:
    """Why a text cannot be a secret: it may have to stand in a header, where only these signs can."""
    fit = len(secret) <= LONGEST_SECRET and all("!" <= sign <= "~" for sign in secret)
    return None if fit else Problem("system.secret", "secret", {"most": LONGEST_SECRET})


def _origin(url: str) -> tuple[str, str, int] | None:
    try:
        return read_url(url).origin
    except Refused:
        return None


def _network(text: str) -> Network | None:
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError:
        return None


def _is_host(text: str) -> bool:
    named = text.isascii() and all(sign.isalnum() or sign in "-_." for sign in text)
    return named and 0 < len(text) <= 253


def _calls(document: Mapping[str, Any], name: str) -> bool:
    return any(node.get("settings", {}).get("system") == name for node in document.get("nodes", ()))

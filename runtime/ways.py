"""The ways by which messages go: set up, changed, paused and forgotten by administrators."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import orjson
from sqlalchemy import Connection, delete, insert, update
from sqlalchemy.exc import IntegrityError

from nodes.contract import Words
from runtime import adapters
from runtime.actor import Actor
from runtime.adapters.contract import Messenger
from runtime.core.problem import Problem
from runtime.core.shape import StrictValidator, shape_problems
from runtime.placing import cap_name
from runtime.store import mail, trail, versions
from runtime.store.tables import message_ways
from runtime.store.ways import House, Way, all_ways, chain, find, house, keep_house
from runtime.systems import LaneAct, act_on_lane, moved_problem, url_problem

if TYPE_CHECKING:
    from runtime.sealing import Seal

LONGEST_KEY: Final = 32
LONGEST_NAME: Final = 128
LONGEST_WINDOW: Final = 3_600
MINUTES_OF_A_DAY: Final = 24 * 60


@dataclass(frozen=True, slots=True)
class Draft:
    """A way as somebody wants it. `secrets` that are not told stay as they are kept."""

    key: str
    name: Words
    messenger: str
    settings: Mapping[str, Any]
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    fall_back: str | None = None
    quiet_from: int | None = None
    quiet_to: int | None = None
    digest_seconds: int = 0
    caps: Mapping[str, int] = field(default_factory=dict)


def secret_names(messenger: Messenger) -> frozenset[str]:
    """The settings that are kept sealed."""
    return frozenset(name for name, rule in messenger.settings["properties"].items() if rule.get("x-secret"))


# --- checking -------------------------------------------------------------------------------------------------------------


def problems_of(connection: Connection, draft: Draft, before: Way | None) -> list[Problem]:
    """What is wrong with a way. `before`: how it is set up now; None: it is added."""
    messenger = adapters.all_messengers().get(draft.messenger)
    found = [
        None if before else _key_problem(connection, draft.key),
        _name_problem(draft.name),
        _quiet_problem(draft),
        _window_problem(draft),
        _fall_back_problem(connection, draft),
        None if messenger else Problem("way.messenger", "messenger"),
    ]
    problems = [one for one in found if one]
    if messenger:
        problems += [*_settings_problems(messenger, draft, before), *_caps_problems(messenger, draft)]
    return problems


def _key_problem(connection: Connection, key: str) -> Problem | None:
    fit = 1 <= len(key) <= LONGEST_KEY and all(s.isascii() and (s.isalnum() or s in "-_.") for s in key)
    if not fit or not key[0].isalnum():
        return Problem("way.key", "key", {"most": LONGEST_KEY})
    taken = key in adapters.outlets("notifiers") or find(connection, key)
    return Problem("way.taken", "key", {"key": key}) if taken else None


def _name_problem(name: Words) -> Problem | None:
    texts = [name] if isinstance(name, str) else list(name.values())
    fit = texts and all(0 < len(text.strip()) <= LONGEST_NAME and text.isprintable() for text in texts)
    return None if fit else Problem("way.name", "name", {"most": LONGEST_NAME})


def _quiet_problem(draft: Draft) -> Problem | None:
    hours = draft.quiet_from, draft.quiet_to
    if hours == (None, None):
        return None
    fit = all(hour is not None and 0 <= hour < MINUTES_OF_A_DAY for hour in hours) and len(set(hours)) == 2
    return None if fit else Problem("way.quiet", "quiet")


def _window_problem(draft: Draft) -> Problem | None:
    fit = 0 <= draft.digest_seconds <= LONGEST_WINDOW
    return None if fit else Problem("way.window", "digest_seconds", {"most": LONGEST_WINDOW})


def _fall_back_problem(connection: Connection, draft: Draft) -> Problem | None:
    """A chain that comes back to where it began would never end."""
    if draft.fall_back is None:
        return None
    ways = all_ways(connection)
    if draft.fall_back not in ways:
        return Problem("way.unknown", "fall_back", {"key": draft.fall_back})
    behind = chain(ways, draft.fall_back)
    if draft.key in behind:
        circle = " → ".join((draft.key, *behind[: behind.index(draft.key) + 1]))
        return Problem("way.loop", "fall_back", {"circle": circle})
    return None


def _settings_problems(messenger: Messenger, draft: Draft, before: Way | None) -> list[Problem]:
    """By the messenger's schema; a kept secret counts as told, where messages still go to the same place."""
    kept = secret_names(messenger) - set(draft.secrets) if before and before.sealed else frozenset()
    schema = dict(messenger.settings)
    schema["required"] = [name for name in schema.get("required", ()) if name not in kept]
    problems = list(shape_problems(StrictValidator(schema), {**draft.settings, **draft.secrets}))
    wrong = {problem.where for problem in problems}
    for name, rule in messenger.settings["properties"].items():
        address = {**draft.settings, **draft.secrets}.get(name)
        if rule.get("format") != "uri" or name in wrong or not isinstance(address, str) or not address:
            continue
        was = before.settings.get(name) if before else None
        moved = moved_problem(address, was) if kept and was and name in draft.settings else None
        problem = url_problem(address, name) or (moved and Problem(moved.code, next(iter(sorted(kept)))))
        problems += [problem] if problem else []
    return problems


def _caps_problems(messenger: Messenger, draft: Draft) -> list[Problem]:
    """A way's own cap is at most the one that its provider publishes."""
    known = {cap_name(cap.each, cap.seconds): cap.most for cap in messenger.caps}
    return [
        Problem("way.cap", f"cap_{name}", {"most": known.get(name, 0)})
        for name, most in draft.caps.items()
        if not 1 <= most <= known.get(name, 0)
    ]


# --- changing -------------------------------------------------------------------------------------------------------------


def add(connection: Connection, draft: Draft, seal: "Seal", actor: Actor, at: int) -> bool:
    """Add a way that is without problems. False: somebody has just set up one of this key."""
    try:
        with connection.begin_nested():
            row = {**_row(draft, None, seal), "key": draft.key, "made_at": at, "made_by": actor.name}
            connection.execute(insert(message_ways), row)
    except IntegrityError:
        return False
    trail.write(connection, actor, at, "way.add", draft.key, None, _told(draft))
    if not house(connection).way:
        # The first way that is set up is the one by which people are told.
        _choose(connection, way=draft.key)
    return True


def keep(connection: Connection, draft: Draft, before: Way, seal: "Seal", actor: Actor, at: int) -> None:
    """Change a way; what waits for it goes by the new settings at once."""
    changed = update(message_ways).where(message_ways.c.key == draft.key)
    connection.execute(changed.values(**_row(draft, before, seal)))
    mail.hurry(connection, draft.key, at)
    trail.write(connection, actor, at, "way.change", draft.key, {"settings": dict(before.settings)}, _told(draft))


def drop(connection: Connection, key: str, actor: Actor, at: int) -> None:
    """Forget a way. What still waits for it takes the next one, or ends."""
    connection.execute(delete(message_ways).where(message_ways.c.key == key))
    mail.hurry(connection, key, at)
    mail.end_trouble(connection, "wrong_key", [key], at)
    if house(connection).way == key:
        _choose(connection, way="")
    trail.write(connection, actor, at, "way.drop", key)


def act_on(connection: Connection, key: str, act: LaneAct, reason: str, actor: Actor, at: int) -> bool:
    """Pause or resume a way, or open or close its breaker. False: it was so already."""
    done = act_on_lane(connection, ("messenger", key), act, reason, actor, at)
    if act in ("resume", "close"):
        mail.hurry(connection, key, at)
    return done


def choose(connection: Connection, chosen: House, actor: Actor, at: int) -> None:
    """Say what holds for all messages."""
    keep_house(connection, chosen)
    after = {"url": chosen.url, "way": chosen.way, "language": chosen.language}
    trail.write(connection, actor, at, "way.house", chosen.way or "-", None, after)


def flows_by(connection: Connection, key: str) -> list[str]:
    """The keys of the flows that send by a way: by their draft or published version, or for an order that still runs."""
    in_use = versions.documents_in_use(connection)
    return sorted({flow for flow, document in in_use if _sends(document, key)})


def behind_which(connection: Connection, key: str) -> list[str]:
    """The ways that fall back to this one."""
    return [one.key for one in all_ways(connection).values() if one.fall_back == key]


def _sends(document: Mapping[str, Any], key: str) -> bool:
    nodes: Sequence[Mapping[str, Any]] = document.get("nodes", ())
    return any(node.get("type") == "notify" and node.get("settings", {}).get("channel") == key for node in nodes)


def _choose(connection: Connection, *, way: str) -> None:
    now = house(connection)
    keep_house(connection, House(now.url, way, now.language))


def _row(draft: Draft, before: Way | None, seal: "Seal") -> dict[str, Any]:
    return {
        "name": orjson.dumps(draft.name).decode(),
        "messenger": draft.messenger,
        "settings": orjson.dumps(dict(draft.settings)).decode(),
        "secrets": _sealed(draft, before, seal),
        "fall_back": draft.fall_back,
        "quiet_from": draft.quiet_from,
        "quiet_to": draft.quiet_to,
        "digest_seconds": draft.digest_seconds,
        "caps": orjson.dumps(dict(draft.caps)).decode(),
    }


def _sealed(draft: Draft, before: Way | None, seal: "Seal") -> str | None:
    """The kept secrets with those that were told anew, as names and secrets by turns."""
    opened = seal.open(before.sealed) if before else ()
    secrets = {**dict(zip(opened[::2], opened[1::2], strict=True)), **draft.secrets}
    texts = tuple(text for pair in secrets.items() for text in pair)
    return seal.close(texts) if texts else None


def _told(draft: Draft) -> dict[str, Any]:
    return {
        "messenger": draft.messenger,
        "settings": dict(draft.settings),
        "new_secrets": sorted(draft.secrets),
        "fall_back": draft.fall_back,
    }

"""Flows as they are kept: drafts, published versions, and which flow takes the orders of which channel."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from runtime import calendars, crash
from runtime.actor import Actor
from runtime.clock import Clock
from runtime.core.flow import FlowCheck, compile_published, fingerprint, read_flow
from runtime.core.flow_parts import Flow
from runtime.core.json_text import shown
from runtime.core.moment import BUSINESS_ZONE, micros
from runtime.core.plan import Plan
from runtime.core.problem import Problem
from runtime.pushing import Tell, tell_nobody
from runtime.store import trail
from runtime.store.database import begin, reading
from runtime.store.ids import new_id
from runtime.store.tables import channels, choices, flow_versions, flows, team_members, teams

DEFAULT_FLOW = "default_flow"


@dataclass(frozen=True, slots=True)
class Taker:
    """The flow that takes a channel's orders, and its published version."""

    flow_key: str
    version_id: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A flow as it is being drawn. `version` is the published number, None before the first publication."""

    key: str
    document: Mapping[str, Any]
    rev: int
    by: str
    at: int
    version: int | None


@dataclass(frozen=True, slots=True)
class Saved:
    """A stored draft: its new rev, and what is still wrong with it."""

    rev: int
    check: FlowCheck


@dataclass(frozen=True, slots=True)
class Published:
    """A publication. `problems` are warnings: what has errors is not published."""

    version: int
    version_id: str
    problems: tuple[Problem, ...]


class Flows:
    """Reads and writes flows. Safe to share between threads."""

    def __init__(self, engine: Engine, clock: Clock, tell: Tell = tell_nobody, zone: tzinfo = BUSINESS_ZONE) -> None:
        self._engine = engine
        self._clock = clock
        self._tell = tell
        self.zone = zone
        self._plans: dict[str, Plan] = {}
        self._pinned: dict[tuple[str, int], Mapping[str, Any]] = {}

    def check(self, document: Any) -> FlowCheck:
        """All that is wrong with a document here, with the sub-flows and the calendars of this house."""
        with reading(self._engine) as connection:
            return self._check(connection, document)

    def _check(self, connection: Connection, document: Any) -> FlowCheck:
        found = read_flow(document, self.document)
        return replace(found, problems=(*found.problems, *_unknown_calendars(connection, found.flow)))

    def document(self, key: str, version: int) -> Mapping[str, Any] | None:
        """What was published as this version of a flow, which never changes; None: there is no such version."""
        found = self._pinned.get((key, version))
        if found is None:
            query = select(flow_versions.c.document).where(
                flow_versions.c.flow_key == key, flow_versions.c.number == version
            )
            with reading(self._engine) as connection:
                stored = connection.execute(query).scalar()
            if stored is None:
                return None
            found = self._pinned[key, version] = orjson.loads(stored)
        return found

    # --- drafts -----------------------------------------------------------------------------------------------------

    def draft(self, key: str) -> Draft | None:
        """The flow's draft, or None where there is no such flow."""
        with reading(self._engine) as connection:
            row = connection.execute(select(flows).where(flows.c.key == key)).mappings().first()
        if row is None:
            return None
        document = orjson.loads(row["draft"])
        return Draft(key, document, row["draft_rev"], row["draft_by"], row["draft_at"], row["version"])

    def add(self, document: Mapping[str, Any], actor: Actor) -> Saved | FlowCheck:
        """Store a document as the draft of its key, new or not (an import). A FlowCheck without a flow: nothing stored."""
        check = self.check(document)
        if check.flow is None:
            return check
        key = check.flow.key
        at = micros(self._clock())
        with begin(self._engine, durable=True) as connection:
            rev = connection.execute(select(flows.c.draft_rev).where(flows.c.key == key)).scalar()
            row = _draft_row(document, (rev or 0) + 1, actor, at)
            if rev is None:
                connection.execute(insert(flows).values(key=key, made_at=at, **row))
            else:
                connection.execute(update(flows).where(flows.c.key == key).values(**row))
            trail.write(connection, actor, at, "flow.import", key)
        return Saved(row["draft_rev"], check)

    def add_new(self, document: Mapping[str, Any], actor: Actor) -> Saved | FlowCheck | None:
        """Store a document as a flow that was not there. None: its key is taken, and nothing was stored."""
        check = self.check(document)
        if check.flow is None:
            return check
        at = micros(self._clock())
        try:
            with begin(self._engine, durable=True) as connection:
                row = _draft_row(document, 1, actor, at)
                connection.execute(insert(flows).values(key=check.flow.key, made_at=at, **row))
                trail.write(connection, actor, at, "flow.import", check.flow.key)
        except IntegrityError:
            return None
        return Saved(1, check)

    # --- versions ---------------------------------------------------------------------------------------------------

    def publish(self, key: str, note: str, actor: Actor) -> Published | FlowCheck | None:
        """Make the flow's document the version that new orders take (see `publish_in`)."""
        with begin(self._engine, durable=True) as connection:
            published = self.publish_in(connection, key, note, actor)
        crash.at("publication.committed")
        self.tell_published(key)
        return published

    def tell_published(self, key: str) -> None:
        """Let open pages know that the flow has a new version, now committed."""
        self._tell(("flows", f"flow:{key}"))

    def publish_in(
        self,
        connection: Connection,
        key: str,
        note: str,
        actor: Actor,
        drawn: Mapping[str, Any] | None = None,
    ) -> Published | FlowCheck | None:
        """Make the flow's document, or with `drawn` this one in its place, the version that new orders take.

        A FlowCheck: it has errors; None: there is no such flow. The flow's channels are made where they are missing,
        and this flow takes those that no other flow takes yet. The first flow ever published takes every channel that
        nobody names. Missing teams are made without members.
        """
        at = micros(self._clock())
        row = connection.execute(select(flows).where(flows.c.key == key).with_for_update()).mappings().first()
        if row is None:
            return None
        document = orjson.loads(row["draft"]) if drawn is None else drawn
        check = self._check(connection, document)
        if check.errors or check.flow is None:
            return check
        if drawn is not None:
            changed = _draft_row(document, row["draft_rev"] + 1, actor, at)
            connection.execute(update(flows).where(flows.c.key == key).values(**changed))
        number = (row["version"] or 0) + 1
        version_id = new_id(self._clock())
        connection.execute(
            insert(flow_versions).values(
                id=version_id,
                flow_key=key,
                number=number,
                document=orjson.dumps(document, default=float).decode(),
                fingerprint=fingerprint(document),
                note=note,
                published_at=at,
                published_by=actor.name,
            )
        )
        connection.execute(update(flows).where(flows.c.key == key).values(version=number, version_id=version_id))
        _take_channels(connection, check.flow.channels, key, at)
        empty = _make_teams(connection, check.flow.teams, at)
        trail.write(connection, actor, at, "flow.publish", key, after={"version": number, "note": note})
        crash.at("publication.stored")
        warnings = tuple(
            Problem("flow.team_without_members", "teams", {"team": team}, level="warning") for team in empty
        )
        return Published(number, version_id, check.warnings + warnings)

    def published(self, connection: Connection, key: str) -> str | None:
        """The id of the flow's published version."""
        version_id: str | None = connection.execute(select(flows.c.version_id).where(flows.c.key == key)).scalar()
        return version_id

    def plan(self, connection: Connection, version_id: str) -> Plan:
        """The plan of a published version, compiled once a process."""
        plan = self._plans.get(version_id)
        if plan is None:
            query = select(flow_versions.c.document, flow_versions.c.number).where(flow_versions.c.id == version_id)
            document, number = connection.execute(query).one()
            published = compile_published(orjson.loads(document), number, self.document, self.zone)
            plan = self._plans[version_id] = published
        return plan

    def set_default(self, key: str, actor: Actor) -> bool:
        """Let this flow take the orders of every channel that no flow names. False: it was never published."""
        at = micros(self._clock())
        with begin(self._engine, durable=True) as connection:
            if self.published(connection, key) is None:
                return False
            _choose(connection, DEFAULT_FLOW, key)
            trail.write(connection, actor, at, "flow.default", key)
        return True


def takers(connection: Connection, names: Collection[str], at: int) -> dict[str, Taker]:
    """The flow that takes each of these channels' orders; channels never heard of are made. Missing: nobody takes them."""
    rows = connection.execute(_TAKERS, {"names": list(names)}).all()
    new = set(names) - {row.name for row in rows}
    if new:
        connection.execute(insert(channels), [{"name": name, "made_at": at} for name in sorted(new)])
    taken = {row.name: Taker(row.key, row.version_id) for row in rows if row.version_id}
    if len(taken) < len(names):
        fallback = _default_taker(connection)
        if fallback:
            taken = dict.fromkeys(names, fallback) | taken
    return taken


def default_flow(connection: Connection) -> str | None:
    """The key of the flow that takes every channel which no flow names."""
    value = connection.execute(_DEFAULT_FLOW).scalar()
    return orjson.loads(value) if value else None


# Built once: intake asks with every request.
_TAKERS = (
    select(channels.c.name, flows.c.key, flows.c.version_id)
    .join(flows, flows.c.key == channels.c.flow_key, isouter=True)
    .where(channels.c.name.in_(bindparam("names", expanding=True)))
)
_DEFAULT_FLOW = select(choices.c.value).where(choices.c.name == DEFAULT_FLOW)
_VERSION = select(flows.c.version_id).where(flows.c.key == bindparam("of"))


def _default_taker(connection: Connection) -> Taker | None:
    key = default_flow(connection)
    version_id = connection.execute(_VERSION, {"of": key}).scalar() if key else None
    return Taker(key, version_id) if key and version_id else None


def _unknown_calendars(connection: Connection, flow: Flow | None) -> list[Problem]:
    """The steps that count by a calendar which is not here: until there is one, they count every minute."""
    nodes = flow.nodes if flow else ()
    named = {number: node for number, node in enumerate(nodes) if isinstance(node.settings.get("calendar"), str)}
    known = calendars.keys(connection) if named else set()
    return [
        Problem(
            "flow.calendar_unknown",
            f"nodes.{number}.settings.calendar",
            {"calendar": shown(node.settings["calendar"])},
            node.id,
            "warning",
        )
        for number, node in named.items()
        if node.settings["calendar"] not in known
    ]


def _take_channels(connection: Connection, names: Sequence[str], key: str, at: int) -> None:
    known = set(connection.execute(select(channels.c.name).where(channels.c.name.in_(names))).scalars())
    new = [{"name": name, "flow_key": key, "made_at": at} for name in dict.fromkeys(names) if name not in known]
    if new:
        connection.execute(insert(channels), new)
    free = update(channels).where(channels.c.name.in_(names), channels.c.flow_key.is_(None))
    connection.execute(free.values(flow_key=key))
    if default_flow(connection) is None:
        _choose(connection, DEFAULT_FLOW, key)


def _make_teams(connection: Connection, named: Mapping[str, Any], at: int) -> list[str]:
    """Make the teams that are missing; the keys of those that have no members."""
    known = set(connection.execute(select(teams.c.key).where(teams.c.key.in_(named))).scalars())
    new = [
        {"key": key, "name": orjson.dumps(name).decode(), "made_at": at}
        for key, name in named.items()
        if key not in known
    ]
    if new:
        connection.execute(insert(teams), new)
    peopled = connection.execute(select(team_members.c.team).where(team_members.c.team.in_(named)))
    return sorted(set(named) - set(peopled.scalars()))


def _choose(connection: Connection, name: str, value: Any) -> None:
    text = orjson.dumps(value).decode()
    changed = connection.execute(update(choices).where(choices.c.name == name).values(value=text))
    if changed.rowcount == 0:
        connection.execute(insert(choices).values(name=name, value=text))


def _draft_row(document: Mapping[str, Any], rev: int, actor: Actor, at: int) -> dict[str, Any]:
    return {
        "name": orjson.dumps(document["name"]).decode(),
        "draft": orjson.dumps(document, default=float).decode(),
        "draft_rev": rev,
        "draft_by": actor.name,
        "draft_at": at,
    }

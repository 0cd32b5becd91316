"""The draft that each person draws of a flow: every change is a line of a log, and the log is the only history.

A flow has a document of its own: what was imported or published last. A person's draft begins from it and goes its own
way until it is published. When the flow's document has changed meanwhile, the draft must be brought onto it first.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import orjson
from sqlalchemy import Connection, Engine, RowMapping, delete, desc, insert, select, update

from runtime.actor import Actor
from runtime.clock import Clock
from runtime.core.drafting import Change, Merged, changed, difference, merge, normal, way_back
from runtime.core.flow import FlowCheck
from runtime.core.moment import micros
from runtime.flows import Flows, Published
from runtime.store.database import begin, reading
from runtime.store.tables import draft_changes, drafts, flows, presence

Kind = Literal["do", "undo", "redo"]

REMEMBERED: Final = 300  # changes that a page gets to undo
PRESENT_MICROS: Final = 30 * 1_000_000  # whoever was heard of since is there
FORGOTTEN_MICROS: Final = 3600 * 1_000_000


@dataclass(frozen=True, slots=True)
class Edit:
    """One change as a page sends it. `id` is the page's own; `by` is whose work it is where it is not the owner's.

    `onto` says that with this change the draft stands on the flow's document of that rev.
    """

    id: str
    kind: Kind
    label: str
    change: Change
    series: str | None = None
    by: str | None = None
    onto: int | None = None


@dataclass(frozen=True, slots=True)
class Logged:
    """One line of the log. `at` is microseconds since the epoch."""

    number: int
    id: str
    at: int
    by: str
    kind: Kind
    label: str
    series: str | None
    change: Change
    back: Change


@dataclass(frozen=True, slots=True)
class Trunk:
    """The flow's own document: which rev of it, and who made it when."""

    document: Mapping[str, Any]
    rev: int
    by: str
    at: int
    version: int | None


@dataclass(frozen=True, slots=True)
class OpenDraft:
    """A draft as a page opens it. `log` are its last changes, oldest first; the document is what they led to."""

    document: Mapping[str, Any]
    rev: int
    base_rev: int
    differs: bool
    trunk: Trunk
    log: tuple[Logged, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """The edits are stored; `rev` is the number of the last."""

    rev: int
    base_rev: int
    check: FlowCheck
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Behind:
    """Nothing was stored: the draft has gone on elsewhere (`changes` are what the page does not know yet)."""

    changes: tuple[Logged, ...]


@dataclass(frozen=True, slots=True)
class Overtaken:
    """Nothing was stored: the flow's own document is another one than the page knows."""

    trunk: Trunk


@dataclass(frozen=True, slots=True)
class Somebody:
    """Another person at the flow. `node` is selected there; `changes` are not published yet. Times in microseconds."""

    name: str
    here: bool
    node: str | None
    changes: int
    changed_at: int | None


class Drafts:
    """Reads and writes drafts. Safe to share between threads."""

    def __init__(self, engine: Engine, clock: Clock, flows: Flows) -> None:
        self._engine = engine
        self._clock = clock
        self._flows = flows

    # --- opening and writing --------------------------------------------------------------------------------------------

    def open(self, key: str, person: str, remembered: int = REMEMBERED) -> OpenDraft | None:
        """The person's draft with so many of its last changes; the flow's own document where they have none.

        None: there is no such flow.
        """
        with reading(self._engine) as connection:
            trunk = _trunk(connection, key)
            if trunk is None:
                return None
            row = _row(connection, key, person)
            if row is None:
                return OpenDraft(normal(trunk.document), 0, trunk.rev, False, trunk)
            log = _log(connection, key, person, newest=remembered)
        document = orjson.loads(row["document"])
        differs = document != orjson.loads(row["base"])
        return OpenDraft(document, row["rev"], row["base_rev"], differs, trunk, log)

    def document(self, key: str, person: str) -> Mapping[str, Any] | None:
        """What the person sees when they open the flow."""
        found = self.open(key, person)
        return found.document if found else None

    def write(
        self, key: str, actor: Actor, rev: int, base_rev: int, edits: Sequence[Edit]
    ) -> Written | Behind | Overtaken | FlowCheck | None:
        """Add edits to the person's draft, which the page knows up to `rev`, begun from the flow's `base_rev`.

        Edits that are stored already are stored once. A FlowCheck: what came out would be no flow, nothing was stored.
        """
        at = micros(self._clock())
        with begin(self._engine, durable=True) as connection:
            trunk = _trunk(connection, key, lock=True)
            if trunk is None:
                return None
            row = _row(connection, key, actor.name)
            if row is None and trunk.rev != base_rev:
                return Overtaken(trunk)
            known = _log(connection, key, actor.name, after=rev)
            ids = {edit.id for edit in edits}
            if any(one.id not in ids for one in known):
                return Behind(known)
            stored = _stored(connection, key, actor.name, ids)
            new = [edit for edit in {edit.id: edit for edit in reversed(edits)}.values() if edit.id not in stored][::-1]
            ontos = [edit.onto for edit in new if edit.onto is not None]
            if any(onto != trunk.rev for onto in ontos):
                return Overtaken(trunk)
            before = orjson.loads(row["document"]) if row else normal(trunk.document)
            last = row["rev"] if row else 0
            lines, document = _applied(before, new, last, actor.name, at)
            check = self._flows.check(document)
            if check.flow is None or document.get("key") != key:
                return check
            _store(connection, key, actor.name, row, trunk, lines, document, onto=bool(ontos), at=at)
        base = trunk.rev if ontos or row is None else row["base_rev"]
        return Written(last + len(lines), base, check, document)

    def follow(self, key: str, person: str, label: str) -> None:
        """Bring a draft that holds nothing of its own onto the flow's document, as a change that can be undone."""
        found = self.open(key, person)
        if found is None or found.differs or found.rev == 0 or found.base_rev == found.trunk.rev:
            return
        change = difference(found.document, found.trunk.document)
        edit = Edit(f"follow-{found.trunk.rev}", "do", label, change, by=found.trunk.by, onto=found.trunk.rev)
        self.write(key, Actor(person), found.rev, found.base_rev, [edit])

    def publish(self, key: str, rev: int, note: str, actor: Actor) -> Published | Behind | Overtaken | FlowCheck | None:
        """Make the person's draft, known up to `rev`, the version that new orders take."""
        with begin(self._engine, durable=True) as connection:
            trunk = _trunk(connection, key, lock=True)
            if trunk is None:
                return None
            row = _row(connection, key, actor.name)
            if (row["rev"] if row else 0) != rev:
                return Behind(_log(connection, key, actor.name, after=rev))
            if row is not None and row["base_rev"] != trunk.rev:
                return Overtaken(trunk)
            published = self._flows.publish_in(
                connection, key, note, actor, orjson.loads(row["document"]) if row else None
            )
            if isinstance(published, Published) and row is not None:
                connection.execute(
                    update(drafts)
                    .where(drafts.c.flow_key == key, drafts.c.owner == actor.name)
                    .values(base=row["document"], base_rev=trunk.rev + 1, base_at=rev)
                )
        self._flows.tell_published(key)
        return published

    # --- others ---------------------------------------------------------------------------------------------------------

    def merge(self, key: str, person: str, of: str | None) -> Merged | None:
        """What brings another person's changes, or with None the flow's own, into the person's draft."""
        mine = self.open(key, person)
        with reading(self._engine) as connection:
            own, other = _row(connection, key, person), _row(connection, key, of) if of else None
        if mine is None or (of and other is None):
            return None
        document = normal(mine.document)
        if other is not None:
            return merge(orjson.loads(other["base"]), document, orjson.loads(other["document"]))
        base = orjson.loads(own["base"]) if own else document
        return merge(base, document, normal(mine.trunk.document))

    def seen(self, key: str, person: str, page: str, node: str | None, *, edits: bool) -> None:
        """Somebody has the flow open on this page."""
        at = micros(self._clock())
        here = (presence.c.flow_key == key, presence.c.person == person, presence.c.page == page)
        told = {"node": node, "edits": edits, "seen_at": at}
        with begin(self._engine, durable=False) as connection:
            connection.execute(delete(presence).where(presence.c.seen_at < at - FORGOTTEN_MICROS))
            if connection.execute(update(presence).where(*here).values(told)).rowcount == 0:
                connection.execute(insert(presence).values(flow_key=key, person=person, page=page, **told))

    def others(self, key: str, person: str) -> list[Somebody]:
        """Who else has the flow open, or has changes that are not published; the last active first."""
        since = micros(self._clock()) - PRESENT_MICROS
        at_hand = select(presence.c.person, presence.c.node).where(
            presence.c.flow_key == key, presence.c.person != person, presence.c.seen_at >= since
        )
        unpublished = select(
            drafts.c.owner, (drafts.c.rev - drafts.c.base_at).label("changes"), drafts.c.changed_at
        ).where(drafts.c.flow_key == key, drafts.c.owner != person, drafts.c.rev > drafts.c.base_at)
        with reading(self._engine) as connection:
            here = {row.person: row.node for row in connection.execute(at_hand.order_by(presence.c.seen_at))}
            drawn = {row.owner: row for row in connection.execute(unpublished)}
        found = [
            Somebody(
                name,
                name in here,
                here.get(name),
                drawn[name].changes if name in drawn else 0,
                drawn[name].changed_at if name in drawn else None,
            )
            for name in {**here, **drawn}
        ]
        return sorted(found, key=lambda one: (not one.here, -(one.changed_at or 0), one.name))

    # --- the log --------------------------------------------------------------------------------------------------------

    def changes(self, key: str, person: str, after: int) -> tuple[Logged, ...]:
        """What happened to the person's draft after this number."""
        with reading(self._engine) as connection:
            return _log(connection, key, person, after=after)

    def authors(self, key: str, person: str) -> list[str]:
        """Whose changes the person's draft would publish, by name."""
        query = (
            select(draft_changes.c.by)
            .join(drafts, (drafts.c.flow_key == draft_changes.c.flow_key) & (drafts.c.owner == draft_changes.c.owner))
            .where(drafts.c.flow_key == key, drafts.c.owner == person, draft_changes.c.number > drafts.c.base_at)
            .distinct()
        )
        with reading(self._engine) as connection:
            return sorted(connection.execute(query).scalars())

    def history(self, key: str, person: str, before: int | None, limit: int) -> list[RowMapping]:
        """The log's lines, newest first: number, at, by, kind, label."""
        c = draft_changes.c
        query = select(c.number, c.at, c.by, c.kind, c.label).where(c.flow_key == key, c.owner == person)
        if before is not None:
            query = query.where(c.number < before)
        with reading(self._engine) as connection:
            return list(connection.execute(query.order_by(desc(c.number)).limit(limit)).mappings())

    def document_at(self, key: str, person: str, number: int) -> Mapping[str, Any] | None:
        """The draft as it was after the change of this number; 0: as it began. None: there was no such change."""
        with reading(self._engine) as connection:
            row = _row(connection, key, person)
            if row is None or not 0 <= number <= row["rev"]:
                return None
            log = _log(connection, key, person, after=number)
        document: Mapping[str, Any] = orjson.loads(row["document"])
        for line in reversed(log):
            document = changed(document, line.back)
        return document


# --- rows -------------------------------------------------------------------------------------------------------------


def _trunk(connection: Connection, key: str, *, lock: bool = False) -> Trunk | None:
    query = select(flows).where(flows.c.key == key)
    row = connection.execute(query.with_for_update() if lock else query).mappings().first()
    if row is None:
        return None
    return Trunk(orjson.loads(row["draft"]), row["draft_rev"], row["draft_by"], row["draft_at"], row["version"])


def _row(connection: Connection, key: str, owner: str) -> RowMapping | None:
    query = select(drafts).where(drafts.c.flow_key == key, drafts.c.owner == owner)
    return connection.execute(query).mappings().first()


def _log(
    connection: Connection, key: str, owner: str, *, after: int = 0, newest: int | None = None
) -> tuple[Logged, ...]:
    c = draft_changes.c
    query = select(draft_changes).where(c.flow_key == key, c.owner == owner, c.number > after)
    rows = connection.execute(query.order_by(desc(c.number)).limit(newest)).mappings()
    return tuple(reversed([_logged(row) for row in rows]))


def _stored(connection: Connection, key: str, owner: str, ids: Collection[str]) -> set[str]:
    """Those of these edits that the log holds already, however long ago."""
    c = draft_changes.c
    query = select(c.id).where(c.flow_key == key, c.owner == owner, c.id.in_(ids))
    return set(connection.execute(query).scalars())


def _logged(row: RowMapping) -> Logged:
    told = {name: row[name] for name in ("number", "id", "at", "by", "kind", "label", "series")}
    return Logged(**told, change=orjson.loads(row["change"]), back=orjson.loads(row["back"]))


def _applied(
    document: Mapping[str, Any], edits: Sequence[Edit], last: int, owner: str, at: int
) -> tuple[list[Logged], Mapping[str, Any]]:
    """The lines that these edits add to the log, and the document that they lead to."""
    lines = []
    for number, edit in enumerate(edits, last + 1):
        back = way_back(document, edit.change)
        document = changed(document, edit.change)
        lines.append(
            Logged(number, edit.id, at, edit.by or owner, edit.kind, edit.label, edit.series, edit.change, back)
        )
    return lines, document


def _store(
    connection: Connection,
    key: str,
    owner: str,
    row: RowMapping | None,
    trunk: Trunk,
    lines: Sequence[Logged],
    document: Mapping[str, Any],
    *,
    onto: bool,
    at: int,
) -> None:
    last = lines[-1].number if lines else (row["rev"] if row else 0)
    values: dict[str, Any] = {"document": _text(document), "rev": last, "changed_at": at}
    if onto or row is None:
        values |= {"base": _text(normal(trunk.document)), "base_rev": trunk.rev}
    if row is None:
        connection.execute(insert(drafts).values(flow_key=key, owner=owner, base_at=0, **values))
    else:
        connection.execute(update(drafts).where(drafts.c.flow_key == key, drafts.c.owner == owner).values(**values))
    if lines:
        connection.execute(insert(draft_changes), list(_lines(key, owner, lines)))


def _lines(key: str, owner: str, lines: Sequence[Logged]) -> Iterator[dict[str, Any]]:
    for line in lines:
        told = {name: getattr(line, name) for name in ("number", "id", "at", "by", "kind", "label", "series")}
        yield told | {"flow_key": key, "owner": owner, "change": _text(line.change), "back": _text(line.back)}


def _text(value: Any) -> str:
    return orjson.dumps(value, default=float).decode()

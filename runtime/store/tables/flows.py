"""Flows with their versions and drafts, the channels that lead to them, and moves of orders to another version."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from runtime.store.tables.base import KEY, MARIADB, ULID, metadata
from runtime.store.types import Body, Name

flows = Table(
    "flows",
    metadata,
    Column("key", KEY, primary_key=True),
    Column("name", Body(), nullable=False, comment="JSON: text, or text a language"),
    Column("draft", Body(), nullable=False, comment="JSON, format orderflow/1"),
    Column("draft_rev", Integer, nullable=False),
    Column("draft_by", KEY, nullable=False),
    Column("draft_at", BigInteger, nullable=False),
    Column("version", Integer, comment="number of the published version; null: never published"),
    Column("version_id", ULID),
    Column("made_at", BigInteger, nullable=False),
    **MARIADB,
)

flow_versions = Table(
    "flow_versions",
    metadata,
    Column("id", ULID, primary_key=True),
    Column("flow_key", KEY, ForeignKey("flows.key"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("document", Body(), nullable=False),
    Column("fingerprint", Name(64), nullable=False, comment="SHA-256 of the logic, without the layout"),
    Column("note", Text, nullable=False),
    Column("published_at", BigInteger, nullable=False),
    Column("published_by", KEY, nullable=False),
    UniqueConstraint("flow_key", "number"),
    **MARIADB,
)

drafts = Table(
    "drafts",
    metadata,
    Column("flow_key", KEY, ForeignKey("flows.key"), primary_key=True),
    Column("owner", KEY, primary_key=True),
    Column("document", Body(), nullable=False, comment="JSON: all changes up to rev"),
    Column("rev", Integer, nullable=False, comment="number of the last change"),
    Column("base", Body(), nullable=False, comment="JSON: the flow's own document that this one began from"),
    Column("base_rev", Integer, nullable=False, comment="draft_rev of the flow at that time"),
    Column("base_at", Integer, nullable=False, comment="rev when it last was the same as the flow's own document"),
    Column("changed_at", BigInteger, nullable=False),
    **MARIADB,
)

draft_changes = Table(
    "draft_changes",
    metadata,
    Column("flow_key", KEY, ForeignKey("flows.key"), primary_key=True),
    Column("owner", KEY, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("id", KEY, nullable=False, comment="given by the page that made it: a change sent twice is one"),
    Column("at", BigInteger, nullable=False),
    Column("by", KEY, nullable=False, comment="whose work it is: of a merge, the other's"),
    Column("kind", KEY, nullable=False, comment="do, undo or redo"),
    Column("label", String(200), nullable=False, comment="what was done, in the words of who did it"),
    Column("series", KEY, comment="changes of one series in a row are undone together"),
    Column("change", Body(), nullable=False, comment="JSON {cell: value; null: gone}"),
    Column("back", Body(), nullable=False, comment="JSON: the change that takes it back"),
    UniqueConstraint("flow_key", "owner", "id"),
    **MARIADB,
)

presence = Table(
    "presence",
    metadata,
    Column("flow_key", KEY, ForeignKey("flows.key"), primary_key=True),
    Column("person", KEY, primary_key=True),
    Column("page", KEY, primary_key=True, comment="one open page of a browser"),
    Column("node", KEY, comment="the step that is selected there"),
    Column("edits", Boolean, nullable=False, comment="not only looks"),
    Column("seen_at", BigInteger, nullable=False),
    **MARIADB,
)

channels = Table(
    "channels",
    metadata,
    Column("name", KEY, primary_key=True),
    Column("flow_key", KEY, ForeignKey("flows.key"), comment="null: the default flow takes its orders"),
    Column("secrets", Body(), comment="sealed JSON list of the live signing secrets"),
    Column("made_at", BigInteger, nullable=False),
    **MARIADB,
)

choices = Table(
    "choices",
    metadata,
    Column("name", KEY, primary_key=True, comment="such as default_flow"),
    Column("value", Body(), nullable=False, comment="JSON"),
    **MARIADB,
)

moves = Table(
    "moves",
    metadata,
    Column("id", ULID, primary_key=True),
    Column("flow_key", KEY, nullable=False, index=True),
    Column("to_version", ULID, comment="null: each order goes back to where it came from"),
    Column("undoes", ULID, index=True, comment="the move that this one takes back"),
    Column("reason", Text, nullable=False),
    Column("actor", Body(), nullable=False, comment="JSON {name, ip, device}"),
    Column("state", Name(16), nullable=False, index=True, comment="running or done"),
    Column("total", Integer, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    **MARIADB,
)

moved_runs = Table(
    "moved_runs",
    metadata,
    Column("move_id", ULID, primary_key=True),
    Column("run_id", ULID, primary_key=True, index=True),
    Column("from_version", ULID, nullable=False),
    Column("to_version", ULID, nullable=False),
    Column("state", Name(16), nullable=False, comment="ready, moved, declined or undone"),
    Column("why", Body(), comment="JSON list [code, node]: why it was declined"),
    Column("at", BigInteger, comment="when it was moved or declined"),
    Index("ix_moved_runs_move_id_state", "move_id", "state"),
    **MARIADB,
)

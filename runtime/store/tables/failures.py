"""Failures, how they are mended, and the balance that would show an order lost."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from runtime.store.tables.base import KEY, MARIADB, ORDER_ID, PLACE, ULID, metadata
from runtime.store.types import Body, Name

failures = Table(
    "failures",
    metadata,
    Column("id", ULID, primary_key=True),
    Column("run_id", ULID, nullable=False, index=True),
    Column("step", Integer, nullable=False),
    Column("attempt", Integer, nullable=False, comment="with run and step: the trace code of the try that failed"),
    Column("channel", KEY, nullable=False),
    Column("flow_key", KEY, nullable=False),
    Column("version_id", ULID, nullable=False),
    Column("node", PLACE, nullable=False, comment="empty: it broke before its first step"),
    Column("kind", Name(16), nullable=False, comment="error, timeout, refused or bad_answer"),
    Column("code", KEY, nullable=False),
    Column("params", Body(), nullable=False, comment="JSON, of the message"),
    Column("cause", Name(64), nullable=False, comment="digest of what failures with one cause share"),
    Column("changes", Body(), nullable=False, comment="JSON, what was laid over the order when it failed"),
    Column("tries", Integer, nullable=False, comment="tries that nobody asked for"),
    Column("by_hand", Integer, nullable=False, comment="tries that people asked for"),
    Column("failed_at", BigInteger, nullable=False),
    Column("state", Name(16), nullable=False, comment="open, retried, skipped or closed"),
    Column("settled_at", BigInteger),
    Column("settled_by", KEY),
    Column("reason", Text, comment="why it was skipped or closed"),
    Column("system", KEY, nullable=False, comment="the system that was called; empty: none"),
    Column("act_id", ULID, comment="the last act on many that it was or is part of"),
    Index("ix_failures_act_id_id", "act_id", "id"),
    Index("ix_failures_state_cause", "state", "cause"),
    Index("ix_failures_state_id", "state", "id"),
    **MARIADB,
)

order_changes = Table(
    "order_changes",
    metadata,
    Column("id", ULID, primary_key=True),
    Column("run_id", ULID, nullable=False, index=True),
    Column("proposed_at", BigInteger, nullable=False),
    Column("proposed_by", KEY, nullable=False),
    Column("duty", KEY, nullable=False, comment="the duty that the change was proposed with"),
    Column("reason", Text, nullable=False),
    Column("before", Body(), nullable=False, comment="JSON, field path -> value"),
    Column("after", Body(), nullable=False, comment="JSON, field path -> value"),
    Column("applied_at", BigInteger, comment="null: it waits for the second hand"),
    **MARIADB,
)

acts = Table(
    "acts",
    metadata,
    Column("id", ULID, primary_key=True),
    Column("kind", Name(32), nullable=False, comment="what is done to each: retry, skip, close, …"),
    Column("spec", Body(), nullable=False, comment="JSON: which ones, and with what"),
    Column("actor", Body(), nullable=False, comment="JSON {name, ip, device}"),
    Column("state", Name(16), nullable=False, index=True, comment="running, done or stopped"),
    Column("place", ULID, nullable=False, comment="the last id that was looked at; empty before the first"),
    Column("total", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("declined", Integer, nullable=False),
    Column("reasons", Body(), nullable=False, comment="JSON: why they were declined -> how many"),
    Column("made_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    **MARIADB,
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", ULID, primary_key=True),
    Column("kind", Name(16), nullable=False, comment="what is wrong; see runtime.core.ledger"),
    Column("open_as", ORDER_ID, unique=True, comment="kind and subject; null: it is over"),
    Column("run_id", ULID, index=True, comment="null: it is about no single order"),
    Column("external_id", ORDER_ID, comment="the order number; null: nothing tells it"),
    Column("channel", KEY, nullable=False, comment="empty: nothing tells it"),
    Column("detail", Body(), nullable=False, comment="JSON, params of the sentence about it"),
    Column("found_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    **MARIADB,
)

checks = Table(
    "checks",
    metadata,
    Column("id", ULID, primary_key=True),
    Column("kind", Name(16), nullable=False, comment="full: at once; round: a slice each minute"),
    Column("asked_by", KEY, nullable=False),
    Column("place", ULID, nullable=False, comment="the last run looked at; empty: none"),
    Column("total", Integer, nullable=False),
    Column("looked", Integer, nullable=False),
    Column("found", Integer, nullable=False),
    Column("began_at", BigInteger, nullable=False),
    Column("looked_at", BigInteger, nullable=False, comment="when it last looked"),
    Column("ended_at", BigInteger, index=True),
    **MARIADB,
)

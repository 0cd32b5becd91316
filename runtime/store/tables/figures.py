"""How well the house does, and how long a stage may take."""

from sqlalchemy import BigInteger, Column, Integer, String, Table, Text

from runtime.store.tables.base import KEY, MARIADB, PLACE, metadata

baselines = Table(
    "baselines",
    metadata,
    Column("figure", KEY, primary_key=True, comment="what it was before Orderflow; see builder.kpi.figures"),
    Column("value", BigInteger, nullable=False, comment="microseconds, or millionths of a share"),
    Column("period", String(200), nullable=False, comment="of which time, as somebody typed it"),
    Column("note", Text, nullable=False, comment="how it was measured"),
    Column("made_at", BigInteger, nullable=False),
    Column("made_by", KEY, nullable=False),
    **MARIADB,
)

pull_turns = Table(
    "pull_turns",
    metadata,
    Column("channel", KEY, primary_key=True),
    Column("hour_at", BigInteger, primary_key=True, autoincrement=False, comment="beginning of the hour, UTC"),
    Column("turns", Integer, nullable=False, comment="turns of the channel's pull that ended in it"),
    Column("failed", Integer, nullable=False, comment="those that a failure ended"),
    **MARIADB,
)

sla_limits = Table(
    "sla_limits",
    metadata,
    Column("flow_key", KEY, primary_key=True, comment="empty: of the whole house"),
    Column(
        "node", PLACE, primary_key=True, comment="a stage; *: every stage where people are asked; empty: a whole order"
    ),
    Column("minutes", Integer, nullable=False),
    Column("amber_minutes", Integer, nullable=False, comment="how long before the limit it is told that it comes near"),
    Column("editor", KEY, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("rev", Integer, nullable=False, comment="how often it was changed"),
    **MARIADB,
)

"""Systems that are called, their limits and breakers."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from runtime.store import types

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MARIADB: Any = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_unicode_520_ci", "mysql_engine": "InnoDB"}


def upgrade() -> None:
    op.create_table(
        "systems",
        sa.Column("name", types.Name(length=64), nullable=False, comment="by which flows call it"),
        sa.Column("label", types.Body(), nullable=False, comment="JSON: text, or text a language"),
        sa.Column("url", types.Body(), nullable=False),
        sa.Column(
            "proof",
            types.Name(length=16),
            nullable=False,
            comment="how a call proves who sends it: none, bearer or signature",
        ),
        sa.Column("secret", types.Body(), nullable=True, comment="sealed"),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("made_by", types.Name(length=64), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_systems")),
        **MARIADB,
    )
    op.create_table(
        "lanes",
        sa.Column("adapter", types.Name(length=16), nullable=False),
        sa.Column(
            "target",
            types.Name(length=64),
            nullable=False,
            comment="with the adapter: whose calls go by this lane; never deleted",
        ),
        sa.Column("timeout_seconds", sa.Integer(), nullable=False),
        sa.Column("calls_at_once", sa.Integer(), nullable=False, comment="of all workers together"),
        sa.Column("calls_per_minute", sa.Integer(), nullable=False, comment="0: as many as come"),
        sa.Column("trip_after", sa.Integer(), nullable=False, comment="failures in a row that open the breaker"),
        sa.Column("pause_seconds", sa.Integer(), nullable=False, comment="how long it stays open the first time"),
        sa.Column(
            "next_at",
            sa.BigInteger(),
            nullable=True,
            comment="from when on calls may go out; null: when a person says so",
        ),
        sa.Column("paused_at", sa.BigInteger(), nullable=True),
        sa.Column("paused_by", types.Name(length=64), nullable=True),
        sa.Column("opened_at", sa.BigInteger(), nullable=True, comment="null: the breaker is closed"),
        sa.Column("open_until", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False, comment="why a person paused it or opened the breaker"),
        sa.Column(
            "probe",
            types.Name(length=48),
            nullable=True,
            comment="the call that tries whether the system is well again",
        ),
        sa.Column("probe_until", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False, comment="in a row"),
        sa.Column("openings", sa.Integer(), nullable=False, comment="in a row"),
        sa.Column("spent_until", sa.BigInteger(), nullable=False, comment="to where the calls of the minute are spent"),
        sa.Column("wait_until", sa.BigInteger(), nullable=False, comment="as the system asked"),
        sa.Column("recent", types.Body(), nullable=False, comment="JSON list, milliseconds of the last answers"),
        sa.Column("last_result", types.Name(length=16), nullable=True),
        sa.Column("last_message", sa.Text(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("adapter", "target", name=op.f("pk_lanes")),
        **MARIADB,
    )
    op.create_index("ix_effects_lane_due_at", "effects", ["adapter", "target", "due_at"], unique=False)
    op.drop_index(op.f("ix_effects_due_at"), "effects")
    op.execute(LANES_OF_WHAT_WAITS)


LANES_OF_WHAT_WAITS = """
    INSERT INTO lanes (adapter, target, timeout_seconds, calls_at_once, calls_per_minute, trip_after, pause_seconds,
                       next_at, reason, probe_until, failures, openings, spent_until, wait_until, recent, last_message)
    SELECT adapter, target, 10, 8, 0, 5, 30, 0, '', 0, 0, 0, 0, 0, '[]', ''
    FROM effects WHERE due_at IS NOT NULL GROUP BY adapter, target
"""

"""Arrivals by the hour, and holds of a channel."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from runtime.store import types

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MARIADB: Any = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_unicode_520_ci", "mysql_engine": "InnoDB"}


def upgrade() -> None:
    op.create_table(
        "arrivals",
        sa.Column("channel", types.Name(length=64), nullable=False),
        sa.Column(
            "hour_at", sa.BigInteger(), autoincrement=False, nullable=False, comment="beginning of the clock hour"
        ),
        sa.Column("came", sa.Integer(), nullable=False, comment="orders accepted in it, counted as they were stored"),
        sa.PrimaryKeyConstraint("channel", "hour_at", name=op.f("pk_arrivals")),
        **MARIADB,
    )
    op.create_table(
        "surges",
        sa.Column("id", types.Name(length=26), nullable=False),
        sa.Column("channel", types.Name(length=64), nullable=False),
        sa.Column(
            "holds",
            types.Name(length=64),
            nullable=True,
            comment="the channel while it is held; null: the hold is over",
        ),
        sa.Column("kind", types.Name(length=16), nullable=False, comment="surge: by the breaker; manual: by a person"),
        sa.Column(
            "state", types.Name(length=16), nullable=False, comment="open, releasing, stopped, cancelling or closed"
        ),
        sa.Column("hour_at", sa.BigInteger(), nullable=False, comment="the clock hour in which it began"),
        sa.Column("came", sa.Integer(), nullable=False, comment="orders of that hour at that moment"),
        sa.Column("rule", types.Name(length=16), nullable=False, comment="weeks or day; empty: by hand"),
        sa.Column("usual", sa.Integer(), nullable=False, comment="orders of the compared hours together"),
        sa.Column("usual_hours", sa.Integer(), nullable=False, comment="how many hours were compared"),
        sa.Column("reason", sa.Text(), nullable=False, comment="why a person holds it, or cancels what is held"),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("opened_by", types.Name(length=64), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", types.Name(length=64), nullable=True),
        sa.Column("quiet_until", sa.BigInteger(), nullable=True, comment="until when the channel is not tripped again"),
        sa.Column("wave", sa.Integer(), nullable=False, comment="0: none yet; 1: 5 %, 2: 25 %, 3: all"),
        sa.Column("wave_left", sa.Integer(), nullable=False, comment="how many of the wave are still to go"),
        sa.Column("wave_released", sa.Integer(), nullable=False, comment="how many of the wave went"),
        sa.Column("wave_at", sa.BigInteger(), nullable=True, comment="when the last of the wave went"),
        sa.Column("wave_from", types.Name(length=26), nullable=True, comment="the first order of the wave"),
        sa.Column("wave_to", types.Name(length=26), nullable=True, comment="the last order of the wave"),
        sa.Column(
            "cancel_to", types.Name(length=26), nullable=True, comment="the newest order that is to be cancelled"
        ),
        sa.Column("released", sa.Integer(), nullable=False),
        sa.Column("cancelled", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False, comment="of the wave, when it was last looked at"),
        sa.Column(
            "stopped_by",
            types.Name(length=16),
            nullable=False,
            comment="failures or no_flow; empty: it is not stopped",
        ),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_surges")),
        sa.UniqueConstraint("holds", name=op.f("uq_surges_holds")),
        **MARIADB,
    )
    op.create_index(op.f("ix_surges_channel"), "surges", ["channel"], unique=False)
    op.create_index(op.f("ix_surges_state"), "surges", ["state"], unique=False)
    op.create_table(
        "silences",
        sa.Column("channel", types.Name(length=64), nullable=False),
        sa.Column(
            "since",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="the first clock hour without an order",
        ),
        sa.Column("expected", sa.Integer(), nullable=False, comment="orders that it was to bring at least"),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("channel", "since", name=op.f("pk_silences")),
        **MARIADB,
    )
    op.create_index(op.f("ix_silences_ended_at"), "silences", ["ended_at"], unique=False)
    op.execute(ARRIVALS_SO_FAR)


ARRIVALS_SO_FAR = """
    INSERT INTO arrivals (channel, hour_at, came)
    SELECT channel, received_at - received_at % 3600000000, COUNT(*)
    FROM orders GROUP BY channel, received_at - received_at % 3600000000
"""

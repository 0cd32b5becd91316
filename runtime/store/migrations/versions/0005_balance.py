"""Incidents of the order balance, and the checks that find them."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from runtime.store import types

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MARIADB: Any = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_unicode_520_ci", "mysql_engine": "InnoDB"}


def upgrade() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", types.Name(length=26), nullable=False),
        sa.Column("kind", types.Name(length=16), nullable=False, comment="what is wrong; see runtime.core.ledger"),
        sa.Column("open_as", types.Name(length=128), nullable=True, comment="kind and subject; null: it is over"),
        sa.Column("run_id", types.Name(length=26), nullable=True, comment="null: it is about no single order"),
        sa.Column(
            "external_id", types.Name(length=128), nullable=True, comment="the order number; null: nothing tells it"
        ),
        sa.Column("channel", types.Name(length=64), nullable=False, comment="empty: nothing tells it"),
        sa.Column("detail", types.Body(), nullable=False, comment="JSON, params of the sentence about it"),
        sa.Column("found_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
        sa.UniqueConstraint("open_as", name=op.f("uq_incidents_open_as")),
        **MARIADB,
    )
    op.create_index(op.f("ix_incidents_run_id"), "incidents", ["run_id"], unique=False)
    op.create_table(
        "checks",
        sa.Column("id", types.Name(length=26), nullable=False),
        sa.Column("kind", types.Name(length=16), nullable=False, comment="full: at once; round: a slice each minute"),
        sa.Column("asked_by", types.Name(length=64), nullable=False),
        sa.Column("place", types.Name(length=26), nullable=False, comment="the last run looked at; empty: none"),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("looked", sa.Integer(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("looked_at", sa.BigInteger(), nullable=False, comment="when it last looked"),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checks")),
        **MARIADB,
    )
    op.create_index(op.f("ix_checks_ended_at"), "checks", ["ended_at"], unique=False)

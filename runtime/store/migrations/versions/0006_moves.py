"""Moves of running orders to another version."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from runtime.store import types

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MARIADB: Any = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_unicode_520_ci", "mysql_engine": "InnoDB"}


def upgrade() -> None:
    op.create_table(
        "moves",
        sa.Column("id", types.Name(length=26), nullable=False),
        sa.Column("flow_key", types.Name(length=64), nullable=False),
        sa.Column(
            "to_version",
            types.Name(length=26),
            nullable=True,
            comment="null: each order goes back to where it came from",
        ),
        sa.Column("undoes", types.Name(length=26), nullable=True, comment="the move that this one takes back"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", types.Body(), nullable=False, comment="JSON {name, ip, device}"),
        sa.Column("state", types.Name(length=16), nullable=False, comment="running or done"),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_moves")),
        **MARIADB,
    )
    op.create_index(op.f("ix_moves_flow_key"), "moves", ["flow_key"], unique=False)
    op.create_index(op.f("ix_moves_state"), "moves", ["state"], unique=False)
    op.create_index(op.f("ix_moves_undoes"), "moves", ["undoes"], unique=False)
    op.create_table(
        "moved_runs",
        sa.Column("move_id", types.Name(length=26), nullable=False),
        sa.Column("run_id", types.Name(length=26), nullable=False),
        sa.Column("from_version", types.Name(length=26), nullable=False),
        sa.Column("to_version", types.Name(length=26), nullable=False),
        sa.Column("state", types.Name(length=16), nullable=False, comment="ready, moved, declined or undone"),
        sa.Column("why", types.Body(), nullable=True, comment="JSON list [code, node]: why it was declined"),
        sa.Column("at", sa.BigInteger(), nullable=True, comment="when it was moved or declined"),
        sa.PrimaryKeyConstraint("move_id", "run_id", name=op.f("pk_moved_runs")),
        **MARIADB,
    )
    op.create_index(op.f("ix_moved_runs_run_id"), "moved_runs", ["run_id"], unique=False)
    op.create_index("ix_moved_runs_move_id_state", "moved_runs", ["move_id", "state"], unique=False)
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column(
            "runs",
            "version_id",
            existing_type=types.Name(length=26),
            existing_nullable=True,
            comment="the version that it goes by",
            existing_comment="the version that it started on, and keeps",
        )

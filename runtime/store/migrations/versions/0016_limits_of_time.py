"""How long a stage may take, and an index by which tasks are found that were asked in a span of time."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from runtime.store import types

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

MARIADB: Any = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_unicode_520_ci", "mysql_engine": "InnoDB"}


def upgrade() -> None:
    op.create_table(
        "sla_limits",
        sa.Column("flow_key", types.Name(length=64), nullable=False, comment="empty: of the whole house"),
        sa.Column(
            "node",
            types.Name(length=400),
            nullable=False,
            comment="a stage; *: every stage where people are asked; empty: a whole order",
        ),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column(
            "amber_minutes",
            sa.Integer(),
            nullable=False,
            comment="how long before the limit it is told that it comes near",
        ),
        sa.Column("editor", types.Name(length=64), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False, comment="how often it was changed"),
        sa.PrimaryKeyConstraint("flow_key", "node", name=op.f("pk_sla_limits")),
        **MARIADB,
    )
    op.create_index("ix_tasks_state_asked_at", "tasks", ["state", "asked_at"])


def downgrade() -> None:
    op.drop_index("ix_tasks_state_asked_at", "tasks")
    op.drop_table("sla_limits")

"""Decisions that are told to the order a little later, and tasks that somebody has taken on."""

import sqlalchemy as sa
from alembic import op

from runtime.store import types

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("tasks") as batch:
        batch.add_column(
            sa.Column("deliver_at", sa.BigInteger(), comment="decided, and not yet told to the order: when it will be")
        )
        batch.add_column(
            sa.Column("claimed_by", types.Name(length=64), comment="who of those that are asked has taken it on")
        )
        batch.add_column(sa.Column("claimed_at", sa.BigInteger()))
        batch.create_index("ix_tasks_deliver_at", ["deliver_at"])


def downgrade() -> None:
    with op.batch_alter_table("tasks") as batch:
        batch.drop_index("ix_tasks_deliver_at")
        for column in ("claimed_at", "claimed_by", "deliver_at"):
            batch.drop_column(column)

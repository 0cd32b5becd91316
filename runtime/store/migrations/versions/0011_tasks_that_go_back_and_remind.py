"""Tasks by which an order is sent back, and how often their people were reminded."""

import sqlalchemy as sa
from alembic import op

from runtime.store import types

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("tasks") as batch:
        batch.add_column(
            sa.Column(
                "sent_to",
                types.Name(length=400),
                comment="decision send_back: the earlier step to which the order goes",
            )
        )
        batch.add_column(sa.Column("reminders", sa.Integer(), nullable=False, server_default="0"))
        batch.add_column(sa.Column("reminded_at", sa.BigInteger()))


def downgrade() -> None:
    with op.batch_alter_table("tasks") as batch:
        for column in ("reminded_at", "reminders", "sent_to"):
            batch.drop_column(column)

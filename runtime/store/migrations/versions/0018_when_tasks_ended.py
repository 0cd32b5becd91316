"""Tasks know when the order stopped waiting for them, and when somebody called up whoever leads."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("tasks") as batch:
        batch.add_column(sa.Column("withdrawn_at", sa.BigInteger(), comment="when the order stopped waiting for it"))
        batch.add_column(
            sa.Column("escalated_at", sa.BigInteger(), comment="when somebody last called up whoever leads")
        )


def downgrade() -> None:
    with op.batch_alter_table("tasks") as batch:
        for column in ("escalated_at", "withdrawn_at"):
            batch.drop_column(column)

"""What waits for a hand tells which hands it can use, so that others need not wait behind it for theirs."""

import sqlalchemy as sa
from alembic import op

from runtime.store.types import Body

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("assign_waits") as batch:
        batch.add_column(sa.Column("skill", Body(), comment="which it asks for; null: none"))
        batch.add_column(sa.Column("most", sa.Integer(), comment="open orders at most, of who has no own limit"))


def downgrade() -> None:
    with op.batch_alter_table("assign_waits") as batch:
        for column in ("most", "skill"):
            batch.drop_column(column)

"""Orders have an owner; people have skills and a limit of their own; whose turn it is, and who waits for a hand."""

import sqlalchemy as sa
from alembic import op

from runtime.store import types
from runtime.store.tables.base import MARIADB

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("users") as batch:
        batch.add_column(sa.Column("skills", sa.Text(), comment="JSON list of texts; null: none"))
        batch.add_column(
            sa.Column(
                "most_orders", sa.Integer(), comment="how many open orders the person may own; null: as each step says"
            )
        )
    with op.batch_alter_table("runs") as batch:
        batch.add_column(sa.Column("owner", types.Name(length=64), comment="the one person whose order it is"))
        batch.create_index("ix_runs_owner_ended_at", ["owner", "ended_at"])
    op.create_table(
        "assign_turns",
        sa.Column("team", types.Name(length=64), nullable=False),
        sa.Column("last", types.Name(length=64), comment="to whom an order was given last"),
        sa.PrimaryKeyConstraint("team"),
        **MARIADB,
    )
    op.create_table(
        "assign_waits",
        sa.Column("run_id", types.Name(length=26), nullable=False),
        sa.Column("team", types.Name(length=64), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False, comment="lower comes first"),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False, comment="when it last asked for an owner"),
        sa.PrimaryKeyConstraint("run_id"),
        **MARIADB,
    )
    op.create_index("ix_assign_waits_team", "assign_waits", ["team", "rank", "since"])
    op.create_table(
        "customer_owners",
        sa.Column("channel", types.Name(length=64), nullable=False),
        sa.Column("customer", types.Name(length=128), nullable=False, comment="the buyer's number in the channel"),
        sa.Column("owner", types.Name(length=64), nullable=False, comment="who had their last order"),
        sa.PrimaryKeyConstraint("channel", "customer"),
        **MARIADB,
    )


def downgrade() -> None:
    for table in ("customer_owners", "assign_waits", "assign_turns"):
        op.drop_table(table)
    with op.batch_alter_table("runs") as batch:
        batch.drop_index("ix_runs_owner_ended_at")
        batch.drop_column("owner")
    with op.batch_alter_table("users") as batch:
        batch.drop_column("most_orders")
        batch.drop_column("skills")

"""What figures were before Orderflow, and how often the pulls of channels failed."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from runtime.store import types

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

MARIADB: Any = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_unicode_520_ci", "mysql_engine": "InnoDB"}


def upgrade() -> None:
    op.create_table(
        "baselines",
        sa.Column(
            "figure",
            types.Name(length=64),
            nullable=False,
            comment="what it was before Orderflow; see builder.kpi.figures",
        ),
        sa.Column("value", sa.BigInteger(), nullable=False, comment="microseconds, or millionths of a share"),
        sa.Column("period", sa.String(length=200), nullable=False, comment="of which time, as somebody typed it"),
        sa.Column("note", sa.Text(), nullable=False, comment="how it was measured"),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("made_by", types.Name(length=64), nullable=False),
        sa.PrimaryKeyConstraint("figure", name=op.f("pk_baselines")),
        **MARIADB,
    )
    op.create_table(
        "pull_turns",
        sa.Column("channel", types.Name(length=64), nullable=False),
        sa.Column(
            "hour_at", sa.BigInteger(), autoincrement=False, nullable=False, comment="beginning of the hour, UTC"
        ),
        sa.Column("turns", sa.Integer(), nullable=False, comment="turns of the channel's pull that ended in it"),
        sa.Column("failed", sa.Integer(), nullable=False, comment="those that a failure ended"),
        sa.PrimaryKeyConstraint("channel", "hour_at", name=op.f("pk_pull_turns")),
        **MARIADB,
    )


def downgrade() -> None:
    op.drop_table("pull_turns")
    op.drop_table("baselines")

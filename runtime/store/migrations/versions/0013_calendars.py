"""Working time: calendars with shifts and special days."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from runtime.store import types

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

MARIADB: Any = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_unicode_520_ci", "mysql_engine": "InnoDB"}


def upgrade() -> None:
    op.create_table(
        "calendars",
        sa.Column("key", types.Name(length=64), nullable=False, comment="by which flows name it"),
        sa.Column("name", types.Body(), nullable=False, comment="JSON: text, or text a language"),
        sa.Column("document", types.Body(), nullable=False, comment="JSON: zone, shifts of the week, special days"),
        sa.Column("rev", sa.Integer(), nullable=False, comment="how often it was changed"),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("made_by", types.Name(length=64), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_calendars")),
        **MARIADB,
    )


def downgrade() -> None:
    op.drop_table("calendars")

"""Orders that are pulled from shops."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from runtime.store import types

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

MARIADB: Any = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_unicode_520_ci", "mysql_engine": "InnoDB"}


def upgrade() -> None:
    op.create_table(
        "pulls",
        sa.Column("channel", types.Name(length=64), nullable=False, comment="whose orders are pulled"),
        sa.Column("source", types.Name(length=64), nullable=False, comment="folder in runtime.adapters.sources"),
        sa.Column("address", types.Body(), nullable=False),
        sa.Column("secret", types.Body(), nullable=False, comment="sealed"),
        sa.Column("every_seconds", sa.Integer(), nullable=False),
        sa.Column("state", types.Name(length=16), nullable=False, comment="on or off"),
        sa.Column(
            "cursor",
            types.Body(),
            nullable=True,
            comment="as the source gave it, behind the last page that was stored; null: the beginning",
        ),
        sa.Column("next_at", sa.BigInteger(), nullable=False, comment="when the next page is asked for"),
        sa.Column("holder", types.Name(length=26), nullable=True, comment="the pull that is out; null: none is"),
        sa.Column("lease_until", sa.BigInteger(), nullable=True, comment="until when its holder is taken to live"),
        sa.Column("failures", sa.Integer(), nullable=False, comment="in a row"),
        sa.Column(
            "error",
            types.Body(),
            nullable=True,
            comment="JSON {code, params} of the last failure; null: the last try was good",
        ),
        sa.Column("pulled_at", sa.BigInteger(), nullable=True, comment="when the last page was stored"),
        sa.Column("last_came", sa.Integer(), nullable=False, comment="new orders of the last pull"),
        sa.Column("came", sa.BigInteger(), nullable=False, comment="new orders so far"),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("made_by", types.Name(length=64), nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_pulls")),
        **MARIADB,
    )


def downgrade() -> None:
    op.drop_table("pulls")

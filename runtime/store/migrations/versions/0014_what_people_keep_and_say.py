"""People who are away, the filters that they keep, and what they say about orders."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from runtime.store import types

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

MARIADB: Any = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_unicode_520_ci", "mysql_engine": "InnoDB"}
ULID = types.Name(26)
KEY = types.Name(64)


def upgrade() -> None:
    op.create_table(
        "absences",
        sa.Column("id", ULID, primary_key=True),
        sa.Column("person", KEY, nullable=False),
        sa.Column("stand_in", KEY, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False, comment="the first moment at which they are back"),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("made_by", KEY, nullable=False),
        **MARIADB,
    )
    op.create_index("ix_absences_person", "absences", ["person"])
    op.create_index("ix_absences_until", "absences", ["until"])
    op.create_table(
        "saved_filters",
        sa.Column("id", ULID, primary_key=True),
        sa.Column("person", KEY, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("look", types.Body(), nullable=False, comment="JSON, parameters of the inbox's address"),
        sa.Column("place", sa.Integer, nullable=False, comment="by which they are sorted"),
        sa.Column("begins", sa.Boolean, nullable=False, comment="the inbox begins with it"),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        **MARIADB,
    )
    op.create_index("ix_saved_filters_person", "saved_filters", ["person"])
    op.create_table(
        "remarks",
        sa.Column("id", ULID, primary_key=True),
        sa.Column("run_id", ULID, nullable=False),
        sa.Column("author", KEY, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("text", types.Body(), nullable=False),
        sa.Column("struck_at", sa.BigInteger, comment="taken back by its author; the text stays and is not shown"),
        **MARIADB,
    )
    op.create_index("ix_remarks_run_id", "remarks", ["run_id"])
    op.create_table(
        "mentions",
        sa.Column("person", KEY, primary_key=True),
        sa.Column("remark_id", ULID, primary_key=True),
        sa.Column("run_id", ULID, nullable=False),
        sa.Column("read_at", sa.BigInteger),
        **MARIADB,
    )
    op.create_index("ix_mentions_person_read_at", "mentions", ["person", "read_at"])
    op.create_table(
        "attachments",
        sa.Column("id", ULID, primary_key=True),
        sa.Column("remark_id", ULID, nullable=False),
        sa.Column("run_id", ULID, nullable=False),
        sa.Column("name", sa.String(200), nullable=False, comment="as it was called where it came from"),
        sa.Column("type", types.Name(128), nullable=False, comment="media type, told from what is in it"),
        sa.Column("size", sa.Integer, nullable=False, comment="bytes"),
        sa.Column("digest", types.Name(64), nullable=False, comment="SHA-256 of it"),
        sa.Column("at", sa.BigInteger, nullable=False),
        **MARIADB,
    )
    op.create_index("ix_attachments_remark_id", "attachments", ["remark_id"])
    op.create_index("ix_attachments_run_id", "attachments", ["run_id"])
    op.create_table(
        "attachment_parts",
        sa.Column("attachment_id", ULID, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("content", types.Bytes(), nullable=False, comment="at most 512 KiB, so that it fits any packet"),
        **MARIADB,
    )


def downgrade() -> None:
    for name in ("attachment_parts", "attachments", "mentions", "remarks", "saved_filters", "absences"):
        op.drop_table(name)

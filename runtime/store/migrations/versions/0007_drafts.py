"""Drafts of each person with the log of their changes, and who looks at which flow."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from runtime.store import types

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MARIADB: Any = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_unicode_520_ci", "mysql_engine": "InnoDB"}


def upgrade() -> None:
    op.create_table(
        "drafts",
        sa.Column("flow_key", types.Name(length=64), nullable=False),
        sa.Column("owner", types.Name(length=64), nullable=False),
        sa.Column("document", types.Body(), nullable=False, comment="JSON: all changes up to rev"),
        sa.Column("rev", sa.Integer(), nullable=False, comment="number of the last change"),
        sa.Column(
            "base", types.Body(), nullable=False, comment="JSON: the flow's own document that this one began from"
        ),
        sa.Column("base_rev", sa.Integer(), nullable=False, comment="draft_rev of the flow at that time"),
        sa.Column(
            "base_at", sa.Integer(), nullable=False, comment="rev when it last was the same as the flow's own document"
        ),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["flow_key"], ["flows.key"], name=op.f("fk_drafts_flow_key_flows")),
        sa.PrimaryKeyConstraint("flow_key", "owner", name=op.f("pk_drafts")),
        **MARIADB,
    )
    op.create_table(
        "draft_changes",
        sa.Column("flow_key", types.Name(length=64), nullable=False),
        sa.Column("owner", types.Name(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "id",
            types.Name(length=64),
            nullable=False,
            comment="given by the page that made it: a change sent twice is one",
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", types.Name(length=64), nullable=False, comment="whose work it is: of a merge, the other's"),
        sa.Column("kind", types.Name(length=64), nullable=False, comment="do, undo or redo"),
        sa.Column("label", sa.String(length=200), nullable=False, comment="what was done, in the words of who did it"),
        sa.Column(
            "series", types.Name(length=64), nullable=True, comment="changes of one series in a row are undone together"
        ),
        sa.Column("change", types.Body(), nullable=False, comment="JSON {cell: value; null: gone}"),
        sa.Column("back", types.Body(), nullable=False, comment="JSON: the change that takes it back"),
        sa.ForeignKeyConstraint(["flow_key"], ["flows.key"], name=op.f("fk_draft_changes_flow_key_flows")),
        sa.PrimaryKeyConstraint("flow_key", "owner", "number", name=op.f("pk_draft_changes")),
        sa.UniqueConstraint("flow_key", "owner", "id", name=op.f("uq_draft_changes_flow_key_owner_id")),
        **MARIADB,
    )
    op.create_table(
        "presence",
        sa.Column("flow_key", types.Name(length=64), nullable=False),
        sa.Column("person", types.Name(length=64), nullable=False),
        sa.Column("page", types.Name(length=64), nullable=False, comment="one open page of a browser"),
        sa.Column("node", types.Name(length=64), nullable=True, comment="the step that is selected there"),
        sa.Column("edits", sa.Boolean(), nullable=False, comment="not only looks"),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["flow_key"], ["flows.key"], name=op.f("fk_presence_flow_key_flows")),
        sa.PrimaryKeyConstraint("flow_key", "person", "page", name=op.f("pk_presence")),
        **MARIADB,
    )

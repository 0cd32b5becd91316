"""Room for a node with the sub-flow steps that it is in."""

from alembic import op

from runtime.store import types

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLES = ("tasks", "failures")


def upgrade() -> None:
    _widen(64, 400)


def downgrade() -> None:
    _widen(400, 64)


def _widen(before: int, after: int) -> None:
    for table in TABLES:
        with op.batch_alter_table(table) as batch:
            batch.alter_column(
                "node",
                existing_type=types.Name(length=before),
                type_=types.Name(length=after),
                existing_nullable=False,
                existing_comment="empty: it broke before its first step" if table == "failures" else None,
            )

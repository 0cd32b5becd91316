"""Failures, changes of orders, and acts on many."""

import sqlalchemy as sa
from alembic import op

from runtime.store import failure_list, types

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "acts",
        sa.Column("id", types.Name(length=26), nullable=False),
        sa.Column("kind", types.Name(length=32), nullable=False, comment="what is done to each: retry, skip, close, …"),
        sa.Column("spec", types.Body(), nullable=False, comment="JSON: which ones, and with what"),
        sa.Column("actor", types.Body(), nullable=False, comment="JSON {name, ip, device}"),
        sa.Column("state", types.Name(length=16), nullable=False, comment="running, done or stopped"),
        sa.Column(
            "place",
            types.Name(length=26),
            nullable=False,
            comment="the last id that was looked at; empty before the first",
        ),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("declined", sa.Integer(), nullable=False),
        sa.Column("reasons", types.Body(), nullable=False, comment="JSON: why they were declined -> how many"),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acts")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("acts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_acts_state"), ["state"], unique=False)

    op.create_table(
        "failures",
        sa.Column("id", types.Name(length=26), nullable=False),
        sa.Column("run_id", types.Name(length=26), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column(
            "attempt", sa.Integer(), nullable=False, comment="with run and step: the trace code of the try that failed"
        ),
        sa.Column("channel", types.Name(length=64), nullable=False),
        sa.Column("flow_key", types.Name(length=64), nullable=False),
        sa.Column("version_id", types.Name(length=26), nullable=False),
        sa.Column("node", types.Name(length=64), nullable=False, comment="empty: it broke before its first step"),
        sa.Column("kind", types.Name(length=16), nullable=False, comment="error, timeout, refused or bad_answer"),
        sa.Column("code", types.Name(length=64), nullable=False),
        sa.Column("params", types.Body(), nullable=False, comment="JSON, of the message"),
        sa.Column(
            "cause", types.Name(length=64), nullable=False, comment="digest of what failures with one cause share"
        ),
        sa.Column("changes", types.Body(), nullable=False, comment="JSON, what was laid over the order when it failed"),
        sa.Column("tries", sa.Integer(), nullable=False, comment="tries that nobody asked for"),
        sa.Column("by_hand", sa.Integer(), nullable=False, comment="tries that people asked for"),
        sa.Column("failed_at", sa.BigInteger(), nullable=False),
        sa.Column("state", types.Name(length=16), nullable=False, comment="open, retried, skipped or closed"),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("settled_by", types.Name(length=64), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True, comment="why it was skipped or closed"),
        sa.Column("system", types.Name(length=64), nullable=False, comment="the system that was called; empty: none"),
        sa.Column(
            "act_id", types.Name(length=26), nullable=True, comment="the last act on many that it was or is part of"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_failures")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("failures", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_failures_run_id"), ["run_id"], unique=False)
        batch_op.create_index("ix_failures_act_id_id", ["act_id", "id"], unique=False)
        batch_op.create_index("ix_failures_state_cause", ["state", "cause"], unique=False)
        batch_op.create_index("ix_failures_state_id", ["state", "id"], unique=False)

    op.create_table(
        "order_changes",
        sa.Column("id", types.Name(length=26), nullable=False),
        sa.Column("run_id", types.Name(length=26), nullable=False),
        sa.Column("proposed_at", sa.BigInteger(), nullable=False),
        sa.Column("proposed_by", types.Name(length=64), nullable=False),
        sa.Column("duty", types.Name(length=64), nullable=False, comment="the duty that the change was proposed with"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("before", types.Body(), nullable=False, comment="JSON, field path -> value"),
        sa.Column("after", types.Body(), nullable=False, comment="JSON, field path -> value"),
        sa.Column("applied_at", sa.BigInteger(), nullable=True, comment="null: it waits for the second hand"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_changes")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("order_changes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_order_changes_run_id"), ["run_id"], unique=False)

    failure_list.fill(op.get_bind())

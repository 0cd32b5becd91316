"""The first tables."""

import sqlalchemy as sa
from alembic import op

from runtime.store import types

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_tokens",
        sa.Column("id", types.Name(length=26), nullable=False),
        sa.Column("name", types.Name(length=64), nullable=False),
        sa.Column("digest", types.Name(length=64), nullable=False, comment="SHA-256 of the token"),
        sa.Column("role", types.Name(length=64), nullable=False),
        sa.Column("channels", types.Body(), nullable=True, comment="JSON list; null: every channel"),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_tokens_digest")),
        sa.UniqueConstraint("name", name=op.f("uq_api_tokens_name")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "audit",
        sa.Column("id", types.Name(length=26), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", types.Name(length=64), nullable=False),
        sa.Column("ip", sa.String(length=64), nullable=True),
        sa.Column("device", sa.String(length=255), nullable=True),
        sa.Column("action", types.Name(length=64), nullable=False),
        sa.Column("subject", types.Name(length=128), nullable=False),
        sa.Column("before", types.Body(), nullable=True),
        sa.Column("after", types.Body(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_subject"), ["subject"], unique=False)

    op.create_table(
        "choices",
        sa.Column("name", types.Name(length=64), nullable=False, comment="such as default_flow"),
        sa.Column("value", types.Body(), nullable=False, comment="JSON"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_choices")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "effects",
        sa.Column(
            "trace",
            types.Name(length=48),
            nullable=False,
            comment="trace code of the step, and the idempotency key outward",
        ),
        sa.Column("run_id", types.Name(length=26), nullable=False),
        sa.Column("adapter", types.Name(length=16), nullable=False),
        sa.Column("target", types.Name(length=64), nullable=False),
        sa.Column("content", types.Body(), nullable=False, comment="JSON"),
        sa.Column("state", types.Name(length=16), nullable=False, comment="ready, claimed, answered or withdrawn"),
        sa.Column(
            "due_at",
            sa.BigInteger(),
            nullable=True,
            comment="when to send, or when the claim lapses; null: nothing to do",
        ),
        sa.Column("sends", sa.Integer(), nullable=False, comment="how often it was handed to the adapter"),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("answer", types.Body(), nullable=True, comment="JSON {result, content, message}"),
        sa.PrimaryKeyConstraint("trace", name=op.f("pk_effects")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("effects", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_effects_due_at"), ["due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_effects_run_id"), ["run_id"], unique=False)

    op.create_table(
        "flows",
        sa.Column("key", types.Name(length=64), nullable=False),
        sa.Column("name", types.Body(), nullable=False, comment="JSON: text, or text a language"),
        sa.Column("draft", types.Body(), nullable=False, comment="JSON, format orderflow/1"),
        sa.Column("draft_rev", sa.Integer(), nullable=False),
        sa.Column("draft_by", types.Name(length=64), nullable=False),
        sa.Column("draft_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "version", sa.Integer(), nullable=True, comment="number of the published version; null: never published"
        ),
        sa.Column("version_id", types.Name(length=26), nullable=True),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_flows")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "journal",
        sa.Column("run_id", types.Name(length=26), nullable=False),
        sa.Column("rev", sa.Integer(), autoincrement=False, nullable=False, comment="the run's rev after this entry"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("entry", types.Body(), nullable=False, comment="JSON {event, actor?, steps, facts?}: one burst"),
        sa.PrimaryKeyConstraint("run_id", "rev", name=op.f("pk_journal")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "orders",
        sa.Column("run_id", types.Name(length=26), nullable=False, comment="an order has one run; they share the id"),
        sa.Column("channel", types.Name(length=64), nullable=False),
        sa.Column("external_id", types.Name(length=128), nullable=False, comment="the channel's own order id"),
        sa.Column("digest", types.Name(length=64), nullable=False, comment="SHA-256 of the canonical order"),
        sa.Column("document", types.Body(), nullable=False, comment="JSON, the canonical order"),
        sa.Column("raw", types.Body(), nullable=False, comment="what was sent, unchanged"),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("currency", types.Name(length=3), nullable=False),
        sa.Column(
            "buyer",
            sa.String(length=255),
            nullable=True,
            comment="shown in lists; null where unknown, masked or cipher",
        ),
        sa.Column("phone_tail", types.Name(length=4), nullable=True),
        sa.Column("skus", types.Body(), nullable=False, comment="blank-separated, with a blank at both ends"),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_orders")),
        sa.UniqueConstraint("channel", "external_id", name=op.f("uq_orders_channel_external_id")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.create_index("ix_orders_external_id", ["external_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_orders_phone_tail"), ["phone_tail"], unique=False)
        batch_op.create_index(batch_op.f("ix_orders_received_at"), ["received_at"], unique=False)

    op.create_table(
        "receipts",
        sa.Column("token_id", types.Name(length=26), nullable=False),
        sa.Column("key", types.Name(length=128), nullable=False, comment="the asker's Idempotency-Key"),
        sa.Column("digest", types.Name(length=64), nullable=False, comment="SHA-256 of the body"),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("answer", types.Body(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("token_id", "key", name=op.f("pk_receipts")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("receipts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_receipts_made_at"), ["made_at"], unique=False)

    op.create_table(
        "refusals",
        sa.Column("id", types.Name(length=26), nullable=False),
        sa.Column("channel", types.Name(length=64), nullable=False),
        sa.Column("external_id", types.Name(length=128), nullable=True),
        sa.Column("token_name", types.Name(length=64), nullable=True),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("problems", types.Body(), nullable=False, comment="JSON list of {code, where, params}"),
        sa.Column("raw", types.Body(), nullable=False, comment="what was sent, cut at 64 KiB"),
        sa.Column("raw_size", sa.Integer(), nullable=False, comment="bytes before the cut"),
        sa.Column("alarm", sa.Boolean(), nullable=False, comment="the first of a burst"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refusals")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("refusals", schema=None) as batch_op:
        batch_op.create_index("ix_refusals_channel_received_at", ["channel", "received_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_refusals_received_at"), ["received_at"], unique=False)

    op.create_table(
        "runs",
        sa.Column("id", types.Name(length=26), nullable=False),
        sa.Column("channel", types.Name(length=64), nullable=False),
        sa.Column("flow_key", types.Name(length=64), nullable=True, comment="null: no flow takes it yet, it is held"),
        sa.Column(
            "version_id", types.Name(length=26), nullable=True, comment="the version that it started on, and keeps"
        ),
        sa.Column("state", types.Name(length=16), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True, comment="when it goes on by itself; null: only by a reply"),
        sa.Column("tokens", types.Body(), nullable=False, comment="JSON, where it stands; see runtime.core.run"),
        sa.Column("changes", types.Body(), nullable=False, comment="JSON, field path -> value laid over the order"),
        sa.Column("steps", sa.Integer(), nullable=False, comment="number of the last step entered"),
        sa.Column(
            "rev", sa.Integer(), nullable=False, comment="counts saves: compare-and-swap, and the journal's number"
        ),
        sa.Column("reason", sa.Text(), nullable=True, comment="why it is held, failed or cancelled"),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_runs_due_at"), ["due_at"], unique=False)
        batch_op.create_index("ix_runs_flow_key_state", ["flow_key", "state"], unique=False)
        batch_op.create_index("ix_runs_state_channel", ["state", "channel"], unique=False)

    op.create_table(
        "signin_links",
        sa.Column("digest", types.Name(length=64), nullable=False, comment="SHA-256 of the link's secret"),
        sa.Column("user_name", types.Name(length=64), nullable=True, comment="null: makes the first administrator"),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_signin_links")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "tasks",
        sa.Column("trace", types.Name(length=48), nullable=False, comment="trace code of the step that asks"),
        sa.Column("run_id", types.Name(length=26), nullable=False),
        sa.Column("node", types.Name(length=64), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("who_kind", types.Name(length=16), nullable=False, comment="person, team or role"),
        sa.Column("who", types.Name(length=64), nullable=False),
        sa.Column("reasons", types.Body(), nullable=False, comment="JSON list, offered as chips"),
        sa.Column("state", types.Name(length=16), nullable=False, comment="open, decided or withdrawn"),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", types.Name(length=64), nullable=True),
        sa.Column("decision", types.Name(length=16), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("trace", name=op.f("pk_tasks")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tasks_run_id"), ["run_id"], unique=False)
        batch_op.create_index("ix_tasks_state_due_at", ["state", "due_at"], unique=False)
        batch_op.create_index("ix_tasks_state_who", ["state", "who_kind", "who"], unique=False)

    op.create_table(
        "teams",
        sa.Column("key", types.Name(length=64), nullable=False),
        sa.Column("name", types.Body(), nullable=False, comment="JSON: text, or text a language"),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_teams")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "users",
        sa.Column("id", types.Name(length=26), nullable=False),
        sa.Column("name", types.Name(length=64), nullable=False, comment="what the person signs in with"),
        sa.Column("display", sa.String(length=128), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("password_hash", sa.String(length=255), nullable=True, comment="argon2; null: only by link"),
        sa.Column("duties", types.Body(), nullable=False, comment="JSON list of duties"),
        sa.Column("language", sa.String(length=16), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("name", name=op.f("uq_users_name")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "channels",
        sa.Column("name", types.Name(length=64), nullable=False),
        sa.Column("flow_key", types.Name(length=64), nullable=True, comment="null: the default flow takes its orders"),
        sa.Column("secrets", types.Body(), nullable=True, comment="sealed JSON list of the live signing secrets"),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["flow_key"], ["flows.key"], name=op.f("fk_channels_flow_key_flows")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_channels")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "flow_versions",
        sa.Column("id", types.Name(length=26), nullable=False),
        sa.Column("flow_key", types.Name(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("document", types.Body(), nullable=False),
        sa.Column(
            "fingerprint", types.Name(length=64), nullable=False, comment="SHA-256 of the logic, without the layout"
        ),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("published_at", sa.BigInteger(), nullable=False),
        sa.Column("published_by", types.Name(length=64), nullable=False),
        sa.ForeignKeyConstraint(["flow_key"], ["flows.key"], name=op.f("fk_flow_versions_flow_key_flows")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flow_versions")),
        sa.UniqueConstraint("flow_key", "number", name=op.f("uq_flow_versions_flow_key_number")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "team_members",
        sa.Column("team", types.Name(length=64), nullable=False),
        sa.Column("user_name", types.Name(length=64), nullable=False),
        sa.ForeignKeyConstraint(["team"], ["teams.key"], name=op.f("fk_team_members_team_teams")),
        sa.ForeignKeyConstraint(["user_name"], ["users.name"], name=op.f("fk_team_members_user_name_users")),
        sa.PrimaryKeyConstraint("team", "user_name", name=op.f("pk_team_members")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_520_ci",
        mysql_engine="InnoDB",
    )
    with op.batch_alter_table("team_members", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_team_members_user_name"), ["user_name"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("team_members", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_team_members_user_name"))

    op.drop_table("team_members")
    op.drop_table("flow_versions")
    op.drop_table("channels")
    op.drop_table("users")
    op.drop_table("teams")
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.drop_index("ix_tasks_state_who")
        batch_op.drop_index("ix_tasks_state_due_at")
        batch_op.drop_index(batch_op.f("ix_tasks_run_id"))

    op.drop_table("tasks")
    op.drop_table("signin_links")
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.drop_index("ix_runs_state_channel")
        batch_op.drop_index("ix_runs_flow_key_state")
        batch_op.drop_index(batch_op.f("ix_runs_due_at"))

    op.drop_table("runs")
    with op.batch_alter_table("refusals", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_refusals_received_at"))
        batch_op.drop_index("ix_refusals_channel_received_at")

    op.drop_table("refusals")
    with op.batch_alter_table("receipts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_receipts_made_at"))

    op.drop_table("receipts")
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_orders_received_at"))
        batch_op.drop_index(batch_op.f("ix_orders_phone_tail"))
        batch_op.drop_index("ix_orders_external_id")

    op.drop_table("orders")
    op.drop_table("journal")
    op.drop_table("flows")
    with op.batch_alter_table("effects", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_effects_run_id"))
        batch_op.drop_index(batch_op.f("ix_effects_due_at"))

    op.drop_table("effects")
    op.drop_table("choices")
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_subject"))
        batch_op.drop_index(batch_op.f("ix_audit_at"))

    op.drop_table("audit")
    op.drop_table("api_tokens")

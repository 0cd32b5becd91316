"""Messages to people: by which ways, to whom, and each try."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from runtime.store import types

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

MARIADB: Any = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_unicode_520_ci", "mysql_engine": "InnoDB"}


def upgrade() -> None:
    op.create_table(
        "delivered_letters",
        sa.Column("delivery_id", types.Name(length=26), nullable=False),
        sa.Column("letter_id", types.Name(length=26), nullable=False),
        sa.Column("run_id", types.Name(length=26), nullable=True),
        sa.PrimaryKeyConstraint("delivery_id", "letter_id", name=op.f("pk_delivered_letters")),
        **MARIADB,
    )
    op.create_index(op.f("ix_delivered_letters_letter_id"), "delivered_letters", ["letter_id"], unique=False)
    op.create_index(op.f("ix_delivered_letters_run_id"), "delivered_letters", ["run_id"], unique=False)
    op.create_table(
        "deliveries",
        sa.Column("id", types.Name(length=26), nullable=False),
        sa.Column(
            "key",
            types.Name(length=64),
            nullable=False,
            comment="idempotency key outward; of a digest, what its letters are told",
        ),
        sa.Column("way", types.Name(length=64), nullable=False),
        sa.Column("messenger", types.Name(length=64), nullable=False),
        sa.Column("recipient", types.Name(length=160), nullable=False),
        sa.Column("shown", sa.String(length=200), nullable=False, comment="the address, masked"),
        sa.Column("at_address", types.Name(length=64), nullable=False),
        sa.Column("letters", sa.Integer(), nullable=False, comment="how many messages are in it"),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("content", types.Body(), nullable=False, comment="JSON, what is sent"),
        sa.Column("result", types.Name(length=16), nullable=False, comment="out, ok, or why not"),
        sa.Column("message", sa.Text(), nullable=False, comment="the answer in words"),
        sa.Column("at", sa.BigInteger(), nullable=False, comment="when it was sent last"),
        sa.Column("sends", sa.Integer(), nullable=False),
        sa.Column(
            "due_at", sa.BigInteger(), nullable=True, comment="when its sender is taken for dead; null: it is answered"
        ),
        sa.Column("millis", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        **MARIADB,
    )
    op.create_index("ix_deliveries_way_at", "deliveries", ["way", "at"], unique=False)
    op.create_index("ix_deliveries_way_at_address_at", "deliveries", ["way", "at_address", "at"], unique=False)
    op.create_index("ix_deliveries_way_due_at", "deliveries", ["way", "due_at"], unique=False)
    op.create_table(
        "letters",
        sa.Column("id", types.Name(length=26), nullable=False),
        sa.Column("message_id", types.Name(length=26), nullable=False),
        sa.Column(
            "recipient",
            types.Name(length=160),
            nullable=False,
            comment="person:NAME, or what the message names, as a room does",
        ),
        sa.Column("way", types.Name(length=64), nullable=False, comment="the way that it goes by now"),
        sa.Column("rest", types.Body(), nullable=False, comment="JSON list, the ways that are tried after this one"),
        sa.Column("address", types.Body(), nullable=False, comment="JSON, as the messenger of the way takes it"),
        sa.Column(
            "at_address", types.Name(length=64), nullable=False, comment="digest of the address, by which caps count"
        ),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column(
            "state", types.Name(length=16), nullable=False, comment="waiting, out, sent, passed_on, failed or withdrawn"
        ),
        sa.Column(
            "due_at", sa.BigInteger(), nullable=True, comment="from when on it may go; null: it is out or settled"
        ),
        sa.Column("patient_until", sa.BigInteger(), nullable=False, comment="when the next way is tried"),
        sa.Column("tries", sa.Integer(), nullable=False, comment="by this way"),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("answer", types.Body(), nullable=True, comment="JSON {result, message, digest?}"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letters")),
        sa.UniqueConstraint("message_id", "recipient", name=op.f("uq_letters_message_id_recipient")),
        **MARIADB,
    )
    op.create_index("ix_letters_way_due_at", "letters", ["way", "due_at"], unique=False)
    op.create_table(
        "message_troubles",
        sa.Column("id", types.Name(length=26), nullable=False),
        sa.Column("kind", types.Name(length=32), nullable=False),
        sa.Column("open_as", types.Name(length=200), nullable=True, comment="kind and subject; null: it is over"),
        sa.Column("subject", types.Name(length=160), nullable=False, comment="a way, a team, a person"),
        sa.Column("message", sa.Text(), nullable=False, comment="what was answered"),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_troubles")),
        sa.UniqueConstraint("open_as", name=op.f("uq_message_troubles_open_as")),
        **MARIADB,
    )
    op.create_table(
        "message_ways",
        sa.Column("key", types.Name(length=64), nullable=False, comment="by which flows send by it"),
        sa.Column("name", types.Body(), nullable=False, comment="JSON: text, or text a language"),
        sa.Column("messenger", types.Name(length=64), nullable=False, comment="folder in runtime.adapters.messengers"),
        sa.Column(
            "settings", types.Body(), nullable=False, comment="JSON by the messenger's schema, without its secrets"
        ),
        sa.Column("secrets", types.Body(), nullable=True, comment="sealed JSON, setting -> secret"),
        sa.Column("fall_back", types.Name(length=64), nullable=True, comment="the way that is tried next"),
        sa.Column("quiet_from", sa.Integer(), nullable=True, comment="minute of the day; null: no quiet hours"),
        sa.Column("quiet_to", sa.Integer(), nullable=True, comment="minute of the day, of the same or the next"),
        sa.Column(
            "digest_seconds",
            sa.Integer(),
            nullable=False,
            comment="what comes within is one message; 0: each for itself",
        ),
        sa.Column(
            "caps", types.Body(), nullable=False, comment="JSON, cap -> count where it is less than the messenger's own"
        ),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("made_by", types.Name(length=64), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_message_ways")),
        **MARIADB,
    )
    op.create_table(
        "messages",
        sa.Column("id", types.Name(length=26), nullable=False),
        sa.Column(
            "key", types.Name(length=128), nullable=False, comment="given by who tells: told twice, it is one message"
        ),
        sa.Column(
            "addressee", sa.String(length=500), nullable=False, comment="person:NAME, team:KEY, role:DUTY or an address"
        ),
        sa.Column("way", types.Name(length=64), nullable=True, comment="null: by each one's own ways"),
        sa.Column("subject", types.Body(), nullable=False, comment="JSON: text, or text a language"),
        sa.Column("text", types.Body(), nullable=False, comment="JSON: text, or text a language"),
        sa.Column(
            "link", sa.String(length=500), nullable=False, comment="path of a page that it leads to; empty: none"
        ),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("run_id", types.Name(length=26), nullable=True, comment="the order that it is about"),
        sa.Column(
            "trace",
            types.Name(length=48),
            nullable=True,
            comment="the call of a step that it answers; null: nobody waits",
        ),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "due_at", sa.BigInteger(), nullable=True, comment="when it is looked up whom it reaches; null: it was"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("key", name=op.f("uq_messages_key")),
        **MARIADB,
    )
    op.create_index(op.f("ix_messages_due_at"), "messages", ["due_at"], unique=False)
    op.create_index(op.f("ix_messages_run_id"), "messages", ["run_id"], unique=False)
    op.create_index(op.f("ix_messages_trace"), "messages", ["trace"], unique=False)
    op.create_table(
        "notices",
        sa.Column("person", types.Name(length=64), nullable=False),
        sa.Column("message_id", types.Name(length=26), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("read_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("person", "message_id", name=op.f("pk_notices")),
        **MARIADB,
    )
    op.create_index("ix_notices_person_read_at", "notices", ["person", "read_at"], unique=False)
    op.create_table(
        "person_addresses",
        sa.Column("user_name", types.Name(length=64), nullable=False),
        sa.Column("kind", types.Name(length=32), nullable=False, comment="as messengers name it: mobile, email, …"),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.PrimaryKeyConstraint("user_name", "kind", name=op.f("pk_person_addresses")),
        **MARIADB,
    )
    op.create_table(
        "person_ways",
        sa.Column("user_name", types.Name(length=64), nullable=False),
        sa.Column("ways", types.Body(), nullable=False, comment="JSON list, in the order in which they are tried"),
        sa.PrimaryKeyConstraint("user_name", name=op.f("pk_person_ways")),
        **MARIADB,
    )


def downgrade() -> None:
    for name in (
        "person_ways",
        "person_addresses",
        "notices",
        "messages",
        "message_ways",
        "message_troubles",
        "letters",
        "deliveries",
        "delivered_letters",
    ):
        op.drop_table(name)

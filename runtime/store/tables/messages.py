"""Messages to people, and every try to bring one."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text, UniqueConstraint

from runtime.store.tables.base import KEY, MARIADB, ORDER_ID, TRACE, ULID, metadata
from runtime.store.types import Body, Name

RECIPIENT = Name(160)

message_ways = Table(
    "message_ways",
    metadata,
    Column("key", KEY, primary_key=True, comment="by which flows send by it"),
    Column("name", Body(), nullable=False, comment="JSON: text, or text a language"),
    Column("messenger", KEY, nullable=False, comment="folder in runtime.adapters.messengers"),
    Column("settings", Body(), nullable=False, comment="JSON by the messenger's schema, without its secrets"),
    Column("secrets", Body(), comment="sealed JSON, setting -> secret"),
    Column("fall_back", KEY, comment="the way that is tried next"),
    Column("quiet_from", Integer, comment="minute of the day; null: no quiet hours"),
    Column("quiet_to", Integer, comment="minute of the day, of the same or the next"),
    Column("digest_seconds", Integer, nullable=False, comment="what comes within is one message; 0: each for itself"),
    Column("caps", Body(), nullable=False, comment="JSON, cap -> count where it is less than the messenger's own"),
    Column("made_at", BigInteger, nullable=False),
    Column("made_by", KEY, nullable=False),
    **MARIADB,
)

messages = Table(
    "messages",
    metadata,
    Column("id", ULID, primary_key=True),
    Column("key", ORDER_ID, nullable=False, unique=True, comment="given by who tells: told twice, it is one message"),
    Column("addressee", String(500), nullable=False, comment="person:NAME, team:KEY, role:DUTY or an address"),
    Column("way", KEY, comment="null: by each one's own ways"),
    Column("subject", Body(), nullable=False, comment="JSON: text, or text a language"),
    Column("text", Body(), nullable=False, comment="JSON: text, or text a language"),
    Column("link", String(500), nullable=False, comment="path of a page that it leads to; empty: none"),
    Column("urgent", Boolean, nullable=False),
    Column("run_id", ULID, index=True, comment="the order that it is about"),
    Column("trace", TRACE, index=True, comment="the call of a step that it answers; null: nobody waits"),
    Column("made_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, index=True, comment="when it is looked up whom it reaches; null: it was"),
    **MARIADB,
)

notices = Table(
    "notices",
    metadata,
    Column("person", KEY, primary_key=True),
    Column("message_id", ULID, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("read_at", BigInteger),
    Index("ix_notices_person_read_at", "person", "read_at"),
    **MARIADB,
)

letters = Table(
    "letters",
    metadata,
    Column("id", ULID, primary_key=True),
    Column("message_id", ULID, nullable=False),
    Column("recipient", RECIPIENT, nullable=False, comment="person:NAME, or what the message names, as a room does"),
    Column("way", KEY, nullable=False, comment="the way that it goes by now"),
    Column("rest", Body(), nullable=False, comment="JSON list, the ways that are tried after this one"),
    Column("address", Body(), nullable=False, comment="JSON, as the messenger of the way takes it"),
    Column("at_address", Name(64), nullable=False, comment="digest of the address, by which caps count"),
    Column("urgent", Boolean, nullable=False),
    Column("state", Name(16), nullable=False, comment="waiting, out, sent, passed_on, failed or withdrawn"),
    Column("due_at", BigInteger, comment="from when on it may go; null: it is out or settled"),
    Column("patient_until", BigInteger, nullable=False, comment="when the next way is tried"),
    Column("tries", Integer, nullable=False, comment="by this way"),
    Column("made_at", BigInteger, nullable=False),
    Column("settled_at", BigInteger),
    Column("answer", Body(), comment="JSON {result, message, digest?}"),
    UniqueConstraint("message_id", "recipient"),
    Index("ix_letters_way_due_at", "way", "due_at"),
    **MARIADB,
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", ULID, primary_key=True),
    Column("key", KEY, nullable=False, comment="idempotency key outward; of a digest, what its letters are told"),
    Column("way", KEY, nullable=False),
    Column("messenger", KEY, nullable=False),
    Column("recipient", RECIPIENT, nullable=False),
    Column("shown", String(200), nullable=False, comment="the address, masked"),
    Column("at_address", Name(64), nullable=False),
    Column("letters", Integer, nullable=False, comment="how many messages are in it"),
    Column("urgent", Boolean, nullable=False),
    Column("content", Body(), nullable=False, comment="JSON, what is sent"),
    Column("result", Name(16), nullable=False, comment="out, ok, or why not"),
    Column("message", Text, nullable=False, comment="the answer in words"),
    Column("at", BigInteger, nullable=False, comment="when it was sent last"),
    Column("sends", Integer, nullable=False),
    Column("due_at", BigInteger, comment="when its sender is taken for dead; null: it is answered"),
    Column("millis", Integer),
    Index("ix_deliveries_way_at", "way", "at"),
    Index("ix_deliveries_way_due_at", "way", "due_at"),
    Index("ix_deliveries_way_at_address_at", "way", "at_address", "at"),
    **MARIADB,
)

delivered_letters = Table(
    "delivered_letters",
    metadata,
    Column("delivery_id", ULID, primary_key=True),
    Column("letter_id", ULID, primary_key=True, index=True),
    Column("run_id", ULID, index=True),
    **MARIADB,
)

message_troubles = Table(
    "message_troubles",
    metadata,
    Column("id", ULID, primary_key=True),
    Column("kind", Name(32), nullable=False),
    Column("open_as", Name(200), unique=True, comment="kind and subject; null: it is over"),
    Column("subject", RECIPIENT, nullable=False, comment="a way, a team, a person"),
    Column("message", Text, nullable=False, comment="what was answered"),
    Column("since", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("times", Integer, nullable=False),
    Column("ended_at", BigInteger),
    **MARIADB,
)

person_addresses = Table(
    "person_addresses",
    metadata,
    Column("user_name", KEY, primary_key=True),
    Column("kind", Name(32), primary_key=True, comment="as messengers name it: mobile, email, …"),
    Column("address", String(254), nullable=False),
    **MARIADB,
)

person_ways = Table(
    "person_ways",
    metadata,
    Column("user_name", KEY, primary_key=True),
    Column("ways", Body(), nullable=False, comment="JSON list, in the order in which they are tried"),
    **MARIADB,
)

"""People, their teams and ways in, when they work and are away, and what they keep and say."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from runtime.store.tables.base import KEY, MARIADB, ORDER_ID, ULID, metadata
from runtime.store.types import Body, Bytes, Name

users = Table(
    "users",
    metadata,
    Column("id", ULID, primary_key=True),
    Column("name", KEY, nullable=False, unique=True, comment="what the person signs in with"),
    Column("display", String(128), nullable=False),
    Column("email", String(254)),
    Column("password_hash", String(255), comment="argon2; null: only by link"),
    Column("duties", Body(), nullable=False, comment="JSON list of duties"),
    Column("language", String(16)),
    Column("skills", Text, comment="JSON list of texts; null: none"),
    Column("most_orders", Integer, comment="how many open orders the person may own; null: as each step says"),
    Column("active", Boolean, nullable=False, default=True),
    Column("made_at", BigInteger, nullable=False),
    **MARIADB,
)

teams = Table(
    "teams",
    metadata,
    Column("key", KEY, primary_key=True),
    Column("name", Body(), nullable=False, comment="JSON: text, or text a language"),
    Column("made_at", BigInteger, nullable=False),
    **MARIADB,
)

team_members = Table(
    "team_members",
    metadata,
    Column("team", KEY, ForeignKey("teams.key"), primary_key=True),
    Column("user_name", KEY, ForeignKey("users.name"), primary_key=True, index=True),
    **MARIADB,
)

signin_links = Table(
    "signin_links",
    metadata,
    Column("digest", Name(64), primary_key=True, comment="SHA-256 of the link's secret"),
    Column("user_name", KEY, comment="null: makes the first administrator"),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    **MARIADB,
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", ULID, primary_key=True),
    Column("name", KEY, nullable=False, unique=True),
    Column("digest", Name(64), nullable=False, unique=True, comment="SHA-256 of the token"),
    Column("role", KEY, nullable=False),
    Column("channels", Body(), comment="JSON list; null: every channel"),
    Column("made_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    **MARIADB,
)

audit = Table(
    "audit",
    metadata,
    Column("id", ULID, primary_key=True),
    Column("at", BigInteger, nullable=False, index=True),
    Column("actor", KEY, nullable=False),
    Column("ip", String(64)),
    Column("device", String(255)),
    Column("action", KEY, nullable=False),
    Column("subject", ORDER_ID, nullable=False, index=True),
    Column("before", Body()),
    Column("after", Body()),
    **MARIADB,
)

calendars = Table(
    "calendars",
    metadata,
    Column("key", KEY, primary_key=True, comment="by which flows name it"),
    Column("name", Body(), nullable=False, comment="JSON: text, or text a language"),
    Column("document", Body(), nullable=False, comment="JSON: zone, shifts of the week, special days"),
    Column("rev", Integer, nullable=False, comment="how often it was changed"),
    Column("made_at", BigInteger, nullable=False),
    Column("made_by", KEY, nullable=False),
    **MARIADB,
)

absences = Table(
    "absences",
    metadata,
    Column("id", ULID, primary_key=True),
    Column("person", KEY, nullable=False, index=True),
    Column("stand_in", KEY, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False, index=True, comment="the first moment at which they are back"),
    Column("made_at", BigInteger, nullable=False),
    Column("made_by", KEY, nullable=False),
    **MARIADB,
)

saved_filters = Table(
    "saved_filters",
    metadata,
    Column("id", ULID, primary_key=True),
    Column("person", KEY, nullable=False, index=True),
    Column("name", String(64), nullable=False),
    Column("look", Body(), nullable=False, comment="JSON, parameters of the inbox's address"),
    Column("place", Integer, nullable=False, comment="by which they are sorted"),
    Column("begins", Boolean, nullable=False, comment="the inbox begins with it"),
    Column("made_at", BigInteger, nullable=False),
    **MARIADB,
)

remarks = Table(
    "remarks",
    metadata,
    Column("id", ULID, primary_key=True),
    Column("run_id", ULID, nullable=False, index=True),
    Column("author", KEY, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("text", Body(), nullable=False),
    Column("struck_at", BigInteger, comment="taken back by its author; the text stays and is not shown"),
    **MARIADB,
)

mentions = Table(
    "mentions",
    metadata,
    Column("person", KEY, primary_key=True),
    Column("remark_id", ULID, primary_key=True),
    Column("run_id", ULID, nullable=False),
    Column("read_at", BigInteger),
    Index("ix_mentions_person_read_at", "person", "read_at"),
    **MARIADB,
)

attachments = Table(
    "attachments",
    metadata,
    Column("id", ULID, primary_key=True),
    Column("remark_id", ULID, nullable=False, index=True),
    Column("run_id", ULID, nullable=False, index=True),
    Column("name", String(200), nullable=False, comment="as it was called where it came from"),
    Column("type", Name(128), nullable=False, comment="media type, told from what is in it"),
    Column("size", Integer, nullable=False, comment="bytes"),
    Column("digest", Name(64), nullable=False, comment="SHA-256 of it"),
    Column("at", BigInteger, nullable=False),
    **MARIADB,
)

attachment_parts = Table(
    "attachment_parts",
    metadata,
    Column("attachment_id", ULID, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("content", Bytes(), nullable=False, comment="at most 512 KiB, so that it fits any packet"),
    **MARIADB,
)

"""How orders come: counted, held, pulled, acknowledged, refused."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, Text

from runtime.store.tables.base import KEY, MARIADB, ORDER_ID, ULID, metadata
from runtime.store.types import Body, Name

arrivals = Table(
    "arrivals",
    metadata,
    Column("channel", KEY, primary_key=True),
    Column("hour_at", BigInteger, primary_key=True, autoincrement=False, comment="beginning of the clock hour"),
    Column("came", Integer, nullable=False, comment="orders accepted in it, counted as they were stored"),
    **MARIADB,
)

surges = Table(
    "surges",
    metadata,
    Column("id", ULID, primary_key=True),
    Column("channel", KEY, nullable=False, index=True),
    Column("holds", KEY, unique=True, comment="the channel while it is held; null: the hold is over"),
    Column("kind", Name(16), nullable=False, comment="surge: by the breaker; manual: by a person"),
    Column("state", Name(16), nullable=False, index=True, comment="open, releasing, stopped, cancelling or closed"),
    Column("hour_at", BigInteger, nullable=False, comment="the clock hour in which it began"),
    Column("came", Integer, nullable=False, comment="orders of that hour at that moment"),
    Column("rule", Name(16), nullable=False, comment="weeks or day; empty: by hand"),
    Column("usual", Integer, nullable=False, comment="orders of the compared hours together"),
    Column("usual_hours", Integer, nullable=False, comment="how many hours were compared"),
    Column("reason", Text, nullable=False, comment="why a person holds it, or cancels what is held"),
    Column("opened_at", BigInteger, nullable=False),
    Column("opened_by", KEY, nullable=False),
    Column("decided_at", BigInteger),
    Column("decided_by", KEY),
    Column("quiet_until", BigInteger, comment="until when the channel is not tripped again"),
    Column("wave", Integer, nullable=False, comment="0: none yet; 1: 5 %, 2: 25 %, 3: all"),
    Column("wave_left", Integer, nullable=False, comment="how many of the wave are still to go"),
    Column("wave_released", Integer, nullable=False, comment="how many of the wave went"),
    Column("wave_at", BigInteger, comment="when the last of the wave went"),
    Column("wave_from", ULID, comment="the first order of the wave"),
    Column("wave_to", ULID, comment="the last order of the wave"),
    Column("cancel_to", ULID, comment="the newest order that is to be cancelled"),
    Column("released", Integer, nullable=False),
    Column("cancelled", Integer, nullable=False),
    Column("failed", Integer, nullable=False, comment="of the wave, when it was last looked at"),
    Column("stopped_by", Name(16), nullable=False, comment="failures or no_flow; empty: it is not stopped"),
    Column("closed_at", BigInteger),
    **MARIADB,
)

silences = Table(
    "silences",
    metadata,
    Column("channel", KEY, primary_key=True),
    Column("since", BigInteger, primary_key=True, autoincrement=False, comment="the first clock hour without an order"),
    Column("expected", Integer, nullable=False, comment="orders that it was to bring at least"),
    Column("ended_at", BigInteger, index=True),
    **MARIADB,
)

pulls = Table(
    "pulls",
    metadata,
    Column("channel", KEY, primary_key=True, comment="whose orders are pulled"),
    Column("source", KEY, nullable=False, comment="folder in runtime.adapters.sources"),
    Column("address", Body(), nullable=False),
    Column("secret", Body(), nullable=False, comment="sealed"),
    Column("every_seconds", Integer, nullable=False),
    Column("state", Name(16), nullable=False, comment="on or off"),
    Column(
        "cursor", Body(), comment="as the source gave it, behind the last page that was stored; null: the beginning"
    ),
    Column("next_at", BigInteger, nullable=False, comment="when the next page is asked for"),
    Column("holder", ULID, comment="the pull that is out; null: none is"),
    Column("lease_until", BigInteger, comment="until when its holder is taken to live"),
    Column("failures", Integer, nullable=False, comment="in a row"),
    Column("error", Body(), comment="JSON {code, params} of the last failure; null: the last try was good"),
    Column("pulled_at", BigInteger, comment="when the last page was stored"),
    Column("last_came", Integer, nullable=False, comment="new orders of the last pull"),
    Column("came", BigInteger, nullable=False, comment="new orders so far"),
    Column("made_at", BigInteger, nullable=False),
    Column("made_by", KEY, nullable=False),
    **MARIADB,
)

receipts = Table(
    "receipts",
    metadata,
    Column("token_id", ULID, primary_key=True),
    Column("key", ORDER_ID, primary_key=True, comment="the asker's Idempotency-Key"),
    Column("digest", Name(64), nullable=False, comment="SHA-256 of the body"),
    Column("status", Integer, nullable=False),
    Column("answer", Body(), nullable=False),
    Column("made_at", BigInteger, nullable=False, index=True),
    **MARIADB,
)

refusals = Table(
    "refusals",
    metadata,
    Column("id", ULID, primary_key=True),
    Column("channel", KEY, nullable=False),
    Column("external_id", ORDER_ID),
    Column("token_name", KEY),
    Column("received_at", BigInteger, nullable=False, index=True),
    Column("problems", Body(), nullable=False, comment="JSON list of {code, where, params}"),
    Column("raw", Body(), nullable=False, comment="what was sent, cut at 64 KiB"),
    Column("raw_size", Integer, nullable=False, comment="bytes before the cut"),
    Column("alarm", Boolean, nullable=False, comment="the first of a burst"),
    Index("ix_refusals_channel_received_at", "channel", "received_at"),
    **MARIADB,
)

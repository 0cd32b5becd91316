"""Orders and where they are: runs, journal, tasks, owners, calls to systems."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text, UniqueConstraint

from runtime.store.tables.base import KEY, MARIADB, ORDER_ID, PLACE, TRACE, ULID, metadata
from runtime.store.types import Body, Name

orders = Table(
    "orders",
    metadata,
    Column("run_id", ULID, primary_key=True, comment="an order has one run; they share the id"),
    Column("channel", KEY, nullable=False),
    Column("external_id", ORDER_ID, nullable=False, comment="the channel's own order id"),
    Column("digest", Name(64), nullable=False, comment="SHA-256 of the canonical order"),
    Column("document", Body(), nullable=False, comment="JSON, the canonical order"),
    Column("raw", Body(), nullable=False, comment="what was sent, unchanged"),
    Column("received_at", BigInteger, nullable=False, index=True),
    Column("total", BigInteger, nullable=False),
    Column("currency", Name(3), nullable=False),
    Column("buyer", String(255), comment="shown in lists; null where unknown, masked or cipher"),
    Column("phone_tail", Name(4), index=True),
    Column("skus", Body(), nullable=False, comment="blank-separated, with a blank at both ends"),
    UniqueConstraint("channel", "external_id"),
    Index("ix_orders_external_id", "external_id"),
    **MARIADB,
)

runs = Table(
    "runs",
    metadata,
    Column("id", ULID, primary_key=True),
    Column("channel", KEY, nullable=False),
    Column("flow_key", KEY, comment="null: no flow takes it yet, it is held"),
    Column("version_id", ULID, comment="the version that it goes by"),
    Column("state", Name(16), nullable=False),
    Column("due_at", BigInteger, index=True, comment="when it goes on by itself; null: only by a reply"),
    Column("tokens", Body(), nullable=False, comment="JSON, where it stands; see runtime.core.run"),
    Column("changes", Body(), nullable=False, comment="JSON, field path -> value laid over the order"),
    Column("steps", Integer, nullable=False, comment="number of the last step entered"),
    Column("rev", Integer, nullable=False, comment="counts saves: compare-and-swap, and the journal's number"),
    Column("reason", Text, comment="why it is held, failed or cancelled"),
    Column("received_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("owner", KEY, comment="the one person whose order it is"),
    Index("ix_runs_owner_ended_at", "owner", "ended_at"),
    Index("ix_runs_state_channel", "state", "channel"),
    Index("ix_runs_flow_key_state", "flow_key", "state"),
    **MARIADB,
)

journal = Table(
    "journal",
    metadata,
    Column("run_id", ULID, primary_key=True),
    Column("rev", Integer, primary_key=True, autoincrement=False, comment="the run's rev after this entry"),
    Column("at", BigInteger, nullable=False),
    Column("entry", Body(), nullable=False, comment="JSON {event, actor?, steps, facts?}: one burst"),
    **MARIADB,
)

tasks = Table(
    "tasks",
    metadata,
    Column("trace", TRACE, primary_key=True, comment="trace code of the step that asks"),
    Column("run_id", ULID, nullable=False, index=True),
    Column("node", PLACE, nullable=False),
    Column("title", Text, nullable=False),
    Column("who_kind", Name(16), nullable=False, comment="person, team or role"),
    Column("who", KEY, nullable=False),
    Column("reasons", Body(), nullable=False, comment="JSON list, offered as chips"),
    Column("state", Name(16), nullable=False, comment="open, decided or withdrawn"),
    Column("asked_at", BigInteger, nullable=False),
    Column("due_at", BigInteger),
    Column("decided_at", BigInteger),
    Column("decided_by", KEY),
    Column("decision", Name(16)),
    Column("reason", Text),
    Column("deliver_at", BigInteger, comment="decided, and not yet told to the order: when it will be"),
    Column("claimed_by", KEY, comment="who of those that are asked has taken it on"),
    Column("claimed_at", BigInteger),
    Column("sent_to", PLACE, comment="decision send_back: the earlier step to which the order goes"),
    Column("reminders", Integer, nullable=False, default=0, server_default="0"),
    Column("reminded_at", BigInteger),
    Column("withdrawn_at", BigInteger, comment="when the order stopped waiting for it"),
    Column("escalated_at", BigInteger, comment="when somebody last called up whoever leads"),
    Index("ix_tasks_state_who", "state", "who_kind", "who"),
    Index("ix_tasks_state_due_at", "state", "due_at"),
    Index("ix_tasks_state_asked_at", "state", "asked_at"),
    Index("ix_tasks_deliver_at", "deliver_at"),
    **MARIADB,
)

assign_turns = Table(
    "assign_turns",
    metadata,
    Column("team", KEY, primary_key=True),
    Column("last", KEY, comment="to whom an order was given last"),
    **MARIADB,
)

assign_waits = Table(
    "assign_waits",
    metadata,
    Column("run_id", ULID, primary_key=True),
    Column("team", KEY, nullable=False),
    Column("rank", Integer, nullable=False, comment="lower comes first"),
    Column("since", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False, comment="when it last asked for an owner"),
    Column("skill", Body(), comment="which it asks for; null: none"),
    Column("most", Integer, comment="open orders at most, of who has no own limit"),
    Index("ix_assign_waits_team", "team", "rank", "since"),
    **MARIADB,
)

customer_owners = Table(
    "customer_owners",
    metadata,
    Column("channel", KEY, primary_key=True),
    Column("customer", ORDER_ID, primary_key=True, comment="the buyer's number in the channel"),
    Column("owner", KEY, nullable=False, comment="who had their last order"),
    **MARIADB,
)

effects = Table(
    "effects",
    metadata,
    Column("trace", TRACE, primary_key=True, comment="trace code of the step, and the idempotency key outward"),
    Column("run_id", ULID, nullable=False, index=True),
    Column("adapter", Name(16), nullable=False),
    Column("target", KEY, nullable=False),
    Column("content", Body(), nullable=False, comment="JSON"),
    Column("state", Name(16), nullable=False, comment="ready, claimed, answered or withdrawn"),
    Column("due_at", BigInteger, comment="when to send, or when the claim lapses; null: nothing to do"),
    Column("sends", Integer, nullable=False, comment="how often it was handed to the adapter"),
    Column("made_at", BigInteger, nullable=False),
    Column("answered_at", BigInteger),
    Column("answer", Body(), comment="JSON {result, content, message}"),
    Index("ix_effects_lane_due_at", "adapter", "target", "due_at"),
    **MARIADB,
)

systems = Table(
    "systems",
    metadata,
    Column("name", KEY, primary_key=True, comment="by which flows call it"),
    Column("label", Body(), nullable=False, comment="JSON: text, or text a language"),
    Column("url", Body(), nullable=False),
    Column("proof", Name(16), nullable=False, comment="how a call proves who sends it: none, bearer or signature"),
    Column("secret", Body(), comment="sealed"),
    Column("made_at", BigInteger, nullable=False),
    Column("made_by", KEY, nullable=False),
    **MARIADB,
)

lanes = Table(
    "lanes",
    metadata,
    Column("adapter", Name(16), primary_key=True),
    Column("target", KEY, primary_key=True, comment="with the adapter: whose calls go by this lane; never deleted"),
    Column("timeout_seconds", Integer, nullable=False),
    Column("calls_at_once", Integer, nullable=False, comment="of all workers together"),
    Column("calls_per_minute", Integer, nullable=False, comment="0: as many as come"),
    Column("trip_after", Integer, nullable=False, comment="failures in a row that open the breaker"),
    Column("pause_seconds", Integer, nullable=False, comment="how long it stays open the first time"),
    Column("next_at", BigInteger, comment="from when on calls may go out; null: when a person says so"),
    Column("paused_at", BigInteger),
    Column("paused_by", KEY),
    Column("opened_at", BigInteger, comment="null: the breaker is closed"),
    Column("open_until", BigInteger),
    Column("reason", Text, nullable=False, comment="why a person paused it or opened the breaker"),
    Column("probe", TRACE, comment="the call that tries whether the system is well again"),
    Column("probe_until", BigInteger, nullable=False),
    Column("failures", Integer, nullable=False, comment="in a row"),
    Column("openings", Integer, nullable=False, comment="in a row"),
    Column("spent_until", BigInteger, nullable=False, comment="to where the calls of the minute are spent"),
    Column("wait_until", BigInteger, nullable=False, comment="as the system asked"),
    Column("recent", Body(), nullable=False, comment="JSON list, milliseconds of the last answers"),
    Column("last_result", Name(16)),
    Column("last_message", Text, nullable=False),
    Column("last_at", BigInteger),
    **MARIADB,
)

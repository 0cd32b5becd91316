"""The tables, one place for every room. Times are microseconds since the epoch (UTC), money is minor units."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from runtime.store.types import Body, Bytes, Name

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

MARIADB: dict[str, Any] = {
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_unicode_520_ci",
    "mysql_engine": "InnoDB",
}


ULID = Name(26)
TRACE = Name(48)
KEY = Name(64)
PLACE = Name(400)  # a node with the sub-flow steps that it is in
ORDER_ID = Name(128)

# --- people ---------------------------------------------------------------------------------------------------------

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

# --- flows ----------------------------------------------------------------------------------------------------------

flows = Table(
    "flows",
    metadata,
    Column("key", KEY, primary_key=True),
    Column("name", Body(), nullable=False, comment="JSON: text, or text a language"),
    Column("draft", Body(), nullable=False, comment="JSON, format orderflow/1"),
    Column("draft_rev", Integer, nullable=False),
    Column("draft_by", KEY, nullable=False),
    Column("draft_at", BigInteger, nullable=False),
    Column("version", Integer, comment="number of the published version; null: never published"),
    Column("version_id", ULID),
    Column("made_at", BigInteger, nullable=False),
    **MARIADB,
)

flow_versions = Table(
    "flow_versions",
    metadata,
    Column("id", ULID, primary_key=True),
    Column("flow_key", KEY, ForeignKey("flows.key"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("document", Body(), nullable=False),
    Column("fingerprint", Name(64), nullable=False, comment="SHA-256 of the logic, without the layout"),
    Column("note", Text, nullable=False),
    Column("published_at", BigInteger, nullable=False),
    Column("published_by", KEY, nullable=False),
    UniqueConstraint("flow_key", "number"),
    **MARIADB,
)

drafts = Table(
    "drafts",
    metadata,
    Column("flow_key", KEY, ForeignKey("flows.key"), primary_key=True),
    Column("owner", KEY, primary_key=True),
    Column("document", Body(), nullable=False, comment="JSON: all changes up to rev"),
    Column("rev", Integer, nullable=False, comment="number of the last change"),
    Column("base", Body(), nullable=False, comment="JSON: the flow's own document that this one began from"),
    Column("base_rev", Integer, nullable=False, comment="draft_rev of the flow at that time"),
    Column("base_at", Integer, nullable=False, comment="rev when it last was the same as the flow's own document"),
    Column("changed_at", BigInteger, nullable=False),
    **MARIADB,
)

draft_changes = Table(
    "draft_changes",
    metadata,
    Column("flow_key", KEY, ForeignKey("flows.key"), primary_key=True),
    Column("owner", KEY, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("id", KEY, nullable=False, comment="given by the page that made it: a change sent twice is one"),
    Column("at", BigInteger, nullable=False),
    Column("by", KEY, nullable=False, comment="whose work it is: of a merge, the other's"),
    Column("kind", KEY, nullable=False, comment="do, undo or redo"),
    Column("label", String(200), nullable=False, comment="what was done, in the words of who did it"),
    Column("series", KEY, comment="changes of one series in a row are undone together"),
    Column("change", Body(), nullable=False, comment="JSON {cell: value; null: gone}"),
    Column("back", Body(), nullable=False, comment="JSON: the change that takes it back"),
    UniqueConstraint("flow_key", "owner", "id"),
    **MARIADB,
)

presence = Table(
    "presence",
    metadata,
    Column("flow_key", KEY, ForeignKey("flows.key"), primary_key=True),
    Column("person", KEY, primary_key=True),
    Column("page", KEY, primary_key=True, comment="one open page of a browser"),
    Column("node", KEY, comment="the step that is selected there"),
    Column("edits", Boolean, nullable=False, comment="not only looks"),
    Column("seen_at", BigInteger, nullable=False),
    **MARIADB,
)

channels = Table(
    "channels",
    metadata,
    Column("name", KEY, primary_key=True),
    Column("flow_key", KEY, ForeignKey("flows.key"), comment="null: the default flow takes its orders"),
    Column("secrets", Body(), comment="sealed JSON list of the live signing secrets"),
    Column("made_at", BigInteger, nullable=False),
    **MARIADB,
)

choices = Table(
    "choices",
    metadata,
    Column("name", KEY, primary_key=True, comment="such as default_flow"),
    Column("value", Body(), nullable=False, comment="JSON"),
    **MARIADB,
)

# --- orders and where they are ----------------------------------------------------------------------------------------

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

# --- failures and how they are mended ---------------------------------------------------------------------------------

failures = Table(
    "failures",
    metadata,
    Column("id", ULID, primary_key=True),
    Column("run_id", ULID, nullable=False, index=True),
    Column("step", Integer, nullable=False),
    Column("attempt", Integer, nullable=False, comment="with run and step: the trace code of the try that failed"),
    Column("channel", KEY, nullable=False),
    Column("flow_key", KEY, nullable=False),
    Column("version_id", ULID, nullable=False),
    Column("node", PLACE, nullable=False, comment="empty: it broke before its first step"),
    Column("kind", Name(16), nullable=False, comment="error, timeout, refused or bad_answer"),
    Column("code", KEY, nullable=False),
    Column("params", Body(), nullable=False, comment="JSON, of the message"),
    Column("cause", Name(64), nullable=False, comment="digest of what failures with one cause share"),
    Column("changes", Body(), nullable=False, comment="JSON, what was laid over the order when it failed"),
    Column("tries", Integer, nullable=False, comment="tries that nobody asked for"),
    Column("by_hand", Integer, nullable=False, comment="tries that people asked for"),
    Column("failed_at", BigInteger, nullable=False),
    Column("state", Name(16), nullable=False, comment="open, retried, skipped or closed"),
    Column("settled_at", BigInteger),
    Column("settled_by", KEY),
    Column("reason", Text, comment="why it was skipped or closed"),
    Column("system", KEY, nullable=False, comment="the system that was called; empty: none"),
    Column("act_id", ULID, comment="the last act on many that it was or is part of"),
    Index("ix_failures_act_id_id", "act_id", "id"),
    Index("ix_failures_state_cause", "state", "cause"),
    Index("ix_failures_state_id", "state", "id"),
    **MARIADB,
)

order_changes = Table(
    "order_changes",
    metadata,
    Column("id", ULID, primary_key=True),
    Column("run_id", ULID, nullable=False, index=True),
    Column("proposed_at", BigInteger, nullable=False),
    Column("proposed_by", KEY, nullable=False),
    Column("duty", KEY, nullable=False, comment="the duty that the change was proposed with"),
    Column("reason", Text, nullable=False),
    Column("before", Body(), nullable=False, comment="JSON, field path -> value"),
    Column("after", Body(), nullable=False, comment="JSON, field path -> value"),
    Column("applied_at", BigInteger, comment="null: it waits for the second hand"),
    **MARIADB,
)

acts = Table(
    "acts",
    metadata,
    Column("id", ULID, primary_key=True),
    Column("kind", Name(32), nullable=False, comment="what is done to each: retry, skip, close, …"),
    Column("spec", Body(), nullable=False, comment="JSON: which ones, and with what"),
    Column("actor", Body(), nullable=False, comment="JSON {name, ip, device}"),
    Column("state", Name(16), nullable=False, index=True, comment="running, done or stopped"),
    Column("place", ULID, nullable=False, comment="the last id that was looked at; empty before the first"),
    Column("total", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("declined", Integer, nullable=False),
    Column("reasons", Body(), nullable=False, comment="JSON: why they were declined -> how many"),
    Column("made_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    **MARIADB,
)

# --- how many orders came, and channels that are held --------------------------------------------------------------------

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

# --- the order balance --------------------------------------------------------------------------------------------------

incidents = Table(
    "incidents",
    metadata,
    Column("id", ULID, primary_key=True),
    Column("kind", Name(16), nullable=False, comment="what is wrong; see runtime.core.ledger"),
    Column("open_as", ORDER_ID, unique=True, comment="kind and subject; null: it is over"),
    Column("run_id", ULID, index=True, comment="null: it is about no single order"),
    Column("external_id", ORDER_ID, comment="the order number; null: nothing tells it"),
    Column("channel", KEY, nullable=False, comment="empty: nothing tells it"),
    Column("detail", Body(), nullable=False, comment="JSON, params of the sentence about it"),
    Column("found_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    **MARIADB,
)

checks = Table(
    "checks",
    metadata,
    Column("id", ULID, primary_key=True),
    Column("kind", Name(16), nullable=False, comment="full: at once; round: a slice each minute"),
    Column("asked_by", KEY, nullable=False),
    Column("place", ULID, nullable=False, comment="the last run looked at; empty: none"),
    Column("total", Integer, nullable=False),
    Column("looked", Integer, nullable=False),
    Column("found", Integer, nullable=False),
    Column("began_at", BigInteger, nullable=False),
    Column("looked_at", BigInteger, nullable=False, comment="when it last looked"),
    Column("ended_at", BigInteger, index=True),
    **MARIADB,
)

# --- the door ---------------------------------------------------------------------------------------------------------

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

# --- moves of running orders to another version -------------------------------------------------------------------------

moves = Table(
    "moves",
    metadata,
    Column("id", ULID, primary_key=True),
    Column("flow_key", KEY, nullable=False, index=True),
    Column("to_version", ULID, comment="null: each order goes back to where it came from"),
    Column("undoes", ULID, index=True, comment="the move that this one takes back"),
    Column("reason", Text, nullable=False),
    Column("actor", Body(), nullable=False, comment="JSON {name, ip, device}"),
    Column("state", Name(16), nullable=False, index=True, comment="running or done"),
    Column("total", Integer, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    **MARIADB,
)

moved_runs = Table(
    "moved_runs",
    metadata,
    Column("move_id", ULID, primary_key=True),
    Column("run_id", ULID, primary_key=True, index=True),
    Column("from_version", ULID, nullable=False),
    Column("to_version", ULID, nullable=False),
    Column("state", Name(16), nullable=False, comment="ready, moved, declined or undone"),
    Column("why", Body(), comment="JSON list [code, node]: why it was declined"),
    Column("at", BigInteger, comment="when it was moved or declined"),
    Index("ix_moved_runs_move_id_state", "move_id", "state"),
    **MARIADB,
)

# --- messages to people -------------------------------------------------------------------------------------------------

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

# --- working time -----------------------------------------------------------------------------------------------------

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

# --- people who are away, what they keep, and what they say about orders -------------------------------------------------

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

# --- how well the house does ----------------------------------------------------------------------------------------------

baselines = Table(
    "baselines",
    metadata,
    Column("figure", KEY, primary_key=True, comment="what it was before Orderflow; see builder.kpi.figures"),
    Column("value", BigInteger, nullable=False, comment="microseconds, or millionths of a share"),
    Column("period", String(200), nullable=False, comment="of which time, as somebody typed it"),
    Column("note", Text, nullable=False, comment="how it was measured"),
    Column("made_at", BigInteger, nullable=False),
    Column("made_by", KEY, nullable=False),
    **MARIADB,
)

pull_turns = Table(
    "pull_turns",
    metadata,
    Column("channel", KEY, primary_key=True),
    Column("hour_at", BigInteger, primary_key=True, autoincrement=False, comment="beginning of the hour, UTC"),
    Column("turns", Integer, nullable=False, comment="turns of the channel's pull that ended in it"),
    Column("failed", Integer, nullable=False, comment="those that a failure ended"),
    **MARIADB,
)

# --- how long a stage may take ------------------------------------------------------------------------------------------

sla_limits = Table(
    "sla_limits",
    metadata,
    Column("flow_key", KEY, primary_key=True, comment="empty: of the whole house"),
    Column(
        "node", PLACE, primary_key=True, comment="a stage; *: every stage where people are asked; empty: a whole order"
    ),
    Column("minutes", Integer, nullable=False),
    Column("amber_minutes", Integer, nullable=False, comment="how long before the limit it is told that it comes near"),
    Column("editor", KEY, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("rev", Integer, nullable=False, comment="how often it was changed"),
    **MARIADB,
)

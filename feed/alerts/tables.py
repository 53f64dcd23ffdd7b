"""The tables of alerts: keys, subscriptions, messages, and what became of each message at each subscription."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    text,
)

from history.columns import Id, Moment, Word
from history.tables import metadata as metadata

# What a delivery may be; only pending ones are looked for.
STATES = ("pending", "delivered", "failed")
IS_PENDING = text("state = 0")

# A key is shown once: what stays is its digest, and its beginning to find it by. `closed_at`: it was revoked or has
# expired, and its subscriptions are told nothing any more.
api_key = Table(
    "api_key",
    metadata,
    Column("id", Id, primary_key=True),
    Column("prefix", Text, nullable=False, unique=True),
    Column("digest", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("subscriptions", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("last_used_at", Moment),
    Column("revoked_at", Moment),
    Column("closed_at", Moment),
    CheckConstraint("scope IN ('subscriber','admin')", name="api_key_scope"),
)

# Equal filters are one row, so that a story is compared once with each, however many subscribers share it.
subscription_filter = Table(
    "subscription_filter",
    metadata,
    Column("id", Id, primary_key=True),
    Column("text", Text, nullable=False, unique=True),
)

# `target` and the secrets are sealed (feed.alerts.sealing); `shown` is what may be read of the target. A deleted
# subscription keeps its row, so that an attempt that is under way can still be written down, but no secrets.
# `digested` is the cursor up to which digests have told, `digest_at` when the next one is due.
subscription = Table(
    "subscription",
    metadata,
    Column("id", Id, primary_key=True),
    Column("uid", Text, nullable=False, unique=True),
    Column("key_id", Id, ForeignKey("api_key.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("target", LargeBinary),
    Column("shown", Text, nullable=False),
    Column("secret", LargeBinary),
    Column("former_secret", LargeBinary),
    Column("former_until", Moment),
    Column("filter_id", Id, ForeignKey("subscription_filter.id"), nullable=False),
    Column("cadence", Text, nullable=False),
    Column("max_per_minute", Integer),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("proof", Text, nullable=False),
    Column("failing_since", Moment),
    Column("digested", Id),
    Column("digest_at", Moment),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    CheckConstraint("channel IN ('webhook','apprise')", name="subscription_channel"),
    CheckConstraint("cadence IN ('instant','daily','weekly')", name="subscription_cadence"),
    CheckConstraint("state IN ('unproven','active','paused','disabled','deleted')", name="subscription_state"),
    Index("subscription_of_key", "key_id"),
    Index("subscription_by_filter", "filter_id", "state", "cadence"),
    Index("subscription_digest", "digest_at"),
)

# A subscription that was asked for under an Idempotency-Key (`token`): asked for again within a day, it is answered as
# it was. `asked` is a digest of what was asked; `answer` is sealed, for the secret is in it, and goes with it.
repeat = Table(
    "repeat",
    metadata,
    Column("key_id", Id, ForeignKey("api_key.id"), primary_key=True, autoincrement=False),
    Column("token", Text, primary_key=True),
    Column("asked", Text, nullable=False),
    Column("subscription_id", Id, ForeignKey("subscription.id"), nullable=False),
    Column("answer", LargeBinary),
    Column("created_at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

# What is told, frozen: `payload` is signed and sent as it stands here. `about` names what it tells, so that nothing is
# told twice: "story/17", "volume/55/day/openai/gpt-5", "test/…". `resume_after` is the cursor of /v1/changes.
message = Table(
    "message",
    metadata,
    Column("id", Id, primary_key=True),
    Column("uid", Text, nullable=False, unique=True),
    Column("about", Text, nullable=False, unique=True),
    Column("type", Text, nullable=False),
    Column("event_at", Moment, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("payload", Text, nullable=False),
    Column("resume_after", Id, nullable=False),
    Index("message_created", "created_at"),
    Index("message_happened", "event_at"),
)

# One message for one subscription.
delivery = Table(
    "delivery",
    metadata,
    Column("subscription_id", Id, ForeignKey("subscription.id"), primary_key=True),
    Column("message_id", Id, ForeignKey("message.id"), primary_key=True),
    Column("state", Word(*STATES), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("ended_at", Moment),
    CheckConstraint("state BETWEEN 0 AND 2", name="delivery_state"),
    Index("delivery_of_message", "message_id"),
    sqlite_with_rowid=False,
)
# With the state, though it is the same in all of it, and the attempts, so that it covers what is asked: else SQLite
# takes the primary key, and steps over all that was told.
Index(
    "delivery_pending",
    delivery.c.subscription_id,
    delivery.c.state,
    delivery.c.message_id,
    delivery.c.attempts,
    sqlite_where=IS_PENDING,
    postgresql_where=IS_PENDING,
)

# One HTTP try: `status` NULL where there was no answer, `error` says why it counts as a failure.
attempt = Table(
    "attempt",
    metadata,
    Column("subscription_id", Id, primary_key=True),
    Column("message_id", Id, primary_key=True),
    Column("started_at", Moment, primary_key=True),
    Column("took_ms", Integer, nullable=False),
    Column("status", Integer),
    Column("error", Text),
    Column("response", Text),
    ForeignKeyConstraint(["subscription_id", "message_id"], ["delivery.subscription_id", "delivery.message_id"]),
    sqlite_with_rowid=False,
)

# A subscription to which something is pending, and when somebody may tell it: who takes it moves that moment to the end
# of his lease, so that one dispatcher at a time tells one subscription, and its messages keep their order. `fresh` is
# one without a backlog: what is pending has come since all before it was told. `failures` are those in a row of its
# oldest message: what is in trouble stands in another line.
queue = Table(
    "queue",
    metadata,
    Column("subscription_id", Id, ForeignKey("subscription.id"), primary_key=True, autoincrement=False),
    Column("due_at", Moment, nullable=False),
    Column("fresh", Boolean, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("holder", Text),
)
Index("queue_fresh", queue.c.due_at, sqlite_where=text("fresh"), postgresql_where=text("fresh"))
Index("queue_well", queue.c.due_at, sqlite_where=text("failures = 0"), postgresql_where=text("failures = 0"))
Index("queue_in_trouble", queue.c.due_at, sqlite_where=text("failures > 0"), postgresql_where=text("failures > 0"))

# How far the fan-out has come: "changes" up to which change event, "volumes" up to which run.
position = Table(
    "position",
    metadata,
    Column("name", Text, primary_key=True),
    Column("at", Id, nullable=False),
)

# Attempts, counted for /metrics: `lane` keeps dispatchers out of each other's way, `took_to_ms` is the upper bound
# of a histogram's bucket.
tally = Table(
    "tally",
    metadata,
    Column("lane", SmallInteger, primary_key=True, autoincrement=False),
    Column("result", Text, primary_key=True),
    Column("took_to_ms", Integer, primary_key=True, autoincrement=False),
    Column("attempts", BigInteger, nullable=False),
    Column("took_ms", BigInteger, nullable=False),
)

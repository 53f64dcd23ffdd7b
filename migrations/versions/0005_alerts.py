"""Alerts: keys, subscriptions, messages, their deliveries and attempts."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# Frozen: a later change to feed/alerts/tables.py must not change what this revision makes.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")
PENDING = sa.text("state = 0")


def upgrade() -> None:
    _keys()
    _subscriptions()
    _messages()
    _queue()
    # For replays and previews of a range of time.
    op.create_index("change_event_recorded", "change_event", ["recorded_at", "story_id"])


def downgrade() -> None:
    op.drop_index("change_event_recorded", "change_event")
    for table in ("tally", "position", "queue", "attempt", "delivery", "message", "repeat", "subscription"):
        op.drop_table(table)
    for table in ("subscription_filter", "api_key"):
        op.drop_table(table)


def _keys() -> None:
    op.create_table(
        "api_key",
        sa.Column("id", ID, primary_key=True),
        sa.Column("prefix", sa.Text, nullable=False, unique=True),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("subscriptions", sa.Integer, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT),
        sa.Column("last_used_at", MOMENT),
        sa.Column("revoked_at", MOMENT),
        sa.Column("closed_at", MOMENT),
        sa.CheckConstraint("scope IN ('subscriber','admin')", name="api_key_scope"),
    )


def _subscriptions() -> None:
    op.create_table(
        "subscription_filter",
        sa.Column("id", ID, primary_key=True),
        sa.Column("text", sa.Text, nullable=False, unique=True),
    )
    op.create_table(
        "subscription",
        sa.Column("id", ID, primary_key=True),
        sa.Column("uid", sa.Text, nullable=False, unique=True),
        sa.Column("key_id", ID, sa.ForeignKey("api_key.id"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("target", sa.LargeBinary),
        sa.Column("shown", sa.Text, nullable=False),
        sa.Column("secret", sa.LargeBinary),
        sa.Column("former_secret", sa.LargeBinary),
        sa.Column("former_until", MOMENT),
        sa.Column("filter_id", ID, sa.ForeignKey("subscription_filter.id"), nullable=False),
        sa.Column("cadence", sa.Text, nullable=False),
        sa.Column("max_per_minute", sa.Integer),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("proof", sa.Text, nullable=False),
        sa.Column("failing_since", MOMENT),
        sa.Column("digested", ID),
        sa.Column("digest_at", MOMENT),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.CheckConstraint("channel IN ('webhook','apprise')", name="subscription_channel"),
        sa.CheckConstraint("cadence IN ('instant','daily','weekly')", name="subscription_cadence"),
        sa.CheckConstraint("state IN ('unproven','active','paused','disabled','deleted')", name="subscription_state"),
    )
    op.create_index("subscription_of_key", "subscription", ["key_id"])
    op.create_index("subscription_by_filter", "subscription", ["filter_id", "state", "cadence"])
    op.create_index("subscription_digest", "subscription", ["digest_at"])
    op.create_table(
        "repeat",
        sa.Column("key_id", ID, sa.ForeignKey("api_key.id"), primary_key=True, autoincrement=False),
        sa.Column("token", sa.Text, primary_key=True),
        sa.Column("asked", sa.Text, nullable=False),
        sa.Column("subscription_id", ID, sa.ForeignKey("subscription.id"), nullable=False),
        sa.Column("answer", sa.LargeBinary),
        sa.Column("created_at", MOMENT, nullable=False),
        sqlite_with_rowid=False,
    )


def _messages() -> None:
    op.create_table(
        "message",
        sa.Column("id", ID, primary_key=True),
        sa.Column("uid", sa.Text, nullable=False, unique=True),
        sa.Column("about", sa.Text, nullable=False, unique=True),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("event_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("resume_after", ID, nullable=False),
    )
    op.create_index("message_created", "message", ["created_at"])
    op.create_index("message_happened", "message", ["event_at"])
    op.create_table(
        "delivery",
        sa.Column("subscription_id", ID, sa.ForeignKey("subscription.id"), primary_key=True),
        sa.Column("message_id", ID, sa.ForeignKey("message.id"), primary_key=True),
        sa.Column("state", sa.SmallInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.CheckConstraint("state BETWEEN 0 AND 2", name="delivery_state"),
        sqlite_with_rowid=False,
    )
    op.create_index("delivery_of_message", "delivery", ["message_id"])
    op.create_index(
        "delivery_pending",
        "delivery",
        ["subscription_id", "state", "message_id", "attempts"],
        sqlite_where=PENDING,
        postgresql_where=PENDING,
    )
    op.create_table(
        "attempt",
        sa.Column("subscription_id", ID, primary_key=True),
        sa.Column("message_id", ID, primary_key=True),
        sa.Column("started_at", MOMENT, primary_key=True),
        sa.Column("took_ms", sa.Integer, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("error", sa.Text),
        sa.Column("response", sa.Text),
        sa.ForeignKeyConstraint(["subscription_id", "message_id"], ["delivery.subscription_id", "delivery.message_id"]),
        sqlite_with_rowid=False,
    )


def _queue() -> None:
    op.create_table(
        "queue",
        sa.Column("subscription_id", ID, sa.ForeignKey("subscription.id"), primary_key=True, autoincrement=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("fresh", sa.Boolean, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("holder", sa.Text),
    )
    lines = {"queue_fresh": "fresh", "queue_well": "failures = 0", "queue_in_trouble": "failures > 0"}
    for name, line in lines.items():
        op.create_index(name, "queue", ["due_at"], sqlite_where=sa.text(line), postgresql_where=sa.text(line))
    op.create_table(
        "position",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("at", ID, nullable=False),
    )
    op.create_table(
        "tally",
        sa.Column("lane", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("result", sa.Text, primary_key=True),
        sa.Column("took_to_ms", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("attempts", sa.BigInteger, nullable=False),
        sa.Column("took_ms", sa.BigInteger, nullable=False),
    )

"""The first tables: sources and their runs, snapshots, offers with their series of prices, change events."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Frozen: a later change to history/tables.py must not change what this revision makes.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MONEY = sa.Numeric().with_variant(sa.Text(), "sqlite")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def upgrade() -> None:
    _sources()
    _runs()
    _offers()
    _prices()
    _events()


def downgrade() -> None:
    for table in ("change_event", "held", "price", "series", "offer"):
        op.drop_table(table)
    for table in ("rejection", "fetch", "run", "snapshot", "slot", "source", "provider"):
        op.drop_table(table)


def _sources() -> None:
    op.create_table(
        "provider",
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.Column("slug", sa.Text, nullable=False, unique=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.CheckConstraint("kind IN ('lab','cloud','gateway')", name="provider_kind"),
    )
    op.create_table(
        "source",
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("provider_id", ID, sa.ForeignKey("provider.id"), nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("interval_s", sa.Integer, nullable=False),
        sa.Column("verified", sa.Text, nullable=False),
        sa.Column("paused_until", MOMENT),
    )
    op.create_table(
        "slot",
        sa.Column("source_id", ID, sa.ForeignKey("source.id"), primary_key=True),
        sa.Column("starts_at", MOMENT, primary_key=True),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("leased_until", MOMENT, nullable=False),
        sa.Column("done_at", MOMENT),
    )


def _runs() -> None:
    op.create_table(
        "snapshot",
        sa.Column("sha256", sa.Text, primary_key=True),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("stored_at", MOMENT, nullable=False),
        sa.Column("body_zstd", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "run",
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.Column("source_id", ID, sa.ForeignKey("source.id"), nullable=False),
        sa.Column("observed_at", MOMENT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("failure", sa.Text),
        sa.Column("message", sa.Text),
        sa.Column("extractor", sa.Text, nullable=False),
        sa.Column("offers", sa.Integer, nullable=False),
        sa.Column("rejected", sa.Integer, nullable=False),
        sa.Column("held", sa.Integer, nullable=False),
        sa.Column("events", sa.Integer, nullable=False),
        sa.Column("unread", sa.Text, nullable=False),
        sa.UniqueConstraint("source_id", "kind", "observed_at", name="run_once"),
        sa.CheckConstraint("kind IN ('crawl','reread')", name="run_kind"),
        sa.CheckConstraint("outcome IN ('complete','partial','failed')", name="run_outcome"),
    )
    op.create_table(
        "fetch",
        sa.Column("run_id", ID, sa.ForeignKey("run.id"), primary_key=True),
        sa.Column("ordinal", sa.Integer, primary_key=True),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, sa.ForeignKey("snapshot.sha256"), nullable=False),
        sa.Column("fetched_at", MOMENT, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("etag", sa.Text),
        sa.Column("last_modified", sa.Text),
    )
    op.create_index("fetch_of_snapshot", "fetch", ["sha256"])
    op.create_table(
        "rejection",
        sa.Column("run_id", ID, sa.ForeignKey("run.id"), primary_key=True),
        sa.Column("ordinal", sa.Integer, primary_key=True),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
    )


def _offers() -> None:
    op.create_table(
        "offer",
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.Column("source_id", ID, sa.ForeignKey("source.id"), nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("tier", sa.Text, nullable=False),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("terms", sa.Text, nullable=False),
        sa.Column("absent_since", MOMENT),
        sa.Column("absent_runs", sa.Integer, nullable=False),
        sa.Column("withdrawn", sa.Boolean, nullable=False),
        sa.UniqueConstraint("source_id", "model", "tier", "region", name="offer_identity"),
    )
    op.create_index("offer_of_model", "offer", ["model"])
    op.create_table(
        "series",
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.Column("offer_id", ID, sa.ForeignKey("offer.id"), nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("conditions", sa.Text, nullable=False),
        sa.Column("quote", sa.Text),
        sa.Column("in_force_from", MOMENT),
        sa.UniqueConstraint("offer_id", "unit", "conditions", name="series_identity"),
    )


def _prices() -> None:
    op.create_table(
        "price",
        sa.Column("series_id", ID, sa.ForeignKey("series.id"), primary_key=True),
        sa.Column("valid_from", MOMENT, primary_key=True),
        sa.Column("recorded_at", MOMENT, primary_key=True),
        sa.Column("superseded_at", MOMENT),
        sa.Column("amount", MONEY),
        sa.Column("currency", sa.Text),
        sa.Column("per", sa.BigInteger),
        sa.Column("list_amount", MONEY),
        sa.Column("ends_at", MOMENT),
        sa.Column("basis", sa.Text, nullable=False),
        sa.Column("run_id", ID, sa.ForeignKey("run.id"), nullable=False),
        sa.CheckConstraint("basis IN ('stated','first_seen','documented','imported')", name="price_basis"),
        sqlite_with_rowid=False,
    )
    live = sa.text("superseded_at IS NULL")
    op.create_index(
        "price_no_overlap", "price", ["series_id", "valid_from"], unique=True, sqlite_where=live, postgresql_where=live
    )
    ahead = sa.text("valid_from > recorded_at")
    op.create_index("price_announced", "price", ["series_id"], sqlite_where=ahead, postgresql_where=ahead)
    op.create_index("price_announced_for", "price", ["valid_from"], sqlite_where=ahead, postgresql_where=ahead)
    op.create_table(
        "held",
        sa.Column("series_id", ID, sa.ForeignKey("series.id"), primary_key=True),
        sa.Column("starts_at", MOMENT),
        sa.Column("quote", sa.Text),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("first_seen_at", MOMENT, nullable=False),
        sa.Column("run_id", ID, sa.ForeignKey("run.id"), nullable=False),
    )


def _events() -> None:
    op.create_table(
        "change_event",
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.Column("story_id", ID, nullable=False),
        sa.Column("run_id", ID, sa.ForeignKey("run.id"), nullable=False),
        sa.Column("offer_id", ID, sa.ForeignKey("offer.id"), nullable=False),
        sa.Column("series_id", ID, sa.ForeignKey("series.id")),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("old_amount", MONEY),
        sa.Column("old_currency", sa.Text),
        sa.Column("old_per", sa.BigInteger),
        sa.Column("new_amount", MONEY),
        sa.Column("new_currency", sa.Text),
        sa.Column("new_per", sa.BigInteger),
        sa.Column("change_bp", sa.BigInteger),
        sa.Column("old_terms", sa.Text),
        sa.Column("new_terms", sa.Text),
        sa.Column("effective_at", MOMENT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["story_id"], ["change_event.id"], name="story_is_its_first_event"),
    )
    op.create_index("change_event_of_story", "change_event", ["story_id"])
    op.create_index("change_event_of_offer", "change_event", ["offer_id"])

"""The tables, alike on SQLite and PostgreSQL: exact money, UTC microseconds, append-only price versions."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

from history.columns import Closing, Id, Moment, Money, Word
from history.guards import guard

metadata = MetaData()

provider = Table(
    "provider",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("slug", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    CheckConstraint("kind IN ('lab','cloud','gateway','map')", name="provider_kind"),
)

source = Table(
    "source",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False, unique=True),
    Column("provider_id", Id, ForeignKey("provider.id"), nullable=False),
    Column("url", Text, nullable=False),
    Column("interval_s", Integer, nullable=False),
    Column("verified", Text, nullable=False),
    Column("paused_until", Moment),
    Column("daily_budget", Integer),
    Column("witness", Text, nullable=False),
    CheckConstraint("witness IN ('first_party','documented','gateway','imported')", name="source_witness"),
)

# One row a slot that a scheduler took: the lease that keeps a second scheduler from doubling a run.
slot = Table(
    "slot",
    metadata,
    Column("source_id", Id, ForeignKey("source.id"), primary_key=True),
    Column("starts_at", Moment, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("leased_until", Moment, nullable=False),
    Column("done_at", Moment),
)

# `base`: the sha256 of the snapshot that this one is compressed against (NULL: none). It is never deleted: see guards.
snapshot = Table(
    "snapshot",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("media_type", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("stored_at", Moment, nullable=False),
    Column("body_zstd", LargeBinary, nullable=False),
    Column("base", Text),
)

# kind reread: stored snapshots read again by a newer extractor; it records corrections and fetches nothing.
run = Table(
    "run",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("source_id", Id, ForeignKey("source.id"), nullable=False),
    Column("observed_at", Moment, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("kind", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("failure", Text),
    Column("message", Text),
    Column("extractor", Text, nullable=False),
    Column("offers", Integer, nullable=False),
    Column("rejected", Integer, nullable=False),
    Column("held", Integer, nullable=False),
    Column("events", Integer, nullable=False),
    Column("unread", Text, nullable=False),
    UniqueConstraint("source_id", "kind", "observed_at", name="run_once"),
    CheckConstraint("kind IN ('crawl','reread')", name="run_kind"),
    CheckConstraint("outcome IN ('complete','partial','failed')", name="run_outcome"),
)

fetch = Table(
    "fetch",
    metadata,
    Column("run_id", Id, ForeignKey("run.id"), primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("url", Text, nullable=False),
    Column("sha256", Text, ForeignKey("snapshot.sha256"), nullable=False),
    Column("fetched_at", Moment, nullable=False),
    Column("status", Integer, nullable=False),
    Column("etag", Text),
    Column("last_modified", Text),
    Index("fetch_of_snapshot", "sha256"),
)

# What tells drift before it hurts: the outline of what was read (canonical JSON: its tables, and the headers that
# the spider knows and nothing matched), and how many requests it took. `baseline_id` is the run that it is measured by:
# itself where it has not drifted, NULL where it is not measured (it failed, or is partial and has not drifted).
run_shape = Table(
    "run_shape",
    metadata,
    Column("run_id", Id, ForeignKey("run.id"), primary_key=True, autoincrement=False),
    Column("requests", Integer, nullable=False),
    Column("shape", Text, nullable=False),
    Column("baseline_id", Id, ForeignKey("run.id")),
    Index("run_shape_measured_by", "baseline_id"),
)

rejection = Table(
    "rejection",
    metadata,
    Column("run_id", Id, ForeignKey("run.id"), primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("rule", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("message", Text, nullable=False),
)

# `provider_id` is who bills: the source's own provider, except for a map, which tells the prices of many.
# `absent_since` and `absent_runs` count complete runs without the offer; `withdrawn` is set after k of them.
offer = Table(
    "offer",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("source_id", Id, ForeignKey("source.id"), nullable=False),
    Column("model", Text, nullable=False),
    Column("tier", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("terms", Text, nullable=False),
    Column("absent_since", Moment),
    Column("absent_runs", Integer, nullable=False),
    Column("withdrawn", Boolean, nullable=False),
    Column("provider_id", Id, ForeignKey("provider.id"), nullable=False),
    UniqueConstraint("source_id", "model", "tier", "region", "provider_id", name="offer_identity"),
    Index("offer_of_model", "model"),
)

# `quote` repeats the price in force in canonical text (NULL: none), so that one narrow select finds what differs;
# `in_force_from` is the valid_from of the version that it repeats.
series = Table(
    "series",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("offer_id", Id, ForeignKey("offer.id"), nullable=False),
    Column("unit", Text, nullable=False),
    Column("conditions", Text, nullable=False),
    Column("quote", Text),
    Column("in_force_from", Moment),
    UniqueConstraint("offer_id", "unit", "conditions", name="series_identity"),
)

# A version lasts until the next one of its series (docs/decisions/001). Amount NULL: not offered from then on. What
# may not be done to it, the database refuses (history.guards). `place` says where on the run's pages it was read
# (history.place).
price = Table(
    "price",
    metadata,
    Column("series_id", Id, ForeignKey("series.id"), primary_key=True),
    Column("valid_from", Moment, primary_key=True),
    Column("superseded_at", Closing, primary_key=True),
    Column("recorded_at", Moment, nullable=False),
    Column("amount", Money),
    Column("currency", Text),
    Column("per", BigInteger),
    Column("list_amount", Money),
    Column("ends_at", Moment),
    Column("basis", Word("stated", "first_seen", "documented", "imported"), nullable=False),
    Column("run_id", Id, ForeignKey("run.id"), nullable=False),
    Column("place", BigInteger),
    CheckConstraint("basis BETWEEN 0 AND 3", name="price_basis"),
    sqlite_with_rowid=False,
)

# The few versions that were announced ahead of their time.
Index(
    "price_announced",
    price.c.series_id,
    sqlite_where=price.c.valid_from > price.c.recorded_at,
    postgresql_where=price.c.valid_from > price.c.recorded_at,
)
Index(
    "price_announced_for",
    price.c.valid_from,
    sqlite_where=price.c.valid_from > price.c.recorded_at,
    postgresql_where=price.c.valid_from > price.c.recorded_at,
)

# What was seen but is not believed yet. A NULL quote means: seen to be gone.
held = Table(
    "held",
    metadata,
    Column("series_id", Id, ForeignKey("series.id"), primary_key=True),
    Column("starts_at", Moment),
    Column("quote", Text),
    Column("rule", Text, nullable=False),
    Column("first_seen_at", Moment, nullable=False),
    Column("run_id", Id, ForeignKey("run.id"), nullable=False),
)

# `held_since` is when a change was seen first that was not believed at sight; NULL: it was.
change_event = Table(
    "change_event",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("story_id", Id, nullable=False),
    Column("run_id", Id, ForeignKey("run.id"), nullable=False),
    Column("offer_id", Id, ForeignKey("offer.id"), nullable=False),
    Column("series_id", Id, ForeignKey("series.id")),
    Column("kind", Text, nullable=False),
    Column("old_amount", Money),
    Column("old_currency", Text),
    Column("old_per", BigInteger),
    Column("new_amount", Money),
    Column("new_currency", Text),
    Column("new_per", BigInteger),
    Column("change_bp", BigInteger),
    Column("old_terms", Text),
    Column("new_terms", Text),
    Column("effective_at", Moment, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("held_since", Moment),
    ForeignKeyConstraint(["story_id"], ["change_event.id"], name="story_is_its_first_event"),
    Index("change_event_of_story", "story_id"),
    Index("change_event_of_offer", "offer_id"),
    Index("change_event_recorded", "recorded_at", "story_id"),
)

# Tokens that a gateway served of a model. period "day" with trailing false: of that day; trailing: of the period
# that ended with `day`, which is all that a ranking tells.
volume = Table(
    "volume",
    metadata,
    Column("source_id", Id, ForeignKey("source.id"), primary_key=True),
    Column("model", Text, primary_key=True),
    Column("period", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("recorded_at", Moment, primary_key=True),
    Column("superseded_at", Moment),
    Column("tokens", BigInteger),
    Column("input_tokens", BigInteger),
    Column("output_tokens", BigInteger),
    Column("requests", BigInteger),
    Column("run_id", Id, ForeignKey("run.id"), nullable=False),
    CheckConstraint(
        "period IN ('day','week','month','trailing_day','trailing_week','trailing_month')", name="volume_period"
    ),
    Index("volume_of_day", "day", "model"),
    Index("volume_of_model", "model", "day"),
    Index("volume_of_run", "run_id"),
    sqlite_with_rowid=False,
)
Index(
    "volume_no_overlap",
    volume.c.source_id,
    volume.c.model,
    volume.c.period,
    volume.c.day,
    unique=True,
    sqlite_where=volume.c.superseded_at.is_(None),
    postgresql_where=volume.c.superseded_at.is_(None),
)

# What a run's volumes say of themselves: how they have to be cited, and how far they go.
volume_notice = Table(
    "volume_notice",
    metadata,
    Column("run_id", Id, ForeignKey("run.id"), primary_key=True, autoincrement=False),
    Column("as_of", Moment, nullable=False),
    Column("citation", Text, nullable=False),
    Column("licence", Text, nullable=False),
    Column("meta", Text, nullable=False),
)

# A company that serves models through a gateway, and the country that it says it sits in.
host = Table(
    "host",
    metadata,
    Column("source_id", Id, ForeignKey("source.id"), primary_key=True),
    Column("slug", Text, primary_key=True),
    Column("recorded_at", Moment, primary_key=True),
    Column("superseded_at", Moment),
    Column("name", Text, nullable=False),
    Column("headquarters", Text),
    Column("datacenters", Text, nullable=False),
    Column("run_id", Id, ForeignKey("run.id"), nullable=False),
    sqlite_with_rowid=False,
)
Index(
    "host_no_overlap",
    host.c.source_id,
    host.c.slug,
    unique=True,
    sqlite_where=host.c.superseded_at.is_(None),
    postgresql_where=host.c.superseded_at.is_(None),
)

# Where a witness says another price than the provider's own source. `model` is canonical, `name` and `witness_name`
# are what the two call it. Open until one of them moves (`ended_at`).
discrepancy = Table(
    "discrepancy",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("provider", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("tier", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("conditions", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("quote", Text, nullable=False),
    Column("run_id", Id, ForeignKey("run.id"), nullable=False),
    Column("witness", Text, nullable=False),
    Column("witness_name", Text, nullable=False),
    Column("witness_quote", Text, nullable=False),
    Column("witness_run_id", Id, ForeignKey("run.id"), nullable=False),
    Column("found_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Index("discrepancy_of_model", "model"),
)

guard(metadata)

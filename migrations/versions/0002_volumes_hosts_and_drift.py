"""Volumes and hosts of gateways, discrepancies between sources, and what tells drift: the shape of each run."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Frozen: a later change to history/tables.py must not change what this revision makes.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")
LIVE = sa.text("superseded_at IS NULL")


def upgrade() -> None:
    _drift()
    _volumes()
    _hosts()
    _discrepancies()


def downgrade() -> None:
    for table in ("discrepancy", "host", "volume_notice", "volume", "run_shape"):
        op.drop_table(table)
    op.drop_column("source", "daily_budget")


def _drift() -> None:
    op.add_column("source", sa.Column("daily_budget", sa.Integer))
    op.create_table(
        "run_shape",
        sa.Column("run_id", ID, sa.ForeignKey("run.id"), primary_key=True, autoincrement=False),
        sa.Column("requests", sa.Integer, nullable=False),
        sa.Column("shape", sa.Text, nullable=False),
        sa.Column("baseline_id", ID, sa.ForeignKey("run.id")),
    )
    op.create_index("run_shape_measured_by", "run_shape", ["baseline_id"])


def _volumes() -> None:
    op.create_table(
        "volume",
        sa.Column("source_id", ID, sa.ForeignKey("source.id"), primary_key=True),
        sa.Column("model", sa.Text, primary_key=True),
        sa.Column("period", sa.Text, primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("recorded_at", MOMENT, primary_key=True),
        sa.Column("superseded_at", MOMENT),
        sa.Column("tokens", sa.BigInteger),
        sa.Column("input_tokens", sa.BigInteger),
        sa.Column("output_tokens", sa.BigInteger),
        sa.Column("requests", sa.BigInteger),
        sa.Column("run_id", ID, sa.ForeignKey("run.id"), nullable=False),
        sa.CheckConstraint(
            "period IN ('day','week','month','trailing_day','trailing_week','trailing_month')", name="volume_period"
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("volume_of_day", "volume", ["day", "model"])
    op.create_index("volume_of_model", "volume", ["model", "day"])
    identity = ["source_id", "model", "period", "day"]
    op.create_index("volume_no_overlap", "volume", identity, unique=True, sqlite_where=LIVE, postgresql_where=LIVE)
    op.create_table(
        "volume_notice",
        sa.Column("run_id", ID, sa.ForeignKey("run.id"), primary_key=True, autoincrement=False),
        sa.Column("as_of", MOMENT, nullable=False),
        sa.Column("citation", sa.Text, nullable=False),
        sa.Column("licence", sa.Text, nullable=False),
        sa.Column("meta", sa.Text, nullable=False),
    )


def _hosts() -> None:
    op.create_table(
        "host",
        sa.Column("source_id", ID, sa.ForeignKey("source.id"), primary_key=True),
        sa.Column("slug", sa.Text, primary_key=True),
        sa.Column("recorded_at", MOMENT, primary_key=True),
        sa.Column("superseded_at", MOMENT),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("headquarters", sa.Text),
        sa.Column("datacenters", sa.Text, nullable=False),
        sa.Column("run_id", ID, sa.ForeignKey("run.id"), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "host_no_overlap", "host", ["source_id", "slug"], unique=True, sqlite_where=LIVE, postgresql_where=LIVE
    )


def _discrepancies() -> None:
    op.create_table(
        "discrepancy",
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("tier", sa.Text, nullable=False),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("conditions", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("quote", sa.Text, nullable=False),
        sa.Column("run_id", ID, sa.ForeignKey("run.id"), nullable=False),
        sa.Column("witness", sa.Text, nullable=False),
        sa.Column("witness_name", sa.Text, nullable=False),
        sa.Column("witness_quote", sa.Text, nullable=False),
        sa.Column("witness_run_id", ID, sa.ForeignKey("run.id"), nullable=False),
        sa.Column("found_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
    )
    op.create_index("discrepancy_of_model", "discrepancy", ["model"])

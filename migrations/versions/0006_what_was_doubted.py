"""A change says whether it was held before it was believed, and since when; a run finds the volumes that it told."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Frozen: a later change to history/tables.py or history/guards.py must not change what this revision makes.
MOMENT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")
REFUSED = "a recorded row is never changed or deleted; a correction is a new row"
# A version that was held names the run that saw it first, its event the one that believed it. What was documented names
# the page that states it, and a correction the page that was read again: neither was held.
FIRST_SEEN = """UPDATE change_event SET held_since = (
    SELECT run.observed_at FROM price JOIN run ON run.id = price.run_id
    WHERE price.series_id = change_event.series_id AND price.valid_from = change_event.effective_at
    AND price.recorded_at = change_event.recorded_at AND price.run_id <> change_event.run_id
) WHERE series_id IS NOT NULL AND kind <> 'price_corrected' AND run_id IN (
    SELECT run.id FROM run JOIN source ON source.id = run.source_id WHERE source.witness <> 'documented'
)"""
GUARD = f"""CREATE TRIGGER change_event_changed BEFORE UPDATE ON "change_event"
BEGIN SELECT RAISE(ABORT, 'change_event: {REFUSED}'); END"""


def upgrade() -> None:
    op.add_column("change_event", sa.Column("held_since", MOMENT))
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    unguarded, guarded = (
        f"ALTER TABLE change_event {which} TRIGGER change_event_kept" for which in ("DISABLE", "ENABLE")
    )
    op.execute("DROP TRIGGER change_event_changed" if on_sqlite else unguarded)
    op.execute(FIRST_SEEN)
    op.execute(GUARD if on_sqlite else guarded)
    op.create_index("volume_of_run", "volume", ["run_id"])


def downgrade() -> None:
    op.drop_index("volume_of_run", "volume")
    op.drop_column("change_event", "held_since")

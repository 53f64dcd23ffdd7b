"""A change says whether it was held before it was believed, and since when; a run finds the volumes that it told."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Frozen: a later change to history/tables.py must not change what this revision makes.
MOMENT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def upgrade() -> None:
    """What was told before this revision says nothing of it: a recorded event is never changed."""
    op.add_column("change_event", sa.Column("held_since", MOMENT))
    op.create_index("volume_of_run", "volume", ["run_id"])


def downgrade() -> None:
    op.drop_index("volume_of_run", "volume")
    op.drop_column("change_event", "held_since")

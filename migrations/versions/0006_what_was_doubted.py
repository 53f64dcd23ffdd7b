"""A change says whether it was held before it was believed, and since when."""

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


def downgrade() -> None:
    op.drop_column("change_event", "held_since")

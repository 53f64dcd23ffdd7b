"""A page that changed a little is kept as the difference from the one before."""

import sqlalchemy as sa
import zstandard
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

REFUSED = "a recorded row is never changed or deleted; a correction is a new row"


def upgrade() -> None:
    op.add_column("snapshot", sa.Column("base", sa.Text))


def downgrade() -> None:
    """Each body is kept whole again, so nothing is lost but the room."""
    connection = op.get_bind()
    on_sqlite = connection.dialect.name == "sqlite"
    op.execute("DROP TRIGGER snapshot_changed" if on_sqlite else "ALTER TABLE snapshot DISABLE TRIGGER snapshot_kept")
    different = connection.execute(sa.text("SELECT sha256 FROM snapshot WHERE base IS NOT NULL")).scalars().all()
    bodies = {digest: zstandard.ZstdCompressor(level=3).compress(_body(connection, digest)) for digest in different}
    for digest, packed in bodies.items():
        update = sa.text("UPDATE snapshot SET body_zstd = :packed, base = NULL WHERE sha256 = :digest")
        connection.execute(update, {"packed": packed, "digest": digest})
    op.execute(_guard() if on_sqlite else "ALTER TABLE snapshot ENABLE TRIGGER snapshot_kept")
    op.drop_column("snapshot", "base")


def _body(connection: sa.Connection, digest: str | None) -> bytes:
    chain = []
    while digest is not None:
        stated = sa.text("SELECT base, size, body_zstd FROM snapshot WHERE sha256 = :digest")
        chain.append(connection.execute(stated, {"digest": digest}).one())
        digest = chain[-1].base
    body = b""
    for row in reversed(chain):
        known = zstandard.ZstdCompressionDict(body, dict_type=zstandard.DICT_TYPE_RAWCONTENT) if row.base else None
        body = zstandard.ZstdDecompressor(dict_data=known).decompress(row.body_zstd, max_output_size=row.size)
    return body


def _guard() -> str:
    return f"""CREATE TRIGGER snapshot_changed BEFORE UPDATE ON "snapshot"
BEGIN SELECT RAISE(ABORT, 'snapshot: {REFUSED}'); END"""

"""A history that is proof: versions that the database guards, with their place on the page; sources as witnesses."""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Frozen: a later change to history/tables.py or history/guards.py must not change what this revision makes.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MONEY = sa.Numeric().with_variant(sa.Text(), "sqlite")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")

WORDS = ("stated", "first_seen", "documented", "imported")
KEPT = ("change_event", "fetch", "run", "snapshot")
REFUSED = "a recorded row is never changed or deleted; a correction is a new row"
WITNESS = """(
    SELECT CASE WHEN kind = 'gateway' THEN 'gateway' ELSE 'first_party' END FROM provider p WHERE p.id = provider_id
)"""


def upgrade() -> None:
    _providers("kind IN ('lab','cloud','gateway','map')")
    _sources()
    _offers()
    _prices()
    for statement in _sqlite_guards() if _on_sqlite() else _postgresql_guards():
        op.execute(sa.text(statement.replace(":", "\\:")))


def downgrade() -> None:
    _refuse_to_lose()
    _unguard()
    _prices_before()
    if _on_sqlite():
        _anew("offer", _offer_columns(), OFFER_BEFORE, OFFER_BEFORE)
        op.create_index("offer_of_model", "offer", ["model"])
        _anew("source", _source_columns(), SOURCE_BEFORE, SOURCE_BEFORE)
    else:
        op.drop_constraint("offer_identity", "offer")
        op.create_unique_constraint("offer_identity", "offer", IDENTITY_BEFORE)
        op.drop_column("offer", "provider_id")
        op.drop_column("source", "witness")
    _providers("kind IN ('lab','cloud','gateway')")


def _refuse_to_lose() -> None:
    """Before, an offer was always its source's provider's: two billers of one name would be one offer, and whoever is
    left would charge the other's prices."""
    billed = """SELECT s.name, count(*) FROM offer o JOIN source s ON s.id = o.source_id
    WHERE o.provider_id <> s.provider_id GROUP BY s.name ORDER BY s.name"""
    found = [f"{count} offers of {name} are billed by others" for name, count in op.get_bind().execute(sa.text(billed))]
    maps = op.get_bind().execute(sa.text("SELECT slug FROM provider WHERE kind = 'map' ORDER BY slug"))
    found += [f"{slug} is a map" for (slug,) in maps]
    if found:
        raise CommandError(
            f"revision 0002 cannot keep what is on record, and would lose or mix prices: {'; '.join(found)}."
            " Nothing was changed. To go back, restore a backup from before 0003, or begin with an empty database."
        )


def _on_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _anew(table: str, columns: list[sa.schema.SchemaItem], into: str, selected: str, **options: bool) -> None:
    """Make the table as it shall be and move its rows there. Whoever refers to it goes on doing so: see env.py."""
    op.rename_table(table, f"{table}_before")
    if not _on_sqlite():
        op.execute(f"ALTER INDEX {table}_pkey RENAME TO {table}_before_pkey")
        for key in sa.inspect(op.get_bind()).get_foreign_keys(f"{table}_before"):
            op.execute(f"ALTER TABLE {table}_before RENAME CONSTRAINT {key['name']} TO {key['name']}_before")
    op.create_table(table, *columns, **options)
    # Both are constants of this file.
    op.execute(f"INSERT INTO {table} ({into}) SELECT {selected} FROM {table}_before")  # noqa: S608
    op.drop_table(f"{table}_before")


def _providers(kinds: str) -> None:
    if not _on_sqlite():
        op.drop_constraint("provider_kind", "provider", type_="check")
        op.create_check_constraint("provider_kind", "provider", kinds)
        return
    columns: list[sa.schema.SchemaItem] = [
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.Column("slug", sa.Text, nullable=False, unique=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.CheckConstraint(kinds, name="provider_kind"),
    ]
    _anew("provider", columns, "id, slug, name, kind", "id, slug, name, kind")


SOURCE_BEFORE = "id, name, provider_id, url, interval_s, verified, paused_until, daily_budget"


def _source_columns() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("provider_id", ID, sa.ForeignKey("provider.id"), nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("interval_s", sa.Integer, nullable=False),
        sa.Column("verified", sa.Text, nullable=False),
        sa.Column("paused_until", MOMENT),
        sa.Column("daily_budget", sa.Integer),
    ]


def _sources() -> None:
    witness = sa.Column("witness", sa.Text, nullable=False)
    check = "witness IN ('first_party','documented','gateway','imported')"
    if _on_sqlite():
        columns = [*_source_columns(), witness, sa.CheckConstraint(check, name="source_witness")]
        _anew("source", columns, f"{SOURCE_BEFORE}, witness", f"{SOURCE_BEFORE}, {WITNESS}")
        return
    op.add_column("source", sa.Column("witness", sa.Text))
    # Constants of this file.
    op.execute(f"UPDATE source SET witness = {WITNESS}")  # noqa: S608
    op.alter_column("source", "witness", nullable=False)
    op.create_check_constraint("source_witness", "source", check)


OFFER_BEFORE = "id, source_id, model, tier, region, terms, absent_since, absent_runs, withdrawn"


IDENTITY_BEFORE = ("source_id", "model", "tier", "region")


def _offer_columns(*more: sa.Column[int]) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.Column("source_id", ID, sa.ForeignKey("source.id"), nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("tier", sa.Text, nullable=False),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("terms", sa.Text, nullable=False),
        sa.Column("absent_since", MOMENT),
        sa.Column("absent_runs", sa.Integer, nullable=False),
        sa.Column("withdrawn", sa.Boolean, nullable=False),
        *more,
        sa.UniqueConstraint(*IDENTITY_BEFORE, *(column.name for column in more), name="offer_identity"),
    ]


def _offers() -> None:
    asked = "(SELECT s.provider_id FROM source s WHERE s.id = source_id)"
    if _on_sqlite():
        op.drop_index("offer_of_model", "offer")
        columns = _offer_columns(sa.Column("provider_id", ID, sa.ForeignKey("provider.id"), nullable=False))
        _anew("offer", columns, f"{OFFER_BEFORE}, provider_id", f"{OFFER_BEFORE}, {asked}")
        op.create_index("offer_of_model", "offer", ["model"])
        return
    op.add_column("offer", sa.Column("provider_id", ID, sa.ForeignKey("provider.id")))
    # A constant of this function.
    op.execute(f"UPDATE offer SET provider_id = {asked}")  # noqa: S608
    op.alter_column("offer", "provider_id", nullable=False)
    op.drop_constraint("offer_identity", "offer")
    op.create_unique_constraint("offer_identity", "offer", [*IDENTITY_BEFORE, "provider_id"])


PRICE_KEPT = "series_id, valid_from, recorded_at, amount, currency, per, list_amount, ends_at, run_id"


def _prices() -> None:
    for index in ("price_no_overlap", "price_announced", "price_announced_for"):
        op.drop_index(index, "price")
    columns: list[sa.schema.SchemaItem] = [
        sa.Column("series_id", ID, sa.ForeignKey("series.id"), primary_key=True),
        sa.Column("valid_from", MOMENT, primary_key=True),
        sa.Column("superseded_at", MOMENT, primary_key=True),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("amount", MONEY),
        sa.Column("currency", sa.Text),
        sa.Column("per", sa.BigInteger),
        sa.Column("list_amount", MONEY),
        sa.Column("ends_at", MOMENT),
        sa.Column("basis", sa.SmallInteger, nullable=False),
        sa.Column("run_id", ID, sa.ForeignKey("run.id"), nullable=False),
        sa.Column("place", sa.BigInteger),
        sa.CheckConstraint("basis BETWEEN 0 AND 3", name="price_basis"),
    ]
    numbered = " ".join(f"WHEN '{word}' THEN {number}" for number, word in enumerate(WORDS))
    closed = "COALESCE(superseded_at, 0)" if _on_sqlite() else "COALESCE(superseded_at, 'epoch')"
    into, selected = f"{PRICE_KEPT}, superseded_at, basis", f"{PRICE_KEPT}, {closed}, CASE basis {numbered} END"
    _anew("price", columns, into, selected, sqlite_with_rowid=False)
    _announced()


def _prices_before() -> None:
    for index in ("price_announced", "price_announced_for"):
        op.drop_index(index, "price")
    words = ",".join(f"'{word}'" for word in WORDS)
    columns: list[sa.schema.SchemaItem] = [
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
        sa.CheckConstraint(f"basis IN ({words})", name="price_basis"),
    ]
    named = " ".join(f"WHEN {number} THEN '{word}'" for number, word in enumerate(WORDS))
    opened = "NULLIF(superseded_at, 0)" if _on_sqlite() else "NULLIF(superseded_at, 'epoch')"
    into, selected = f"{PRICE_KEPT}, superseded_at, basis", f"{PRICE_KEPT}, {opened}, CASE basis {named} END"
    _anew("price", columns, into, selected, sqlite_with_rowid=False)
    _announced()
    live = sa.text("superseded_at IS NULL")
    identity = ["series_id", "valid_from"]
    op.create_index("price_no_overlap", "price", identity, unique=True, sqlite_where=live, postgresql_where=live)


def _announced() -> None:
    """The few versions that were announced ahead of their time."""
    ahead = sa.text("valid_from > recorded_at")
    for name, column in (("price_announced", "series_id"), ("price_announced_for", "valid_from")):
        op.create_index(name, "price", [column], sqlite_where=ahead, postgresql_where=ahead)


def _unguard() -> None:
    if _on_sqlite():
        names = ["price_overlaps", "price_changed", "price_deleted"]
        for name in names + [f"{table}_{done}" for table in KEPT for done in ("deleted", "changed")]:
            op.execute(f"DROP TRIGGER {name}")
        return
    op.drop_constraint("price_no_overlap", "price")
    for function in ("price_overlaps", "price_changed", "recorded_for_good"):
        op.execute(f"DROP FUNCTION {function} CASCADE")


def _sqlite_guards() -> Iterator[str]:
    yield """CREATE TRIGGER price_overlaps BEFORE INSERT ON price
WHEN NEW.superseded_at <> 0 AND NEW.superseded_at <= NEW.recorded_at OR EXISTS (
    SELECT 1 FROM price WHERE series_id = NEW.series_id AND valid_from = NEW.valid_from
    AND (superseded_at = 0 OR superseded_at > NEW.recorded_at)
    AND (NEW.superseded_at = 0 OR recorded_at < NEW.superseded_at)
)
BEGIN SELECT RAISE(ABORT, 'price: this version was believed backwards in time, or together with another one'); END"""
    yield f"""CREATE TRIGGER price_changed BEFORE UPDATE ON price
WHEN OLD.superseded_at <> 0 OR NEW.superseded_at <= OLD.recorded_at
OR (NEW.series_id, NEW.valid_from, NEW.recorded_at, NEW.amount, NEW.currency, NEW.per, NEW.list_amount,
    NEW.ends_at, NEW.basis, NEW.run_id, NEW.place)
IS NOT (OLD.series_id, OLD.valid_from, OLD.recorded_at, OLD.amount, OLD.currency, OLD.per, OLD.list_amount,
    OLD.ends_at, OLD.basis, OLD.run_id, OLD.place)
BEGIN SELECT RAISE(ABORT, 'price: {REFUSED}'); END"""
    for table in ("price", *KEPT):
        yield f"""CREATE TRIGGER {table}_deleted BEFORE DELETE ON "{table}"
BEGIN SELECT RAISE(ABORT, '{table}: {REFUSED}'); END"""
    for table in KEPT:
        yield f"""CREATE TRIGGER {table}_changed BEFORE UPDATE ON "{table}"
BEGIN SELECT RAISE(ABORT, '{table}: {REFUSED}'); END"""


def _postgresql_guards() -> Iterator[str]:
    yield """ALTER TABLE price ADD CONSTRAINT price_no_overlap EXCLUDE USING gist (
    int8range(series_id, series_id, '[]') WITH &&,
    tstzrange(valid_from, valid_from, '[]') WITH &&,
    tstzrange(recorded_at, superseded_at) WITH &&
) WHERE (superseded_at > 'epoch'::timestamptz)"""
    yield """CREATE FUNCTION price_overlaps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.superseded_at <> 'epoch' AND NEW.superseded_at <= NEW.recorded_at OR EXISTS (
        SELECT 1 FROM price WHERE series_id = NEW.series_id AND valid_from = NEW.valid_from
        AND (superseded_at = 'epoch' OR superseded_at > NEW.recorded_at)
        AND (NEW.superseded_at = 'epoch' OR recorded_at < NEW.superseded_at)
    ) THEN
        RAISE EXCEPTION 'price: this version was believed backwards in time, or together with another one'
        USING ERRCODE = 'exclusion_violation';
    END IF;
    RETURN NEW;
END $$"""
    yield """CREATE TRIGGER price_overlaps BEFORE INSERT ON price
FOR EACH ROW EXECUTE FUNCTION price_overlaps()"""
    yield f"""CREATE FUNCTION price_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE as_it_was price := NEW;
BEGIN
    as_it_was.superseded_at := OLD.superseded_at;
    IF OLD.superseded_at <> 'epoch' OR NEW.superseded_at <= OLD.recorded_at OR as_it_was IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'price: {REFUSED}' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$"""
    yield """CREATE TRIGGER price_changed BEFORE UPDATE ON price
FOR EACH ROW EXECUTE FUNCTION price_changed()"""
    yield f"""CREATE FUNCTION recorded_for_good() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%: {REFUSED}', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$"""
    yield """CREATE TRIGGER price_deleted BEFORE DELETE ON price
FOR EACH ROW EXECUTE FUNCTION recorded_for_good()"""
    for table in KEPT:
        yield f"""CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE ON "{table}"
FOR EACH ROW EXECUTE FUNCTION recorded_for_good()"""

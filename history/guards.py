"""What the database itself refuses, whoever writes: versions that overlap, and a past that is written anew."""

from collections.abc import Iterator

from sqlalchemy import Connection, MetaData, event, text

# Rows of these are only ever added; of price a version may be closed as well, once.
KEPT = ("change_event", "fetch", "run", "snapshot")
REFUSED = "a recorded row is never changed or deleted; a correction is a new row"


def guard(metadata: MetaData) -> None:
    """Both databases get the same guards, each in its own words, once all tables are there."""
    event.listen(metadata, "after_create", _put_up)


def _put_up(_metadata: MetaData, connection: Connection, **_: object) -> None:
    for statement in sqlite() if connection.dialect.name == "sqlite" else postgresql():
        connection.execute(text(statement.replace(":", "\\:")))


def sqlite() -> Iterator[str]:
    """A superseded_at of 0 is a version that is still believed (history.tables.Closing)."""
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


def postgresql() -> Iterator[str]:
    """Closed versions exclude each other, live ones by their key; between the two stands a trigger.

    The constraint is partial because a full one costs nine tenths of the writing speed (docs/decisions/001). Equality
    in it needs btree_gist, which not every installation has: a range of one value does the same.
    """
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

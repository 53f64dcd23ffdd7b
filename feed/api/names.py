"""Names that a reader may have meant: offered where a name is unknown, and never priced in its place."""

from sqlalchemy import Connection

from history import identity, queries


def close_names(
    connection: Connection, provider: str | None = None, model: str | None = None, canonical: str | None = None
) -> list[str]:  # fmt: skip
    """Nothing where nobody is named, or the name is known."""
    if canonical is not None:
        known = {*identity.canonicals(), *queries.model_names(connection, identity.ROUTER)}
        return [] if canonical in known else identity.close_to(canonical, known)
    if model is None or queries.has_model(connection, provider, model):
        return []
    known = set(queries.model_names(connection, provider))
    return identity.close_to(model, known or queries.model_names(connection, None))

"""The published contract of proof: the pages that something was read from, and where on them a price stands."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from history import place as places
from history import queries

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Evidence(TypedDict):
    """A page that was read: its bytes are kept at `snapshot`."""

    url: str
    sha256: Sha256
    fetched_at: datetime
    snapshot: Annotated[str, Field(description="Where the kept bytes are described: a path on this service.")]


class Place(TypedDict):
    """Where on a page a price was read: the cell of a table, or the `byte` of the kept page at which its number begins.

    Pages (of the run, as in `evidence`), tables, rows (those of the header too) and columns count from 1, a merged cell
    as often as it covers one; bytes count from 0. Null is what does not apply.
    """

    text: Annotated[str, Field(description="For a person.", examples=["page 1, table 3, row 12, column 2"])]
    page: int
    table: int | None
    row: int | None
    column: int | None
    byte: int | None


ReadAt = Annotated[Place | None, Field(description="Null where it is not known, or on a page that does not state it.")]


class PriceEvidence(Evidence):
    """A page that a price was read from, and the place in it."""

    place: ReadAt


def evidence(pages: Sequence[queries.Evidence]) -> list[Evidence]:
    return [
        {
            "url": page.url,
            "sha256": page.sha256,
            "fetched_at": page.fetched_at,
            "snapshot": f"/v1/snapshots/{page.sha256}",
        }
        for page in pages
    ]


def evidence_of_price(pages: Sequence[queries.Evidence], code: int | None) -> list[PriceEvidence]:
    """The pages of a run, with the place on the one that states the price."""
    found = None if code is None else places.Place.of_code(code)
    return [
        {**page, "place": place(code) if found is not None and found.page == number else None}
        for number, page in enumerate(evidence(pages))
    ]


def place(code: int | None) -> Place | None:
    if code is None:
        return None
    found = places.Place.of_code(code)
    return {
        "text": found.text,
        "page": found.page + 1,
        "table": found.table or None,
        "row": found.row or None,
        "column": found.column or None,
        "byte": found.byte,
    }

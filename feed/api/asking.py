"""How readers ask: parameters that are checked, named in the contract, and refused where they are not known."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from history.model import ProviderKind
from history.queries import Scope
from history.times import from_rfc3339
from history.units import UNITS

LARGEST_ID = 2**63 - 1


def _moment(text: Any) -> datetime:
    """An RFC 3339 time. In a query string + means a space: such a space before the offset is read as +."""
    if not isinstance(text, str):
        raise ValueError("an RFC 3339 time is expected")
    try:
        return from_rfc3339(text.strip().replace(" ", "+") if "T" in text.upper() else text)
    except OverflowError:
        raise ValueError("this is not a time in the years 1 to 9999") from None


def _unit(name: str) -> str:
    if name not in UNITS:
        raise ValueError(f"no such unit; the units are {', '.join(UNITS)}")
    return name


# NUL is a character that PostgreSQL's text cannot hold.
Text = Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00]*$")]
Moment = Annotated[datetime, BeforeValidator(_moment, json_schema_input_type=str)]
UnitName = Annotated[str, AfterValidator(_unit), Field(json_schema_extra={"enum": list(UNITS)})]
Seller = Literal["first_party", "cloud", "gateway", "any"]
Limit = Annotated[int, Field(ge=1, le=1000, description="At most so many at once.")]
Cursor = Annotated[str, Field(max_length=1000, description="`next_cursor` of the page before, with the same filters.")]
Id = Annotated[int, Field(ge=0, le=LARGEST_ID)]


class Asked(BaseModel):
    """A reader's question. A parameter that is not declared is refused: a typo must not give unfiltered data."""

    model_config = ConfigDict(extra="forbid")

    def question(self) -> dict[str, Any]:
        """What was asked, for binding cursors to it."""
        return self.model_dump(exclude_none=True, mode="json")


class Nothing(Asked):
    """A question without parameters."""


def scope(asked: BaseModel, seller: Seller) -> Scope:
    """The scope of a question with any of the fields of `Scope`."""
    exact = {name: getattr(asked, name, None) for name in Scope._fields if name != "seller"}
    kinds: dict[str, ProviderKind] = {"first_party": "lab", "cloud": "cloud", "gateway": "gateway"}
    return Scope(**exact, seller=kinds.get(seller))

"""How readers ask: parameters that are checked, named in the contract, and refused where they are not known."""

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from fastapi import Request
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from feed.errors import Problem, refused
from history.model import ProviderKind
from history.queries import Scope
from history.times import from_rfc3339
from history.units import UNITS

LARGEST_ID = 2**63 - 1
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


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


def _day(text: Any) -> date:
    """A date alone: pydantic would also take a time, and a number of seconds."""
    if not isinstance(text, str) or not _DATE.fullmatch(text):
        raise ValueError("a day such as 2026-05-11 is expected")
    return date.fromisoformat(text)


# NUL is a character that PostgreSQL's text cannot hold.
Text = Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00]*$")]
_Rfc3339 = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
_Iso8601 = Annotated[str, Field(json_schema_extra={"format": "date"})]
Moment = Annotated[datetime, BeforeValidator(_moment, json_schema_input_type=_Rfc3339)]
Day = Annotated[date, BeforeValidator(_day, json_schema_input_type=_Iso8601)]
UnitName = Annotated[str, AfterValidator(_unit), Field(json_schema_extra={"enum": list(UNITS)})]
Seller = Literal["first_party", "cloud", "gateway", "any"]
# A source is asked for by name, and tells what it tells.
WitnessAsked = Literal["best", "all", "first_party", "documented", "gateway", "imported"]
Country = Annotated[str, Field(pattern="^[A-Za-z]{2}$"), AfterValidator(str.upper)]
Limit = Annotated[int, Field(ge=1, le=1000, description="At most so many at once.")]
Cursor = Annotated[str, Field(max_length=1000, description="`next_cursor` of the page before, with the same filters.")]
Id = Annotated[int, Field(ge=0, le=LARGEST_ID)]


class Asked(BaseModel):
    """A reader's question. A parameter that is not declared is refused: a typo must not give unfiltered data.

    FastAPI would read such a model too, but it looks at every field's type on every request: 0.2 ms of 0.5.
    """

    model_config = ConfigDict(extra="forbid")

    @classmethod
    def of(cls, request: Request) -> Self:
        """The question of this request, or Problem: which parameter is wrong, and which there are."""
        given = request.query_params.multi_items()
        once = dict(given)
        if len(once) < len(given):
            raise Problem(422, "A parameter is given more than once; one value is taken.", "repeated-parameter")
        try:
            return cls.model_validate(once)
        except ValidationError as error:
            names = sorted(field.alias or name for name, field in cls.model_fields.items())
            raise refused(error.errors(include_url=False), names) from None

    @classmethod
    def parameters(cls) -> dict[str, Any]:
        """How the contract tells of this question: `openapi_extra` of a route."""
        schema = cls.model_json_schema()
        required = schema.get("required", ())
        return {
            "parameters": [
                _parameter(name, name in required, stated, schema.get("$defs", {}))
                for name, stated in schema["properties"].items()
            ]
        }

    def question(self) -> dict[str, Any]:
        """What was asked, for binding cursors to it."""
        return self.model_dump(exclude_none=True, mode="json")


class Nothing(Asked):
    """A question without parameters."""

    @classmethod
    def parameters(cls) -> dict[str, Any]:
        return {}


class Identified(Asked):
    """Which models, by what they are."""

    canonical: Text | None = Field(
        None, description="A canonical model, whoever sells it under whatever name.", examples=["z-ai/glm-5.2"]
    )
    author: Text | None = Field(None, description="Who made the model: a slug.", examples=["z-ai"])
    country: Country | None = Field(None, description="Where its author sits: ISO 3166-1 alpha-2.", examples=["CN"])


def scope(asked: BaseModel, seller: Seller) -> Scope:
    """The scope of a question with any of the fields of `Scope`."""
    exact = {name: getattr(asked, name, None) for name in Scope._fields if name not in ("seller", "not_tier")}
    if exact["witness"] in ("best", "all"):
        exact["witness"] = None
    kinds: dict[str, ProviderKind] = {"first_party": "lab", "cloud": "cloud", "gateway": "gateway"}
    return Scope(**exact, seller=kinds.get(seller))


def _parameter(name: str, required: bool, stated: dict[str, Any], named: dict[str, Any]) -> dict[str, Any]:
    """A query parameter cannot be null, so of "this or null" remains this."""
    schema = {key: value for key, value in stated.items() if key not in ("anyOf", "title")}
    schema = next((one for one in stated.get("anyOf", ()) if one.get("type") != "null"), {}) | schema
    if "$ref" in schema:
        schema |= named[schema.pop("$ref").rpartition("/")[2]]
    if schema.get("default", "") is None:
        del schema["default"]
    description = schema.pop("description", "")
    return {"name": name, "in": "query", "required": required, "description": description, "schema": schema}

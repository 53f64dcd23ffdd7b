"""The published contract of costs: what each line of an answer looks like. Frozen like the rest of the contract."""

from datetime import datetime
from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from feed.api.proof import ReadAt
from feed.api.schemas import Conditions, Converted, DecimalText, Region


class ChargedPrice(TypedDict):
    """The version of a price that a line was charged by; `run` leads to its evidence, and `place` says where in it."""

    series: int
    unit: Annotated[str, Field(examples=["input_tokens"])]
    conditions: Conditions
    amount: DecimalText
    currency: Annotated[str, Field(examples=["USD"])]
    per: Annotated[int, Field(examples=[1000000])]
    valid_from: datetime
    recorded_at: datetime
    basis: str
    run: int
    place: ReadAt


class CostLine(TypedDict):
    """So many of a unit. The price's unit is another one where the source bills it as that: reasoning as output."""

    unit: Annotated[str, Field(examples=["input_tokens"])]
    count: int | DecimalText
    cost: DecimalText
    price: ChargedPrice


class PricedAs(TypedDict):
    """The name under which the provider sells the model that the record names otherwise, by an explicit alias that
    held at that time."""

    model: Annotated[str, Field(description="The name whose prices these are.", examples=["gpt-4o"])]
    canonical: Annotated[str, Field(description="The model that both names mean then.")]
    source: Annotated[str, Field(description="Where it is said that they mean it.")]
    aliases: Annotated[str, Field(description="The version of the aliases: it changes when a line of them does.")]


class MissingPrice(TypedDict):
    """What could not be priced. `unit` null: the whole record. `close`: names that may have been meant."""

    reason: Annotated[str, Field(examples=["unknown_model"])]
    unit: str | None
    detail: str
    close: list[str]


class UsageCost(TypedDict):
    """What one usage record cost. `cost` is null where anything is missing: what is not known is never billed as 0."""

    line: Annotated[int, Field(description="Which line or element of the request.")]
    id: str | int | None
    provider: str
    model: str
    tier: str
    region: Region
    at: datetime
    known_at: Annotated[datetime, Field(description="Ask with this `known_at`, and the answer stays the same.")]
    source: Annotated[str | None, Field(description="Whose prices these are: the best witness of that time.")]
    priced_as: Annotated[PricedAs | None, Field(description="null: the prices are those of the name itself.")]
    cost: DecimalText | None
    currency: str | None
    lines: list[CostLine]
    missing: list[MissingPrice]
    notes: list[str]
    converted: NotRequired[Converted]


class MalformedUsage(TypedDict):
    """A line of the request that is not a usage record, and why; the others are priced."""

    line: int
    error: str

"""The published contract: what every answer looks like. Frozen by tests/contracts; a new shape gets a new path."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, NotRequired, get_args

from pydantic import Field
from typing_extensions import TypedDict

from feed.api.proof import Evidence, PriceEvidence
from history.model import EventKind, ProviderKind, VolumePeriod, Witness

# An exact decimal, in plain notation: never a float, never an exponent.
DecimalText = Annotated[str, Field(pattern=r"^-?[0-9]+(\.[0-9]+)?$", examples=["0.14"])]
Count = Annotated[str, Field(pattern=r"^[0-9]+$", examples=["9007199254740993"])]
PERIODS = get_args(VolumePeriod)
NextCursor = Annotated[str | None, Field(description="Pass it as `cursor` for the next page; null on the last one.")]
Conditions = Annotated[
    dict[str, Any],
    Field(
        description="When the price applies, e.g. from how many input tokens; {} is the default price.",
        examples=[{"min_input_tokens": 256001}],
    ),
]
CloseNames = Annotated[
    list[str], Field(description="Only where the name asked for is unknown: what may have been meant.")
]
Region = Annotated[str, Field(description='"" where the source knows no regions.')]


class Quote(TypedDict):
    """A price as quoted: `amount` of `currency` for `per` units; `per_million` only for tokens, where it is exact."""

    amount: DecimalText
    currency: Annotated[str, Field(examples=["USD"])]
    per: Annotated[int, Field(examples=[1000000])]
    per_million: NotRequired[DecimalText]


class Source(TypedDict):
    """A price source: the page or API that one spider reads."""

    name: str
    url: str


class Provider(TypedDict):
    """Who bills you. `offers` counts those that are not withdrawn."""

    slug: Annotated[str, Field(examples=["deepseek"])]
    name: str
    kind: ProviderKind
    offers: int
    sources: list[Source]


class Offer(TypedDict):
    """One way to buy a model: a service tier in a region, with its terms."""

    source: str
    tier: str
    region: Region
    terms: list[str]
    absent_since: Annotated[datetime | None, Field(description="Since when the source no longer shows it.")]
    withdrawn: bool


class Model(TypedDict):
    """A model that a caller can name in a request at one provider; withdrawn when all its offers are."""

    provider: str
    model: Annotated[str, Field(examples=["deepseek-v4-flash"])]
    canonical: Annotated[
        str | None, Field(description="What it is, whoever sells it; null: no alias says.", examples=["z-ai/glm-5.2"])
    ]
    author: Annotated[str | None, Field(description="Who made it.", examples=["z-ai"])]
    country: Annotated[str | None, Field(description="Where its author sits: ISO 3166-1 alpha-2.", examples=["CN"])]
    withdrawn: bool
    offers: list[Offer]


class Converted(TypedDict):
    """An amount in another currency, by the European Central Bank's reference rates of `rate_date`.

    `amount` is the quoted one times `per_euro` of this currency, divided by `per_euro` of the quoted one, rounded once
    to 20 significant digits. `note` says why the rate is not of the day itself; "" where it is.
    """

    amount: DecimalText
    currency: Annotated[str, Field(examples=["USD"])]
    rate: DecimalText
    rate_date: date
    per_euro: dict[str, DecimalText]
    note: str


class Price(TypedDict):
    """A price in force: valid from `valid_from` until before `valid_to` (null: open), believed since `recorded_at`."""

    provider: str
    source: str
    model: str
    tier: Annotated[str, Field(examples=["standard"])]
    region: Region
    unit: Annotated[str, Field(examples=["input_tokens"])]
    conditions: Conditions
    amount: DecimalText
    currency: Annotated[str, Field(examples=["USD"])]
    per: Annotated[int, Field(examples=[1000000])]
    per_million: NotRequired[DecimalText]
    list_amount: Annotated[DecimalText | None, Field(description="The regular price while a promotion lowers it.")]
    ends_at: Annotated[datetime | None, Field(description="When the source says the promotion ends.")]
    valid_from: datetime
    valid_to: datetime | None
    recorded_at: datetime
    basis: Annotated[str, Field(description="Why valid_from is what it is.", examples=["stated", "first_seen"])]
    witness: Annotated[Witness, Field(description="Whose word it is, the best first.")]
    run: int
    evidence: list[PriceEvidence]
    converted: NotRequired[Converted | None]


class PlanPrice(TypedDict):
    """A price of a subscription: `amount` for `months`, paid for `billed_months` at once."""

    unit: Annotated[str, Field(examples=["plan_months"])]
    amount: DecimalText
    currency: Annotated[str, Field(examples=["USD"])]
    months: Annotated[int, Field(examples=[1])]
    billed_months: Annotated[int, Field(examples=[1, 12])]
    list_amount: Annotated[DecimalText | None, Field(description="The regular price while a promotion lowers it.")]
    ends_at: Annotated[datetime | None, Field(description="When the source says the promotion ends.")]
    valid_from: datetime
    valid_to: datetime | None
    recorded_at: datetime
    basis: Annotated[str, Field(description="Why valid_from is what it is.", examples=["stated", "first_seen"])]
    run: int
    evidence: list[PriceEvidence]


class Quota(TypedDict):
    """What a plan includes in every `window`. `amount` null: unlimited; `most`: the upper end of a stated range."""

    amount: DecimalText | None
    most: DecimalText | None
    unit: Annotated[str, Field(examples=["requests"])]
    window: Annotated[str | None, Field(description="null: for as long as the plan runs.", examples=["5 hours"])]
    approximate: bool


class Plan(TypedDict):
    """A subscription on sale, with its prices by the period that is billed."""

    provider: str
    source: str
    source_url: str
    plan: Annotated[str, Field(description="The plan's name as the source spells it.", examples=["Token Plan Plus"])]
    region: Region
    prices: list[PlanPrice]
    quotas: list[Quota]
    terms: Annotated[list[str], Field(description="What else the source says, as it says it.")]
    terms_since: Annotated[
        datetime | None,
        Field(description="Since when quotas and terms are these; null: since the plan was first seen."),
    ]


class Version(TypedDict):
    """A version of a price on both time axes. `amount` null: not offered from `valid_from` on.

    Believed from `recorded_at` until before `superseded_at` (null: still believed).
    """

    provider: str
    source: str
    model: str
    tier: str
    region: Region
    unit: str
    conditions: Conditions
    amount: DecimalText | None
    currency: str | None
    per: int | None
    per_million: NotRequired[DecimalText]
    list_amount: DecimalText | None
    ends_at: datetime | None
    valid_from: datetime
    valid_to: datetime | None
    recorded_at: datetime
    superseded_at: datetime | None
    basis: str
    witness: Witness
    run: int
    evidence: list[PriceEvidence]


class Change(TypedDict):
    """A change event. `unit` null: it is about the whole offer. Events with one `story` are one announcement."""

    id: int
    story: int
    kind: EventKind
    provider: str
    seller: ProviderKind
    source: str
    model: str
    tier: str
    region: Region
    unit: str | None
    conditions: Conditions
    old: Quote | None
    new: Quote | None
    change_percent: Annotated[
        DecimalText | None,
        Field(description="Of the unit price, towards zero; null from zero or across currencies.", examples=["-98.2"]),
    ]
    old_terms: list[str] | None
    new_terms: list[str] | None
    effective_at: Annotated[datetime, Field(description="Valid time: when it takes or took effect.")]
    recorded_at: Annotated[datetime, Field(description="Recorded time: when we believed it.")]
    held_since: Annotated[
        datetime | None,
        Field(description="When it was seen first, if that was doubted and then confirmed; null: it was not doubted."),
    ]
    run: int
    evidence: list[PriceEvidence]


class Statement(TypedDict):
    """What one source says: what it calls the model, the price, and the run that read it."""

    source: str
    name: Annotated[str, Field(description="What the source calls the model.")]
    quote: Quote
    run: int
    evidence: list[PriceEvidence]


class Discrepancy(TypedDict):
    """A witness says another price than the provider's own source. `ended_at` null: they still disagree."""

    id: int
    provider: str
    model: Annotated[str, Field(description="The canonical model.", examples=["deepseek/deepseek-v4-flash"])]
    tier: str
    region: Region
    unit: str
    conditions: Conditions
    own: Statement
    witness: Statement
    found_at: datetime
    ended_at: datetime | None


class Volume(TypedDict):
    """Tokens of a model in a period. With `trailing` the period is the one that ended with `day`; else it is the day's
    own. Counts are text, since many a JSON reader stops at 2**53; null: not stated. `run` names its notice."""

    source: str
    model: Annotated[str, Field(examples=["deepseek/deepseek-v4-flash-20260731:free"])]
    period: Literal["day", "week", "month"]
    trailing: bool
    day: date
    tokens: Count | None
    input_tokens: Count | None
    output_tokens: Count | None
    requests: Count | None
    recorded_at: datetime
    run: int


class Notice(TypedDict):
    """How the volumes of a run have to be cited. `licence` null: none is stated."""

    run: int
    source: str
    as_of: datetime
    citation: Annotated[
        str, Field(examples=["Source: OpenRouter (openrouter.ai/rankings), as of 2026-05-12T02:00:00Z."])
    ]
    licence: Annotated[str | None, Field(examples=["CC-BY-4.0"])]
    evidence: list[Evidence]


class Host(TypedDict):
    """A company that serves models through a gateway, with countries in two letters (ISO 3166-1). null: not stated."""

    source: str
    slug: Annotated[str, Field(examples=["deepinfra"])]
    name: str
    headquarters: Annotated[str | None, Field(examples=["US"])]
    datacenters: list[str] | None
    recorded_at: datetime
    run: int
    evidence: list[Evidence]


class ProviderPage(TypedDict):
    """All providers."""

    providers: list[Provider]


class ModelPage(TypedDict):
    """Models, by provider and name."""

    models: list[Model]
    next_cursor: NextCursor
    close_names: NotRequired[CloseNames]


class PricePage(TypedDict):
    """Prices, in the order in which their series were first seen."""

    prices: list[Price]
    next_cursor: NextCursor
    close_names: NotRequired[CloseNames]


class DiscrepancyPage(TypedDict):
    """Disagreements, the newest first."""

    discrepancies: list[Discrepancy]
    next_cursor: NextCursor


class VolumePage(TypedDict):
    """Volumes, the newest day first, and how they have to be cited."""

    volumes: list[Volume]
    notices: list[Notice]
    next_cursor: NextCursor


class HostPage(TypedDict):
    """All hosts."""

    hosts: list[Host]


class PlanPage(TypedDict):
    """Subscriptions, by provider, name, region and source."""

    plans: list[Plan]
    next_cursor: NextCursor


class HistoryPage(TypedDict):
    """Every version of a model's prices, superseded ones too."""

    versions: list[Version]
    next_cursor: NextCursor


class ChangePage(TypedDict):
    """Changes. `resume_after` is where to go on later: pass it as `after`, and nothing is missed or told twice."""

    changes: list[Change]
    next_cursor: Annotated[int | None, Field(description="For the next page: as `after`, with order=desc as `before`.")]
    resume_after: int

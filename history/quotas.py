"""Subscriptions: a plan is an offer of tier "plan", and what it lets a subscriber use is a term with one form."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from history.model import plain

# The tier of an offer that is a subscription: `model` is then the plan's name.
PLAN_TIER = "plan"
_QUOTA = re.compile(
    r"quota: (?P<about>about )?(?:unlimited|(?P<amount>[0-9.]+)(?:–(?P<most>[0-9.]+))?)"
    r" (?P<unit>\S.*?)(?: per (?P<per>\S.*))?"
)


@dataclass(frozen=True, slots=True)
class Quota:
    """What a subscription includes: `amount` (None: unlimited) of `unit` in every window `per` ("5 hours", "month";
    "": for as long as it runs). `most` is the upper end where the source states a range; `about` where it estimates.

    Its text form is canonical and one of the offer's terms, so another quota is another term.
    """

    amount: Decimal | None
    unit: str
    per: str = ""
    most: Decimal | None = None
    about: bool = False

    def __post_init__(self) -> None:
        sized = self.amount is not None and self.amount.is_finite() and self.amount >= 0
        if not self.unit.strip() or " per " in self.unit or not (sized or self.amount is None):
            raise ValueError(f"{self.amount} {self.unit!r} is no quota")
        if self.most is not None and not (
            self.amount is not None and self.most.is_finite() and self.amount < self.most
        ):
            raise ValueError(f"{self.amount} to {self.most} {self.unit} is no range")

    @property
    def text(self) -> str:
        """quota: about 300–1200 requests per 5 hours"""
        size = "unlimited" if self.amount is None else plain(self.amount)
        size += "" if self.most is None else f"–{plain(self.most)}"
        return f"quota: {'about ' if self.about else ''}{size} {self.unit}{f' per {self.per}' if self.per else ''}"

    @classmethod
    def parse(cls, text: str) -> "Quota":
        """The inverse of `text`; ValueError for a text that is not a quota."""
        match = _QUOTA.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not a quota such as 'quota: 1500 requests per 5 hours'")
        try:
            amount, most = (Decimal(match[name]) if match[name] else None for name in ("amount", "most"))
        except InvalidOperation:
            raise ValueError(f"{text!r} does not say how much it is") from None
        quota = cls(amount, match["unit"], match["per"] or "", most, bool(match["about"]))
        if quota.text != text:
            raise ValueError(f"{text!r} is not in canonical form, which is {quota.text!r}")
        return quota


def is_quota(term: str) -> bool:
    """Whether a term says that it is a quota."""
    return term.startswith("quota: ")


def quotas(terms: Iterable[str]) -> list[Quota]:
    """The quotas among an offer's terms, in their order."""
    return [Quota.parse(term) for term in terms if is_quota(term)]

"""Pure: (what we believe, what was seen) → what to write and what to tell. Knows no database and no clock."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property

from history.book import Basis, Book, Change, Held, InForce, OfferState, Verdict, Version
from history.model import EventKind, OfferKey, Quote, SeriesKey
from history.telling import told
from history.validation import Observation, Seen

PLAUSIBLE_FACTOR = 5
CONFIRM_AFTER = timedelta(minutes=10)
ABSENT_RUNS_TO_WITHDRAW = 3
# An edit of a map is no move of a price: that far (the commonest slip is exactly tenfold), and only another witness
# could confirm it.
MAP_FACTOR = 10
# Many at once: more than this many and more than this share of the source. Then one more fetch has to agree.
MANY = 5
MANY_WITHDRAWN = 0.10
MANY_REMOVED = 0.25


def compare(book: Book, seen: Seen, at: datetime, *, complete: bool) -> Verdict:
    """What a run that saw `seen` at `at` makes of `book`. Only a complete run takes anything away."""
    comparison = _Comparison(book, seen, at)
    comparison.judge_offers()
    comparison.judge_prices()
    if complete:
        comparison.judge_missing_prices()
        comparison.judge_missing_announcements()
        comparison.judge_missing_offers()
    verdict = comparison.verdict
    news = [change for change in _conditions_moved(verdict.changes) if not book.baseline or _is_news(change, book)]
    after = {key: state.quote for key, state in verdict.in_force.items()}
    verdict.changes = sorted(told(news, book.in_force, after), key=_telling_order)
    return verdict


_BASES: dict[str, Basis] = {"documented": "documented", "imported": "imported"}


class _Comparison:
    def __init__(self, book: Book, seen: Seen, at: datetime) -> None:
        self.book, self.seen, self.at = book, seen, at
        self.verdict = Verdict()
        self.found = 0
        self.moved: dict[Observation, str] = {}
        self.announced: dict[SeriesKey, set[datetime]] = defaultdict(set)
        self.past: dict[SeriesKey, dict[datetime, str]] = defaultdict(dict)

    @property
    def is_map(self) -> bool:
        return self.seen.witness == "imported"

    @cached_property
    def units(self) -> set[str]:
        return {key[3] for key in self.book.in_force}

    @cached_property
    def current(self) -> set[SeriesKey]:
        """The series of which the page states a price that has begun."""
        return {key for key, _, starts_at in self.seen.observations if starts_at is None or starts_at <= self.at}

    def judge_offers(self) -> None:
        for key, terms in self.seen.offers.items():
            known = self.book.offers.get(key)
            if known == (terms, None, 0, False):
                continue
            self.verdict.offers[key] = OfferState(terms)
            if known is None or known.withdrawn:
                self._tell(Change(EventKind.OFFER_ADDED, key, self.at, new_terms=terms))
            elif known.terms != terms:
                self._tell(Change(EventKind.TERMS_CHANGED, key, self.at, old_terms=known.terms, new_terms=terms))

    def judge_prices(self) -> None:
        """The one loop over everything that was seen: nearly all of it is as it was, and costs one look-up."""
        in_force, special, unmoved = self.book.in_force, {*self.book.scheduled, *self.book.held}, 0
        begun = self._begun()
        for observation in self.seen.observations:
            key, quote, starts_at = observation
            if starts_at is not None and starts_at > self.at:
                self._announce(key, quote, starts_at)
            elif begun and begun.get(key, starts_at) != starts_at:
                self._remember(key, quote, starts_at)
            elif in_force.get(key) == quote and not (special and key in special):
                unmoved += 1
            else:
                self._look_closer(observation)
        self.found += unmoved
        for observation, rule in self.moved.items():
            self._judge(observation, self._rule_for(observation.key, rule))

    def _begun(self) -> dict[SeriesKey, datetime]:
        """The newest stated start that has come, of each series: a page may go on showing the price before it."""
        begun: dict[SeriesKey, datetime] = {}
        for key, _, starts_at in self.seen.starting:
            if starts_at is not None and starts_at <= self.at:
                begun[key] = max(starts_at, begun.get(key, starts_at))
        return begun

    def _remember(self, key: SeriesKey, quote: str, starts_at: datetime | None) -> None:
        """A map tells the prices of the past with their days; a page that still shows one does not mean it."""
        if starts_at is not None and self.seen.witness in _BASES:
            self.past[key][starts_at] = quote

    def _announce(self, key: SeriesKey, quote: str, starts_at: datetime) -> None:
        self.announced[key].add(starts_at)
        known = self.book.scheduled.get(key, {}).get(starts_at)
        if known == quote:
            return
        if known is not None:
            self.verdict.superseded.append((key, starts_at))
        self.verdict.versions.append(Version(key, starts_at, quote, _BASES.get(self.seen.witness, "stated")))
        old = known or self.book.in_force.get(key)
        self._tell(Change(EventKind.PRICE_SCHEDULED, key.offer, starts_at, key, old, quote))

    def _look_closer(self, observation: Observation) -> None:
        key, quote, _ = observation
        old = self.book.in_force.get(key)
        self.found += old is not None
        if self._took_effect(key, quote) or old == quote or (old is not None and _same_price(old, quote)):
            self._release(key)
        else:
            self.moved[observation] = self._suspicion(key, old, quote)

    def _judge(self, observation: Observation, rule: str) -> None:
        sighting = self._sighting(observation.key, observation.quote, rule, observation.starts_at)
        if sighting is not None:
            self._change(observation, self.book.in_force.get(observation.key), sighting)

    def _rule_for(self, key: SeriesKey, own_rule: str = "") -> str:
        """A slip rarely comes alone, and a true announcement is one story: a model's moves wait together."""
        doubted = (key.biller, key.model) in self.doubted
        return own_rule or ("implausible_together" if doubted and self._is_offered(key.offer) else "")

    @cached_property
    def doubted(self) -> set[tuple[str, str]]:
        """Billers' models of which a price is under a rule that no second fetch has lifted yet."""
        under_rule = {
            observation for observation, rule in self.moved.items() if rule and self._is_offered(observation.key.offer)
        }
        return {
            (key.biller, key.model)
            for key, quote, _ in under_rule
            if key not in self.agreed and not self._is_repeated(key, quote)
        }

    @cached_property
    def agreed(self) -> Collection[SeriesKey]:
        """The series of which another witness says what was seen: nobody is asked where nothing is doubted."""
        under_rule = {observation.key: observation.quote for observation, rule in self.moved.items() if rule}
        return self.book.agreed(under_rule) if under_rule else ()

    def _is_offered(self, offer: OfferKey) -> bool:
        known = self.book.offers.get(offer)
        return known is not None and not known.withdrawn

    def _is_confirmed(self, key: SeriesKey, quote: str | None) -> bool:
        """By a second fetch; or by another witness, which spares it only where the whole model is confirmed."""
        agreed = quote is not None and key in self.agreed and (key.biller, key.model) not in self.doubted
        return agreed or self._is_repeated(key, quote)

    def _is_repeated(self, key: SeriesKey, quote: str | None) -> bool:
        """A map only repeats itself: a second version of it confirms nothing."""
        first = self.book.held.get(key)
        agrees = first is not None and first.quote == quote and self.at - first.first_seen_at >= CONFIRM_AFTER
        return agrees and not self.is_map

    def _took_effect(self, key: SeriesKey, quote: str) -> bool:
        """An announced price whose time has come: it is in force as announced, or it never came."""
        due = sorted(start for start in self.book.scheduled.get(key, {}) if start <= self.at)
        if not due:
            return False
        if self.book.scheduled[key][due[-1]] != quote:
            for start in due:
                self._cancel(key, start)
            return False
        self.verdict.in_force[key] = InForce(quote, due[-1])
        old = self.book.in_force.get(key)
        self._tell(Change(kind_of(old, quote), key.offer, due[-1], key, old, quote))
        return True

    def _cancel(self, key: SeriesKey, start: datetime) -> None:
        self.verdict.superseded.append((key, start))
        announced, stays = self.book.scheduled[key][start], self.book.in_force.get(key)
        self._tell(Change(EventKind.PRICE_CANCELLED, key.offer, start, key, announced, stays))

    def _suspicion(self, key: SeriesKey, old: str | None, new: str) -> str:
        if old is None:
            return self._suspicion_of_new(key, new)
        before, after = Quote.parse(old), Quote.parse(new)
        if before.currency != after.currency:
            return "unexpected_currency"
        low, high = sorted((before.unit_price, after.unit_price))
        implausible = high >= low * MAP_FACTOR if self.is_map else high > low * PLAUSIBLE_FACTOR
        return "implausible_factor" if implausible else ""

    def _suspicion_of_new(self, key: SeriesKey, new: str) -> str:
        """Under new conditions it has no price before it, but often one beside it: that without conditions. What a map
        names is a field of its format: a new one is there for the first of many, and stays."""
        if self.is_map or not self.units:
            return ""
        if key.unit not in self.units:
            return "unexpected_unit"
        always = self.book.in_force.get(key._replace(conditions="")) if key.conditions else None
        if always is None or Quote.parse(always).currency != Quote.parse(new).currency:
            return ""
        low, high = sorted(Quote.parse(text).unit_price for text in (always, new))
        return "implausible_factor" if high > low * PLAUSIBLE_FACTOR else ""

    def _sighting(self, key: SeriesKey, quote: str | None, rule: str, starts_at: datetime | None) -> Held | None:
        """The first sighting, from which it may be believed; None while a rule asks for one more fetch."""
        this, first = Held(quote, starts_at, rule, self.at), self.book.held.get(key)
        agreeing = first if first is not None and first.quote == quote else None
        if not rule or self._is_confirmed(key, quote):
            return agreeing or this
        if agreeing is None:
            self.verdict.held[key] = this
        return None

    def _release(self, key: SeriesKey) -> None:
        if key in self.book.held:
            self.verdict.held[key] = None

    def _change(self, observation: Observation, old: str | None, sighting: Held) -> None:
        key, quote, starts_at = observation
        valid_from: datetime = sighting.first_seen_at
        basis = _BASES.get(self.seen.witness, "first_seen")
        if starts_at is not None and self._is_later(key, starts_at):
            valid_from, basis = starts_at, _BASES.get(self.seen.witness, "stated")
        for start, before in sorted(self.past[key].items()) if key in self.past else ():
            if self._is_later(key, start):
                self.verdict.versions.append(Version(key, start, before, basis, sighting.run_id))
        self._release(key)
        self.verdict.in_force[key] = InForce(quote, valid_from)
        self.verdict.versions.append(Version(key, valid_from, quote, basis, sighting.run_id))
        kind = kind_of(old, quote)
        self._tell(Change(kind, key.offer, valid_from, key, old, quote, held_since=sighting.since))

    def _is_later(self, key: SeriesKey, start: datetime) -> bool:
        """Than the price that is on record as the last one."""
        return key not in self.book.since or start > self.book.since[key]

    def judge_missing_prices(self) -> None:
        if self.found == len(self.book.in_force) and not self.book.held:
            return
        absent = (SeriesKey(*key) for key in self.book.in_force.keys() - self.current)
        gone = [key for key in absent if key.offer in self.seen.offers]
        many = _many(len({key.offer for key in gone}), len(self.seen.offers), MANY_REMOVED)
        for key in sorted(gone):
            sighting = self._sighting(key, None, self._rule_for(key, "many_removed" if many else ""), None)
            if sighting is not None:
                self._take_away(key, sighting)
        for key in self.book.held.keys() - self.current - self.book.in_force.keys():
            if key.offer in self.seen.offers:
                self._release(key)

    def _take_away(self, key: SeriesKey, sighting: Held) -> None:
        valid_from = sighting.first_seen_at
        self._release(key)
        self.verdict.in_force[key] = InForce(None, valid_from)
        basis = _BASES.get(self.seen.witness, "first_seen")
        self.verdict.versions.append(Version(key, valid_from, None, basis, sighting.run_id))
        old, since = self.book.in_force[key], sighting.since
        self._tell(Change(EventKind.PRICE_REMOVED, key.offer, valid_from, key, old, None, held_since=since))

    def judge_missing_announcements(self) -> None:
        """The page has dropped it before its time, or shows no price at all now that its time has come."""
        for key, starts in self.book.scheduled.items():
            if key.offer in self.seen.offers:
                for start in sorted(starts.keys() - self.announced[key]):
                    if start > self.at or key not in self.current:
                        self._cancel(key, start)

    def judge_missing_offers(self) -> None:
        live = {key: state for key, state in self.book.offers.items() if not state.withdrawn}
        for key in live.keys() - self.seen.offers.keys() - self.seen.left_out:
            since = live[key].absent_since or self.at
            self.verdict.offers[key] = live[key]._replace(absent_since=since, absent_runs=live[key].absent_runs + 1)
        absent = {key: state for key, state in self.verdict.offers.items() if key not in self.seen.offers}
        due = [key for key, state in absent.items() if state.absent_runs >= ABSENT_RUNS_TO_WITHDRAW]
        needed = ABSENT_RUNS_TO_WITHDRAW + _many(len(due), len(live), MANY_WITHDRAWN)
        if gone := {key: absent[key] for key in due if absent[key].absent_runs >= needed}:
            self._withdraw(gone)

    def _withdraw(self, offers: dict[OfferKey, OfferState]) -> None:
        for key, state in offers.items():
            self.verdict.offers[key] = state._replace(withdrawn=True)
            since = state.absent_since or self.at
            self._tell(Change(EventKind.OFFER_WITHDRAWN, key, since, old_terms=state.terms))
        gone = [key for key in self.book.in_force if (*key[:3], key[5]) in offers]
        for series in map(SeriesKey._make, gone):
            self._take_away(series, Held(None, None, "", offers[series.offer].absent_since or self.at))
        for series in [key for key in self.book.scheduled if key.offer in offers]:
            for start in sorted(self.book.scheduled[series]):
                self._cancel(series, start)
        for series in [key for key in self.book.held if key.offer in offers]:
            self._release(series)

    def _tell(self, change: Change) -> None:
        self.verdict.changes.append(change)


def _is_news(change: Change, book: Book) -> bool:
    """Before the first complete run, being seen for the first time by us is not a change in the world."""
    return change.offer in book.offers and change.kind not in (EventKind.OFFER_ADDED, EventKind.PRICE_ADDED)


def _many(some: int, of: int, share: float) -> bool:
    return some > MANY and some > of * share


def _same_price(old: str, new: str) -> bool:
    """The same price, written for another quantity ($0.001 per 1K, $1 per 1M)."""
    before, after = Quote.parse(old), Quote.parse(new)
    promotion = (before.currency, before.list_amount, before.ends_at) == (
        after.currency,
        after.list_amount,
        after.ends_at,
    )
    return promotion and before.unit_price == after.unit_price


def kind_of(old: str | None, new: str) -> EventKind:
    """Which way a price moved; the same price in other words is a change of terms."""
    if old is None:
        return EventKind.PRICE_ADDED
    before, after = Quote.parse(old), Quote.parse(new)
    if before.currency != after.currency or before.unit_price == after.unit_price:
        return EventKind.TERMS_CHANGED
    return EventKind.PRICE_RAISED if after.unit_price > before.unit_price else EventKind.PRICE_LOWERED


def _conditions_moved(changes: list[Change]) -> list[Change]:
    """A price that went and came back unchanged under other conditions is one change of terms, not two of price."""
    came = {_moved_as(change): change for change in changes if change.kind is EventKind.PRICE_ADDED}
    went = {_moved_as(change): change for change in changes if change.kind is EventKind.PRICE_REMOVED}
    pairs = [(went[what], came[what]) for what in went.keys() & came.keys()]
    paired = {id(change) for pair in pairs for change in pair}
    moved = [_as_terms(old, new) for old, new in pairs]
    return [change for change in changes if id(change) not in paired] + moved


def _moved_as(change: Change) -> tuple[OfferKey, str, str | None]:
    return change.offer, change.key.unit if change.key else "", change.new or change.old


def _as_terms(old: Change, new: Change) -> Change:
    before, after = old.key.conditions if old.key else "", new.key.conditions if new.key else ""
    return replace(new, kind=EventKind.TERMS_CHANGED, old=old.old, old_terms=(before,), new_terms=(after,))


_ORDER = {kind: position for position, kind in enumerate(EventKind)}


def _telling_order(change: Change) -> tuple[OfferKey, int, str, str, datetime]:
    unit, conditions = (change.key.unit, change.key.conditions) if change.key else ("", "")
    return change.offer, _ORDER[change.kind], unit, conditions, change.effective_at

"""Drift → sentences: in what a page is not what it was, said so that a person finds the place on the page."""

from collections.abc import Sequence

from feed.wording import clean
from history.drift import Drift, DriftKind

# What is named in one sentence; the rest is counted, and told in full to machines.
NAMED, LONGEST_NAME = 5, 80


def sentence(drift: Drift) -> str:
    """table 3 'Model | Input | Output' under 'Text models' lost the column 'Output'"""
    match drift.kind:
        case DriftKind.OFFERS:
            return f"{_count(drift.now, 'offer')} where there {'was' if drift.before == 1 else 'were'} {drift.before}"
        case DriftKind.TABLE_ADDED:
            return f"{_table(drift)} is new"
        case DriftKind.TABLE_GONE:
            return f"{_table(drift)} is gone"
        case DriftKind.TABLE_EMPTIED:
            return f"{_table(drift)} lost {'its only row' if drift.before == 1 else f'all of its {drift.before} rows'}"
        case DriftKind.TABLE_CHANGED:
            return f"{_table(drift)} {_changed(drift)}"
        case DriftKind.UNMATCHED:
            return f"no table has {_named('the known column', drift.gained)} any more"
        case DriftKind.KEYS:
            outermost = drift._replace(lost=_outermost(drift.lost), gained=_outermost(drift.gained))
            # A key that fewer than a tenth of the rows still have is not in the shape either.
            return _come_and_gone("key", outermost, gone="gone or rare")
        case DriftKind.LEFTOVERS:
            return _come_and_gone("leftover", drift)


def sentences(drifts: Sequence[Drift]) -> list[str]:
    return [sentence(drift) for drift in drifts]


def _table(drift: Drift) -> str:
    under = f" under {_quoted(drift.heading)}" if drift.heading else ""
    return f"table {drift.number} {_quoted(drift.subject)}{under}"


def _changed(drift: Drift) -> str:
    if not drift.lost and not drift.gained:
        return "has its columns in another order"
    lost = f"lost {_named('the column', drift.lost)}" if drift.lost else ""
    gained = f"gained {_named('the column', drift.gained)}" if drift.gained else ""
    return " and ".join(filter(None, (lost, gained)))


def _come_and_gone(noun: str, drift: Drift, gone: str = "gone") -> str:
    lost = f"{gone}: {_named(f'the {noun}', drift.lost)}" if drift.lost else ""
    gained = f"new: {_named(f'the {noun}', drift.gained)}" if drift.gained else ""
    return ", ".join(filter(None, (lost, gained)))


def _outermost(paths: Sequence[str]) -> tuple[str, ...]:
    """Without the keys inside of what is named already: "data[].benchmarks" says it for all that it holds."""
    return tuple(path for path in paths if not any(path.startswith((f"{one}.", f"{one}[]")) for one in paths))


def _named(noun: str, names: Sequence[str]) -> str:
    """the column 'a'; the columns 'a', 'b' and 3 more"""
    said = [_quoted(name) for name in names[:NAMED]]
    if len(names) > NAMED:
        said.append(f"{len(names) - NAMED} more")
    listed = f"{', '.join(said[:-1])} and {said[-1]}" if len(said) > 1 else said[0]
    return f"{noun}{'s' if len(names) > 1 else ''} {listed}"


def _quoted(name: str) -> str:
    text = clean(name)
    return f"'{text[: LONGEST_NAME - 1]}…'" if len(text) > LONGEST_NAME else f"'{text}'"


def _count(number: int | None, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"

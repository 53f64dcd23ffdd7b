"""The shape of what one run read: the tables of its pages with their headers, and the keys of its JSON."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from crawler.page import Page
from history.drift import Shape, TableShape

Item = TypeVar("Item")

# Below names, what is found is data: "data[].pricing.prompt" has three.
DEPTH = 4
# Rows of a list that are looked at, spread over all of it.
ROWS = 2000
# A key that fewer rows have comes and goes with the models: one in so many.
SOME = 10
# An object of many objects is a list whose rows have names (Bedrock's products by SKU), and so is any that is longer.
NAMED_ROWS, MOST_KEYS = 8, 100
LONGEST_NAME = 80


def shape_of(pages: Iterable[Page], ignored_columns: Iterable[str] = ()) -> Shape:
    """The outline of all pages, after the spider has read them."""
    tables: list[TableShape] = []
    known, keys = {*ignored_columns}, _Keys()
    for page in pages:
        for table in page.unread.tables:
            header = tuple(name[:LONGEST_NAME] for name in table.header)
            tables.append(TableShape(header, len(table.body), table.heading[:LONGEST_NAME]))
            known.difference_update(table.header)
        known.update(name for name in page.unread.known if name)
        keys.read(page)
    headers = {name for table in tables for name in table.header}
    return Shape(tuple(tables), keys.usual(), frozenset(name for name in known if name[:LONGEST_NAME] not in headers))


class _Keys:
    """The paths of keys in JSON bodies, and how many of the objects that could have them do."""

    def __init__(self) -> None:
        self._objects: Counter[str] = Counter()
        self._having: dict[str, Counter[str]] = {}

    def read(self, page: Page) -> None:
        """Nothing of a body that is not JSON: where it should have been, the spider has said so."""
        if not page.body[:64].lstrip().startswith((b"{", b"[")):
            return
        bodies = page.body.splitlines() if "ndjson" in page.media_type else [page.body]
        try:
            self._walk([msgspec.json.decode(body) for body in _spread(bodies)], "", DEPTH)
        except (msgspec.DecodeError, RecursionError):
            return

    def usual(self) -> frozenset[str]:
        """The paths of the keys that are there more often than now and then."""
        return frozenset(
            f"{path}{key}"
            for path, counted in self._having.items()
            for key, count in counted.items()
            if count * SOME >= self._objects[path]
        )

    def _walk(self, values: list[Any], path: str, depth: int) -> None:
        """All that stands in one place, of whatever row: by columns, which is several times as fast as by rows."""
        objects = [value for value in values if isinstance(value, dict) and not _is_list(value)]
        rows = [row for value in values if isinstance(value, list) for row in value]
        rows += [row for value in values if isinstance(value, dict) and _is_list(value) for row in value.values()]
        if objects:
            self._count(objects, path, depth)
        if nested := [row for row in _spread(rows) if isinstance(row, dict | list)]:
            self._walk(nested, f"{path.removesuffix('.')}[].", depth)

    def _count(self, objects: list[dict[str, Any]], path: str, depth: int) -> None:
        self._objects[path] += len(objects)
        having = self._having.setdefault(path, Counter())
        for keys, count in Counter(map(tuple, objects)).items():
            having.update(dict.fromkeys(keys, count))
        for key in having if depth > 1 else ():
            inner = [value for each in objects if isinstance(value := each.get(key), dict | list)]
            if inner:
                self._walk(inner, f"{path}{key[:LONGEST_NAME]}.", depth - 1)


def _is_list(value: dict[str, Any]) -> bool:
    """Whether an object is a list whose rows have names."""
    return len(value) > MOST_KEYS or (len(value) > NAMED_ROWS and all(isinstance(row, dict) for row in value.values()))


def _spread(rows: list[Item]) -> list[Item]:
    return rows[:: len(rows) // ROWS + 1]

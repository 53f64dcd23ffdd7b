"""Answers of APIs that changed: a key renamed or dropped, names exchanged, a record or a cell added."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import partial
from typing import Any

RENAMED, ADDED, JUNK = "zz-renamed", "zz-added", "???"
Path = tuple[str | int, ...]
# The kind, where, the answer, and another answer that has to do with it, if any.
Changed = tuple[str, str, Any, Any]
# What may be any name: a dictionary of this many records is a list of them.
MANY = 5


def of(answer: Any) -> Iterator[Changed]:
    yield "moved", "as it is", answer, None
    shapes = dict[tuple[str, ...], list[Path]]()
    for path, node in _nodes(answer):
        if isinstance(node, dict):
            shapes.setdefault(_shape(path), []).append(path)
    for shape, paths in shapes.items():
        yield from _of_objects(answer, shape, paths)
    for path, node in list(_nodes(answer)):
        if isinstance(node, list) and node:
            yield from _of_list(answer, path, node)


def _of_objects(answer: Any, shape: tuple[str, ...], paths: list[Path]) -> Iterator[Changed]:
    nodes = [_at(answer, path) for path in paths]
    keys = dict.fromkeys(key for node in nodes for key in node)
    where = "/".join(shape) or "the answer"
    for key in list(keys)[:40]:
        first = next(path for path, node in zip(paths, nodes, strict=True) if key in node)
        for held, chosen in (("every", paths), ("one", [first])):
            if held == "every" or len(paths) > 1:
                renamed = _with(answer, chosen, partial(_rename, key))
                yield "renamed key", f"{held} {key!r} of {where}", renamed, None
                dropped = _with(answer, chosen, partial(_drop, key))
                yield "dropped key", f"{held} {key!r} of {where}", dropped, None
    yield "moved", f"the keys of {where} the other way round", _with(answer, paths, _reversed), None
    yield "added", f"a key in {where}", _with(answer, paths, lambda node: node.update({ADDED: "0.123"})), None


def _of_list(answer: Any, path: Path, items: list[Any]) -> Iterator[Changed]:
    where = "/".join(map(str, path)) or "the answer"
    emptied = _with(answer, [path], lambda node: node.clear())
    if all(isinstance(item, dict) for item in items):
        # Of overrides the later one wins, wherever they say when they hold.
        if path[-1:] != ("overrides",):
            yield "moved", f"{where} the other way round", _with(answer, [path], lambda node: node.reverse()), None
        for name, new in (("{}", {}), (JUNK, {JUNK: JUNK}), ("junk", _junk(items[0])), ("twice", items[-1])):
            # A list of blocks of a text is no list of records: a further paragraph says nothing about prices.
            kind = "junk" if name == "junk" and "_type" not in items[0] else "added"
            changed = _with(answer, [path], partial(_append, new))
            yield kind, f"{name} in {where}", changed, emptied
    elif all(isinstance(item, list) for item in items) and len(items[0]) > 2:
        for at in range(max(map(len, items))):
            yield "dropped", f"cell {at} of every row of {where}", _with(answer, [path], _without_cell(at)), None
        yield "junk", f"a row in {where}", _with(answer, [path], lambda node: node.append(_junk(items[0]))), emptied


def _without_cell(at: int) -> Callable[[Any], None]:
    def change(node: Any) -> None:
        for row in node:
            del row[at : at + 1]

    return change


def _nodes(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    yield path, value
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from _nodes(inner, (*path, key))


def _shape(path: Path) -> tuple[str, ...]:
    """The path with a star for what may be any: a place in a list, an id among ids."""
    return tuple("*" if isinstance(step, int) or any(char.isdigit() for char in step) else step for step in path)


def _at(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


def _with(answer: Any, paths: list[Path], change: Callable[[Any], Any]) -> Any:
    copy = deepcopy(answer)
    for path in paths:
        change(_at(copy, path))
    return copy


def _append(new: Any, node: list[Any]) -> None:
    node.append(deepcopy(new))


def _drop(key: str, node: dict[str, Any]) -> None:
    node.pop(key, None)


def _rename(old: str, node: dict[str, Any]) -> None:
    entries = [(f"{key}_{RENAMED}" if key == old else key, value) for key, value in node.items()]
    node.clear()
    node.update(entries)


def _reversed(node: dict[str, Any]) -> None:
    entries = list(node.items())[::-1]
    node.clear()
    node.update(entries)


def _junk(value: Any) -> Any:
    """The same shape, in which nothing says anything."""
    if isinstance(value, dict):
        return {key: _junk(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_junk(inner) for inner in value]
    return value if value is None or isinstance(value, bool) else JUNK

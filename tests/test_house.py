"""The house rules that can be counted: sizes, names, tests per code, and what must not stand in any file."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from statistics import median, quantiles

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("crawler", "history", "feed", "installation.py", "subscribers.py", "tokentape.py")
# What each rule allows, in lines.
FUNCTION_MEDIAN, FUNCTION_P90, FUNCTION_MAX = 10, 30, 60
MODULE_P90, MODULE_MAX, SPIDER_MAX = 250, 400, 90
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc"}
# Written backwards, so that this file does not contain them.
BACKWARDS = ["gro.ipyp", "gro.detsohnohtyp", ".sjmpn", "oi.setarc", "oi.rekcod", "oi.rchg", "gnalog.yxorp"]
REGISTRY_HOSTS = [word[::-1] for word in BACKWARDS]
MACHINE_PATHS = [word[::-1] for word in ["/krow/", "/tpo/", "/toor/"]]
# SQLAlchemy loads the driver that a URL names, uvicorn the fastest loop and parser that are there.
LOADED_BY_NAME = {"psycopg", "httptools"}
# What tools leave in an unpacked archive, where git cannot tell it from the project.
OWN_WORK = {line.strip("/") for line in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()} | {".git"}


def test_functions_are_short() -> None:
    lengths = sorted(function_lengths().values())
    longest = [name for name, length in function_lengths().items() if length > FUNCTION_MAX]
    assert longest == []
    assert median(lengths) <= FUNCTION_MEDIAN
    assert quantiles(lengths, n=10)[-1] <= FUNCTION_P90


def test_modules_are_short() -> None:
    lengths = {str(path.relative_to(ROOT)): lines(path) for path in modules()}
    assert [name for name, length in lengths.items() if length > MODULE_MAX] == []
    assert quantiles(lengths.values(), n=10)[-1] <= MODULE_P90


def test_spiders_are_shorter() -> None:
    spiders = (ROOT / "crawler" / "spiders").glob("*.py")
    assert [path.name for path in spiders if lines(path) > SPIDER_MAX] == []


def test_there_is_at_least_as_much_test_as_code() -> None:
    tests = sum(lines(path) for path in (ROOT / "tests").rglob("*.py"))
    code = sum(lines(path) for path in modules())
    assert tests >= code, f"{tests} lines of tests for {code} lines of code"


def test_every_module_says_what_its_room_is_for() -> None:
    assert [str(path.relative_to(ROOT)) for path in modules() if not ast.get_docstring(tree(path))] == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    named = [path.relative_to(ROOT) for path in tracked() if path.suffix == ".py"]
    assert [str(path) for path in named if NAMES_THAT_SAY_NOTHING & {*path.with_suffix("").parts}] == []


def test_every_lint_ignore_has_its_reason_on_the_line_above() -> None:
    """A run of ignored lines may share the reason above its first."""
    paths = [path for path in tracked() if path.suffix == ".py" and path != Path(__file__)]
    assert [where for path in paths for where in unexplained(path)] == []


def test_sql_is_written_in_history_and_of_alerts_beside_them_only() -> None:
    outside = [path for path in modules() if not path.is_relative_to(ROOT / "history")]
    outside = [path for path in outside if not path.is_relative_to(ROOT / "feed" / "alerts")]
    assert {str(path.relative_to(ROOT)): words for path in outside if (words := sql_words(path))} == {}


def test_nothing_commits_by_hand() -> None:
    committing = [str(path.relative_to(ROOT)) for path in modules() if ".commit()" in path.read_text(encoding="utf-8")]
    assert committing == []


@pytest.mark.parametrize("words", [REGISTRY_HOSTS, MACHINE_PATHS], ids=["registry hosts", "paths of one machine"])
def test_no_file_names(words: list[str]) -> None:
    naming = {
        str(path.relative_to(ROOT)): word for path in tracked() for word in words if word.encode() in path.read_bytes()
    }
    assert naming == {}


def test_what_is_imported_is_declared_and_what_is_declared_is_imported() -> None:
    distributions = packages_distributions()
    imported = {distributions[name][0].lower() for name in imported_packages() if name in distributions}
    requirements = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    declared = {re.split(r"[^a-z0-9-]", requirement)[0] for requirement in requirements}
    assert {name.replace("_", "-") for name in imported} - {"tokentape"} == declared - LOADED_BY_NAME


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_file_pins_versions_and_hashes_and_nothing_else(lock: str) -> None:
    unpinned = [
        line
        for line in (ROOT / lock).read_text(encoding="utf-8").splitlines()
        if not line.startswith("    --hash=sha256:") and "==" not in line.partition(";")[0]
    ]
    assert unpinned == []


def unexplained(path: Path) -> Iterator[str]:
    reason_above = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if "# noqa" not in line and "# type: ignore" not in line:
            reason_above = line.lstrip().startswith("#")
        elif not reason_above:
            yield f"{path.relative_to(ROOT)}:{number}"


def imported_packages() -> set[str]:
    nodes = [node for path in (*modules(), *(ROOT / "migrations").rglob("*.py")) for node in ast.walk(tree(path))]
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return {
        name.partition(".")[0]
        for name in plain | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    }


def sql_words(path: Path) -> set[str]:
    """What a module imports from SQLAlchemy, and calls, to talk SQL; connections and failures may be handed about."""
    nodes = list(ast.walk(tree(path)))
    imports = [
        node for node in nodes if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy")
    ]
    imported = {alias.name for node in imports if node.module != "sqlalchemy.exc" for alias in node.names}
    called = {node.attr for node in nodes if isinstance(node, ast.Attribute)} & {
        "execute",
        "executemany",
        "exec_driver_sql",
    }
    return imported - {"Connection", "Engine", "make_url"} | called


def modules() -> Iterator[Path]:
    """The code of the rooms and the front door."""
    for room in ROOMS:
        path = ROOT / room
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path]


@cache
def tracked() -> tuple[Path, ...]:
    """Every file that is part of the project, also those that are about to be."""
    if not (ROOT / ".git").exists():
        return tuple(
            path for path in ROOT.rglob("*") if path.is_file() and not OWN_WORK & {*path.relative_to(ROOT).parts}
        )
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return tuple(path for name in listed.split("\0") if name and (path := ROOT / name).is_file())


@cache
def function_lengths() -> dict[str, int]:
    return {
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())

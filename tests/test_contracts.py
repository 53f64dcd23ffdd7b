"""The import contracts of pyproject.toml: kept by the house, and each one proved by breaking it."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("crawler", "feed", "history", "migrations")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONTRACTS = {contract["id"]: contract for contract in PYPROJECT["tool"]["importlinter"]["contracts"]}

# Contract → the imports that break it: which module imports which.
BREACHES = {
    "rooms": """
        crawler.failures -> feed; feed -> crawler; crawler.failures -> migrations
        history.times -> crawler; history.units -> feed; history.db -> migrations""",
    "front-door": """
        crawler.failures -> tokentape; feed -> tokentape
        history.times -> tokentape; migrations -> tokentape""",
    "history-is-plain": """
        history.times -> scrapy; history.times -> playwright; history.times -> fastapi
        history.times -> aiohttp; history.times -> feedgen""",
    "spiders": "crawler.spiders.one -> crawler.spiders.other",
    "inside-history": """
        history.units -> history.model; history.model -> history.validation; history.validation -> history.compare
        history.compare -> history.recorder; history.recorder -> history.queries""",
    "deciders": "history.compare -> sqlalchemy; history.validation -> psycopg; history.units -> alembic",
    "cycles": """
        crawler.one -> crawler.other; crawler.other -> crawler.one
        history.one -> history.other; history.other -> history.one""",
}


def test_the_house_keeps_its_contracts() -> None:
    ended = linted(ROOT)
    assert ended.returncode == 0, ended.stdout


def test_every_contract_is_proved_by_a_breach() -> None:
    assert set(BREACHES) == set(CONTRACTS)


@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_breach_of_the_contract_is_found(contract: str, tmp_path: Path) -> None:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    breaches = [breach.split(" -> ") for breach in re.split(r"[;\n]\s*", BREACHES[contract].strip())]
    for importer, imported in breaches:
        write_import(tmp_path, importer, imported)
    ended = linted(tmp_path, contract)
    assert ended.returncode == 1, ended.stderr
    assert f"{CONTRACTS[contract]['name']} BROKEN" in ended.stdout
    assert [breach for breach in breaches if not tells_of(ended.stdout, *breach)] == []


def write_import(root: Path, importer: str, imported: str) -> None:
    path = root.joinpath(*importer.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    with file.open("a", encoding="utf-8") as source:
        source.write(f"\nimport {imported}\n")
    if imported.partition(".")[0] in PACKAGES and not (root / imported.replace(".", "/")).is_dir():
        root.joinpath(*imported.split(".")).with_suffix(".py").touch()


def tells_of(report: str, importer: str, imported: str) -> bool:
    """Does the report tell of this import? Of a cycle it tells one of the imports, by last names: `.other -> .one`."""
    ends = [importer.rpartition(".")[2], imported.rpartition(".")[2]]
    return f"{importer} -> {imported} " in report or any(
        f".{one} -> .{other}" in report for one, other in (ends, ends[::-1])
    )


def linted(root: Path, *contracts: str) -> "subprocess.CompletedProcess[str]":
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    command += [word for contract in contracts for word in ("--contract", contract)]
    environment = {**os.environ, "COLUMNS": "200", "PYTHONPATH": str(root)}
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)

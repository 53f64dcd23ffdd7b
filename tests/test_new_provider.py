"""CONTRIBUTING's four steps, followed to the letter for a provider that does not exist, in a copy of the project."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.misbehaving_server import MisbehavingServer, page
from tests.test_house import tracked

NAME = "madeup_lab"
# The tests that find every spider and every saved page by themselves.
ABOUT_SPIDERS = ("tests/test_spiders.py", "tests/test_mutations.py")
PAGE = """<!doctype html><html><head><title>Made-up prices</title></head><body><h1>Prices</h1>
<p>Prices are per million tokens.</p>
<table><thead><tr><th>Model</th><th>Context</th><th>Input / 1M tokens</th><th>Output / 1M tokens</th></tr></thead>
<tbody>
{rows}
</tbody></table></body></html>"""
ROW = "<tr><td>madeup-{number}</td><td>128K</td><td>$0.{number}5</td><td>$1.{number}</td></tr>"
SPIDER = '''"""Made-up Lab's price page: a table of models."""

from collections.abc import Iterator

from crawler import priced
from crawler.grid import Columns
from crawler.page import Page
from crawler.sheet import PriceSheet
from crawler.spider import PricingSpider
from history.model import Offer, Provider

_UNITS: Columns = {"input_tokens": ("Input / 1M tokens",), "output_tokens": ("Output / 1M tokens",)}


class MadeupLab(PricingSpider):
    name = "madeup_lab"
    provider = Provider("madeup-lab", "Made-up Lab", "lab")
    start_urls = ["https://madeup.example/prices"]
    currency = "USD"
    offers_expected = range(2, 40)
    ignored_columns = frozenset({"Context"})

    def extract(self, page: Page) -> Iterator[Offer]:
        sheet = PriceSheet()
        for table in page.tables:
            columns = priced.columns(table, _UNITS, _UNITS)
            for row in table.rows({"model": ("Model",), **columns}, self.ignored_columns):
                model = row.pop("model").text
                stated = [(unit, priced.price(unit, row.pop(unit), self.currency, 1_000_000)) for unit in columns]
                sheet.add(model, *priced.components(stated), terms=priced.terms(stated))
        yield from sheet.offers(self.provider)
'''


class Checkout:
    """A copy of what is part of the project, with a history of its own, and commands that run in it."""

    def __init__(self, folder: Path, data: Path) -> None:
        self.folder = folder
        for path in tracked():
            copy = folder / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
        database = f"sqlite:///{data / 'tokentape.sqlite3'}"
        own = {"PYTHONPATH": str(folder), "TOKENTAPE_DATA": str(data), "TOKENTAPE_DATABASE_URL": database}
        self.environment = {**os.environ, **own, "PYTHONDONTWRITEBYTECODE": "1"}
        self.run("git", "init", "--quiet")
        self.run("git", "add", "--all")
        self.run("git", "-c", "user.name=me", "-c", "user.email=me@example.org", "commit", "--quiet", "-m", "All")

    def run(self, *command: str) -> str:
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=200
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def python(self, *words: str) -> str:
        return self.run(sys.executable, *words)

    def new_files(self) -> list[str]:
        lines = self.run("git", "status", "--porcelain", "--untracked-files=all").splitlines()
        return sorted(line.removeprefix("?? ") for line in lines)


@pytest.fixture
def source() -> Iterator[str]:
    """The made-up provider's own price page, with thirty models."""
    with MisbehavingServer() as server:
        rows = "\n".join(ROW.format(number=number) for number in range(1, 31))
        server.behaviours["/prices"] = page(PAGE.format(rows=rows).encode(), "text/html; charset=utf-8")
        yield server.url("/prices")


def test_the_four_steps_work_and_touch_one_file_and_one_folder(tmp_path: Path, source: str) -> None:
    checkout = Checkout(tmp_path / "checkout", tmp_path)
    folder = capture(checkout, source)
    write_the_spider(checkout, folder)
    say_what_it_must_read(checkout, folder)
    check(checkout)
    crawl(checkout, source)
    at = folder.relative_to(checkout.folder)
    own = [f"{at}/body.html", f"{at}/capture.json", f"{at}/offers.json"]
    assert checkout.new_files() == [f"crawler/spiders/{NAME}.py", *own]


def capture(checkout: Checkout, source: str) -> Path:
    """Step 1, as it is written; the environment is there already."""
    environment = sys.prefix
    make = ("make", f"VENV={environment}", "-o", f"{environment}/.tested", "capture")
    told = checkout.run(*make, f"SPIDER={NAME}", f"URL={source}")
    assert f"Write crawler/spiders/{NAME}.py" in told
    (folder,) = (checkout.folder / "tests" / "pages" / NAME).iterdir()
    assert sorted(path.name for path in folder.iterdir()) == ["body.html", "capture.json"]
    return folder


def write_the_spider(checkout: Checkout, folder: Path) -> None:
    """Step 2: it prints what it reads from the whole page."""
    (checkout.folder / "crawler" / "spiders" / f"{NAME}.py").write_text(SPIDER, encoding="utf-8")
    printed = checkout.python("-m", "tokentape", "extract", NAME, str(folder.relative_to(checkout.folder)))
    assert [json.loads(line)["model"] for line in printed.splitlines()][:2] == ["madeup-1", "madeup-2"]


def say_what_it_must_read(checkout: Checkout, folder: Path) -> None:
    """Step 3: the page cut down to two rows, and their prices typed from it."""
    rows = "\n".join(ROW.format(number=number) for number in (1, 2))
    (folder / "body.html").write_text(PAGE.format(rows=rows), encoding="utf-8")
    offers = [offer("madeup-1", "0.15", "1.1"), offer("madeup-2", "0.25", "1.2")]
    (folder / "offers.json").write_text(json.dumps(offers, indent=1) + "\n", encoding="utf-8")


def offer(model: str, *amounts: str) -> dict[str, object]:
    prices = [
        {"unit": unit, "amount": amount, "currency": "USD", "per": 1_000_000, "conditions": {}}
        for unit, amount in zip(("input_tokens", "output_tokens"), amounts, strict=True)
    ]
    place = {"provider": "madeup-lab", "model": model, "tier": "standard", "region": "", "terms": []}
    return {**place, "components": prices}


def check(checkout: Checkout) -> None:
    """Step 4: of `make check` what can fail because of a new spider."""
    told = checkout.python("-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", NAME, *ABOUT_SPIDERS)
    assert int(told.rpartition(" passed")[0].split()[-1]) >= 9
    about_all = [
        "tests/test_house.py::test_spiders_are_shorter",
        "tests/test_spiders.py::test_no_spider_imports_another",
    ]
    checkout.python("-m", "pytest", "-q", "-p", "no:cacheprovider", *about_all)
    file = f"crawler/spiders/{NAME}.py"
    checkout.python("-m", "ruff", "check", "--no-cache", file)
    checkout.python("-m", "ruff", "format", "--no-cache", "--check", file)
    shutil.rmtree(checkout.folder / "tests" / "__pycache__", ignore_errors=True)


def crawl(checkout: Checkout, source: str) -> None:
    """Nothing to register: it can be crawled, is recorded, and is declared to whoever asks for the sources."""
    told = json.loads(checkout.python("-m", "tokentape", "crawl", NAME, "--url", source, "--json").splitlines()[-1])
    assert (told["source"], told["outcome"], told["offers"]) == (NAME, "complete", 30)
    status = [json.loads(line) for line in checkout.python("-m", "tokentape", "status", "--json").splitlines()]
    assert NAME in {line["source"] for line in status}

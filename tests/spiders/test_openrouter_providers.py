"""OpenRouter's providers: the countries of the real capture, and what is refused."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from crawler.failures import PageChanged
from crawler.replay import captures_in, replay
from history.model import Host, Outcome
from history.recorder import Recorded
from tests.spiders.reading import altered, real, saved, stated

NAME, HERE = "openrouter_providers", "openrouter_providers/2026-07-31"
# Read from the capture by hand.
HOSTS = [
    Host("stepfun", "StepFun", None, ()),
    Host("moonshotai", "Moonshot AI", "SG", ("SG",)),
    Host("z-ai", "Z.AI", "SG", ("SG",)),
    Host("ai21", "AI21", "IL", None),
    Host("groq", "Groq", "US", None),
    Host("deepseek", "DeepSeek", "CN", None),
    Host("nextbit", "NextBit", "ES", ("ES",)),
    Host("deepinfra", "DeepInfra", "US", None),
    Host("xiaomi", "Xiaomi", "CN", ("SG", "NL")),
    Host("nebius", "Nebius", "NL", None),
    Host("dekallm", "DekaLLM", "ID", ("ID",)),
    Host("mistral", "Mistral", "FR", None),
    Host("novita", "Novita", "US", None),
]


def test_the_real_capture_names_a_hundred_companies_and_those_read_by_hand(recorded: Path) -> None:
    said = stated(real(recorded, NAME, "2026-07-31"), NAME)
    assert len(said) == 100
    assert [host for host in HOSTS if host not in said] == []
    assert sum(isinstance(host, Host) and host.headquarters is None for host in said) == 28


def test_the_real_capture_is_a_complete_run(recorded: Path, engine: Engine) -> None:
    [run] = replay(engine, captures_in(recorded / NAME))
    assert isinstance(run, Recorded)
    assert (run.outcome, run.hosts, run.rejected, run.events) == (Outcome.COMPLETE, 100, 0, 0)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"headquarters": "US", ', "", "headquarters"),
        ('"headquarters": "US"', '"headquarters": 1', "Expected `str | null`"),
        ('"datacenters": ["US", "SG"]', '"datacenters": "US"', "Expected `array | null`"),
        ('"slug": "beta"', '"id": "beta"', "slug"),
        ('"data"', '"providers"', "data"),
    ],
)
def test_a_list_that_changed_is_refused(old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged) as refused:
        stated(altered(HERE, old, new), NAME)
    assert words in str(refused.value)


def test_an_empty_list_is_refused() -> None:
    with pytest.raises(PageChanged, match="list of companies is empty"):
        stated(replace(saved(HERE), body=b'{"data": []}'), NAME)

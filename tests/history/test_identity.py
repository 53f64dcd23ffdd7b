"""Canonical names: from explicit aliases that hold for a time, never from likeness."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from history import identity

NOW = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("provider", "model", "canonical"),
    [
        ("deepseek", "deepseek-v4-flash", "deepseek/deepseek-v4-flash"),
        ("zai", "GLM-5.2", "z-ai/glm-5.2"),
        ("openrouter", "deepseek/deepseek-v4-flash", "deepseek/deepseek-v4-flash"),
        ("openrouter", "deepseek/deepseek-v4-flash:free", "deepseek/deepseek-v4-flash"),
        ("deepseek", "deepseek-v4-flas", None),
        ("nobody", "deepseek-v4-flash", None),
        ("openrouter", "~anthropic/claude-latest", None),
        ("openrouter", "auto", None),
    ],
)
def test_a_name_is_canonical_by_an_alias_or_not_at_all(provider: str, model: str, canonical: str | None) -> None:
    assert identity.canonical_of(provider, model, NOW) == canonical


def test_every_name_of_a_model_leads_back_to_it() -> None:
    names = identity.names_of("deepseek/deepseek-v4-flash", NOW)
    assert ("deepseek", "deepseek-v4-flash") in names
    assert {identity.canonical_of(*name, NOW) for name in names} == {"deepseek/deepseek-v4-flash"}


def test_an_author_has_a_country_and_an_unknown_one_is_not_made_up() -> None:
    assert identity.author_of("deepseek/deepseek-v4-flash") == identity.Author("deepseek", "DeepSeek", "CN")
    assert identity.author_of("somebody/model") is None


def test_close_names_are_offered_whatever_their_capitals() -> None:
    assert identity.close_to("glm-52", ["GLM-5.2", "qwen-max"]) == ["GLM-5.2"]
    assert identity.close_to("whatever", ["GLM-5.2"]) == []


def test_the_aliases_do_not_contradict_each_other() -> None:
    """One name means one model at any time."""
    for name, found in identity._aliases().items():
        for earlier, later in pairwise(found):
            assert earlier.until <= later.since, name
        assert all(alias.since < alias.until for alias in found), name


def test_every_alias_is_written_once_in_order_and_names_an_author_we_know() -> None:
    rows = [(alias.provider, alias.model, alias.since) for found in identity._aliases().values() for alias in found]
    assert len(rows) == len(set(rows))
    authors = {alias.canonical.split("/")[0] for found in identity._aliases().values() for alias in found}
    assert {author for author in authors if identity.author_of(f"{author}/x") is None} == set()

"""Canonical names: from explicit aliases that hold for a time, never from likeness."""

import csv
import gzip
import json
from datetime import UTC, datetime
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import pytest

from history import identity

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("provider", "model", "canonical"),
    [
        ("zai", "GLM-5.2", "z-ai/glm-5.2"),
        ("anthropic", "Claude Sonnet 4.5", "anthropic/claude-sonnet-4.5"),
        ("anthropic", "claude-sonnet-4-5-20250929", "anthropic/claude-sonnet-4.5"),
        ("google-vertex", "claude-sonnet-4-5@20250929", "anthropic/claude-sonnet-4.5"),
        ("openai", "gpt-4.1-2025-04-14", "openai/gpt-4.1"),
        ("azure", "gpt-4o-0806", "openai/gpt-4o-2024-08-06"),
        ("azure", "gpt-4o-2024-08-06", "openai/gpt-4o-2024-08-06"),
        ("openai", "gpt-4o-mini-2024-07-18", "openai/gpt-4o-mini"),
        ("openrouter", "openai/gpt-4o-mini-2024-07-18", "openai/gpt-4o-mini"),
        ("alibaba", "qwen3.7-max", "qwen/qwen3.7-max"),
        ("deepinfra", "deepseek-ai/DeepSeek-V3.1", "deepseek/deepseek-chat-v3.1"),
        ("together", "pearl-ai/gemma-4-31b-it", None),
        ("novita", "qwen/qwen3-32b-fp8", "qwen/qwen3-32b"),
        ("siliconflow", "Kimi-K2-Instruct", "moonshotai/kimi-k2"),
        ("alibaba-cn", "glm-5.2-us", "z-ai/glm-5.2"),
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


@pytest.mark.parametrize(
    ("provider", "one", "other"),
    [
        ("openai", "gpt-4o-2024-05-13", "gpt-4o-2024-08-06"),
        ("minimax", "MiniMax-M2.5", "MiniMax-M2.5-highspeed"),
        ("zai", "GLM-5", "GLM-5-Turbo"),
        ("xiaomi", "mimo-v2.6-pro", "mimo-v2.6-pro-ultraspeed"),
        ("alibaba-cn", "qwen-plus", "qwen-plus-2025-07-28"),
        ("alibaba-cn", "deepseek-v4-flash", "deepseek-v4-flash-0731"),
    ],
)
def test_what_is_sold_faster_or_pinned_is_a_model_of_its_own(provider: str, one: str, other: str) -> None:
    found = {identity.canonical_of(provider, name, NOW) for name in (one, other)}
    assert len(found) == 2
    assert None not in found


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("azure", "gpt-4o"),
        ("openai", "chat-latest"),
        ("mistral", "mistral-large-latest"),
        ("google", "gemini-flash-latest"),
        ("novita", "deepseek/deepseek-v3-turbo"),
        ("azure", "gpt-4.1-ft"),
    ],
)
def test_what_nobody_dates_or_decides_has_no_canonical_name(provider: str, model: str) -> None:
    assert identity.canonical_of(provider, model, NOW) is None


@pytest.mark.parametrize(
    ("provider", "model", "before", "since", "after"),
    [
        ("openai", "gpt-4o", "openai/gpt-4o-2024-05-13", "2024-10-02", "openai/gpt-4o-2024-08-06"),
        ("openrouter", "openai/gpt-4o:extended", "openai/gpt-4o-2024-05-13", "2024-10-02", "openai/gpt-4o-2024-08-06"),
        ("mistral", "mistral-medium-latest", "mistralai/mistral-medium-3.1", "2026-06-16",
         "mistralai/mistral-medium-3-5"),
        ("mistral", "mistral-small-latest", "mistralai/mistral-small-3.2-24b-instruct", "2026-03-16",
         "mistralai/mistral-small-2603"),
        ("deepseek", "deepseek-chat", "deepseek/deepseek-v3.2", "2026-04-24", "deepseek/deepseek-v4-flash"),
        ("deepseek", "deepseek-reasoner", "deepseek/deepseek-r1-0528", "2025-08-21", "deepseek/deepseek-chat-v3.1"),
        ("deepseek", "deepseek-v4-flash", "deepseek/deepseek-v4-flash-0731", "2026-09-10",
         "deepseek/deepseek-v4.1-flash"),
        ("deepseek", "deepseek-v4-pro", "deepseek/deepseek-v4-pro", "2026-08-13", "deepseek/deepseek-v4-pro-0813"),
    ],
)  # fmt: skip
def test_an_alias_that_moved_means_each_model_in_its_time(
    provider: str, model: str, before: str, since: str, after: str
) -> None:
    moment = day(since)
    assert identity.canonical_of(provider, model, moment.replace(day=moment.day - 1)) == before
    assert identity.canonical_of(provider, model, moment) == after
    if ":" not in model:
        assert identity.moved_to(provider, model, moment.replace(hour=16)) == after
        assert identity.moved_to(provider, model, moment.replace(day=moment.day - 1)) is None
    assert (provider, model.split(":")[0]) in identity.names_of(after, moment)
    assert (provider, model.split(":")[0]) not in identity.names_of(before, moment)


def test_a_name_that_is_over_means_nothing_any_more() -> None:
    assert identity.canonical_of("deepseek", "deepseek-chat", NOW) is None


def test_a_name_that_only_began_has_not_moved() -> None:
    assert identity.moved_to("deepseek", "deepseek-flash", day("2026-09-10")) is None


def test_every_name_of_a_model_leads_back_to_it() -> None:
    names = identity.names_of("z-ai/glm-5.2", NOW)
    assert {("zai", "GLM-5.2"), ("openrouter", "z-ai/glm-5.2")} <= set(names)
    assert {identity.canonical_of(*name, NOW) for name in names} == {"z-ai/glm-5.2"}


def test_a_provider_spells_one_model_in_several_ways() -> None:
    assert set(identity.spellings("anthropic", "Claude Haiku 4.5", NOW)) == {
        "Claude Haiku 4.5", "claude-haiku-4-5", "claude-haiku-4-5-20251001",
    }  # fmt: skip
    assert identity.spellings("anthropic", "unheard of", NOW) == ["unheard of"]


def test_a_name_has_synonyms_from_when_to_when_they_hold() -> None:
    found = identity.synonyms("mistral", "mistral-small-latest")
    assert [(since.date().isoformat(), sorted(one.model for one in then)) for since, then in found] == [
        ("0001-01-01", []), ("2025-06-20", ["Mistral Small 3.2"]),
        ("2026-03-16", ["Mistral Small 4", "mistral-small-2603"]),
    ]  # fmt: skip
    newest = {one.model: one for one in found[-1][1]}["mistral-small-2603"]
    assert newest.canonical == "mistralai/mistral-small-2603"
    assert "https://docs.mistral.ai/getting-started/changelog" in newest.source


def test_a_canonical_name_means_what_each_provider_calls_that_model() -> None:
    (_, then), *later = identity.synonyms("zai", "z-ai/glm-5.2")
    assert ({one.model for one in then}, later) == ({"GLM-5.2", "glm-5.2"}, [])


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openrouter", "z-ai/glm-5.2:free"),
        ("anthropic", "unheard of"),
        ("nobody", "gpt-4o"),
        ("openai", "z-ai/glm-5.2"),
    ],
)
def test_what_has_no_explicit_line_is_nobodys_synonym(provider: str, model: str) -> None:
    assert identity.synonyms(provider, model) == []


def test_a_name_that_is_over_has_no_synonyms_any_more() -> None:
    over = day("2026-07-25")
    told = {since: {one.model for one in then} for since, then in identity.synonyms("deepseek", "deepseek-chat")}
    assert told[day("2026-04-24")] == {"deepseek-reasoner", "deepseek-v4-flash"}
    assert [names for since, names in told.items() if since >= over] == [set(), set()]


def test_models_are_meant_by_name_by_author_and_by_country() -> None:
    by_name = identity.meant("x-ai/grok-4.3")
    assert {alias.canonical for alias in by_name.aliases} == {"x-ai/grok-4.3"}
    assert identity.meant("x-ai/grok-4.3", author="x-ai", country="US") == by_name
    assert identity.meant("x-ai/grok-4.3", country="CN").aliases == ()
    chinese = identity.meant(country="CN")
    assert {"deepseek", "z-ai"} <= set(chinese.authors)
    assert not {"openai", "mistralai"} & set(chinese.authors)
    assert {alias.canonical.split("/")[0] for alias in identity.meant(author="deepseek").aliases} == {"deepseek"}


def test_an_author_has_a_country_and_an_unknown_one_is_not_made_up() -> None:
    assert identity.author_of("deepseek/deepseek-v4-flash") == identity.Author("deepseek", "DeepSeek", "CN")
    assert identity.author_of("thedrummer/skyfall-36b-v2") == identity.Author("thedrummer", "TheDrummer", "")
    assert identity.author_of("somebody/model") is None


def test_close_names_are_offered_whatever_their_capitals() -> None:
    assert identity.close_to("glm-52", ["GLM-5.2", "qwen-max"]) == ["GLM-5.2"]
    assert identity.close_to("whatever", ["GLM-5.2"]) == []
    assert identity.close_to("o3", ["o3-mini", "o3", "qwen-max"])[0] == "o3"


def test_a_close_name_is_found_among_thousands() -> None:
    crowd = [f"somebody-elses-model-{number}" for number in range(5000)]
    assert (
        identity.close_to("deepseek-v4-flahs", [*crowd, "deepseek-v4-flash", "deepseek-v4-pro"])[0]
        == "deepseek-v4-flash"
    )


def test_the_aliases_do_not_contradict_each_other() -> None:
    """One name means one model at any time."""
    for name, found in identity._aliases().items():
        for earlier, later in pairwise(found):
            assert earlier.until <= later.since, name
            assert earlier.canonical != later.canonical, name
        assert all(alias.since < alias.until for alias in found), name


def test_every_alias_is_written_once_in_order_says_where_from_and_names_an_author_we_know() -> None:
    with files("history.facts").joinpath("aliases.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    keys = [(row["provider"], row["model"], row["since"]) for row in rows]
    assert keys == sorted(set(keys))
    assert all(row["source"] for row in rows)
    authors = {row["canonical"].split("/")[0] for row in rows}
    assert {author for author in authors if identity.author_of(f"{author}/x") is None} == set()


def test_a_canonical_name_means_itself() -> None:
    """An id of OpenRouter's that moved, or is one snapshot's second name, is nobody's canonical name."""
    canonicals = identity.canonicals()
    assert {name for name in canonicals if identity.canonical_of("openrouter", name, NOW) != name} == set()


def test_canonical_names_are_written_as_openrouter_writes_them() -> None:
    for found in identity._aliases().values():
        for alias in found:
            author, _, slug = alias.canonical.partition("/")
            assert slug, alias
            assert alias.canonical == alias.canonical.lower(), alias
            assert not {" ", ":", "/"} & set(slug), alias
            assert author, alias


def test_what_is_said_to_be_openrouters_name_is_on_its_list(recorded: Path) -> None:
    listed: dict[str, str | None] = {}
    for body in sorted(recorded.glob("openrouter_models/*/body.json.gz")):
        for model in json.loads(gzip.decompress(body.read_bytes()))["data"]:
            listed[model["id"].split(":")[0]] = model["hugging_face_id"]
    with files("history.facts").joinpath("aliases.csv").open(encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["source"].startswith("OpenRouter")]
    assert {row["canonical"] for row in rows if row["canonical"] not in listed} == set()
    unnamed = [row for row in rows if "hugging_face_id" in row["source"] and not listed[row["canonical"]]]
    assert unnamed == []

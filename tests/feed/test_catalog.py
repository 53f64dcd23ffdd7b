"""/v1/providers, /v1/models, /v1/runs and /v1/snapshots."""

from starlette.testclient import TestClient

from tests.feed.rows import DAY, NOW, Rows


def test_providers_are_listed_with_their_sources(client: TestClient, rows: Rows) -> None:
    rows.offer("v4")
    assert client.get("/v1/providers").json() == {"providers": [{
        "slug": "deepseek", "name": "Deepseek", "kind": "lab", "offers": 1,
        "sources": [{"name": "deepseek", "url": "https://deepseek.example/pricing"}],
    }]}  # fmt: skip


def test_models_are_found_by_a_part_of_their_name(client: TestClient, rows: Rows) -> None:
    rows.offer("v4-Flash", terms=("free for a while",), absent_since=NOW)
    rows.offer("v4-pro")
    [model] = client.get("/v1/models?q=flash").json()["models"]
    assert model == {"provider": "deepseek", "model": "v4-Flash", "canonical": None, "author": None,
                     "country": None, "withdrawn": False, "offers": [{
        "source": "deepseek", "tier": "standard", "region": "", "terms": ["free for a while"],
        "absent_since": "2026-05-22T16:10:00Z", "withdrawn": False,
    }]}  # fmt: skip


def test_models_go_on_page_by_page(client: TestClient, rows: Rows) -> None:
    for name in "abc":
        rows.offer(name, withdrawn=name == "b")
    first = client.get("/v1/models?limit=2")
    rest = client.get(first.links["next"]["url"])
    assert [one["model"] for one in first.json()["models"] + rest.json()["models"]] == ["a", "b", "c"]
    assert [one["model"] for one in client.get("/v1/models?withdrawn=true").json()["models"]] == ["b"]


def test_runs_tell_why_they_failed_and_what_they_read(client: TestClient, rows: Rows) -> None:
    rows.run(NOW)
    rows.run(NOW + DAY, outcome="failed", failure="PageChanged", message="header 'Input' is gone", unread={"x": 2})
    [run] = client.get("/v1/runs?outcome=failed").json()["runs"]
    assert (run["failure"], run["message"], run["unread"]) == ("PageChanged", "header 'Input' is gone", {"x": 2})
    assert len(run["evidence"]) == 1
    first = client.get("/v1/runs?limit=1")
    assert [one["id"] for one in client.get(first.links["next"]["url"]).json()["runs"]] == [1]


def test_a_snapshot_says_where_and_when_it_was_fetched(client: TestClient, rows: Rows) -> None:
    digest = rows.fetch(rows.run(body=None), "<script>alert(1)</script>", url="https://deepseek.example/p")
    found = client.get(f"/v1/snapshots/{digest}").json()
    assert (found["media_type"], found["size"], found["times_used"]) == ("text/html", 25, 1)
    assert found["uses"][0] == {
        "run": 1, "source": "deepseek", "url": "https://deepseek.example/p", "fetched_at": "2026-05-22T16:10:00Z",
        "status": 200,
    }  # fmt: skip


def test_scraped_html_never_runs_in_our_origin(client: TestClient, rows: Rows) -> None:
    digest = rows.fetch(rows.run(body=None), "<script>alert(1)</script>")
    answer = client.get(f"/v1/snapshots/{digest}/body")
    assert answer.text == "<script>alert(1)</script>"
    headers = {
        name: answer.headers[name] for name in ("content-type", "x-content-type-options", "content-security-policy")
    }
    assert headers == {
        "content-type": "text/plain", "x-content-type-options": "nosniff",
        "content-security-policy": "sandbox; default-src 'none'",
    }  # fmt: skip
    assert answer.headers["content-disposition"].startswith("attachment; ")
    etag = {"if-none-match": answer.headers["etag"]}
    assert client.get(f"/v1/snapshots/{digest}/body", headers=etag).status_code == 304


def test_a_snapshot_that_is_not_kept_is_a_404(client: TestClient) -> None:
    unknown = "0" * 64
    assert [client.get(f"/v1/snapshots/{unknown}{part}").status_code for part in ("", "/body")] == [404, 404]
    assert client.get(f"/v1/snapshots/{unknown}/body", headers={"if-none-match": f'"{unknown}"'}).status_code == 404
    assert client.get("/v1/snapshots/xyz").status_code == 422

"""/v1/changes as the resume path of everyone who was away."""

from starlette.testclient import TestClient

from tests.feed.rows import DAY, HOUR, NOW, Rows, flash_cut, moved, usd


def ids(client: TestClient, query: str = "") -> list[int]:
    answer = client.get(f"/v1/changes?{query}")
    assert answer.status_code == 200, answer.text
    return [change["id"] for change in answer.json()["changes"]]


def test_a_change_is_exact_on_both_sides(client: TestClient, rows: Rows) -> None:
    rows.story(None, moved("input_tokens", usd("6", currency="CNY"), usd("11", currency="CNY")), effective_at=NOW)
    [change] = client.get("/v1/changes").json()["changes"]
    assert (change["old"], change["new"]) == (
        {"amount": "6", "currency": "CNY", "per": 1000000, "per_million": "6"},
        {"amount": "11", "currency": "CNY", "per": 1000000, "per_million": "11"},
    )
    assert (change["kind"], change["change_percent"], change["seller"]) == ("price_raised", "83.33", "lab")
    assert (change["story"], change["evidence"][0]["url"]) == (1, "https://deepseek.example/pricing")


def test_a_change_of_an_offer_has_no_unit_but_terms(client: TestClient, rows: Rows) -> None:
    rows.story(None, {"kind": "terms_changed", "old_terms": (), "new_terms": ("contact us",)})
    [change] = client.get("/v1/changes").json()["changes"]
    assert (change["unit"], change["old"], change["change_percent"]) == (None, None, None)
    assert (change["old_terms"], change["new_terms"]) == ([], ["contact us"])


def test_a_change_says_since_when_it_was_held_before_it_was_believed(client: TestClient, rows: Rows) -> None:
    rows.story(None, moved("input_tokens", "1", "0.01", held_since=NOW - HOUR), moved("output_tokens", "2", "1"))
    changes = client.get("/v1/changes").json()["changes"]
    assert [change["held_since"] for change in changes] == ["2026-05-22T15:10:00Z", None]


def test_a_poller_that_follows_resume_after_sees_each_change_once(client: TestClient, rows: Rows) -> None:
    seen, after = [], 0
    for day in range(3):
        flash_cut(rows, NOW + day * DAY)
        while True:
            page = client.get(f"/v1/changes?limit=2&after={after}").json()
            seen += [change["id"] for change in page["changes"]]
            after = page["resume_after"]
            if page["next_cursor"] is None:
                break
    assert seen == list(range(1, 16))


def test_a_poller_whose_filter_matches_nothing_still_moves_on(client: TestClient, rows: Rows) -> None:
    flash_cut(rows)
    page = client.get("/v1/changes?model=other").json()
    assert (page["changes"], page["resume_after"], page["next_cursor"]) == ([], 5, None)


def test_the_newest_come_first_when_asked(client: TestClient, rows: Rows) -> None:
    flash_cut(rows)
    first = client.get("/v1/changes?order=desc&limit=3")
    assert [change["id"] for change in first.json()["changes"]] == [5, 4, 3]
    assert [change["id"] for change in client.get(first.links["next"]["url"]).json()["changes"]] == [2, 1]


def test_cursors_go_with_their_order(client: TestClient) -> None:
    assert client.get("/v1/changes?before=5").status_code == 422
    assert client.get("/v1/changes?order=desc&after=5").status_code == 422


def test_every_filter_filters(client: TestClient, rows: Rows) -> None:
    rows.source("openrouter", kind="gateway")
    rows.story(None, moved("input_tokens", "1", "1.105"), moved("output_tokens", "2", "1"), moved("images", "0", "1"))
    rows.story(None, moved("input_tokens", "1", "9"), at=NOW + DAY, source="openrouter", model="x/v4")
    found = {query: ids(client, query) for query in (
        "direction=up", "direction=down", "min_pct=10.5", "min_pct=10.51", "seller=first_party", "seller=gateway",
        "kind=price_lowered", "unit=output_tokens", "provider=openrouter", "model=x/v4", "since=2026-05-23T16:10:00Z",
        "until=2026-05-23T16:10:00Z", "direction=up&seller=first_party&min_pct=50",
    )}  # fmt: skip
    assert list(found.values()) == [
        [1, 3, 4], [2], [1, 2, 3, 4], [2, 3, 4], [1, 2, 3], [4], [2], [2], [4], [4], [4], [1, 2, 3], [3],
    ]  # fmt: skip


def test_runs_without_changes_leave_the_answer_as_it_was(client: TestClient, rows: Rows) -> None:
    flash_cut(rows)
    etag = client.get("/v1/changes").headers["etag"]
    rows.run(NOW + DAY)
    assert client.get("/v1/changes", headers={"if-none-match": etag}).status_code == 304
    flash_cut(rows, NOW + 2 * DAY)
    assert client.get("/v1/changes", headers={"if-none-match": etag}).status_code == 200

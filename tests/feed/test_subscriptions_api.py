"""/v1/subscriptions over HTTP: keys, bodies, targets, and what each state allows."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from pydantic import TypeAdapter
from sqlalchemy import Engine, select
from starlette.testclient import TestClient

from feed.alerts import deliveries, keys, queue
from feed.alerts import tables as t
from feed.alerts.fanout import fan_out
from feed.alerts.rounds import Rounds
from feed.alerts.sealing import Sealer
from feed.api import records as api_records
from feed.api import schemas
from feed.app import create_app
from feed.desk import bodies, records
from feed.desk.callers import LARGEST_BODY, Desk
from history.addresses import Guard
from history.db import reading, writing
from tests.feed.conftest import PUBLIC_URL, Clock
from tests.feed.rows import DAY, HOUR, NOW, Rows, flash_cut
from tests.feed.subscribers import SECRET, tell

SEALER = Sealer([Fernet.generate_key().decode()], "a test")
URL = "https://hooks.example/prices?token=t0k3n"
PATH = "/v1/subscriptions"


class Asker:
    """Somebody with a key."""

    def __init__(self, client: TestClient, engine: Engine, quota: int = 5, scope: keys.Scope = "subscriber") -> None:
        self.client = client
        with writing(engine) as connection:
            self.shown, self.key = keys.create(connection, "a test", scope, quota, NOW, NOW + 30 * DAY)
        self.headers = {"authorization": f"Bearer {self.shown}"}

    def __call__(self, method: str, path: str = "", body: Any = None, **headers: str) -> Any:
        return self.client.request(method, PATH + path, json=body, headers={**self.headers, **headers})

    def subscribed(self, **changed: Any) -> Any:
        made = self("POST", body={"url": URL, **changed})
        assert made.status_code == 201, made.text
        return made.json()


@pytest.fixture
def client(engine: Engine, clock: Clock) -> Iterator[TestClient]:
    app = create_app(engine, PUBLIC_URL, clock, Desk(SEALER, Guard()))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def ask(client: TestClient, engine: Engine) -> Asker:
    return Asker(client, engine)


def proof_of(engine: Engine, uid: str) -> str:
    with reading(engine) as connection:
        found: str = connection.execute(select(t.subscription.c.proof).where(t.subscription.c.uid == uid)).scalar_one()
    return found


def proven(ask: Asker, engine: Engine, **changed: Any) -> str:
    uid: str = ask.subscribed(**changed)["id"]
    assert ask("POST", f"/{uid}/proof", {"token": proof_of(engine, uid)}).status_code == 200
    return uid


def told(engine: Engine, uid: str, times: int = 1) -> list[str]:
    with queue.adding(engine) as connection:
        this = select(t.subscription.c.id).where(t.subscription.c.uid == uid)
        return tell(connection, [connection.execute(this).scalar_one()], NOW, times=times)


def refusal(answer: Any, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    problem = answer.json()
    assert problem["status"] == status
    return str(problem["detail"])


def test_whoever_subscribes_is_shown_the_secret_once(ask: Asker) -> None:
    made = ask("POST", body={"url": URL, "name": "mine", "filter": {"country": "cn"}, "max_per_minute": 5})
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    body = made.json()
    TypeAdapter(records.CreatedSubscription).validate_json(made.content, strict=True, extra="forbid")
    assert body["secret"].startswith("whsec_")
    assert (body["target"], body["state"]) == ("https://hooks.example/…", "unproven")
    assert body["filter"] == {"country": ["CN"]}
    assert body["key"] == f"tt_{ask.key.prefix}"
    assert made.headers["location"] == f"{PATH}/{body['id']}"
    read = ask("GET", f"/{body['id']}")
    assert read.json() == {name: value for name, value in body.items() if name != "secret"}
    TypeAdapter(records.Subscription).validate_json(read.content, strict=True, extra="forbid")
    assert "t0k3n" not in made.text + read.text


def test_a_secret_may_be_brought_along(ask: Asker) -> None:
    assert ask.subscribed(secret=SECRET)["secret"] == SECRET


def test_the_endpoint_is_challenged_at_once(ask: Asker, engine: Engine, clock: Clock) -> None:
    uid = ask.subscribed()["id"]
    [turn] = Rounds(engine, SEALER, "a dispatcher").take(clock.now, 10, 10)
    assert turn.target.url == URL
    [(message, _)] = turn.letters
    token = json.loads(message.payload)["data"]["token"]
    assert "this is not the one" in refusal(ask("POST", f"/{uid}/proof", {"token": token[::-1]}), 422)
    assert ask("POST", f"/{uid}/proof", {"token": token}).json()["state"] == "active"


def test_without_a_key_nobody_is_answered(client: TestClient, ask: Asker, clock: Clock) -> None:
    for method, path in (("GET", ""), ("POST", ""), ("GET", "/sub_x"), ("DELETE", "/sub_x"), ("POST", "/preview")):
        answer = client.request(method, PATH + path)
        assert "A key is needed" in refusal(answer, 401)
        assert answer.headers["www-authenticate"] == 'Bearer realm="tokentape"'
    for header in ("Bearer", "Basic abc", f"Token {ask.shown}", "Bearer tt_12345678_x", f"Bearer {ask.shown}x"):
        assert refusal(client.get(PATH, headers={"authorization": header}), 401)
    assert ask("GET").status_code == 200
    clock.now = NOW + 30 * DAY
    expired = ask("GET")
    assert "expired" in refusal(expired, 401)
    assert expired.headers["www-authenticate"].endswith('error="invalid_token"')


def test_a_key_that_is_used_says_so(ask: Asker, engine: Engine, clock: Clock) -> None:
    ask("GET")
    with reading(engine) as connection:
        assert keys.find(connection, ask.shown, NOW).last_used_at == clock.now


def test_somebody_elses_subscription_is_not_there(client: TestClient, engine: Engine, ask: Asker) -> None:
    other, admin = Asker(client, engine), Asker(client, engine, scope="admin")
    uid = ask.subscribed()["id"]
    for method, path, body in (
        ("GET", "", None), ("PATCH", "", {"name": "x"}), ("DELETE", "", None), ("POST", "/test", None),
        ("POST", "/proof", {"token": "x"}), ("POST", "/challenge", None), ("POST", "/secret", {}),
        ("POST", "/pause", None), ("POST", "/resume", None), ("GET", "/deliveries", None),
        ("GET", "/deliveries/msg_1", None), ("POST", "/deliveries/msg_1/replay", None),
        ("POST", "/replay", {"since": "2026-05-01T00:00:00Z"}),
    ):  # fmt: skip
        assert "No subscription of this key is called" in refusal(other(method, f"/{uid}{path}", body), 404)
    assert other("GET").json()["subscriptions"] == []
    assert [one["id"] for one in admin("GET").json()["subscriptions"]] == [uid]
    assert admin("DELETE", f"/{uid}").json() == {"deleted": uid}
    assert refusal(ask("GET", f"/{uid}"), 404)


BAD_URLS = {
    "not a URL": "hooks.example",
    "nothing": "",
    "spaces": "https://hooks.example/a b",
    "another scheme": "ftp://hooks.example/",
    "http to a public host": "http://hooks.example/",
    "http to a public address": "http://93.184.215.14/",
    "loopback": "https://127.0.0.1/",
    "this host": "https://localhost/",
    "loopback in disguise": "https://2130706433/",
    "loopback of IPv6": "https://[::ffff:127.0.0.1]/",
    "a private address": "https://192.168.1.1/",
    "metadata": "https://169.254.169.254/latest/meta-data",
    "another port": "https://hooks.example:22/",
    "a user": "https://user:password@hooks.example/",
    "too long": f"https://hooks.example/{'x' * 2000}",
}


@pytest.mark.parametrize("what", BAD_URLS)
def test_a_target_that_may_not_be_dialled_is_refused(ask: Asker, what: str) -> None:
    detail = refusal(ask("POST", body={"url": BAD_URLS[what]}), 422)
    assert detail.startswith("url: ")
    assert "password" not in detail.replace("user or password", "")
    assert ask("GET").json()["subscriptions"] == []


def test_the_operator_may_allow_private_addresses(engine: Engine, clock: Clock) -> None:
    app = create_app(engine, PUBLIC_URL, clock, Desk(SEALER, Guard.of("10.1.0.0/16")))
    ask = Asker(TestClient(app), engine)
    assert ask.subscribed(url="http://10.1.2.3:8080/x")["target"] == "http://10.1.2.3:8080/…"


def test_services_are_subscribed_through_apprise(ask: Asker) -> None:
    slack = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/"
    made = ask.subscribed(url=slack, channel="apprise", cadence="daily")
    assert made["target"].startswith("slack://")
    assert "TIiajkdn" not in json.dumps(made)
    assert (made["secret"], made["cadence"]) == (None, "daily")
    assert "url: " in refusal(ask("POST", body={"url": "nonsense", "channel": "apprise"}), 422)
    signed = ask("POST", body={"url": "slack://a/b/c", "channel": "apprise", "secret": SECRET})
    assert "nothing else is signed" in refusal(signed, 422)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_c2hvcnQ=", "hunter2", f"whsec_{'A' * 88}"])
def test_a_secret_of_the_wrong_length_is_refused(ask: Asker, engine: Engine, secret: str) -> None:
    detail = refusal(ask("POST", body={"url": URL, "secret": secret}), 422)
    assert detail.startswith("secret: ")
    assert "hunter2" not in detail
    uid = proven(ask, engine)
    assert refusal(ask("POST", f"/{uid}/secret", {"secret": secret}), 422).startswith("secret: ")


def test_a_filter_that_can_match_nothing_is_refused(ask: Asker, rows: Rows) -> None:
    flash_cut(rows)
    answer = ask("POST", body={"url": URL, "filter": {"provider": "deepsek"}})
    assert "nobody here is called 'deepsek'" in refusal(answer, 422)
    assert answer.json()["close_names"] == ["deepseek"]
    impossible = {"kind": "price_raised", "direction": "down"}
    assert "never price_raised" in refusal(ask("POST", "/preview", {"filter": impossible}), 422)
    uid = ask.subscribed(filter={"provider": "deepseek"})["id"]
    assert "never price_raised" in refusal(ask("PATCH", f"/{uid}", {"filter": impossible}), 422)
    assert ask("GET", f"/{uid}").json()["filter"] == {"provider": ["deepseek"]}


BAD_BODIES: dict[str, tuple[Any, str]] = {
    "no url": ({}, "url is required"),
    "another field": ({"url": URL, "urls": []}, "'urls' is not a field here; valid are: cadence, channel"),
    "another field of the filter": ({"url": URL, "filter": {"modle": "x"}}, "'filter.modle' is not a field here."),
    "an unknown unit": ({"url": URL, "filter": {"unit": "tokens"}}, "filter.unit.0: no such unit; the units are"),
    "no threshold": ({"url": URL, "filter": {"threshold": {}}}, "filter.threshold: name either crossing"),
    "a wrong cadence": ({"url": URL, "cadence": "hourly"}, "cadence: Input should be"),
    "no number": ({"url": URL, "max_per_minute": 0}, "max_per_minute: Input should be greater"),
    "a list": ([], "The body: "),
    "NUL": ({"url": URL, "name": "a\x00"}, "name: "),
}


@pytest.mark.parametrize("what", BAD_BODIES)
def test_a_body_that_is_wrong_is_told_field_by_field(ask: Asker, what: str) -> None:
    body, detail = BAD_BODIES[what]
    assert detail in refusal(ask("POST", body=body), 422)


def test_a_body_is_small_json(client: TestClient, ask: Asker) -> None:
    for content, status, headers in (
        (b"{", 422, {"content-type": "application/json"}),
        (b"\xff", 422, {"content-type": "application/json"}),
        (b"url=x", 415, {"content-type": "application/x-www-form-urlencoded"}),
        (b"{}", 415, dict[str, str]()),
        (b"{}", 415, {"content-type": "application/json", "content-encoding": "gzip"}),
        (b" " * (LARGEST_BODY + 1), 413, {"content-type": "application/json"}),
    ):  # fmt: skip
        refusal(client.post(PATH, content=content, headers={**ask.headers, **headers}), status)
    assert "not a parameter here" in refusal(ask("GET", "?state=active"), 422)
    assert "not a parameter here" in refusal(ask("POST", "?x=1", {"url": URL}), 422)


def test_a_thousand_subscriptions_of_one_key_stop_at_its_quota(client: TestClient, engine: Engine) -> None:
    ask = Asker(client, engine, quota=100)
    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(lambda _: ask("POST", body={"url": URL}).status_code, range(1000)))
    assert (statuses.count(201), statuses.count(403)) == (100, 900)
    refused = ask("POST", body={"url": URL})
    assert "may have 100 subscriptions" in refusal(refused, 403)
    assert refused.json()["type"].endswith("quota-reached")


def test_subscriptions_are_listed_page_by_page(ask: Asker) -> None:
    made = [ask.subscribed(name=str(number))["id"] for number in range(5)]
    seen, cursor = [], ""
    while True:
        page = ask("GET", f"?limit=2{cursor}")
        TypeAdapter(records.SubscriptionPage).validate_json(page.content, strict=True, extra="forbid")
        seen += [one["id"] for one in page.json()["subscriptions"]]
        if page.json()["next_cursor"] is None:
            break
        cursor = f"&cursor={page.json()['next_cursor']}"
    assert seen == made


def test_what_is_told_can_be_changed_and_where_cannot(ask: Asker) -> None:
    uid = ask.subscribed(max_per_minute=5)["id"]
    changed = ask("PATCH", f"/{uid}", {"name": "new", "filter": {"direction": "up"}, "cadence": "weekly"}).json()
    assert (changed["name"], changed["filter"], changed["cadence"]) == ("new", {"direction": "up"}, "weekly")
    assert changed["max_per_minute"] == 5
    assert ask("PATCH", f"/{uid}", {"max_per_minute": None}).json()["max_per_minute"] is None
    assert "at least one field" in refusal(ask("PATCH", f"/{uid}", {}), 422)
    assert "'url' is not a field here" in refusal(ask("PATCH", f"/{uid}", {"url": URL}), 422)
    assert refusal(ask("PATCH", f"/{uid}", {"name": None}), 422)


def test_pausing_resuming_and_deleting(ask: Asker, engine: Engine) -> None:
    uid = proven(ask, engine)
    assert ask("POST", f"/{uid}/pause").json()["state"] == "paused"
    assert "this one is paused" in refusal(ask("POST", f"/{uid}/pause"), 409)
    assert "this one is paused" in refusal(ask("POST", f"/{uid}/test"), 409)
    assert ask("POST", f"/{uid}/resume").json()["state"] == "active"
    assert "this one is active" in refusal(ask("POST", f"/{uid}/resume"), 409)
    assert ask("DELETE", f"/{uid}").json() == {"deleted": uid}
    assert refusal(ask("DELETE", f"/{uid}"), 404)


def test_challenges_and_tests_are_sent_once_a_minute(ask: Asker, engine: Engine, clock: Clock) -> None:
    uid = ask.subscribed()["id"]
    again = ask("POST", f"/{uid}/challenge")
    assert "one a minute" in refusal(again, 429)
    assert again.headers["retry-after"] == "60"
    clock.now += timedelta(minutes=1)
    assert ask("POST", f"/{uid}/challenge").status_code == 200
    ask("POST", f"/{uid}/proof", {"token": proof_of(engine, uid)})
    assert "this one is active" in refusal(ask("POST", f"/{uid}/challenge"), 409)
    message = ask("POST", f"/{uid}/test").json()["message"]
    assert refusal(ask("POST", f"/{uid}/test"), 429)
    payload = json.loads(ask("GET", f"/{uid}/deliveries/{message}").json()["payload"])
    assert (payload["type"], payload["data"]["subscription"]) == ("subscription.test", uid)


def test_a_rotated_secret_is_shown_once(ask: Asker, engine: Engine, clock: Clock) -> None:
    uid = proven(ask, engine)
    rotated = ask("POST", f"/{uid}/secret").json()
    assert rotated["secret"].startswith("whsec_")
    assert rotated["former_secret_until"] == "2026-05-23T17:10:00Z"
    assert ask("GET", f"/{uid}").json()["former_secret_until"] == "2026-05-23T17:10:00Z"
    assert rotated["secret"] not in ask("GET", f"/{uid}").text
    now = ask("POST", f"/{uid}/secret", {"overlap_hours": 0, "secret": SECRET}).json()
    assert now == {"secret": SECRET, "former_secret_until": None}
    assert "overlap_hours" in refusal(ask("POST", f"/{uid}/secret", {"overlap_hours": 169}), 422)


def test_deliveries_are_told_with_every_attempt(ask: Asker, engine: Engine) -> None:
    uid = proven(ask, engine)
    first, second, third = told(engine, uid, 3)
    with writing(engine) as connection:
        this = select(t.delivery.c.subscription_id, t.delivery.c.message_id).join(t.message)
        subscription_id, message_id = connection.execute(this.where(t.message.c.uid == first)).one()
        tried = {"subscription_id": subscription_id, "message_id": message_id, "started_at": NOW, "took_ms": 7}
        connection.execute(t.attempt.insert(), {**tried, "status": 500, "error": "HTTP 500", "response": "x" * 900})
    page = ask("GET", f"/{uid}/deliveries?limit=2")
    TypeAdapter(records.DeliveryPage).validate_json(page.content, strict=True, extra="forbid")
    assert [one["id"] for one in page.json()["deliveries"]] == [third, second]
    rest = ask("GET", f"/{uid}/deliveries?limit=2&cursor={page.json()['next_cursor']}").json()
    assert rest["deliveries"][0]["id"] == first
    [attempt] = rest["deliveries"][0]["attempts"]
    assert (attempt["status"], attempt["error"]) == (500, "HTTP 500")
    assert len(attempt["response"]) == deliveries.SHOWN_RESPONSE
    whole = ask("GET", f"/{uid}/deliveries/{first}")
    TypeAdapter(records.DeliveryWithPayload).validate_json(whole.content, strict=True, extra="forbid")
    assert len(whole.json()["attempts"][0]["response"]) == 900
    assert ask("GET", f"/{uid}/deliveries?state=failed").json()["deliveries"] == []
    assert "No message 'msg_x'" in refusal(ask("GET", f"/{uid}/deliveries/msg_x"), 404)
    assert "other filters" in refusal(
        ask("GET", f"/{uid}/deliveries?state=failed&cursor={page.json()['next_cursor']}"), 422
    )


def test_what_was_told_can_be_told_again(ask: Asker, engine: Engine) -> None:
    uid = ask.subscribed()["id"]
    since = {"since": "2026-05-22T00:00:00Z"}
    assert "this one is unproven" in refusal(ask("POST", f"/{uid}/replay", since), 409)
    uid = proven(ask, engine)
    [message] = told(engine, uid)
    assert ask("POST", f"/{uid}/deliveries/{message}/replay").json() == {"messages": 1}
    assert ask("POST", f"/{uid}/replay", since).json()["messages"] >= 0
    assert "is not after" in refusal(ask("POST", f"/{uid}/replay", {**since, "until": "2026-05-22T00:00:00Z"}), 422)
    assert "since is required" in refusal(ask("POST", f"/{uid}/replay", {}), 422)
    assert "RFC 3339" in refusal(ask("POST", f"/{uid}/replay", {"since": "yesterday"}), 422)
    assert refusal(ask("POST", f"/{uid}/deliveries/msg_x/replay"), 404)


def test_a_preview_says_what_would_have_been_sent(ask: Asker, rows: Rows) -> None:
    flash_cut(rows)
    flash_cut(rows, NOW - 100 * DAY)
    asked = ask("POST", "/preview", {"filter": {"direction": "down", "min_pct": 90}})
    TypeAdapter(records.PreviewAnswer).validate_json(asked.content, strict=True, extra="forbid")
    body = asked.json()
    assert (body["since"], body["until"], body["count"]) == ("2026-02-21T17:10:00Z", "2026-05-22T17:10:00Z", 1)
    [story] = body["stories"]
    assert story["headline"].startswith("deepseek-v4-flash: cache hit −98 %")
    assert (story["changes"], story["url"]) == (5, f"{PUBLIC_URL}/stories/1")
    assert ask("POST", "/preview").json()["count"] == 1
    assert ask("POST", "/preview", {"filter": {"direction": "up"}}).json()["stories"] == []
    assert "days" in refusal(ask("POST", "/preview", {"days": 91}), 422)


def test_a_change_reaches_whoever_proved_to_want_it(ask: Asker, engine: Engine, rows: Rows, clock: Clock) -> None:
    with queue.adding(engine) as connection:
        assert fan_out(connection, PUBLIC_URL, clock.now) == 0
    cheaper, dearer = ({"filter": {"direction": direction}} for direction in ("down", "up"))
    wanting, other, unproven = proven(ask, engine, **cheaper), proven(ask, engine, **dearer), ask.subscribed()["id"]
    flash_cut(rows)
    with queue.adding(engine) as connection:
        assert fan_out(connection, PUBLIC_URL, clock.now) == 1
    told_to = {turn.target.uid: turn.letters for turn in Rounds(engine, SEALER, "d").take(clock.now, 10, 10)}
    types = {uid: [message.type for message, _ in letters] for uid, letters in told_to.items()}
    challenge = "subscription.challenge"
    assert types == {wanting: [challenge, "price.changed"], other: [challenge], unproven: [challenge]}
    [story] = [one for one in ask("GET", f"/{wanting}/deliveries").json()["deliveries"] if one["type"] != challenge]
    assert (story["type"], story["state"], story["attempts"]) == ("price.changed", "pending", [])
    payload = json.loads(ask("GET", f"/{wanting}/deliveries/{story['id']}").json()["payload"])
    assert payload["data"]["resume_after"] == 5
    missed = {"since": "2026-05-22T00:00:00Z"}
    assert ask("POST", f"/{other}/replay", missed).json() == {"messages": 0}
    assert ask("PATCH", f"/{other}", cheaper).status_code == 200
    assert ask("POST", f"/{other}/replay", missed).json() == {"messages": 1}


def test_without_a_desk_nobody_subscribes(engine: Engine, clock: Clock) -> None:
    client = TestClient(create_app(engine, PUBLIC_URL, clock))
    ask = Asker(client, engine)
    assert "nothing to seal secrets with" in refusal(ask("POST", body={"url": URL}), 503)
    assert ask("GET").status_code == 200


def test_browsers_of_any_origin_may_bring_a_key(client: TestClient) -> None:
    headers = {"origin": "https://a.example", "access-control-request-method": "PATCH"}
    allowed = client.options(f"{PATH}/sub_x", headers=headers).headers
    assert "PATCH, DELETE" in allowed["access-control-allow-methods"]
    assert "Authorization" in allowed["access-control-allow-headers"]


def test_the_contract_says_that_a_key_is_needed(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()
    assert schema["components"]["securitySchemes"] == {"key": {"type": "http", "scheme": "bearer"}}
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            assert ("security" in operation) == path.startswith(PATH)
    text = json.dumps(schema)
    assert bodies.DEFINITIONS.items() <= schema["components"]["schemas"].items()
    assert set(bodies.DEFINITIONS).isdisjoint({*vars(schemas), *vars(records), *vars(api_records)})
    named = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert named <= set(schema["components"]["schemas"])


def test_keys_and_subscriptions_outlive_an_hour(ask: Asker, clock: Clock) -> None:
    uid = ask.subscribed()["id"]
    clock.now += HOUR
    assert ask("GET", f"/{uid}").json()["created_at"] == "2026-05-22T17:10:00Z"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "", "GET, HEAD, POST"),
        ("DELETE", "", "GET, HEAD, POST"),
        ("PUT", "/sub_x", "GET, HEAD, PATCH, DELETE"),
        ("POST", "/sub_x", "GET, HEAD, PATCH, DELETE"),
        ("GET", "/sub_x/pause", "POST"),
        ("PATCH", "/sub_x/deliveries", "GET, HEAD"),
    ],
)
def test_another_method_is_told_all_that_the_path_has(ask: Asker, method: str, path: str, allowed: str) -> None:
    answer = ask(method, path)
    *others, last = allowed.split(", ")
    named = f"Only {', '.join(others)} and {last} are" if others else f"{last} alone is"
    assert refusal(answer, 405) == f"{named} answered here."
    assert answer.headers["allow"] == allowed


@pytest.mark.parametrize("name", ["%00", "a%00b", "%E2%80%AE", "%F0%9F%92%A5", "%FF"])
def test_a_name_that_nobody_could_have_is_not_there(ask: Asker, engine: Engine, name: str) -> None:
    uid = proven(ask, engine)
    for method, path in (
        ("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/pause"), ("POST", "/resume"), ("POST", "/test"),
        ("POST", "/challenge"), ("POST", "/secret"), ("GET", "/deliveries"), ("GET", "/deliveries/msg_x"),
    ):  # fmt: skip
        assert "No subscription of this key" in refusal(
            ask(method, f"/{name}{path}", {"name": "x"} if method == "PATCH" else None), 404
        )
    assert "No message" in refusal(ask("GET", f"/{uid}/deliveries/{name}"), 404)
    assert "No message" in refusal(ask("POST", f"/{uid}/deliveries/{name}/replay"), 404)

"""What has been published is frozen: the API's schema and a sample of every answer and feed, pinned by digest.

A new shape gets a new path. What only adds is written anew with `TOKENTAPE_TEST_WRITE_CONTRACTS=1 pytest
tests/feed/test_contract.py`, which prints the digests to pin below, and is read line by line before it is committed.
"""

import json
import os
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter
from starlette.testclient import TestClient

from feed.api import records, schemas
from history.drift import Shape, TableShape
from history.model import Conditions
from history.place import Place
from tests.feed.rows import DAY, HOUR, NOW, TODAY, Rows, flash_cut, usd

CONTRACTS = Path(__file__).parent.parent / "contracts"
PINNED = {
    "changes.atom": "7ecf711f5276c55dcfda591664002523254c1d9e48577a04bc06e45a56e0181f",
    "changes.feed.json": "f763001161bb2626ad4a77a720f364a1f51c6cb5b85bdf178dd405abe3021bbf",
    "changes.json": "71fd4f4ba3febeb3746a002a981702ad3f4c6ac8b66abfde1f46119f65fc47e5",
    "changes.rss": "8d876d5d3b4afb7c3153ee53cb4879a1e80544afe154da503e6855a1098a5475",
    "history.json": "eab778d5d2138b33700904c4c4ab91f8a5480ef43060c4a3d38c7e06604bb513",
    "hosts.json": "161d666d9f132e12d769c832a57161c9a8bf19d4dbc8943fb9a2deed283e2812",
    "models.json": "3a786d5b4a7d88b5473d2f33c5b5e8ccb44a114f35843916cf679b02ff1d0ed1",
    "openapi.json": "2c94a36daf2faff659994edbb0b53bdaf695613fb3c75e01355860c11bab71ac",
    "plans.json": "6d2513e3aaf65979f3585a1c78214729c4a0682a0d67c761514151cc016b6c46",
    "prices.json": "d125b6811383a976fb1165870593e0ae4de3af68f4590dd4a1d920c394a6224d",
    "problem.json": "51a584dbdf5369902246ad89d628d7466da8fb124b1cb3aadc413785b14b2bff",
    "providers.json": "0ced548ac4da8540539abd24d669f7e3a39863cd46a4938ddce70ca64c33f72e",
    "runs.json": "efabb1fbe7e420628b3ec9fe65e936498e9102952b7b27d433c375361111aeb1",
    "status.json": "90bfc9e42393f29b3b8968c2186510cc504a2b4e1964329fe6461969f21b5116",
    "volumes.json": "4a980b15c832fc23abdd1240acc7bd2485d1b729b88564a1618358cba7e9271c",
}
SAMPLES = {
    "changes.atom": "/feeds/changes.atom",
    "changes.rss": "/feeds/changes.rss",
    "changes.feed.json": "/feeds/changes.json",
    "changes.json": "/v1/changes?limit=2",
    "history.json": "/v1/history?provider=deepseek&model=v4",
    "models.json": "/v1/models",
    "plans.json": "/v1/plans",
    "prices.json": "/v1/prices",
    "problem.json": "/v1/prices?modle=v4",
    "providers.json": "/v1/providers",
    "runs.json": "/v1/runs?limit=1",
    "status.json": "/v1/status",
    "volumes.json": "/v1/volumes?limit=3",
    "hosts.json": "/v1/hosts",
}
SHAPES: dict[str, Any] = {
    "changes.json": schemas.ChangePage,
    "history.json": schemas.HistoryPage,
    "models.json": schemas.ModelPage,
    "plans.json": schemas.PlanPage,
    "prices.json": schemas.PricePage,
    "providers.json": schemas.ProviderPage,
    "runs.json": records.RunPage,
    "status.json": records.Status,
    "volumes.json": schemas.VolumePage,
    "hosts.json": schemas.HostPage,
}


@pytest.fixture
def published(client: TestClient, rows: Rows, name: str) -> TestClient:
    """A small database with something of everything; what came later does not move the older samples."""
    if name in ("hosts.json", "volumes.json"):
        return _with_volumes(client, rows)
    rows.price("0.54", NOW - DAY, superseded_at=NOW, conditions=Conditions(min_input_tokens=256_001))
    rows.price("0.27", NOW - DAY, recorded_at=NOW, conditions=Conditions(min_input_tokens=256_001),
               place=Place(0, 3, 12, 2))  # fmt: skip
    rows.price("0.04", NOW - DAY, unit="images", per=1, model="glyph", tier="batch", region="eu",
               place=Place(0, byte=18234))  # fmt: skip
    rows.price(None, NOW + timedelta(minutes=30), unit="images", model="glyph", tier="batch", region="eu")
    flash_cut(rows)
    rows.offer("Token Plan Plus", "plan", terms=("quota: about 1500 requests per 5 hours", "first month: 5 USD"))
    rows.price("20", NOW - DAY, unit="plan_months", per=1, model="Token Plan Plus", tier="plan")
    rows.held(rows.series(quote=usd("1")), "implausible_factor", usd("1000"), NOW, 1)
    measured = Shape((TableShape(("Model", "Input", "Output"), 8, "Text"),))
    good = rows.shape(rows.run(NOW - DAY, offers=3), measured)
    rows.shape(rows.run(NOW + HOUR / 2), Shape((TableShape(("Model", "Input"), 8, "Text"),)), good)
    rows.run(NOW + HOUR, outcome="failed", failure="PageChanged", message="the header 'Input' is gone", unread={"x": 1})
    return client


def _with_volumes(client: TestClient, rows: Rows) -> TestClient:
    rows.host("acme", "US", ["US", "SG"])
    rows.host("beta", None)
    rows.volume("lab/m", tokens=2**53 + 1)
    rows.volume("lab/m:free", tokens=10, input_tokens=7, output_tokens=3, requests=1, period="trailing_week")
    rows.volume("other", tokens=5)
    rows.volume("lab/m", TODAY - DAY)
    return client


def frozen(name: str, body: bytes) -> None:
    """The body is the frozen one, and the frozen one is the pinned one."""
    path = CONTRACTS / name
    if os.environ.get("TOKENTAPE_TEST_WRITE_CONTRACTS"):
        path.write_bytes(body)
        pytest.skip(f'"{name}": "{sha256(body).hexdigest()}",')
    assert body.decode() == path.read_text(encoding="utf-8")
    assert PINNED[name] == sha256(body).hexdigest()


def test_the_schema_is_the_published_one(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()
    frozen("openapi.json", json.dumps(schema, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n")


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_of_every_answer_is_the_published_one(published: TestClient, name: str) -> None:
    frozen(name, published.get(SAMPLES[name]).content)


def test_every_contract_is_pinned() -> None:
    assert {path.name for path in CONTRACTS.iterdir()} == set(PINNED) == {"openapi.json", *SAMPLES}


@pytest.mark.parametrize("name", SHAPES)
def test_every_answer_keeps_to_its_schema(published: TestClient, name: str) -> None:
    body = published.get(SAMPLES[name]).content
    TypeAdapter(SHAPES[name]).validate_json(body, strict=True, extra="forbid")


def test_every_operation_is_described(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()
    operations = [operation for path in schema["paths"].values() for operation in path.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    for operation in operations:
        assert operation["summary"]
        assert operation["description"]
        assert operation["tags"]
        assert {"422", "500", "503"} <= set(operation["responses"])
        assert {"200", "201"} & set(operation["responses"])
        assert set(operation["responses"]["422"]["content"]) == {"application/problem+json"}
        for parameter in operation.get("parameters", ()):
            assert parameter.get("description"), (operation["operationId"], parameter["name"])
    assert {"HTTPValidationError", "ValidationError"}.isdisjoint(schema["components"]["schemas"])


def test_no_schema_has_a_float() -> None:
    text = json.dumps([TypeAdapter(shape).json_schema() for shape in SHAPES.values()])
    assert '"number"' not in text

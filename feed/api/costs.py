"""/v1/cost: what requests cost at their times, as believed at a time."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from pydantic import Field, TypeAdapter

from feed.answers import answers_of
from feed.api import charges
from feed.api.asking import Asked, CurrencyCode, Moment
from feed.api.bills import Bills
from feed.errors import Problem, declared
from feed.usages import Malformed, NotUsages, Told, TooLarge, from_json, from_ndjson, unpacked
from history.units import UNITS
from history.usage import ABOUT, SHORT

router = APIRouter(prefix="/v1/cost", tags=["costs"])
NDJSON = "application/x-ndjson"
_BY_LINE = {NDJSON, "application/ndjson", "application/jsonl", "application/x-jsonlines"}
MOST_RECORDS = 100_000
LARGEST_BODY = 64 * 2**20
_CHUNK = 200


class AskedCosts(Asked):
    """By which knowledge, and in which currency besides the quoted one."""

    as_of: Moment | None = Field(None, description="The time of records that state none, RFC 3339 with an offset.")
    known_at: Moment | None = Field(
        None, description="Recorded time: what was believed then; default: the newest run.",
        examples=["2026-05-22T16:00:00Z"],
    )  # fmt: skip
    currency: CurrencyCode | None = Field(
        None, description="Convert by the ECB's rate of each record's day; the quoted amount stays.", examples=["USD"]
    )


_RECORD: dict[str, Any] = {
    "type": "object",
    "description": "One request. A token is counted in one unit: input_tokens are those that no cache was used for.",
    "required": ["provider", "model", "at"],
    "properties": {
        **{name: {"type": "string"} for name in ABOUT},
        "id": {"type": ["string", "integer"]},
        "at": {"type": "string", "format": "date-time"},
        "tier": {"type": "string", "default": "standard"},
        "region": {"type": "string", "default": ""},
        "thinking": {"type": "boolean"},
        **{name: {"type": ["integer", "string"]} for name in (*UNITS, *SHORT)},
    },
    "additionalProperties": False,
}
ANSWER = TypeAdapter(charges.UsageCost | charges.MalformedUsage).json_schema(
    ref_template="#/components/schemas/{model}"
)


@router.post(
    "", operation_id="cost_usages", summary="What requests cost at their times, as believed at a time",
    response_class=StreamingResponse,
    responses={
        **declared(400, 413, 415, 422),
        200: {"description": "A line for each record, in their order.", "content": {NDJSON: {"schema": {
            "anyOf": ANSWER["anyOf"]}}}},
    },
    openapi_extra={
        **AskedCosts.parameters(),
        "requestBody": {"required": True, "content": {
            NDJSON: {"schema": _RECORD},
            "application/json": {"schema": {"type": "object", "required": ["usages"], "additionalProperties": False,
                                            "properties": {"usages": {"type": "array", "items": _RECORD}}}},
        }},
    },
)  # fmt: skip
async def cost_usages(request: Request) -> Response:
    """Up to 100,000 usage records, a JSON object a line; the answer is a line for each, as NDJSON.

    A line that is no usage record is answered with its error, and the others go on. What has no price is named in
    `missing` with its reason and is never billed as 0, and a model is never priced as a relative of it.
    """
    asked = AskedCosts.of(request)
    kind = _media_type(request)
    body = await _received(request)
    return await run_in_threadpool(_answer, request, asked, kind, body)


def _answer(request: Request, asked: AskedCosts, kind: str, body: bytes) -> Response:
    """What is wrong with the whole request is a problem; from the first line on, each stands for itself."""
    records = _records(request, asked, kind, body)
    bills = Bills(answers_of(request).engine, asked.known_at, asked.currency)
    lines = (bills.told(one) for one in bills.of(records))
    chunks = _chunks(lines)
    first = next(chunks, b"")
    return StreamingResponse(_after(first, chunks), media_type=NDJSON, headers={"cache-control": "no-store"})


def _records(request: Request, asked: AskedCosts, kind: str, body: bytes) -> Iterator[Told | Malformed]:
    try:
        if request.headers.get("content-encoding", "identity").lower() == "gzip":
            body = unpacked(body, LARGEST_BODY)
        if kind in _BY_LINE:
            lines = body.split(b"\n")
            count = sum(1 for line in lines if line.strip())
            records = from_ndjson(lines, asked.as_of)
        else:
            found = list(from_json(body, asked.as_of))
            count, records = len(found), iter(found)
    except NotUsages as wrong:
        raise Problem(422, f"{wrong}.", "not-usage-records") from None
    except TooLarge as wrong:
        raise Problem(413, f"{wrong}; send it in parts.", "body-too-large") from None
    if count > MOST_RECORDS:
        raise Problem(413, f"{count} records; at most {MOST_RECORDS} are taken at once.", "too-many-records")
    if not count:
        raise Problem(422, "The body holds no usage record.", "not-usage-records")
    return records


def _media_type(request: Request) -> str:
    kind = re.split(r"\s*;", request.headers.get("content-type", ""), maxsplit=1)[0].strip().lower()
    if kind not in _BY_LINE and kind != "application/json":
        raise Problem(415, f"{kind or 'No content type'} is not taken here; send {NDJSON} or application/json.")
    if request.headers.get("content-encoding", "identity").lower() not in ("gzip", "identity"):
        raise Problem(415, "A body may be packed with gzip, and with nothing else.")
    return kind


async def _received(request: Request) -> bytes:
    """The body, as far as it is small enough; nobody's word is taken for how long it is."""
    parts, size = list[bytes](), 0
    async for part in request.stream():
        size += len(part)
        if size > LARGEST_BODY:
            raise Problem(413, f"The body is more than {LARGEST_BODY} bytes; send it in parts.", "body-too-large")
        parts.append(part)
    return b"".join(parts)


def _chunks(lines: Iterator[bytes]) -> Iterator[bytes]:
    while chunk := b"".join(islice(lines, _CHUNK)):
        yield chunk


def _after(first: bytes, others: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from others

"""What is signed verifies, in the verifiers that receivers use, unmodified; what is not does not."""

import base64
import hashlib
import hmac
import json
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import standardwebhooks
import svix.webhooks
from hypothesis import given
from hypothesis import strategies as st

from feed.alerts.model import Secrets
from feed.alerts.signing import check_secret, headers, new_secret
from history.times import NaiveTime

VECTOR_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
VECTOR_AT = datetime.fromtimestamp(1614265330, UTC)
BODY = '{"type":"price.changed","data":{"headline":"通义千问 qwen-max: −56 % 🚀"}}'
VERIFIERS = [standardwebhooks.Webhook, svix.webhooks.Webhook]
REFUSED = (standardwebhooks.WebhookVerificationError, svix.webhooks.WebhookVerificationError)
EAST_OF_UTC = timezone(timedelta(hours=8))
# Verifiers have no clock that a test could set: the attempt is made at another time instead.
ALLOWED_SKEW = timedelta(minutes=5)
A_WHILE = timedelta(seconds=30)

either_verifier = pytest.mark.parametrize("verifier", VERIFIERS, ids=["standardwebhooks", "svix"])


def signed(secrets: Secrets, body: bytes | str = BODY, at: datetime | None = None) -> dict[str, str]:
    return headers("msg_2abc", body, secrets, at or datetime.now(UTC))


def secret_of(key: bytes) -> str:
    return "whsec_" + base64.b64encode(key).decode()


def test_the_published_vector_is_signed_as_published() -> None:
    told = headers("msg_p5jXN8AQM9LWM0D4loKWxJek", '{"test": 2432232314}', Secrets(VECTOR_SECRET), VECTOR_AT)
    assert told["webhook-id"] == "msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert told["webhook-timestamp"] == "1614265330"
    assert told["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_headers_say_what_is_sent_and_who_sends_it() -> None:
    told = signed(Secrets(new_secret()))
    assert told["content-type"] == "application/json"
    assert told["user-agent"].startswith("tokentape/")
    assert set(told) == {"webhook-id", "webhook-timestamp", "webhook-signature", "content-type", "user-agent"}


@either_verifier
def test_our_signature_verifies(verifier: type[standardwebhooks.Webhook]) -> None:
    secret = new_secret()
    verifier(secret).verify(BODY, signed(Secrets(secret)))
    verifier(secret).verify(BODY.encode(), signed(Secrets(secret), BODY.encode()))


@either_verifier
def test_while_secrets_overlap_both_verify_and_afterwards_only_the_new_one(
    verifier: type[standardwebhooks.Webhook],
) -> None:
    old, new = new_secret(), new_secret()
    overlapping = signed(Secrets(new, former=old))
    assert len(overlapping["webhook-signature"].split(" ")) == 2
    verifier(old).verify(BODY, overlapping)
    verifier(new).verify(BODY, overlapping)
    afterwards = signed(Secrets(new))
    verifier(new).verify(BODY, afterwards)
    with pytest.raises(REFUSED):
        verifier(old).verify(BODY, afterwards)


def test_the_current_secret_signs_first() -> None:
    old, new, at = new_secret(), new_secret(), datetime.now(UTC)
    first, second = signed(Secrets(new, former=old), at=at)["webhook-signature"].split(" ")
    assert first == signed(Secrets(new), at=at)["webhook-signature"]
    assert second == signed(Secrets(old), at=at)["webhook-signature"]


@either_verifier
@pytest.mark.parametrize("sign", [1, -1], ids=["our clock is ahead", "our clock is behind"])
def test_clocks_may_differ_by_five_minutes_and_no_more(verifier: type[standardwebhooks.Webhook], sign: int) -> None:
    secret = new_secret()
    near = datetime.now(UTC) + sign * (ALLOWED_SKEW - A_WHILE)
    verifier(secret).verify(BODY, signed(Secrets(secret), at=near))
    far = datetime.now(UTC) + sign * (ALLOWED_SKEW + A_WHILE)
    with pytest.raises(REFUSED, match=r"too (old|new)"):
        verifier(secret).verify(BODY, signed(Secrets(secret), at=far))


@either_verifier
def test_another_time_zone_is_the_same_instant(verifier: type[standardwebhooks.Webhook]) -> None:
    """standardwebhooks' own sign() takes a wall clock of UTC+8 for one of UTC."""
    secret, now = new_secret(), datetime.now(UTC)
    told = signed(Secrets(secret), at=now.astimezone(EAST_OF_UTC))
    assert told == signed(Secrets(secret), at=now)
    verifier(secret).verify(BODY, told)


def test_a_later_attempt_has_the_same_id_and_another_time() -> None:
    secrets, now = Secrets(new_secret()), datetime.now(UTC)
    first, second = signed(secrets, at=now), signed(secrets, at=now + timedelta(seconds=5))
    assert first["webhook-id"] == second["webhook-id"]
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 5
    assert first["webhook-signature"] != second["webhook-signature"]


@either_verifier
@given(data=st.data())
def test_a_changed_byte_is_refused(verifier: type[standardwebhooks.Webhook], data: st.DataObject) -> None:
    secret, body = secret_of(bytes(range(32))), BODY.encode("ascii", "xmlcharrefreplace")
    told = signed(Secrets(secret), body)
    at = data.draw(st.integers(0, len(body) - 1))
    other = data.draw(st.integers(0, 127).filter(lambda byte: byte != body[at]))
    with pytest.raises(REFUSED):
        verifier(secret).verify(body[:at] + bytes([other]) + body[at + 1 :], told)


@either_verifier
@pytest.mark.parametrize(
    ("header", "value"), [("webhook-id", "msg_2abd"), ("webhook-timestamp", "+1"), ("webhook-signature", "v1,AAAA")]
)
def test_a_changed_header_is_refused(verifier: type[standardwebhooks.Webhook], header: str, value: str) -> None:
    secret = new_secret()
    told = signed(Secrets(secret))
    told[header] = str(int(told[header]) + 1) if value == "+1" else value
    with pytest.raises(REFUSED):
        verifier(secret).verify(BODY, told)


@given(
    st.binary(min_size=24, max_size=64),
    st.one_of(st.none(), st.binary(min_size=24, max_size=64)),
    st.text(),
    st.text("abcdefghijklmnopqrstuvwxyz234567_", min_size=1),
    st.timezones(),
)
def test_every_secret_body_uid_and_time_zone_verifies(
    current: bytes, former: bytes | None, text: str, uid: str, zone: timezone
) -> None:
    keys = [secret_of(key) for key in (current, former) if key]
    body = json.dumps({"text": text}, ensure_ascii=False).encode()
    told = headers(uid, body, Secrets(*keys), datetime.now(UTC).astimezone(zone))
    for key in keys:
        standardwebhooks.Webhook(key).verify(body, told)
        svix.webhooks.Webhook(key).verify(body, told)


@given(st.binary(min_size=24, max_size=64), st.text(), st.integers(0, 4_000_000_000_999_999))
def test_it_is_the_hmac_that_the_standard_says(key: bytes, body: str, micros: int) -> None:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
    told = headers("msg_1", body, Secrets(secret_of(key)), at)
    digest = hmac.new(key, f"msg_1.{micros // 1_000_000}.{body}".encode(), hashlib.sha256).digest()
    assert told["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"


@pytest.mark.parametrize("uid", ["", "msg_1.2", "msg_ü"])
def test_a_uid_that_would_not_be_told_apart_is_not_signed(uid: str) -> None:
    with pytest.raises(ValueError, match="cannot be signed"):
        headers(uid, BODY, Secrets(new_secret()), datetime.now(UTC))


def test_a_time_without_an_offset_is_not_signed() -> None:
    with pytest.raises(NaiveTime):
        # A naive time is the subject of this test.
        signed(Secrets(new_secret()), at=datetime(2026, 5, 22))


def test_new_secrets_are_good_and_differ() -> None:
    secrets = {new_secret() for _ in range(100)}
    assert len(secrets) == 100
    assert all(check_secret(secret) == secret and len(secret) == 50 for secret in secrets)


@given(st.binary(min_size=24, max_size=64))
def test_24_to_64_bytes_are_a_secret(key: bytes) -> None:
    assert check_secret(secret_of(key)) == secret_of(key)


@pytest.mark.parametrize(
    ("secret", "says"),
    [
        ("", "does not begin with whsec_"),
        ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "does not begin with whsec_"),
        ("whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "does not begin with whsec_"),
        (" whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "does not begin with whsec_"),
        ("whsec_", "not base64"),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", "not base64"),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa-_", "not base64"),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", "not base64"),
        ("whsec_通义千问通义千问通义千问通义千问", "not base64"),
        (secret_of(bytes(23)), "has 23 bytes"),
        (secret_of(bytes(65)), "has 65 bytes"),
        (secret_of(bytes(10_000)), "has 10000 bytes"),
    ],
)
def test_what_is_no_secret_is_refused_in_words_that_do_not_repeat_it(secret: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as refused:
        check_secret(secret)
    told = str(refused.value)
    assert "24 to 64 random bytes" in told
    assert len(secret) < 8 or secret.removeprefix("whsec_").strip() not in told


@given(st.text())
def test_whatever_is_given_as_a_secret_is_checked(text: str) -> None:
    for secret in (text, f"whsec_{text}"):
        with suppress(ValueError):
            headers("msg_1", BODY, Secrets(check_secret(secret)), VECTOR_AT)


def documented() -> list[str]:
    """The programs of docs/alerts.md that verify."""
    text = (Path(__file__).parents[2] / "docs" / "alerts.md").read_text(encoding="utf-8")
    return [code for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "def verified(" in code]


@pytest.mark.parametrize("number", [0, 1], ids=["with the library", "with hmac"])
def test_the_documented_ways_to_verify_work(number: int) -> None:
    names: dict[str, Any] = {}
    # The documentation's own program.
    exec(documented()[number], names)  # noqa: S102
    secret, other = new_secret(), new_secret()
    told = signed(Secrets(other, former=secret))
    assert names["verified"](BODY.encode(), told, secret) == json.loads(BODY)
    for wrong in (new_secret(), VECTOR_SECRET):
        with pytest.raises((ValueError, *REFUSED)):
            names["verified"](BODY.encode(), told, wrong)
    with pytest.raises((ValueError, *REFUSED)):
        names["verified"](BODY.encode(), signed(Secrets(secret), at=VECTOR_AT), secret)

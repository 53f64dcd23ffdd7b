"""Slack, Discord, Telegram, Teams, e-mail and the rest, through Apprise: which may be used, and one attempt at one."""

import logging
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from functools import cache

import msgspec
from apprise import NotifyBase

from feed.alerts import confined
from feed.alerts.dialling import CHANNEL_PORTS, guarded
from feed.alerts.model import RESPONSE_BYTES, Result
from feed.alerts.rendering import fitted
from feed.alerts.sending import GONE, TIMEOUT_S
from feed.alerts.services import format_of, load, plugin_of, secrets_of
from history.addresses import AddressRefused, Guard

LONGEST_ERROR = 500
_LOG = logging.getLogger("apprise")


def check(url: str, guard: Guard) -> str:
    """What may be shown of a service's URL: "slack://…", "jsons://hooks.example/…". ValueError says in a sentence why
    nothing can be sent there; it does not repeat the URL, which is a secret."""
    plugin = plugin_of(url, guard)
    host = str(plugin.host or "") if "host" in plugin.template_tokens else ""
    return f"{plugin.schema}://{f'{host}/' if '.' in host else ''}…"


def tell(url: str, payload: str, guard: Guard, seconds: float = TIMEOUT_S) -> Result:
    """Make one attempt to tell a message, in words. Blocks, `seconds` at most; run it in a thread."""
    try:
        plugin = plugin_of(url, guard)
    except ValueError as refused:
        return Result(None, str(refused))
    told = msgspec.json.decode(payload)
    # Of what the service makes of it (escapes, a footer), nothing is known.
    most = int(plugin.body_maxlen * 0.9)
    form = format_of(plugin)
    # Discord writes the title into its Markdown as it is.
    has_title = plugin.title_maxlen > 0 and not (plugin.overflow_amalgamate_title and form == "markdown")
    title, body = fitted(told, form, most, int(plugin.title_maxlen) if has_title else None)
    return _send(plugin, secrets_of(url), title, body or title, form, guard, seconds)


def send(url: str, title: str, body: str, guard: Guard, *, form: str = "text", seconds: float = TIMEOUT_S) -> Result:
    """Make one attempt to send these words. Blocks, `seconds` at most."""
    try:
        plugin = plugin_of(url, guard)
    except ValueError as refused:
        return Result(None, str(refused))
    return _send(plugin, secrets_of(url), title, body, form, guard, seconds)


def _send(
    plugin: NotifyBase, secrets: Mapping[str, str], title: str, body: str, form: str, guard: Guard, seconds: float
) -> Result:  # fmt: skip
    _listen()
    with confined.confined(seconds) as attempt, guarded(guard, CHANNEL_PORTS) as refused:
        try:
            succeeded = plugin.notify(title=title, body=body, body_format=form, overflow="split")
        # A plugin is other people's code, fed with somebody's answer: whatever it does is a failed attempt.
        except Exception as failure:
            attempt.failure = attempt.failure or failure
            succeeded = False
        too_late = attempt.is_over
    if succeeded:
        return _result(attempt, None, secrets)
    why = f"no answer within {seconds:g} s" if too_late else _why(attempt, refused, secrets)
    return _result(attempt, why, secrets)


def _result(attempt: confined.Attempt, error: str | None, secrets: Mapping[str, str]) -> Result:
    answer = attempt.response
    if answer is None:
        return Result(None, error)
    body = _masked(answer.content[:RESPONSE_BYTES].decode(errors="replace").replace("\x00", "\ufffd"), secrets)
    wait = _wait(answer.headers.get("retry-after", "")) if error else None
    return Result(answer.status_code, error, body, wait, error is not None and answer.status_code == GONE)


def _wait(retry_after: str) -> timedelta | None:
    """Chat services say it in seconds."""
    told = re.fullmatch(r"(\d{1,9})(?:\.\d+)?", retry_after, re.ASCII)
    return timedelta(seconds=int(told[1])) if told else None


def _why(attempt: confined.Attempt, refused: list[AddressRefused], secrets: Mapping[str, str]) -> str:
    """The guard's own word, else the status, else what failed, else what Apprise logged."""
    if refused:
        return str(refused[0])
    if attempt.response is not None and not 200 <= attempt.response.status_code < 300:
        status = attempt.response.status_code
        return f"HTTP {status}" + (": redirects are not followed" if 300 <= status < 400 else "")
    if attempt.failure is not None:
        failure = " ".join(_masked(str(attempt.failure), secrets).split())[:LONGEST_ERROR]
        return f"{type(attempt.failure).__name__}: {failure}"
    words = _masked("; ".join(dict.fromkeys(attempt.words)), secrets)
    return words[:LONGEST_ERROR] or "Apprise could not send it, and does not say why"


def _masked(text: str, secrets: Mapping[str, str]) -> str:
    """What others said, without anything that the URL alone knows."""
    for secret, shown in secrets.items():
        text = text.replace(secret, shown)
    return text


class _Words(logging.Handler):
    """What Apprise logs, as it alone knows it, goes to the attempt of the thread that it is logged in."""

    def emit(self, record: logging.LogRecord) -> None:
        attempt = confined.current()
        if attempt is None:
            return
        with suppress(Exception):
            words = " ".join(record.getMessage().split())[:LONGEST_ERROR]
            if record.levelno >= logging.WARNING or re.match(r"Socket Exception: .", words):
                attempt.words.append(words)


@cache
def _listen() -> None:
    """Once. Nothing of it goes on to other logs: below WARNING Apprise logs tokens and bodies."""
    load()
    _LOG.addHandler(_Words())
    _LOG.setLevel(logging.DEBUG)
    _LOG.propagate = False

"""Which of Apprise's services carry alerts: those that are reached over HTTPS or by mail, and touch nothing here."""

import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import Any
from urllib.parse import unquote

import requests
from apprise import AppriseAsset, NotifyBase
from apprise import NotifyFormat as Forms
from apprise.manager_attachment import AttachmentManager
from apprise.manager_plugins import NotificationManager
from apprise.plugins import url_to_dict
from apprise.plugins.apprise_api import NotifyAppriseAPI

from feed.alerts.confined import bounded_requests
from feed.alerts.markup import Format
from feed.alerts.sending import CONNECT_S, TIMEOUT_S
from history.addresses import LONGEST_URL, AddressRefused, Guard

with warnings.catch_warnings():
    # Apprise 2.2.0 asks for imghdr, which Python 3.13 has no more.
    warnings.simplefilter("ignore", DeprecationWarning)
    from apprise.plugins.email import NotifyEmail

# Half of Apprise has no types.
_plugins: Any = NotificationManager
_attachments: Any = AttachmentManager
_parsed: Any = url_to_dict

MOST_TARGETS = 10
# Whatever a URL says of these: one try, no redirects, verified certificates, no files, no silent failure.
_FORCED = {"redirect": "no", "verify": "yes", "retry": 0, "wait": 0, "optional": "no", "store": "no",
           "cto": CONNECT_S, "rto": TIMEOUT_S, "emojis": "no", "overflow": "split"}  # fmt: skip
# "Template Path", "PGP Public Key Path", "OAuth2 KeyFile"; a "Path" alone and a "Webhook Path" are those of a URL.
_LOCAL_FILE = re.compile(r"(?<=\w)(?<!Webhook) Path$|File$", re.IGNORECASE)
# Apprise would leave Discord's Markdown unescaped in plain text; of Slack's, nothing can be escaped but links.
_BETTER: dict[str, Forms] = {"NotifyDiscord": Forms.MARKDOWN, "NotifySlack": Forms.TEXT}


@cache
def load() -> None:
    """Once: all plugins, each with a `requests` that is bounded, and no way to attach a file or a page."""
    manager, files = _plugins(), _attachments()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        manager.load_modules()
        files.load_modules()
    for schema in list(files.schemas()):
        files.remove(schema)
    bounded = bounded_requests()
    for name, module in list(sys.modules.items()):
        if name.startswith("apprise.") and vars(module).get("requests") is requests:
            vars(module)["requests"] = bounded
            _CARRIED_BY_HTTP.add(name)


_CARRIED_BY_HTTP: set[str] = set()


def plugin_of(url: str, guard: Guard) -> NotifyBase:
    """The service that this URL means. ValueError says why nothing is sent there."""
    load()
    if len(url) > LONGEST_URL or not url.isprintable() or url != url.strip():
        raise ValueError(
            f"A service's URL has at most {LONGEST_URL} characters, and no line breaks or blanks around it"
        )
    parsed = None
    # It fails over a bracket in the host with a TypeError.
    with suppress(Exception):
        parsed = _parsed(url)
    if not parsed:
        raise ValueError("Apprise knows no service with such a URL; see https://github.com/caronc/apprise/wiki")
    kind: type[NotifyBase] = _plugins()[parsed["schema"]]
    schema = parsed["schema"]
    if why := _unfit(kind, schema, parsed):
        raise ValueError(f"{schema}:// cannot be used for alerts: {why}")
    try:
        plugin = kind(**{**parsed, **_FORCED, "asset": _asset()})
    except Exception as failure:
        raise ValueError(f"Apprise does not accept this {schema}:// URL ({type(failure).__name__}); compare it with "
                         "https://github.com/caronc/apprise/wiki") from failure  # fmt: skip
    if len(plugin) > MOST_TARGETS:
        raise ValueError(f"This {schema}:// URL has {len(plugin)} recipients; one subscription may have {MOST_TARGETS}")
    _check_host(plugin, schema, guard)
    return plugin


def format_of(plugin: NotifyBase) -> Format:
    """What is sent to it: what its URL asks for, else what reads best there."""
    better = _BETTER.get(type(plugin).__name__)
    form: Format = plugin.resolve_format(better).value
    return form


def secrets_of(url: str) -> dict[str, str]:
    """Each part of the URL that may be a secret, and what is shown in its place; the longest first."""
    place, _, query = url.partition("://")[2].partition("?")
    parts = {url, *re.split(r"[/:@,#]+", place), *re.findall(r"=([^&]+)", query)}
    both = {spelled for part in parts for spelled in (part, unquote(part))}
    host = re.split(r"[/:]", place.partition("/")[0].rpartition("@")[2])[0]
    kept = {host, host.lower()} if "." in host else set()
    told = (part for part in both if len(part) > 3 and part.lower() not in kept and not part.isspace())
    return dict.fromkeys(sorted(told, key=len, reverse=True), "…")


def _unfit(kind: type[NotifyBase], schema: str, parsed: dict[str, Any]) -> str | None:
    if issubclass(kind, NotifyAppriseAPI):
        return "it would hand on to another Apprise; give the service itself"
    if not _is_carried(kind):
        return "only services that are reached over HTTPS or by mail are, not what shows or does something here"
    if not kind.enabled:
        return "Apprise lacks what it needs for it on this machine"
    if given := next((name for name in _files_of(kind) if parsed.get(name)), None):
        return f"its {given} would be read from the disk of this machine"
    return None


def _is_carried(kind: type[NotifyBase]) -> bool:
    """Whether it is sent with requests or smtplib: these are bounded and guarded here. The others speak protocols of
    their own over sockets of their own (IRC, MQTT, XMPP), or to the desktop, the log, a lamp."""
    if issubclass(kind, NotifyEmail):
        return True
    return any(each.__module__ in _CARRIED_BY_HTTP for each in kind.__mro__)


def _files_of(kind: type[NotifyBase]) -> Iterator[str]:
    """The arguments that name a file, by what Apprise says of them."""
    for name, about in [*kind.template_args.items(), *kind.template_tokens.items()]:
        if _LOCAL_FILE.search(str(about.get("name", ""))):
            yield about.get("map_to", name)


def _check_host(plugin: NotifyBase, schema: str, guard: Guard) -> None:
    """The address, where the URL has one: as a webhook's. What a name leads to is seen when it is dialled."""
    is_mail = isinstance(plugin, NotifyEmail)
    is_plain = not plugin.secure if is_mail else _is_plain(type(plugin), schema)
    host = getattr(plugin, "smtp_host" if is_mail else "host", None) if "host" in plugin.template_tokens else None
    if not host:
        if is_plain:
            raise ValueError(f"{schema}:// is not encrypted; write {schema}s://")
        return
    port = f":{plugin.port}" if plugin.port and not is_mail else ""
    literal = f"[{host}]" if ":" in str(host) else host
    try:
        guard.check_url(f"{'http' if is_plain else 'https'}://{literal}{port}/")
    except AddressRefused as refused:
        better = f"write {schema}s://; {schema}:// is not encrypted. " if is_plain else ""
        raise ValueError(f"{better}{refused}") from refused


def _is_plain(kind: type[NotifyBase], schema: str) -> bool:
    """Services with one scheme alone have HTTPS built in."""
    plain: Any = kind.protocol
    return bool(kind.secure_protocol) and schema in ((plain,) if isinstance(plain, str) else plain or ())


@cache
def _asset() -> AppriseAsset:
    """Who we are; nothing is kept on disk, and no code is loaded from it."""
    return AppriseAsset(
        app_id="Tokentape",
        app_desc="Tokentape",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        storage_mode="memory",
        http_redirects=False,
        pgp_autogen=False,
        pem_autogen=False,
        async_mode=False,
        interpret_emojis=False,
        allow_templates=False,
        timezone="UTC",
        language="en",
    )

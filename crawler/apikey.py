"""The key of an API: it goes into one header, to the host that gave it, and nowhere else."""

from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import urlsplit

from crawler.failures import KeyMissing, KeyRefused

HIDDEN = b"[key]"


class ApiKey:
    """The secret of one setting, "" where there is none. Nothing but its own methods gets to see it."""

    def __init__(self, setting: str, secret: str) -> None:
        self.variable, self._secret = f"TOKENTAPE_{setting.upper()}", secret

    def __repr__(self) -> str:
        return f"ApiKey({self.variable})"

    def headers(self, url: str, homes: Collection[str]) -> dict[str, str]:
        """The header that shows the key, for an address at home: over https at the host of one of `homes`, or on this
        machine. Any other address is asked without. KeyMissing where it has to be shown and is not there."""
        is_home = _origin(url) in {_origin(home) for home in homes} and url.startswith("https:")
        if not self._secret and is_home:
            raise KeyMissing(f"{url} wants a key: set {self.variable}")
        if not self._secret or not (is_home or _is_this_machine(url)):
            return {}
        if not self._secret.isascii() or not self._secret.isprintable():
            raise KeyRefused(f"what {self.variable} holds has characters that no key has; nothing was asked")
        return {"Authorization": f"Bearer {self._secret}"}

    def hidden(self, body: bytes) -> bytes:
        """The body without the key, should a server repeat it: bodies are kept, and shown."""
        return body.replace(self._secret.encode(), HIDDEN) if self._secret else body


def _origin(url: str) -> tuple[str | None, int | None]:
    parts = urlsplit(url)
    return parts.hostname, parts.port


def _is_this_machine(url: str) -> bool:
    try:
        return ip_address(urlsplit(url).hostname or "").is_loopback
    except ValueError:
        return False

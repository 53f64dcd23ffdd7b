"""A price source on this machine that does whatever servers do: answers well, badly, slowly, or not at all."""

import gzip
import random
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

MEBIBYTE = 1024 * 1024
# Below the ports that Linux gives to outgoing connections.
PORTS = range(20_000, 32_000)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, as it arrived."""

    path: str
    headers: Mapping[str, str]


Behaviour = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Does what its server was told to do for the path."""

    protocol_version = "HTTP/1.1"
    server: "MisbehavingServer"

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append(Asked(self.path, headers))
        behaviours = self.server.behaviours
        behave = behaviours.get(self.path) or behaviours.get(self.path.partition("?")[0], status(404, b"not here"))
        try:
            behave(self)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def answer(self, code: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(code)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Tests have their own words."""


class MisbehavingServer(ThreadingHTTPServer):
    """`behaviours` by path, with its query or else without; `asked` has every request."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, certificate: Path | None = None) -> None:
        super().__init__(("127.0.0.1", _free_port()), Handler)
        self.scheme = "https" if certificate else "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.behaviours: dict[str, Behaviour] = {}
        self.asked: list[Asked] = []
        self.closing = threading.Event()

    def url(self, path: str) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_port}{path}"

    def pages_asked(self) -> list[str]:
        return [asked.path for asked in self.asked if asked.path != "/robots.txt"]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is what some tests are about."""

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()


def page(body: bytes, media_type: str, **headers: str) -> Behaviour:
    """A good answer."""
    stated = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler: handler.answer(200, body, {"Content-Type": media_type, **stated})


def page_with_etag(body: bytes, media_type: str, etag: str) -> Behaviour:
    """A good answer, or 304 where the client has it."""

    def behave(handler: Handler) -> None:
        if handler.headers.get("If-None-Match") == etag:
            handler.answer(304, b"", {"ETag": etag})
        else:
            handler.answer(200, body, {"Content-Type": media_type, "ETag": etag})

    return behave


def status(code: int, body: bytes = b"", **headers: str) -> Behaviour:
    """An error answer."""
    stated = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler: handler.answer(code, body, {"Content-Type": "text/plain", **stated})


def redirect(to: str) -> Behaviour:
    return lambda handler: handler.answer(302, b"", {"Location": to})


def gzip_bomb() -> Behaviour:
    """194 kB that unpack to 200 MB."""
    return page(_bomb(), "application/json", Content_Encoding="gzip")


def hang(handler: Handler) -> None:
    """Takes the request and says nothing."""
    handler.server.closing.wait(60)
    handler.close_connection = True


def reset(handler: Handler) -> None:
    """Breaks the connection off before a word."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def drip(handler: Handler) -> None:
    """One byte now and then, so that no single read takes long."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    while not handler.server.closing.wait(0.05):
        handler.wfile.write(b"[")
        handler.wfile.flush()


def raw(sent: bytes) -> Behaviour:
    """These bytes, whatever they are, and the end."""

    def behave(handler: Handler) -> None:
        handler.wfile.write(sent)
        handler.close_connection = True

    return behave


def cut_short(handler: Handler) -> None:
    """Promises more than it sends."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    handler.wfile.write(b'{"data": [')
    handler.close_connection = True


def oversize(handler: Handler) -> None:
    """More than anybody reads, and says so."""
    handler.answer(200, b"", {"Content-Type": "application/json", "Content-Length": str(40 * MEBIBYTE)})
    handler.close_connection = True


def endless(handler: Handler) -> None:
    """More than anybody reads, and does not say so."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Connection", "close")
    handler.end_headers()
    while not handler.server.closing.is_set():
        handler.wfile.write(b" " * MEBIBYTE)


def self_signed(folder: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody vouches for, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    certificate = (
        builder.not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2100, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    path = folder / "self-signed.pem"
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(private + certificate.public_bytes(pem))
    return path


@lru_cache
def _bomb() -> bytes:
    return gzip.compress(b"\0" * 200_000_000, 9)


def _free_port() -> int:
    for port in random.sample(PORTS, 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError(f"no free port among 100 of {PORTS}")

"""TLS and basic authentication of our own server, from a file in the format of Prometheus' exporter-toolkit."""

import asyncio
import base64
import binascii
import re
import ssl
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal

import bcrypt
from pydantic import AfterValidator, Field
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exporter.config import FilePath, Strict, read_mapping, validated
from exporter.errors import ConfigError, Problem

_VERSIONS = {
    "TLS10": ssl.TLSVersion.TLSv1,
    "TLS11": ssl.TLSVersion.TLSv1_1,
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}
_CLIENT_AUTH = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
# Compared with when the user is unknown, so that an answer takes as long as for a known one.
_NOBODY = "$2b$10$abcdefghijklmnopqrstuuXrmsoSDkNWTTJzcfqm.2uHX6M3fnVCC"
_MOST_REMEMBERED = 100

TlsVersion = Literal["TLS10", "TLS11", "TLS12", "TLS13"]


def _bcrypt_hash(text: str) -> str:
    if not re.fullmatch(r"\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}", text):
        raise ValueError("must be a bcrypt hash, as htpasswd -nB prints it")
    return text


class TlsServer(Strict):
    """The section tls_server_config."""

    cert_file: FilePath
    key_file: FilePath
    client_auth_type: Literal["NoClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"] = (
        "NoClientCert"
    )
    client_ca_file: FilePath | None = None
    min_version: TlsVersion = "TLS12"
    max_version: TlsVersion = "TLS13"


class HttpServer(Strict):
    """The section http_server_config."""

    headers: dict[str, str] = Field(default_factory=dict)


class WebConfig(Strict):
    """The whole file."""

    tls_server_config: TlsServer | None = None
    http_server_config: HttpServer = HttpServer()
    basic_auth_users: dict[str, Annotated[str, AfterValidator(_bcrypt_hash)]] = Field(default_factory=dict)


def load_web_config(path: Path) -> tuple[WebConfig, ssl.SSLContext | None]:
    """Read the file and what it names, paths being relative to it; ConfigError says what is wrong."""
    web = validated(WebConfig, read_mapping(path))
    if web.tls_server_config is None:
        return web, None
    try:
        return web, _server_context(web.tls_server_config, path.parent)
    except (OSError, ssl.SSLError) as error:
        why = (
            "no PEM certificate, or no key that fits it"
            if isinstance(error, ssl.SSLError)
            else error.strerror
        )
        raise ConfigError([Problem("tls_server_config", f"a file can't be used: {why}")]) from None


def _server_context(tls: TlsServer, base: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[tls.min_version]
    context.maximum_version = _VERSIONS[tls.max_version]
    context.load_cert_chain(base / tls.cert_file, base / tls.key_file)
    if tls.client_ca_file:
        context.load_verify_locations(base / tls.client_ca_file)
    context.verify_mode = _CLIENT_AUTH[tls.client_auth_type]
    return context


class Guard:
    """ASGI middleware: lets known users in only, and adds the configured headers."""

    def __init__(self, app: ASGIApp, users: Mapping[str, str], headers: Mapping[str, str]) -> None:
        self._app = app
        self._users = users
        self._headers = headers
        self._known: dict[bytes, bool] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with 401."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        app = self._app
        if self._users and not await self._is_known(Headers(scope=scope).get("Authorization", "")):
            app = PlainTextResponse(
                "Unauthorized\n", 401, {"WWW-Authenticate": 'Basic realm="status-exporter"'}
            )
        return await app(scope, receive, send_with_headers)

    async def _is_known(self, authorization: str) -> bool:
        user, password = _credentials(authorization)
        digest = sha256(f"{user}\0{password}".encode()).digest()
        if digest not in self._known:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            # bcrypt is slow on purpose: beside the event loop, and once per pair.
            self._known[digest] = await asyncio.to_thread(self._matches, user, password)
        return self._known[digest]

    def _matches(self, user: str, password: str) -> bool:
        expected = self._users.get(user, _NOBODY)
        return bcrypt.checkpw(password.encode()[:72], expected.encode()) and user in self._users


def _credentials(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return "", ""
    return user, password

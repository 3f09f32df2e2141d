"""TLS and basic authentication of our own server, renewed while it runs."""

import asyncio
import base64
import ssl
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import bcrypt
from pydantic import SecretStr
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exporter.errors import ConfigError, Problem
from exporter.logs import Log
from exporter.web.webconfig import FLAG, load_web_config

# Compared with when the user is unknown, so that an answer takes as long as for a known one.
_NOBODY = SecretStr("$2b$10$abcdefghijklmnopqrstuuXrmsoSDkNWTTJzcfqm.2uHX6M3fnVCC")
_MOST_REMEMBERED = 100
_LOOK_EVERY = 2.0


class Security:
    """The present users, headers and certificates; ConfigError when the file can't be used."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._settings = load_web_config(path)
        self._seen = self._settings.signature()
        self.users = Users(self._settings.users)
        self._looking = asyncio.Lock()

    @property
    def headers(self) -> Mapping[str, str]:
        """What stands in every answer."""
        return self._settings.headers

    @property
    def tls(self) -> bool:
        """Whether HTTPS is spoken."""
        return self._settings.context is not None

    async def context(self) -> ssl.SSLContext | None:
        """Return what a new connection is greeted with; a certificate replaced a moment ago is in it."""
        if self.tls:
            await self._look()
        return self._settings.context

    def renew(self) -> None:
        """Read the file and its certificates again; on ConfigError the old ones stay in force."""
        settings = load_web_config(self._path)
        if bool(settings.context) != self.tls:
            raise ConfigError([Problem(FLAG, "TLS can't be turned on or off without a restart")])
        self._settings, self.users = settings, Users(settings.users)

    async def watch(self) -> None:
        """Renew whenever a file changes, for ever: certificates are replaced without telling us."""
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            await self._look()

    async def _look(self) -> None:
        async with self._looking:
            found = await asyncio.to_thread(self._settings.signature)
            if found != self._seen:
                self._seen = found
                await asyncio.to_thread(self._renew_and_tell)

    def _renew_and_tell(self) -> None:
        log = Log("web")
        try:
            self.renew()
        except ConfigError as error:
            log.error("changed web configuration not loaded", problem=error)
        else:
            self._seen = self._settings.signature()
            log.info("web configuration loaded")


class Users:
    """Who may come in; with nobody named, everyone may."""

    def __init__(self, hashes: Mapping[str, SecretStr]) -> None:
        self._hashes = hashes
        self._known: dict[bytes, bool] = {}
        self._one_at_a_time = asyncio.Semaphore()

    async def admit(self, authorization: str) -> bool:
        """Return whether the header names a user with the right password."""
        if not self._hashes:
            return True
        credentials = _credentials(authorization)
        if credentials is None:
            return False
        digest = sha256("\0".join(credentials).encode()).digest()
        async with self._one_at_a_time:
            if digest not in self._known:
                if len(self._known) >= _MOST_REMEMBERED:
                    self._known.clear()
                # bcrypt is slow on purpose: beside the event loop, and once per pair.
                self._known[digest] = await asyncio.to_thread(self._matches, *credentials)
        return self._known.get(digest, False)

    def _matches(self, user: str, password: str) -> bool:
        expected = self._hashes.get(user, _NOBODY).get_secret_value()
        return bcrypt.checkpw(password.encode()[:72], expected.encode()) and user in self._hashes


class Guard:
    """ASGI middleware: lets known users in only, and adds the configured headers."""

    def __init__(self, app: ASGIApp, security: Security) -> None:
        self._app = app
        self._security = security

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with 401."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._security.headers)
            await send(message)

        app = self._app
        if not await self._security.users.admit(Headers(scope=scope).get("Authorization", "")):
            app = PlainTextResponse("Unauthorized\n", 401, {"WWW-Authenticate": "Basic"})
        return await app(scope, receive, send_with_headers)


def _credentials(authorization: str) -> tuple[str, str] | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return None
    return user, password

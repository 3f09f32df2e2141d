"""TLS and basic authentication of our own server, renewed while it runs."""

import asyncio
import ssl
from collections.abc import Mapping
from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exporter.config.filework import run_beside
from exporter.errors import ConfigError, Problem
from exporter.logs import Log
from exporter.web.ratelimit import Bucket
from exporter.web.users import Users, refusal
from exporter.web.webconfig import FLAG, load_web_config

_LOOK_EVERY = 2.0
# How long a handshake waits for the look at the files, in seconds.
_PATIENCE = 3.0


class Security:
    """The present users, headers and certificates; ConfigError when the file can't be used."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._settings = load_web_config(path)
        self._seen = self._settings.signature()
        self.users = Users(self._settings.users)
        self.bucket = Bucket(self._settings.limit)
        self._looking: asyncio.Task[None] | None = None

    @property
    def headers(self) -> Mapping[str, str]:
        """What stands in every answer."""
        return self._settings.headers

    @property
    def tls(self) -> bool:
        """Whether the listener serves HTTPS."""
        return self._settings.context is not None

    async def context(self) -> ssl.SSLContext | None:
        """Return what a new connection is greeted with; a certificate replaced a moment ago is in it."""
        if self.tls:
            await self._look(_PATIENCE)
        return self._settings.context

    def renew(self) -> None:
        """Read the file and its certificates again; on ConfigError the old ones stay in force."""
        settings = load_web_config(self._path)
        if bool(settings.context) != self.tls:
            raise ConfigError([Problem(FLAG, "TLS can't be turned on or off without a restart")])
        self._settings, self.users = settings, Users(settings.users, self.users)
        self.bucket = self.bucket.renewed(settings.limit)

    async def watch(self) -> None:
        """Renew whenever a file changes, for ever: certificates are replaced without telling us."""
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            await self._look()

    async def _look(self, patience: float | None = None) -> None:
        """Look at the files, all who ask together; go on without an answer where a network mount hangs."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(run_beside("web configuration", self._renew_if_changed))
        await asyncio.wait({self._looking}, timeout=patience)

    def _renew_if_changed(self) -> None:
        found = self._settings.signature()
        if found != self._seen:
            self._seen = found
            self._renew_and_tell()

    def _renew_and_tell(self) -> None:
        log = Log("web")
        try:
            self.renew()
        except ConfigError as error:
            log.error("changed web configuration not loaded", problem=error)
        else:
            self._seen = self._settings.signature()
            log.info("web configuration loaded")


class Guard:
    """ASGI middleware: lets known users in only, as often as is allowed, and adds the configured headers."""

    def __init__(self, app: ASGIApp, security: Security) -> None:
        self._app = app
        self._security = security

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with 401 or 429."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._security.headers)
            await send(message)

        refused = self._security.bucket.refusal() or await self._unknown(scope)
        return await (refused or self._app)(scope, receive, send_with_headers)

    async def _unknown(self, scope: Scope) -> Response | None:
        client = str((scope.get("client") or ("",))[0])
        return await refusal(self._security.users, Headers(scope=scope), client)

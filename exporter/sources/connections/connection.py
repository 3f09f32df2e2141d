"""A connection as a source: its token, its check, and what the outcome says about it."""

from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from typing import Any, Literal

from exporter.client import HttpClient
from exporter.config import ConnectionOptions, SecretFile
from exporter.errors import PollError, Refused, TokenFileUnusable
from exporter.model import ConnectionCheck, ConnectionStatus, Display, Reading
from exporter.sources.connections.kind import Accepted, Kind
from exporter.sources.contract import ConnectionFindings

# The reasons of `connection_check_failures_total`, each created at 0.
FAILURE_REASONS = (
    "connect",
    "dns",
    "forbidden",
    "internal",
    "malformed",
    "payment_required",
    "rate_limited",
    "redirect",
    "server_error",
    "timeout",
    "tls",
    "token_file",
    "too_large",
    "unauthorized",
    "unexpected_status",
)


class ConnectionSource:
    """One connection of any kind."""

    # connection_check_failures_total has them all; a second set of zeros per connection would only cost series.
    failure_reasons: tuple[str, ...] = ()
    rejections: tuple[str, ...] = ()

    def __init__(
        self, kind: Kind[Any], client: HttpClient, limits: AbstractAsyncContextManager[None]
    ) -> None:
        options: ConnectionOptions = kind.options
        self.name = options.id
        self.kind = options.kind
        self.interval = options.interval
        self.timeout = options.timeout
        self.stale_after = options.stale_after
        self.options = options
        self._kind = kind
        self._client = client
        self._limits = limits
        self._file = SecretFile(options.token_file) if options.token_file else None

    def slot(self) -> AbstractAsyncContextManager[None]:
        """Return what to hold while asking; without a token nothing is asked, and nothing waited for."""
        return self._limits if self._will_ask() else nullcontext()

    def _will_ask(self) -> bool:
        try:
            return not self._kind.needs_token or self._token() != ""
        except TokenFileUnusable:
            return False

    def signature(self) -> object:
        """Return what changes when the token file does."""
        return self._file.signature() if self._file else None

    async def poll(self) -> ConnectionFindings:
        """Check once: online, offline, or not connected; PollError when the API says nothing about the token."""
        token = self._token()
        if not token and self._kind.needs_token:
            return ConnectionFindings(self.found("not_connected"))
        try:
            accepted = await self._kind.check(self._client, token)
        except Refused as error:
            return ConnectionFindings(self.found("offline", error.reason))
        return self._online(accepted)

    def failed(self, error: PollError) -> ConnectionFindings:
        """Say that the connection is unreachable, and why."""
        return ConnectionFindings(self.found("unreachable", error.reason))

    def _token(self) -> str:
        if self.options.token:
            return self.options.token.get_secret_value()
        return self._file.read() if self._file else ""

    def _online(self, accepted: Accepted) -> ConnectionFindings:
        if undeclared := accepted.values.keys() - set(self._kind.METRICS):
            raise LookupError(f"not in METRICS: {', '.join(metric.name for metric in undeclared)}")
        labels = (self.name, self.kind)
        readings = tuple(Reading(metric, labels, value) for metric, value in accepted.values.items())
        check = replace(self.found("online"), details=accepted.details, readings=readings)
        return ConnectionFindings(check, {"malformed": accepted.rejected} if accepted.rejected else {})

    def found(self, status: ConnectionStatus, reason: str = "") -> ConnectionCheck:
        """Return the check that found this."""
        return ConnectionCheck(self.name, self.kind, self._display(status), status, reason)

    def _display(self, status: ConnectionStatus) -> Display:
        """Offer to connect what is not, and to disconnect all else: a token is present, or none is needed."""
        name, icon = self.options.name or self.name, self.options.icon or self._kind.ICON
        action: Literal["connect", "disconnect"] = "connect" if status == "not_connected" else "disconnect"
        url = self.options.connect_url if action == "connect" else self.options.disconnect_url
        return Display(name, icon, action, url) if url else Display(name, icon)

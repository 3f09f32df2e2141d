"""A connection as a source: its token, its check, and what the outcome says about it."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from exporter.client import HttpClient
from exporter.errors import ConsulError, PollError, ProviderError, Refused, reasons
from exporter.model import ConnectionCheck, ConnectionStatus, Display, Reading
from exporter.sources.connections.jwt import expiry_of
from exporter.sources.connections.kind import Accepted, Kind
from exporter.sources.connections.settings import ConnectionOptions
from exporter.sources.contract import ConnectionFindings, RequestLimit, SourceId, SourceInfo

# The reasons of `connection_check_failures_total`.
FAILURE_REASONS = reasons(without=(ConsulError, ProviderError))


class ConnectionSource:
    """One connection of any kind; `at_once` bounds the requests to its host."""

    def __init__(self, kind: Kind[Any], client: HttpClient, at_once: int) -> None:
        options: ConnectionOptions = kind.options
        id_ = SourceId(options.kind, options.id)
        self.info = SourceInfo(id_, options.interval, options.stale_after, is_one_of_many=True)
        self.timeout = options.timeout
        self.token = options.secret()
        self.options = options
        self._kind = kind
        self._client = client
        self._host = urlsplit(kind.address).netloc.rpartition("@")[2]
        self._limit = RequestLimit(self._host, at_once)

    def request_limit(self, token: str) -> RequestLimit | None:
        """Return the bound of the API's host; without a token nothing is asked, and nothing waited for."""
        return self._limit if token or not self._kind.needs_token else None

    async def poll(self, token: str) -> ConnectionFindings:
        """Check once: online, offline, or not connected; PollError when the API says nothing about the token."""
        if not token and self._kind.needs_token:
            return ConnectionFindings(self.found("not_connected", self._why_no_token()))
        client, token_expires_at, rejected = self._client.noting(), expiry_of(token), 0
        try:
            accepted = await self._kind.check(client, token)
        except Refused as error:
            check = self.found("offline", error.reason, str(error))
        else:
            check, rejected = self._online(accepted), accepted.rejected
            token_expires_at = accepted.token_expires_at or token_expires_at
        check = replace(check, token_expires_at=token_expires_at, tls_expires_at=client.tls_expires_at)
        return ConnectionFindings(check, rejected={"malformed": rejected} if rejected else {})

    def _why_no_token(self) -> str:
        return "no_token_file" if self.token.is_missing else "no_token"

    def failed(self, error: PollError) -> ConnectionFindings:
        """Say that the connection is unreachable, and why."""
        return ConnectionFindings(self.found("unreachable", error.reason, str(error)))

    def _online(self, accepted: Accepted) -> ConnectionCheck:
        if undeclared := accepted.values.keys() - set(self._kind.METRICS):
            raise LookupError(f"not in METRICS: {', '.join(metric.name for metric in undeclared)}")
        labels = (self.options.id, self.options.kind)
        readings = tuple(Reading(metric, labels, value) for metric, value in accepted.values.items())
        details = self.options.details or accepted.details
        return replace(self.found("online"), details=details, readings=readings)

    def found(self, status: ConnectionStatus, reason: str = "", said: str = "") -> ConnectionCheck:
        """Return the check that found this."""
        options, display = self.options, self._display(status)
        return ConnectionCheck(
            options.id, options.kind, display, status, reason, options.details, host=self._host, said=said
        )

    def _display(self, status: ConnectionStatus) -> Display:
        """Offer to connect what is not or is refused, and to disconnect all that has a token or needs none."""
        name, icon = self.options.name or self.options.id, self.options.icon or self._kind.ICON
        connect = self.options.connect_url if status in ("not_connected", "offline") else None
        disconnect = self.options.disconnect_url if status != "not_connected" else None
        return Display(name, icon, connect or "", disconnect or "")

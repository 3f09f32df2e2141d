"""Ask one Consul cluster: addresses in order, the token, and what its errors mean."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from exporter.client import Answer, HttpClient
from exporter.config import Consul, SecretFile
from exporter.errors import (
    AclDenied,
    AclNotFound,
    ConnectFailed,
    NameResolution,
    NoLeader,
    NoPath,
    PollError,
    RateLimited,
    Redirected,
    ServerError,
    TimedOut,
    TlsFailed,
    TokenFileUnusable,
    UnexpectedStatus,
)
from exporter.timing import deadline

_LARGEST_BODY = 128 * 2**20

# The first row whose status and text both fit; texts differ by version and by the hops they came through.
_MEANINGS: tuple[tuple[range, str, type[PollError], str], ...] = (
    (range(403, 404), "ACL not found", AclNotFound, "the ACL token is unknown, deleted or expired"),
    (range(403, 404), "", AclDenied, "the ACL token lacks a permission"),
    (range(429, 430), "", RateLimited, "Consul limits our requests"),
    (range(500, 504), "rate limit", RateLimited, "Consul limits our requests"),
    (range(500, 501), "No cluster leader", NoLeader, "the cluster has no leader"),
    (range(500, 501), "No known Consul servers", NoLeader, "the agent knows no server"),
    (range(500, 501), "No path to datacenter", NoPath, "no path to the datacenter"),
    (range(500, 501), "no server currently reachable", NoPath, "no server of the datacenter can be reached"),
    (range(500, 501), "ACL not found", AclNotFound, "the ACL token is unknown, deleted or expired"),
    (range(500, 501), "Permission denied", AclDenied, "the ACL token lacks a permission"),
    (range(500, 600), "", ServerError, "Consul has a problem of its own"),
    (range(300, 400), "", Redirected, "the answer sends us elsewhere"),
)
# What another address of the same cluster may answer better.
_WORTH_ANOTHER = (ConnectFailed, NameResolution, NoLeader, RateLimited, ServerError, TimedOut, TlsFailed)


@dataclass(frozen=True, slots=True)
class Page:
    """A parsed answer; `index` is Consul's, "" when it sent none."""

    content: Any
    index: str
    filtered: bool


class ConsulApi:
    """GET requests to a cluster; an address is kept while it answers, then the next one is tried."""

    def __init__(self, settings: Consul, clients: Mapping[str, HttpClient]) -> None:
        self._settings = settings
        self._clients = clients
        self._current = 0
        self._patience = 0.8 * settings.timeout / len(settings.address)

    async def get(self, path: str, **params: str) -> Page:
        """Return the answer of the first address that has one; raise the last one's error otherwise."""
        addresses, first = self._settings.address, self._current
        for step in range(len(addresses)):
            number = (first + step) % len(addresses)
            try:
                page = await self._ask(addresses[number], path, params)
            except _WORTH_ANOTHER:
                if step == len(addresses) - 1:
                    raise
            else:
                self._current = number
                return page
        raise AssertionError("unreachable: an address answered or raised")

    async def _ask(self, address: str, path: str, params: Mapping[str, str]) -> Page:
        base = "http://localhost" if address.startswith("unix://") else address
        url = f"{base}{quote(path, safe='/%')}?{urlencode({**params, **self._consistency()})}"
        async with deadline(self._patience, "Consul gave no complete answer in time"):
            answer = await self._clients[address].get(url, self._headers(), max_body=_LARGEST_BODY)
        if answer.status != 200:
            raise _meaning(answer)
        filtered = answer.headers.get("X-Consul-Results-Filtered-By-ACLs", "").lower() == "true"
        return Page(answer.json(), answer.headers.get("X-Consul-Index", ""), filtered)

    def _consistency(self) -> dict[str, str]:
        return {"stale": ""} if self._settings.allow_stale else {}

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json"}
        if auth := self._settings.http_auth:
            encoded = base64.b64encode(auth.get_secret_value().encode()).decode()
            headers["Authorization"] = f"Basic {encoded}"
        if token := self._token():
            headers["X-Consul-Token"] = token
        return headers

    def _token(self) -> str:
        if self._settings.token:
            return self._settings.token.get_secret_value()
        if not self._settings.token_file:
            return ""
        token = SecretFile(self._settings.token_file).read()
        if not token:
            raise TokenFileUnusable(f"{self._settings.token_file} is missing or empty")
        return token


def _meaning(answer: Answer) -> PollError:
    text = answer.body[:4096].decode(errors="replace")
    for statuses, sign, error, message in _MEANINGS:
        if answer.status in statuses and sign in text:
            return error(f"{message} (HTTP {answer.status})")
    return UnexpectedStatus(f"HTTP {answer.status}, which Consul should not answer here")

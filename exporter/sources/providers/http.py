"""A list of connections that a URL answers as JSON, as Prometheus' HTTP service discovery does it.

connections_from:
  - name: shop
    provider: http
    url: https://shop.example/api/connections
    token_file: secrets/shop
"""

import base64
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from exporter.client import Answer
from exporter.config import HttpUrl, Polled, Size
from exporter.config.filework import run_beside
from exporter.errors import Malformed, TokenUnusable
from exporter.sources.clients import ClientLease
from exporter.sources.connections.answers import failure_of
from exporter.sources.contract import ProviderFindings
from exporter.sources.providers.reading import Common, Record, key_of
from exporter.sources.providers.settings import ProviderSettings
from exporter.sources.providers.source import ProviderSource


class HttpSettings(ProviderSettings, Polled):
    """A URL; with `username` the secret is sent as its password, else as a bearer token."""

    body_size_limit: Size = 32 * 2**20
    provider: Literal["http"]
    url: HttpUrl
    username: Annotated[str, Field(pattern=r"^[^:]+$")] | None = None


class HttpSource(ProviderSource):
    """The list of one URL; while the server says that it didn't change, it is not sent again."""

    def __init__(self, settings: HttpSettings, common: Common, clients: ClientLease) -> None:
        super().__init__(settings, common)
        self._settings = settings
        self._folder = common.folder
        self._client = clients.get(settings)
        self._entries: Sequence[Any] = ()
        self._etag = ""

    async def poll(self, token: str) -> ProviderFindings:
        """Ask once; 304 means the list that was sent before."""
        if not token and self._settings.has_token:
            raise TokenUnusable("there is no token to ask with: it is missing or empty")
        headers = self._headers(token)
        answer = await self._client.get(self._settings.url, headers, max_body=self._settings.body_size_limit)
        if answer.status == 200:
            self._entries = await run_beside(self._lane, lambda: _entries(answer))
            self._etag = answer.headers.get("ETag", "")
        elif answer.status != 304 or "If-None-Match" not in headers:
            raise failure_of(answer)
        return await self._read(self._records)

    def _headers(self, token: str) -> dict[str, str]:
        headers = {"Accept": "application/json"}
        if token:
            headers["Authorization"] = self._credentials(token)
        if self._etag:
            headers["If-None-Match"] = self._etag
        return headers

    def _credentials(self, token: str) -> str:
        if self._settings.username is None:
            return f"Bearer {token}"
        return f"Basic {base64.b64encode(f'{self._settings.username}:{token}'.encode()).decode()}"

    def _records(self) -> Iterator[Record]:
        for number, entry in enumerate(self._entries):
            yield Record(key_of(entry, number), entry, ("list", number), self._folder)


def _entries(answer: Answer) -> Sequence[Any]:
    found = answer.json()
    if not isinstance(found, list):
        raise Malformed("the body is no list of connections")
    return found

"""Evotor: does the cloud accept the customer's token?

    connection_online{connection="evotor-lenina",kind="evotor"} 1
    evotor_stores{connection="evotor-lenina",kind="evotor"} 2
    connection_rate_limit_remaining{connection="evotor-lenina",kind="evotor"} 41

Online means that the cloud accepted the token for GET /stores; it says nothing about the tills themselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

from pydantic import Field

from exporter.client import Answer, HttpClient
from exporter.config import HttpUrl
from exporter.errors import Malformed
from exporter.model import Metric
from exporter.sources.connections.answers import failure_of, rate_limits
from exporter.sources.connections.kind import (
    CONNECTION_LABELS,
    RATE_LIMIT_LIMIT,
    RATE_LIMIT_REMAINING,
    Accepted,
    Kind,
)
from exporter.sources.connections.settings import ConnectionOptions

STORES = Metric("evotor_stores", "gauge", "Stores of the account, from GET /stores.", CONNECTION_LABELS)

_MOST_PAGES = 50
_NAMES_SHOWN = 5


class EvotorOptions(ConnectionOptions):
    """`online` means that the Evotor cloud accepts the token for `GET /stores`."""

    kind: Literal["evotor"]
    address: HttpUrl = Field("https://api.evotor.ru", description="Where the API is.")
    authorization: Literal["bearer", "x-authorization"] = Field(
        "bearer", description="Which header carries the token."
    )
    store_names: bool = Field(
        False,
        description="Whether the names of the stores are shown as details, instead of their number alone.",
    )


@dataclass(frozen=True, slots=True)
class StoresPage:
    """One page of /stores: names of its stores, where the next page begins ("" on the last), and rejected rows."""

    names: tuple[str, ...]
    cursor: str
    rejected: int


class Evotor(Kind[EvotorOptions]):
    """A customer's account in the Evotor cloud."""

    Options = EvotorOptions
    METRICS = (STORES, RATE_LIMIT_LIMIT, RATE_LIMIT_REMAINING)
    ICON = "evotor"

    @property
    def address(self) -> str:
        """The list of stores, which every valid token may read."""
        return f"{self.options.address.rstrip('/')}/stores"

    async def check(self, client: HttpClient, token: str) -> Accepted:
        """Read all pages of GET /stores; an account without a store is accepted too."""
        names: list[str] = []
        rejected = 0
        cursors = [""]
        while True:
            answer = await self._ask(client, token, cursors[-1])
            page = read_page(answer.json())
            names.extend(page.names)
            rejected += page.rejected
            if not page.cursor:
                values = {STORES: len(names), **rate_limits(answer.headers)}
                return Accepted(self._details(names), values, rejected)
            if page.cursor in cursors or len(cursors) == _MOST_PAGES:
                raise Malformed(f"/stores goes round in a circle, or has more than {_MOST_PAGES} pages")
            cursors.append(page.cursor)

    async def _ask(self, client: HttpClient, token: str, cursor: str) -> Answer:
        query = f"?{urlencode({'cursor': cursor})}" if cursor else ""
        answer = await client.get(
            f"{self.address}{query}", self._headers(token), max_body=self.options.body_size_limit
        )
        if answer.status != 200:
            raise failure_of(answer)
        return answer

    def _headers(self, token: str) -> dict[str, str]:
        accept = {"Accept": "application/vnd.evotor.v2+json"}
        if self.options.authorization == "bearer":
            return {**accept, "Authorization": f"Bearer {token}"}
        return {**accept, "X-Authorization": token}

    def _details(self, names: list[str]) -> str:
        """Return the names if that is wished; the number is a metric, which dashboards put into words."""
        if not self.options.store_names:
            return ""
        shown = ", ".join(sorted(names)[:_NAMES_SHOWN])
        more = len(names) - _NAMES_SHOWN
        return f"{shown}, +{more}" if more > 0 else shown


def read_page(content: Any) -> StoresPage:
    """Read a page of v2 (`items` and `paging`) or the bare list of v1; Malformed for anything else."""
    if isinstance(content, list):
        return _page(content, "")
    if not isinstance(content, Mapping) or not isinstance(content.get("items"), list):
        raise Malformed("/stores is neither a page with items nor a list")
    return _page(content["items"], _cursor(content.get("paging")))


def _cursor(paging: Any) -> str:
    if paging is not None and not isinstance(paging, Mapping):
        raise Malformed("the paging of /stores is no mapping")
    cursor = (paging or {}).get("next_cursor")
    if cursor is not None and not isinstance(cursor, str):
        raise Malformed("the next_cursor of /stores is no text")
    return cursor or ""


def _page(rows: list[Any], cursor: str) -> StoresPage:
    names = tuple(name for name in map(_name, rows) if name)
    return StoresPage(names, cursor, len(rows) - len(names))


def _name(row: Any) -> str:
    """Return what to call a store, by its id when it has no name, "" for what is no store."""
    id_ = (row.get("id") or row.get("uuid")) if isinstance(row, Mapping) else None
    if not isinstance(id_, str):
        return ""
    name = row.get("name")
    return name if isinstance(name, str) and name else id_

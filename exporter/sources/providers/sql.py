"""A list of connections that a query to a database gives.

connections_from:
  - name: shop
    provider: sql
    url_file: secrets/shop-database
    query: SELECT id, access_token AS token, store_name AS details FROM evotor_connections
    connection: {kind: evotor}
"""

import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from exporter.config import FilePath, Token
from exporter.config.filework import run_beside
from exporter.errors import TokenUnusable, WrongColumns
from exporter.sources.clients import ClientLease
from exporter.sources.contract import ProviderFindings
from exporter.sources.providers.columns import Columns, Table
from exporter.sources.providers.reading import Common, Record
from exporter.sources.providers.settings import ProviderSettings
from exporter.sources.providers.source import ProviderSource

if TYPE_CHECKING:
    from exporter.sources.providers.database import Database

# What may hold anything: texts, quoted names, comments.
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|`[^`]*`|\$(\w*)\$.*?\$\1\$|--[^\n]*|/\*.*?\*/", re.DOTALL)


def _select(query: str) -> str:
    """Refuse what is not one SELECT; the session is read-only besides."""
    bare = _QUOTED.sub(" ", query).strip().removesuffix(";").rstrip()
    if not re.match(r"\(*\s*(select|with)\b", bare, re.IGNORECASE):
        raise ValueError("must be a SELECT")
    if ";" in bare:
        raise ValueError("must be one statement")
    return query.strip().removesuffix(";")


class SqlSettings(ProviderSettings):
    """A query and the database's URL, which holds a password; `url_variable` is one of the environment."""

    provider: Literal["sql"]
    url_file: FilePath | None = None
    url_variable: Annotated[str, Field(pattern="^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    url: SecretStr | None = None
    query: Annotated[str, AfterValidator(_select)]

    @model_validator(mode="after")
    def _one_url(self) -> Self:
        given = sum(each is not None for each in (self.url_file, self.url_variable, self.url))
        if given > 1:
            raise ValueError("url_file, url_variable and url exclude each other")
        if not given:
            raise ValueError("needs one of url_file, url_variable and url")
        return self

    @property
    def secret_setting(self) -> str:
        """Which of the three is set."""
        return "url_file" if self.url_file else "url_variable" if self.url_variable else "url"

    def secret(self) -> Token:
        """Return the URL."""
        if self.url_variable:
            return Token(SecretStr(os.environ.get(self.url_variable, "")), called=self.url_variable)
        return Token(self.url, self.url_file, "the URL")


class SqlSource(ProviderSource):
    """The rows of one query; each column is named like the setting that it fills."""

    def __init__(self, settings: SqlSettings, common: Common, clients: ClientLease) -> None:
        super().__init__(settings, common, lambda row: self._columns.entry(row))
        self._settings = settings
        self._common = common
        self._columns: Columns
        self._database: tuple[str, Database] | None = None
        self._names: tuple[str, ...] = ()

    async def poll(self, token: str) -> ProviderFindings:
        """Ask once; the token is the URL."""
        if not token:
            raise TokenUnusable(
                f"the URL of the database is missing or empty: {self._settings.secret_setting}"
            )
        table = await run_beside(self._lane, lambda: self._asked(token))
        self._understand(table)
        return await self._read(lambda: self._records(table))

    @property
    def _of_no_use(self) -> WrongColumns:
        return WrongColumns("no row can be used: each lacks a setting, or has a wrong one; the log has them")

    def _asked(self, url: str) -> Table:
        # Here, as the library is large and most exporters don't need it.
        from exporter.sources.providers.database import Database

        if self._database is None or self._database[0] != url:
            self._database = (url, Database(url, self.timeout))
        return self._database[1].read(self._settings.query)

    def _understand(self, table: Table) -> None:
        if table.columns != self._names:
            self._columns = Columns(table.columns, self._common)
            self._names = table.columns
            self._reader.forget()

    def _records(self, table: Table) -> Iterator[Record]:
        place = self._names.index("id")
        folder = self._common.folder
        for number, row in enumerate(table.rows):
            key = row[place] if row[place].__hash__ else number
            yield Record(key, row, ("row", number), folder)

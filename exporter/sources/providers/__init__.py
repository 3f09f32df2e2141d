"""Connections that are taken from where they live; each provider lists them anew on its own timer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from exporter.config import place_of, repeated, validated
from exporter.errors import ConfigError, Problem
from exporter.sharding import Shard
from exporter.sources.clients import ClientLease
from exporter.sources.connections.reading import wrong_settings
from exporter.sources.connections.settings import ConnectionsFile
from exporter.sources.contract import PlannedSource, SourceId, SourceKind
from exporter.sources.providers.files import FilesSettings, FilesSource
from exporter.sources.providers.http import HttpSettings, HttpSource
from exporter.sources.providers.reading import Common
from exporter.sources.providers.settings import ProviderSettings, ProvidersFile
from exporter.sources.providers.source import ProviderSource
from exporter.sources.providers.sql import SqlSettings, SqlSource

# A new sort of provider is a new module here and one line.
PROVIDERS: dict[str, tuple[type[ProviderSettings], Callable[[Any, Common, ClientLease], ProviderSource]]] = {
    "files": (FilesSettings, FilesSource),
    "http": (HttpSettings, HttpSource),
    "sql": (SqlSettings, SqlSource),
}


@dataclass(frozen=True)
class PlannedProvider(PlannedSource):
    """One entry of `connections_from`; `common` is what its connections share."""

    settings: ProviderSettings
    common: Common

    def anchored(self, folder: Path) -> Self:
        """Let the relative paths of its connections start there too."""
        return replace(super().anchored(folder), common=replace(self.common, folder=folder))

    def part(self, shard: Shard) -> Self:
        """Every shard needs the whole list, to know which of its connections to poll."""
        return self

    def make(self, clients: ClientLease) -> ProviderSource:
        """Make the source."""
        return PROVIDERS[self.settings.provider][1](self.settings, self.common, clients)


class ConnectionProviders(SourceKind):
    """Providers of all sorts."""

    File = ProvidersFile
    borrowed = frozenset(("defaults", "connection_concurrency"))

    def read(self, part: Mapping[str, Any]) -> list[PlannedSource]:
        """Validate the providers; ConfigError lists every problem."""
        entries = validated(ProvidersFile, {k: part[k] for k in part.keys() - self.borrowed}).connections_from
        around = _borrowed(part)
        planned: list[PlannedSource] = []
        problems: list[Problem] = []
        for number, entry in enumerate(entries):
            try:
                planned.append(_planned(entry, ("connections_from", number), around))
            except ConfigError as error:
                problems.extend(error.problems)
        problems.extend(repeated("connections_from", "name", [entry.get("name") for entry in entries]))
        if problems:
            raise ConfigError(problems)
        return planned


def _borrowed(part: Mapping[str, Any]) -> ConnectionsFile:
    """Return the settings of connections; their mistakes are reported by the kinds."""
    try:
        return validated(ConnectionsFile, {k: part[k] for k in ConnectionProviders.borrowed & part.keys()})
    except ConfigError:
        return validated(ConnectionsFile, {})


def _planned(
    entry: Mapping[str, Any], place: tuple[int | str, ...], around: ConnectionsFile
) -> PlannedSource:
    word = entry.get("provider")
    if not isinstance(word, str) or word not in PROVIDERS:
        wrong = "missing" if word is None else f"no provider {word!r}"
        raise ConfigError(
            [Problem(f"{place_of(place)}.provider", f"{wrong}, known are {', '.join(PROVIDERS)}")]
        )
    settings = validated(PROVIDERS[word][0], entry, place)
    if problems := list(wrong_settings(settings.connection, (*place, "connection"))):
        raise ConfigError(problems)
    common = Common(settings.connection, around.defaults, around.connection_concurrency)
    id_ = SourceId(f"{word}_provider", settings.name)
    return PlannedProvider(place_of(place), id_, settings, common)

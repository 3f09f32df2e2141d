"""Customers' connections to outside systems; each is of a kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from exporter.config import validated
from exporter.errors import ConfigError, Problem
from exporter.sources.clients import ClientLease
from exporter.sources.connections.connection import ConnectionSource
from exporter.sources.connections.kinds import KINDS
from exporter.sources.connections.reading import checked, options_of
from exporter.sources.connections.settings import ConnectionOptions, ConnectionsFile
from exporter.sources.contract import PlannedSource, SourceId, SourceKind


@dataclass(frozen=True)
class PlannedConnection(PlannedSource):
    """One connection; `at_once` bounds the requests to its host."""

    settings: ConnectionOptions
    at_once: int

    def make(self, clients: ClientLease) -> ConnectionSource:
        """Make the source."""
        kind = KINDS[self.settings.kind](self.settings)
        return ConnectionSource(kind, clients.get(self.settings), self.at_once)


class ConnectionKinds(SourceKind):
    """Connections of all kinds."""

    File = ConnectionsFile
    variables: ClassVar[Mapping[str, str]] = {"connections[0].token": "EVOTOR_TOKEN"}

    def read(self, part: Mapping[str, Any]) -> list[PlannedSource]:
        """Validate the connections by their kinds; ConfigError lists every problem of all of them."""
        try:
            file = validated(ConnectionsFile, part)
        except ConfigError as error:
            raise ConfigError([*error.problems, *_further_problems(part, error)]) from None
        options = options_of(file.connections, checked(file.defaults))
        return [
            PlannedConnection(
                f"connections[{number}]", SourceId(each.kind, each.id), each, file.connection_concurrency
            )
            for number, each in enumerate(options)
        ]

    def from_environment(self, environ: Mapping[str, str]) -> dict[str, Any]:
        """Return one Evotor connection when EVOTOR_TOKEN is set."""
        token = environ.get("EVOTOR_TOKEN", "").strip()
        entry = {"id": "evotor", "kind": "evotor", "name": "Эвотор", "token": token}
        return {"connections": [entry]} if token else {}


def _further_problems(part: Mapping[str, Any], error: ConfigError) -> list[Problem]:
    """Return what is wrong with those connections that are mappings; all others are in `error`."""
    entries = part.get("connections")
    known = {problem.place for problem in error.problems}
    try:
        options_of([entry if isinstance(entry, Mapping) else {} for entry in _as_list(entries)])
    except ConfigError as further:
        return [problem for problem in further.problems if problem.place.partition("]")[0] + "]" not in known]
    return []


def _as_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []

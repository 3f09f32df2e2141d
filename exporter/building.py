"""From a configuration to sources: everything is validated and loaded here, nothing connects yet."""

import asyncio
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from exporter.client import HttpClient, ssl_context
from exporter.config import Config, ConnectionOptions, Consul, SecretFile, Tls
from exporter.connections import KINDS, options_of
from exporter.connections.source import ConnectionSource
from exporter.consul import ConsulSource
from exporter.errors import ConfigError, Problem, TokenFileUnusable
from exporter.snapshot import SourceId
from exporter.source import Source

Key = tuple[object, ...]
T = TypeVar("T")
Section = Consul | ConnectionOptions


@dataclass(frozen=True, slots=True)
class Plan:
    """A checked configuration; `warnings` are worth a log line and don't stop anything."""

    consul: tuple[Consul, ...]
    connections: tuple[ConnectionOptions, ...]
    concurrency: int
    warnings: tuple[Problem, ...]


def plan(config: Config) -> Plan:
    """Check what the sections alone can't: kinds, secret and certificate files. ConfigError lists all problems."""
    problems: list[Problem] = []
    connections = _collected(problems, lambda: options_of(config.connections)) or ()
    placed = [*_placed("consul", config.consul), *_placed("connections", connections)]
    warnings = [problem for place, section in placed for problem in _file_warnings(place, section)]
    problems.extend(problem for place, section in placed for problem in _secret_problems(place, section))
    problems.extend(_certificate_problems(placed))
    if problems:
        raise ConfigError(problems)
    return Plan(config.consul, connections, config.connection_concurrency, tuple(warnings))


def _collected(problems: list[Problem], step: Callable[[], T]) -> T | None:
    try:
        return step()
    except ConfigError as error:
        problems.extend(error.problems)
        return None


def _placed(section: str, entries: tuple[Any, ...]) -> Iterator[tuple[str, Section]]:
    return ((f"{section}[{number}]", entry) for number, entry in enumerate(entries))


def _secret_problems(place: str, section: Section) -> Iterator[Problem]:
    if not section.token_file:
        return
    try:
        secret = SecretFile(section.token_file).read()
    except TokenFileUnusable as error:
        yield Problem(f"{place}.token_file", str(error))
    else:
        if not secret and isinstance(section, Consul):
            yield Problem(f"{place}.token_file", f"{section.token_file} is missing or empty")


def _certificate_problems(placed: Iterable[tuple[str, Section]]) -> Iterator[Problem]:
    checked: dict[Tls, str] = {Tls(): ""}
    for place, section in placed:
        if section.tls not in checked:
            checked[section.tls] = _wrong_with(section.tls)
        if checked[section.tls]:
            yield Problem(f"{place}.tls", checked[section.tls])


def _wrong_with(tls: Tls) -> str:
    try:
        ssl_context(tls)
    except ssl.SSLError:
        return "a file holds no PEM certificate, or no key that fits it"
    except OSError as error:
        return f"a file can't be read: {error.strerror}"
    return ""


def _file_warnings(place: str, section: Section) -> Iterator[Problem]:
    if section.token_file and SecretFile(section.token_file).is_world_readable():
        yield Problem(f"{place}.token_file", f"{section.token_file} can be read by every user of the machine")


class Workshop:
    """Makes sources of plans; one whose settings and certificates stayed the same is used again."""

    def __init__(self) -> None:
        self._clients: dict[Key, HttpClient] = {}
        self._slots: dict[Key, asyncio.Semaphore] = {}
        self._made: dict[SourceId, tuple[Key, Source]] = {}

    def sources(self, wanted: Plan) -> Mapping[SourceId, Source]:
        """Return the sources of the plan; nothing is asked until they are polled."""
        made: dict[SourceId, tuple[Key, Source]] = {}
        sections: tuple[Section, ...] = (*wanted.consul, *wanted.connections)
        for section in sections:
            id_ = _id(section)
            key: Key = (section, _certificates(section.tls), wanted.concurrency)
            known = self._made.get(id_)
            made[id_] = known if known and known[0] == key else (key, self._make(section, wanted.concurrency))
        self._made = made
        return {id_: source for id_, (_, source) in made.items()}

    def _make(self, section: Section, concurrency: int) -> Source:
        if isinstance(section, Consul):
            return ConsulSource(
                section, {address: self._client(section.tls, address) for address in section.address}
            )
        kind = KINDS[section.kind](section)
        host = urlsplit(kind.address).netloc
        slots = self._slots.setdefault((host, concurrency), asyncio.Semaphore(concurrency))
        return ConnectionSource(kind, self._client(section.tls), slots)

    def _client(self, tls: Tls, address: str = "") -> HttpClient:
        uds = address.removeprefix("unix://") if address.startswith("unix://") else None
        key = (tls, _certificates(tls), uds)
        if key not in self._clients:
            self._clients[key] = HttpClient(tls, uds=uds)
        return self._clients[key]

    async def close(self) -> None:
        """Close the connections of all sources made."""
        for client in self._clients.values():
            await client.close()


def _id(section: Section) -> SourceId:
    if isinstance(section, Consul):
        return SourceId(ConsulSource.kind, section.name)
    return SourceId(section.kind, section.id)


def _certificates(tls: Tls) -> Key:
    """Return what changes when a certificate on disk is replaced, so that a reload notices."""
    files = (tls.ca_file, tls.ca_path, tls.cert_file, tls.key_file)
    return tuple(SecretFile(file).signature() for file in files if file)

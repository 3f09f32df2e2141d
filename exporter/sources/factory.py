"""From a plan to sources; they share HTTP clients and limits, and those whose settings stayed are used again."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from exporter.client import HttpClient
from exporter.config import Consul, SecretFile, Tls
from exporter.polling.limits import RequestLimits
from exporter.sources.connections import KINDS
from exporter.sources.connections.connection import ConnectionSource
from exporter.sources.consul import ConsulSource
from exporter.sources.contract import Source
from exporter.sources.plan import Plan, Section
from exporter.state import SourceId

Key = tuple[object, ...]
# Settings, state of the certificates on disk, and concurrency: what makes a source another one.
SourceKey = tuple[Section, Key, int]


class SourceFactory:
    """Makes sources of plans; one whose settings and certificates stayed the same is used again."""

    def __init__(self) -> None:
        self._clients: dict[Key, HttpClient] = {}
        self._limits: dict[int, RequestLimits] = {}
        self._made: dict[SourceId, tuple[SourceKey, Source]] = {}

    def sources(self, wanted: Plan) -> Mapping[SourceId, Source]:
        """Return the sources of the plan; nothing is asked until they are polled."""
        made: dict[SourceId, tuple[SourceKey, Source]] = {}
        sections: tuple[Section, ...] = (*wanted.consul, *wanted.connections)
        for section in sections:
            id_ = _id(section)
            key = (section, _certificates(section.tls), wanted.concurrency)
            known = self._made.get(id_)
            made[id_] = known if known and known[0] == key else (key, self._make(*key))
        self._made = made
        return {id_: source for id_, (_, source) in made.items()}

    def _make(self, section: Section, certificates: Key, concurrency: int) -> Source:
        if isinstance(section, Consul):
            clients = {
                address: self._client(section.tls, certificates, address) for address in section.address
            }
            return ConsulSource(section, clients)
        kind = KINDS[section.kind](section)
        limits = self._limits.setdefault(concurrency, RequestLimits(concurrency)).of(
            urlsplit(kind.address).netloc
        )
        return ConnectionSource(kind, self._client(section.tls, certificates), limits)

    def _client(self, tls: Tls, certificates: Key, address: str = "") -> HttpClient:
        socket = _socket(address)
        key = (tls, certificates, socket)
        if key not in self._clients:
            self._clients[key] = HttpClient(tls, uds=socket)
        return self._clients[key]

    async def close_unused(self) -> None:
        """Close the connections that no source of the latest plan uses."""
        used = {
            (section.tls, certificates, socket)
            for (section, certificates, _), _ in self._made.values()
            for socket in _sockets(section)
        }
        for key in self._clients.keys() - used:
            await self._clients.pop(key).close()

    async def close(self) -> None:
        """Close the connections of all sources made."""
        for client in self._clients.values():
            await client.close()


def _id(section: Section) -> SourceId:
    if isinstance(section, Consul):
        return SourceId(ConsulSource.kind, section.name)
    return SourceId(section.kind, section.id)


def _socket(address: str) -> str | None:
    return address.removeprefix("unix://") if address.startswith("unix://") else None


def _sockets(section: Section) -> set[str | None]:
    return {_socket(address) for address in section.address} if isinstance(section, Consul) else {None}


def _certificates(tls: Tls) -> Key:
    """Return what changes when a certificate on disk is replaced, so that a reload notices."""
    files = (tls.ca_file, tls.ca_path, tls.cert_file, tls.key_file)
    return tuple(SecretFile(file).signature() for file in files if file)

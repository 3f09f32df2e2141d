"""HTTP clients, shared by the sources that trust alike and ask over the same socket."""

import ssl
from collections.abc import Iterable, Iterator

from exporter.client import HttpClient, ssl_context
from exporter.config import Polled, SecretFile, Tls, why_unreadable
from exporter.errors import Problem

Key = tuple[object, ...]
_TLS_FILES = ("ca_file", "ca_path", "cert_file", "key_file")


class ClientPool:
    """All clients in use; what a source got stays open as long as its lease is kept."""

    def __init__(self) -> None:
        self._clients: dict[Key, HttpClient] = {}

    def lease(self) -> "ClientLease":
        """Return what a source gets its clients from."""
        return ClientLease(self)

    def client(self, key: Key, settings: Polled, socket: str | None) -> HttpClient:
        """Return the client of this key, made when it is not there yet."""
        if key not in self._clients:
            self._clients[key] = HttpClient(settings.tls, uds=socket, proxy=settings.proxy)
        return self._clients[key]

    async def keep(self, leases: Iterable["ClientLease"]) -> None:
        """Close all clients but those of the leases."""
        used = {key for lease in leases for key in lease.keys}
        for key in self._clients.keys() - used:
            await self._clients.pop(key).close()


class ClientLease:
    """The clients that one source uses."""

    def __init__(self, pool: ClientPool) -> None:
        self.keys: set[Key] = set()
        self._pool = pool

    def get(self, settings: Polled, address: str = "") -> HttpClient:
        """Return the client for servers to be trusted, and reached, so; an `address` may be a unix socket."""
        socket = address.removeprefix("unix://") if address.startswith("unix://") else None
        key = (settings.tls, signature_of(settings.tls), settings.proxy, socket)
        self.keys.add(key)
        return self._pool.client(key, settings, socket)


def signature_of(tls: Tls) -> Key:
    """Return what changes when a certificate on disk is replaced."""
    files = (getattr(tls, name) for name in _TLS_FILES)
    return tuple(SecretFile(file).signature() for file in files if file)


def wrong_with(tls: Tls) -> Iterator[Problem]:
    """Yield what is wrong with the files; each place begins with the dot after that of `tls`."""
    unreadable = [
        Problem(f".{name}", f"{path} can't be read: {why}")
        for name in _TLS_FILES
        if (path := getattr(tls, name)) and (why := why_unreadable(path, folder=name == "ca_path"))
    ]
    yield from unreadable
    if not unreadable:
        try:
            ssl_context(tls)
        except (ssl.SSLError, OSError):
            yield Problem("", "a file holds no PEM certificate, or the key is locked or doesn't fit")

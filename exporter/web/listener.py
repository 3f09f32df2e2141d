"""The socket a web server listens on, and the server itself."""

import asyncio
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn
from starlette.types import ASGIApp

from exporter.cli import Address
from exporter.descriptors import share
from exporter.errors import ConfigError, Problem
from exporter.web.connection import Connection, Patience
from exporter.web.door import Door, TlsContext

# The part of the process' descriptors that clients may take; the others are for asking the sources.
_SHARE_OF_DESCRIPTORS = 0.25


@contextmanager
def listening(address: Address, flag: str = "--web.listen-address") -> Iterator[socket.socket]:
    """Open the listening socket; on every interface it takes IPv4 and IPv6. ConfigError names the flag."""
    dual = not address.host and socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if dual or ":" in address.host else socket.AF_INET
    try:
        listener = socket.create_server(
            (address.host, address.port), family=family, dualstack_ipv6=dual, backlog=128
        )
    except OSError as error:
        # The library's own text repeats the address; that of a name that can't be resolved has no number.
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise ConfigError([Problem(flag, f"can't listen on {address}: {why}")]) from None
    with listener:
        yield listener


def address_of(listener: socket.socket) -> str:
    """Return the address it listens on, as it stands in a URL."""
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


_USUAL_PATIENCE = Patience()


@dataclass(frozen=True, slots=True)
class Bounds:
    """What clients may take of us: so many connections at once, and so long for each."""

    connections: int = 512
    patience: Patience = _USUAL_PATIENCE


_USUAL = Bounds()


async def without_tls() -> None:
    """Return no context: the listener serves plain HTTP."""


class Server(uvicorn.Server):
    """uvicorn behind a door of its own. Who starts it stops it, by `should_exit`; it handles no signals."""

    def __init__(self, config: uvicorn.Config, context: TlsContext, bounds: Bounds) -> None:
        super().__init__(config)
        self._patience = bounds.patience
        most = share(_SHARE_OF_DESCRIPTORS, bounds.connections)
        self._door = Door(self._connection, context, most, bounds.patience.read)
        self._entry: asyncio.Task[None] | None = None

    def _connection(self, address: str, left: Callable[[Connection], None]) -> Connection:
        return Connection(self.config, self.server_state, address, self._patience, left)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept connections on the one socket."""
        assert sockets, "a listening socket is needed"
        self.servers = []
        self._entry = asyncio.create_task(self._door.stand_open(sockets[0]))
        self.started = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept nobody any more, and let open requests end."""
        if self._entry:
            self._entry.cancel()
            await asyncio.wait([self._entry])
        await super().shutdown(sockets)
        self._door.close()


def server_of(
    asgi: ASGIApp, context: TlsContext = without_tls, *, grace: int, bounds: Bounds = _USUAL
) -> Server:
    """Return a server of the application that, when stopped, leaves open requests `grace` seconds."""
    config = uvicorn.Config(
        asgi,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=grace,
    )
    config.load()
    return Server(config, context, bounds)

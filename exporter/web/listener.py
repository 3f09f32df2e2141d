"""The socket a web server listens on, and the server itself."""

import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from exporter.cli import Address
from exporter.errors import ConfigError, Problem


@contextmanager
def listening(address: Address) -> Iterator[socket.socket]:
    """Open the listening socket; on every interface it takes IPv4 and IPv6."""
    dual = not address.host and socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if dual or ":" in address.host else socket.AF_INET
    try:
        listener = socket.create_server(
            (address.host, address.port), family=family, dualstack_ipv6=dual, backlog=128
        )
    except OSError as error:
        # The library's own text repeats the address; that of a name that can't be resolved has no number.
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise ConfigError([Problem("--web.listen-address", f"can't listen on {address}: {why}")]) from None
    with listener:
        yield listener


def spoken(listener: socket.socket) -> str:
    """Return the address it listens on, as it stands in a URL."""
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Server(uvicorn.Server):
    """uvicorn without signal handlers of its own: who starts it stops it, by `should_exit`."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def server_of(asgi: ASGIApp, context: ssl.SSLContext | None = None, *, grace: int) -> Server:
    """Return a server of the application that, when stopped, leaves open requests `grace` seconds."""
    config = uvicorn.Config(
        asgi,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=grace,
    )
    config.load()
    config.ssl = context
    return Server(config)

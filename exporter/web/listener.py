"""The socket the web server listens on."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

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

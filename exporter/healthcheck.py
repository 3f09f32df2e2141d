"""Ask the exporter in this container whether it is well: `python -m exporter.healthcheck [URL]`, exit code 0 or 1.

An answer that asks for a password counts: who gives it is alive. The certificate is not checked, as it is made out
to the name that others use. It runs twice a minute beside the exporter, so it imports little.
"""

import ssl
import sys
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import SplitResult, urlsplit

_ADDRESSES = ("http://127.0.0.1:10117/-/healthy", "https://127.0.0.1:10117/-/healthy")
_ALIVE = (200, 401)
_PATIENCE = 4.0  # seconds


def main(arguments: Sequence[str]) -> int:
    """Return 0 when one of the addresses answers as a healthy exporter does."""
    return 0 if any(map(_is_alive, arguments or _ADDRESSES)) else 1


def _is_alive(url: str) -> bool:
    address = urlsplit(url)
    connection = _connection(address)
    try:
        connection.request("GET", address.path)
        return connection.getresponse().status in _ALIVE
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _connection(address: SplitResult) -> HTTPConnection:
    host, port = address.hostname or "", address.port
    if address.scheme == "https":
        unchecked = ssl._create_unverified_context()  # noqa: S323 -- to ourselves
        return HTTPSConnection(host, port, timeout=_PATIENCE, context=unchecked)
    return HTTPConnection(host, port, timeout=_PATIENCE)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

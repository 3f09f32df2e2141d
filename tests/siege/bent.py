"""The exporter on a machine whose clock and names a test bends: `python -m tests.siege.bent FILE FLAGS…`.

FILE is JSON: `clock` is how many seconds the wall clock is ahead, `names` what each host name leads to: a list of
addresses, "gone" for a name server that doesn't answer, "hangs" for one that makes us wait.
"""

import json
import socket
import sys
import time
from pathlib import Path
from typing import Any

_LOOK_EVERY = 0.2
_resolve = socket.getaddrinfo
_wall = time.time


def _bend(file: Path) -> None:
    time.time = lambda: _wall() + json.loads(file.read_text())["clock"]
    socket.getaddrinfo = lambda host, port, *rest, **more: _found(file, host, port, *rest, **more)


def _found(file: Path, host: Any, port: Any, *rest: Any, **more: Any) -> Any:
    """Look a name up as the file says; addresses, and names that it doesn't know, as ever."""
    told = json.loads(file.read_text())["names"]
    name = host.decode() if isinstance(host, bytes) else host
    while told.get(name) == "hangs":
        time.sleep(_LOOK_EVERY)
        told = json.loads(file.read_text())["names"]
    if told.get(name) == "gone":
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    if told.get(name) == []:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    addresses = told.get(name, [host])
    return [each for address in addresses for each in _resolve(address, port, *rest, **more)]


if __name__ == "__main__":
    _bend(Path(sys.argv[1]))
    # Only now: it takes the clock when it is imported.
    from exporter.__main__ import main

    sys.exit(main(sys.argv[2:]))

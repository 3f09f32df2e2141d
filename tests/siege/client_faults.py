"""Clients that do anything but ask and read: a new fault is one more line in a table."""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

GET = b"GET /metrics HTTP/1.1\r\nHost: x\r\n"
Attack = Callable[[int], "Siege"]


class Siege:
    """Connections of one attack, held until it is over."""

    def __init__(self) -> None:
        self.held = ExitStack()
        self.over = threading.Event()

    def connect(self, port: int, host: str = "127.0.0.1") -> socket.socket | None:
        with suppress(OSError):
            return self.held.enter_context(socket.create_connection(("127.0.0.1", port), 2, (host, 0)))
        return None

    def end(self) -> None:
        self.over.set()
        self.held.close()


@dataclass(frozen=True)
class Client:
    """So many connections, what each sends at once, and what it sends again and again while it lasts."""

    name: str
    connections: int
    sends: bytes = b""
    dribbles: bytes = b""
    first_host: int = 1
    hosts: int = 1
    resets: bool = False

    def attack(self, port: int) -> Siege:
        siege = Siege()
        sockets = [
            siege.connect(port, f"127.0.0.{self.first_host + number % self.hosts}")
            for number in range(self.connections)
        ]
        for each in filter(None, sockets):
            with suppress(OSError):
                each.setblocking(False)
                each.send(self.sends)
                if self.resets:
                    each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    each.close()
        if self.dribbles:
            threading.Thread(
                target=self._dribble, args=(siege, [each for each in sockets if each]), daemon=True
            ).start()
        return siege

    def _dribble(self, siege: Siege, sockets: list[socket.socket]) -> None:
        while not siege.over.wait(0.2):
            for each in sockets:
                with suppress(OSError):
                    each.send(self.dribbles)


CLIENTS = (
    Client("idle", 600),
    Client("idle, of many addresses", 600, hosts=200),
    Client("half a request line", 600, b"GET /met"),
    Client("half a header", 600, GET + b"X-"),
    Client("half a header, dribbling", 300, GET + b"X-A: ", b"a"),
    Client("half a body", 600, b"POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nab"),
    Client("half a body, dribbling", 300, b"POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\nab", b"a"),
    Client("endless body", 100, b"POST /-/reload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", b"5\r\naaaaa\r\n"),
    Client("takes no answer", 600, GET + b"\r\n"),
    Client("takes no answers", 100, (GET + b"\r\n") * 50),
    Client("asks and resets", 600, GET + b"\r\n", resets=True),
    Client("resets", 600, resets=True),
    Client("nonsense", 600, bytes(range(256))),
    Client("TLS to HTTP", 300, bytes.fromhex("16030100050100000100") + b"a" * 200),
    Client("long request line", 200, b"GET /" + b"a" * 60_000 + b" HTTP/1.1\r\n\r\n"),
    Client("many headers", 200, GET + b"A: b\r\n" * 8_000),
    Client("large header", 200, GET + b"A: " + b"b" * 60_000),
    Client("HTTP/2", 200, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    Client("websocket", 200, GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
    Client("expects 100", 200, b"POST /-/reload HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n"),
    Client("two lengths", 200, b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
    Client("odd path", 200, b"GET /%00/%ff/../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n"),
    Client("odd Accept", 200, GET + b"Accept: " + b"a/b;q=9," * 1000 + b"\r\n\r\n"),
    Client("pages", 60, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
)  # fmt: skip
SHORT_CLIENTS = {
    "idle",
    "half a header, dribbling",
    "half a body",
    "takes no answers",
    "asks and resets",
    "nonsense",
}


@contextmanager
def attacked(client: Client, port: int) -> Iterator[None]:
    """While the attack goes on."""
    siege = client.attack(port)
    try:
        time.sleep(0.2)
        yield
    finally:
        siege.end()

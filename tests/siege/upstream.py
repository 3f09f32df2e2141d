"""A hostile upstream: whatever is asked for under a fault's path is answered as its line in the table says."""

import asyncio
import gzip
import socket
import ssl
import struct
import threading
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

# Whatever an upstream is sent or sends: it may stand in no output of the exporter.
SECRETS = (
    "sesame-consul-token",
    "sesame-evotor-token",
    "sesame-header",
    "sesame-body",
    "sesame-proxy",
    "sesame-password",
)
OK = b"HTTP/1.1 200 OK\r\n"
MANY = 2**40

Talk = Callable[["Peer"], Awaitable[None]]


class Peer:
    """One connection after its request was read."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str) -> None:
        self.reader = reader
        self.writer = writer
        self.path = path

    async def send(self, *parts: bytes) -> None:
        for part in parts:
            self.writer.write(part)
            await self.writer.drain()

    async def flood(self, part: bytes, total: int = MANY, pause: float = 0.0) -> None:
        """Send the part again and again."""
        for _ in range(0, total, len(part)):
            await self.send(part)
            if pause:
                await asyncio.sleep(pause)

    async def hang(self) -> None:
        await asyncio.sleep(3600)

    def reset(self) -> None:
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


def body(content: bytes, head: bytes = OK) -> Talk:
    """Answer with a whole body."""

    async def talk(peer: Peer) -> None:
        await peer.send(head, b"Content-Length: %d\r\n\r\n" % len(content), content)

    return talk


def raw(*parts: bytes, then: str = "close") -> Talk:
    """Send these bytes, and then close, hang or reset."""

    async def talk(peer: Peer) -> None:
        await peer.send(*parts)
        if then == "hang":
            await peer.hang()
        if then == "reset":
            peer.reset()

    return talk


def status(code: int, content: bytes = b"", **headers: str) -> Talk:
    """Answer with a status."""
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return body(content, f"HTTP/1.1 {code} Whatever\r\n{lines}".encode())


def endless(part: bytes, head: bytes = OK, pause: float = 0.0, before: bytes = b"") -> Talk:
    """Send a body that doesn't end; the connection tells where it would."""

    async def talk(peer: Peer) -> None:
        await peer.send(head, b"\r\n", before)
        await peer.flood(part, pause=pause)

    return talk


def chunks(part: bytes, total: int = MANY) -> Talk:
    """Send the part in chunks of HTTP."""

    async def talk(peer: Peer) -> None:
        await peer.send(OK, b"Transfer-Encoding: chunked\r\n\r\n")
        await peer.flood(b"%x\r\n%s\r\n" % (len(part), part), total)
        await peer.send(b"0\r\n\r\n")

    return talk


def large(size: int, unit: bytes = b" ", announced: bool = True) -> Talk:
    """Send so many bytes as one body, a mebibyte at a time."""

    async def talk(peer: Peer) -> None:
        await peer.send(OK, b"Content-Length: %d\r\n\r\n" % size if announced else b"\r\n")
        part = (unit * (2**20 // len(unit) + 1))[: 2**20]
        for start in range(0, size, 2**20):
            await peer.send(part[: size - start])

    return talk


def bomb(size: int) -> Talk:
    """Send so many zeros, packed to a thousandth."""
    packer = zlib.compressobj(9, wbits=31)
    packed = b"".join(packer.compress(bytes(2**20)) for _ in range(size // 2**20)) + packer.flush()
    return body(packed, OK + b"Content-Encoding: gzip\r\n")


def packed(content: bytes, coding: str = "gzip", cut: int = 0) -> Talk:
    """Send a packed body, perhaps without its end."""
    found = gzip.compress(content)
    return body(found[: len(found) - cut], OK + f"Content-Encoding: {coding}\r\n".encode())


@contextmanager
def serving(
    talk_of: Callable[[str], Talk | None],
    tls: ssl.SSLContext | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
) -> Iterator[int]:
    """Serve in a thread of its own; give the port."""
    started: asyncio.Queue[int] = asyncio.Queue()
    ready = threading.Event()
    told: list[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def run() -> None:
        async with _server(talk_of, tls, host, port) as opened:
            done = asyncio.Event()
            told.append((opened, asyncio.get_running_loop(), done))
            ready.set()
            await done.wait()

    thread = threading.Thread(target=asyncio.run, args=(run(),), daemon=True)
    thread.start()
    assert ready.wait(10), started
    opened, loop, done = told[0]
    try:
        yield opened
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(10)


@asynccontextmanager
async def _server(
    talk_of: Callable[[str], Talk | None], tls: ssl.SSLContext | None, host: str, port: int
) -> AsyncIterator[int]:
    talks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if task := asyncio.current_task():
            talks.add(task)
            task.add_done_callback(talks.discard)
        with suppress(
            OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError
        ):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                path = head.split(b" ", 2)[1].decode()
                talk = talk_of(path)
                if talk is None:
                    break
                await talk(Peer(reader, writer, path))
                if talk not in _KEPT:
                    break
        writer.close()

    server = await asyncio.start_server(serve, host, port, ssl=tls, limit=2**20)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(talks):
            task.cancel()


_KEPT: set[Talk] = set()

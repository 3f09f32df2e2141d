"""A server that sends exactly the bytes a test wants, and breaks off when it wants."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress

from exporter.client import Answer, HttpClient
from exporter.config import Tls
from exporter.timing import deadline

NO_TLS = Tls()
Script = Callable[["Dialogue"], Awaitable[None]]


class Dialogue:
    """One connection, seen by the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def request(self) -> bytes:
        """Wait for a request without a body; b"" when the client hangs up instead."""
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            return await self._reader.readuntil(b"\r\n\r\n")
        return b""

    async def send(self, *chunks: bytes) -> None:
        for chunk in chunks:
            self._writer.write(chunk)
            await self._writer.drain()

    def reset(self) -> None:
        """Break the connection off as a crash does."""
        self._writer.transport.abort()


@asynccontextmanager
async def serving(script: Script, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Serve each connection by the script; yield the port."""
    open_: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if task := asyncio.current_task():
            open_.add(task)
        with suppress(ConnectionError, asyncio.CancelledError):
            await script(Dialogue(reader, writer))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in open_:
            task.cancel()
        await asyncio.gather(*open_)


@asynccontextmanager
async def client(tls: Tls = NO_TLS) -> AsyncIterator[HttpClient]:
    """Yield a client that is closed in the end."""
    made = HttpClient(tls)
    try:
        yield made
    finally:
        await made.close()


def ask(
    script: Script,
    *,
    method: str = "GET",
    headers: Mapping[str, str] = {},
    max_body: int = 100_000,
    patience: float = 10,
) -> Answer:
    """Make one request to a server that follows the script."""

    async def run() -> Answer:
        async with serving(script) as port, client() as http, deadline(patience, "the test"):
            return await http.request(method, f"http://127.0.0.1:{port}/", headers, max_body=max_body)

    return asyncio.run(run())


def sends(*chunks: bytes) -> Script:
    """Answer each request with these bytes and hang up."""

    async def script(dialogue: Dialogue) -> None:
        await dialogue.request()
        await dialogue.send(*chunks)

    return script

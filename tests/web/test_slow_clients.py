"""Clients that keep the server waiting, or come in numbers; against the real server on a real socket."""

import asyncio
import errno
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp

from exporter.cli import Address
from exporter.web.connection import Patience
from exporter.web.listener import Bounds, Server, listening, server_of, without_tls
from exporter.web.pieces import Pieces, steps
from tests.web.test_security import write_certificate

HURRIED = Patience(read=0.3, write=0.3)
CALM = Patience(read=30, write=30)
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
SERVED = PlainTextResponse("served")
LARGE = Pieces([b"x" * 2**25], {})
Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def serving(
    patience: Patience,
    connections: int = 100,
    app: ASGIApp = SERVED,
    context: Callable[[], Awaitable[ssl.SSLContext | None]] = without_tls,
) -> AsyncIterator[int]:
    """Run the server; give its port."""
    bounds = Bounds(connections, patience)
    server: Server = server_of(app, context, grace=1, bounds=bounds)
    with listening(Address("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        task = asyncio.create_task(server.serve([listener]))
        try:
            yield port
        finally:
            server.should_exit = True
            await task


async def connect(port: int, sent: bytes = b"", host: str = "127.0.0.1") -> Client:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(host, 0))
    writer.write(sent)
    return reader, writer


async def asked(port: int, host: str = "127.0.0.1") -> bytes:
    """Make a request, and return the last line of the answer."""
    reader, writer = await connect(port, REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), host)
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return answer.rpartition(b"\n")[2]


async def ended(client: Client) -> bool:
    """Whether the server has hung up."""
    try:
        async with asyncio.timeout(10):
            while await client[0].read(65_536):
                pass
    except ConnectionError:
        pass
    except TimeoutError:
        return False
    finally:
        client[1].close()
    return True


async def _dribble(writer: asyncio.StreamWriter) -> None:
    while not writer.is_closing():
        writer.write(b"a")
        await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"GET / HT", id="half a request line"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ", id="half a header"),
        pytest.param(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 999\r\n\r\nab", id="half a body"),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", id="half a chunk"
        ),
        pytest.param(REQUEST, id="no second request"),
        pytest.param(REQUEST + b"GET / HT", id="half a second request"),
    ],
)
@pytest.mark.parametrize("dribbling", [False, True], ids=["silent", "dribbling"])
def test_who_sends_no_whole_request_is_hung_up_on(sent: bytes, dribbling: bool) -> None:
    """Whatever is missing, and however many single bytes come meanwhile: the time for it is limited."""

    async def scene() -> bool:
        async with serving(HURRIED) as port:
            client = await connect(port, sent)
            dribble = asyncio.create_task(_dribble(client[1])) if dribbling else None
            gone = await ended(client)
            if dribble:
                dribble.cancel()
            return gone

    assert asyncio.run(scene())


def test_who_does_not_take_the_answer_is_hung_up_on() -> None:
    """A client that reads nothing loses the connection, and the answer is not kept for it."""

    async def scene() -> bytes:
        async with serving(HURRIED, app=LARGE) as port:
            reader, writer = await connect(port, REQUEST)
            await asyncio.sleep(0.6)
            try:
                return await asyncio.wait_for(reader.read(), 10)
            except ConnectionError:
                return b""
            finally:
                writer.close()

    assert len(asyncio.run(scene())) < 2**25


def test_a_silent_tls_client_is_hung_up_on(tmp_path: Path) -> None:
    """The handshake has its time limit, and one that goes wrong harms nobody."""
    write_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    trusting = ssl.create_default_context(cafile=tmp_path / "ca.pem")

    async def tls() -> ssl.SSLContext:
        return context

    async def scene() -> tuple[bool, bool, bytes]:
        async with serving(HURRIED, context=tls) as port:
            silent, nonsense = await connect(port), await connect(port, b"GET / HTTP/1.1\r\n\r\n")
            gone = await asyncio.gather(ended(silent), ended(nonsense))
            reader, writer = await asyncio.open_connection("localhost", port, ssl=trusting)
            writer.write(REQUEST)
            line = await reader.readline()
            writer.close()
            return gone[0], gone[1], line

    assert asyncio.run(scene()) == (True, True, b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize("sent", [b"", b"GET / HT", REQUEST], ids=["silent", "half", "idle"])
def test_a_scraper_finds_room_among_many(sent: bytes) -> None:
    """All places are taken by clients that would be waited for: who waits longest makes room for each that comes."""

    async def scene() -> tuple[list[bytes], int]:
        async with serving(CALM, connections=5) as port:
            crowd = [await connect(port, sent) for _ in range(30)]
            answers = [await asked(port) for _ in range(5)]
            await asyncio.sleep(0.1)
            gone = sum(reader.at_eof() or reader.exception() is not None for reader, _ in crowd)
            for _, writer in crowd:
                writer.close()
            return answers, gone

    answers, gone = asyncio.run(scene())

    assert answers == [b"served"] * 5
    assert gone >= 25 or sent == REQUEST  # Behind answers that nobody reads here, the end isn't seen.


def test_a_scraper_finds_room_among_those_that_take_no_answer() -> None:
    """Answers that nobody takes keep no place either."""

    async def scene() -> bytes:
        async with serving(CALM, connections=5, app=LARGE) as port:
            crowd = [await connect(port, REQUEST) for _ in range(20)]
            await asyncio.sleep(0.2)
            line = (await asked(port))[-1:]
            for _, writer in crowd:
                writer.transport.abort()
            return line

    assert asyncio.run(scene()) == b"x"


def test_the_greediest_address_makes_room() -> None:
    """One quiet connection of another address stays while one address takes all other places."""

    async def scene() -> tuple[bytes, bool]:
        async with serving(CALM, connections=5) as port:
            quiet = await connect(port, host="127.0.0.2")
            crowd = [await connect(port) for _ in range(20)]
            await asyncio.sleep(0.1)
            quiet[1].write(REQUEST)
            line = await asyncio.wait_for(quiet[0].readline(), 5)
            for _, writer in [quiet, *crowd]:
                writer.close()
            return line, await asked(port) == b"served"

    assert asyncio.run(scene()) == (b"HTTP/1.1 200 OK\r\n", True)


def test_while_all_are_worked_for_nobody_is_sent_away() -> None:
    """Requests under way are finished; who comes meanwhile is served afterwards."""

    async def slow(scope: object, receive: object, send: object) -> None:
        await asyncio.sleep(0.5)
        await Response("late")(scope, receive, send)  # type: ignore[arg-type]  # passed on as they came

    async def scene() -> list[bytes]:
        async with serving(CALM, connections=2, app=slow) as port:
            return await asyncio.gather(*(asked(port) for _ in range(4)))

    assert asyncio.run(scene()) == [b"late"] * 4


def test_a_machine_without_descriptors_is_outlived(monkeypatch: pytest.MonkeyPatch) -> None:
    """When accepting fails for want of descriptors, one who waits makes room, and it is tried again later."""

    async def scene() -> bytes:
        async with serving(CALM) as port:
            loop, failures = asyncio.get_running_loop(), 3
            accept = loop.sock_accept

            async def exhausted(listener: socket.socket) -> object:
                nonlocal failures
                if failures:
                    failures -= 1
                    raise OSError(errno.EMFILE, "Too many open files")
                return await accept(listener)

            monkeypatch.setattr(loop, "sock_accept", exhausted)
            _, waiting = await connect(port)
            answer = await asked(port)
            waiting.close()
            return answer

    assert asyncio.run(scene()) == b"served"


@pytest.mark.parametrize("sizes", [[], [0], [1, 2, 3], [65_536], [65_537], [10, 200_000, 5, 5], [60_000] * 4])
def test_steps_hold_the_same_bytes(sizes: list[int]) -> None:
    """Joined or sliced, nothing is lost, added or moved, and no step is large."""
    pieces = [bytes([number % 256]) * size for number, size in enumerate(sizes)]

    found = list(steps(pieces))

    assert b"".join(found) == b"".join(pieces)
    assert all(0 < len(step) <= 65_536 for step in found) or sizes == [0]


def test_many_share_the_bytes_of_one_answer() -> None:
    """A hundred clients that take nothing cost less than a hundredth of the answer each."""
    import tracemalloc

    async def scene() -> int:
        async with serving(CALM, app=LARGE) as port:
            tracemalloc.start()
            crowd = [await connect(port, REQUEST) for _ in range(30)]
            await asyncio.sleep(0.5)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            for _, writer in crowd:
                writer.transport.abort()
            return peak

    assert asyncio.run(scene()) < 2**25

"""The HTTP client: every failure becomes one of our errors, and nothing an API sends can hurt us."""

import asyncio
import errno
import gc
import gzip
import inspect
import socket
import ssl
import tracemalloc
import zlib
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from exporter import errors
from exporter.client import Answer, HttpClient, ssl_context
from exporter.config import Tls
from exporter.errors import Malformed, PollError, TimedOut, TooLarge
from tests.connections.raw import Dialogue, Script, ask, client, sends, serving

REASONS = {
    "CloseError": "connect",
    "ConnectError": "connect",
    "ConnectTimeout": "timeout",
    "DecodingError": "malformed",
    "HTTPError": "connect",
    "HTTPStatusError": "connect",
    "InvalidURL": "connect",
    "LocalProtocolError": "connect",
    "NetworkError": "connect",
    "PoolTimeout": "timeout",
    "ProtocolError": "connect",
    "ProxyError": "connect",
    "ReadError": "connect",
    "ReadTimeout": "timeout",
    "RemoteProtocolError": "connect",
    "RequestError": "connect",
    "TimeoutException": "timeout",
    "TooManyRedirects": "connect",
    "TransportError": "connect",
    "UnsupportedProtocol": "connect",
    "WriteError": "connect",
    "WriteTimeout": "timeout",
}
GUARDED = (httpx.HTTPError, httpx.InvalidURL)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BROKEN_OFF: dict[str, Script] = {
    "no answer": sends(),
    "half a head": sends(b"HTTP/1.1 200 OK\r\nContent-"),
    "another protocol": sends(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "too short": sends(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"),
    "half a chunk": sends(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nshort"),
}


def _mocked(handler: Callable[[httpx.Request], httpx.Response]) -> HttpClient:
    return HttpClient(Tls(), transport=httpx.MockTransport(handler))


def _get(http: HttpClient, url: str = "http://api.example/", **headers: str) -> Answer:
    return asyncio.run(http.get(url, headers, max_body=1000))


def test_every_exception_of_the_library_has_a_translation() -> None:
    """No exception of httpx reaches the poller as it is, nor does its text, which may quote the request."""
    known = {n for n, c in inspect.getmembers(httpx, inspect.isclass) if issubclass(c, GUARDED)}
    assert REASONS.keys() == known


@pytest.mark.parametrize(("name", "reason"), REASONS.items())
def test_an_exception_of_the_library_becomes_ours(name: str, reason: str) -> None:
    """Each exception becomes the error whose reason says what went wrong, without quoting it."""

    def fail(request: httpx.Request) -> httpx.Response:
        error = Exception.__new__(getattr(httpx, name), "Bearer secret")
        error.args = ("Bearer secret",)
        raise error

    with pytest.raises(PollError) as caught:
        _get(_mocked(fail))
    assert (caught.value.reason, "secret" in str(caught.value)) == (reason, False)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("script", BROKEN_OFF.values(), ids=BROKEN_OFF)
def test_a_broken_answer_is_a_failed_connection(script: Script) -> None:
    """What breaks off before the answer is whole tells nothing, and is no answer."""
    with pytest.raises(errors.ConnectFailed):
        ask(script)


def test_a_reset_is_a_failed_connection() -> None:
    """A connection reset in the middle of the body is a failure, not a short body."""

    async def script(dialogue: Dialogue) -> None:
        await dialogue.request()
        await dialogue.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort")
        dialogue.reset()

    with pytest.raises(errors.ConnectFailed):
        ask(script)


def test_nobody_listening_is_a_failed_connection() -> None:
    """A refused connection says so."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    with pytest.raises(errors.ConnectFailed, match="refused"):
        _get(HttpClient(Tls()), url)


@pytest.mark.parametrize("host", ["nowhere.invalid", "a" * 70 + ".example"], ids=["unknown", "impossible"])
def test_a_name_without_address_is_told_apart(host: str) -> None:
    """A host name that does not resolve, or can't be one, is the reason dns."""
    with pytest.raises(errors.NameResolution):
        _get(HttpClient(Tls()), f"http://{host}/")


@pytest.mark.parametrize(
    "head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n"], ids=["head", "body"]
)
def test_a_drip_feed_ends_with_the_deadline(head: bytes) -> None:
    """An API that sends a byte now and then can't hold a poll longer than the poll may take."""

    async def script(dialogue: Dialogue) -> None:
        await dialogue.request()
        await dialogue.send(head)
        while True:
            await dialogue.send(b"H")
            await asyncio.sleep(0.01)

    with pytest.raises(TimedOut):
        ask(script, patience=0.2)


def test_a_dropped_request_leaves_no_connection_behind() -> None:
    """Requests that ran out of time are hung up on, so that a hanging API can't eat up our sockets."""

    async def run() -> None:
        gone = asyncio.Queue[bytes]()

        async def script(dialogue: Dialogue) -> None:
            await dialogue.request()
            await gone.put(await dialogue.request())

        async with serving(script) as port, client() as http:
            for _ in range(5):
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(http.get(f"http://127.0.0.1:{port}/", {}, max_body=1), 0.05)
            assert [await gone.get() for _ in range(5)] == [b""] * 5

    asyncio.run(run())


def test_a_request_leaves_no_connection_open_whenever_it_is_cancelled() -> None:
    """At each step of a request the library has its own way to lose a connection; the server sees whether it ends."""
    # One whose request was over by then is kept for the next.
    assert asyncio.run(_left_open_by_cancelled(range(60))) <= 1


async def _left_open_by_cancelled(steps: Iterable[int]) -> int:
    """How many connections are open after requests were cancelled, each after so many turns of the event loop."""
    opened: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.add(writer)
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        opened.discard(writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    http = HttpClient(Tls())
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    for number in steps:
        asking = asyncio.create_task(http.get(url, {}, max_body=100))
        for _ in range(number):
            await asyncio.sleep(0)
        asking.cancel()
        with suppress(asyncio.CancelledError):
            await asking
    left = await _at_last(opened, 1)
    await http.close()
    await _at_last(opened, 0)
    server.close()
    for writer in opened:
        writer.transport.abort()
    await asyncio.sleep(0)
    return left


async def _at_last(opened: Collection[object], wanted: int) -> int:
    """How many there are as soon as they are few enough, or after a long while."""
    for _ in range(200):
        if len(opened) <= wanted:
            break
        await asyncio.sleep(0.05)
    return len(opened)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_connection_closed_between_polls_is_replaced(method: str) -> None:
    """When the server hangs up just as a kept connection is used again, the request is made once more."""
    assert asyncio.run(_on_a_kept_connection(method)) == [200, 200]


def test_what_can_do_harm_twice_is_not_repeated() -> None:
    """A POST may have been carried out although no answer came, so it is made once."""
    with pytest.raises(errors.ConnectFailed):
        asyncio.run(_on_a_kept_connection("POST"))


async def _on_a_kept_connection(method: str) -> list[int]:
    async def script(dialogue: Dialogue) -> None:
        await dialogue.request()
        await dialogue.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await dialogue.request()

    async with serving(script) as port, client() as http:
        url = f"http://127.0.0.1:{port}/"
        return [(await http.request(method, url, {}, max_body=9)).status for _ in range(2)]


def test_a_request_is_repeated_once_only() -> None:
    """A server that always hangs up is asked twice, not for ever."""
    asked: list[httpx.Request] = []

    def hang_up(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        raise httpx.RemoteProtocolError("Server disconnected without sending a response.")

    with pytest.raises(errors.ConnectFailed):
        _get(_mocked(hang_up))
    assert len(asked) == 2


def _packed(content: bytes, coding: bytes = b"gzip") -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n"
    return head % (coding, len(content)) + content


def test_a_packed_body_is_unpacked() -> None:
    """Bodies may come compressed with gzip, which the request offers."""
    assert ask(sends(_packed(gzip.compress(b'{"a": 1}')))).json() == {"a": 1}
    members = gzip.compress(b'{"a":') + gzip.compress(b"") + gzip.compress(b" 1}")
    assert ask(sends(_packed(members))).json() == {"a": 1}


UNUSABLE = {
    "no gzip": _packed(b"plain text"),
    "half of the second member": _packed(gzip.compress(b"[]") + gzip.compress(b"[]" * 99)[:-3]),
    "half of it": _packed(gzip.compress(bytes(range(256)) * 20)[:-100]),
    "unasked coding": _packed(b"\x1b\x03", b"br"),
    "packed twice": _packed(gzip.compress(gzip.compress(b"{}")), b"gzip, gzip"),
}


@pytest.mark.parametrize("answer", UNUSABLE.values(), ids=UNUSABLE)
def test_a_body_that_cannot_be_unpacked_is_malformed(answer: bytes) -> None:
    """Only gzip was offered, so only gzip that is whole is taken."""
    with pytest.raises(Malformed):
        ask(sends(answer))


def _peak_memory_of_too_large(script: Script, bound: int) -> int:
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            ask(script, max_body=bound)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_bomb_is_not_unpacked() -> None:
    """A quarter of a megabyte that would unpack to a quarter of a gigabyte costs no more memory than the bound allows."""
    packer = zlib.compressobj(wbits=31)
    zeros = bytes(2**20)
    bomb = b"".join([*(packer.compress(zeros) for _ in range(256)), packer.flush()])
    assert len(bomb) < 2**19
    assert _peak_memory_of_too_large(sends(_packed(bomb)), 2**20) < 2**24


def test_an_endless_body_is_not_collected() -> None:
    """A body of 200 MB, announced or not, is given up as soon as it passes the bound."""

    async def script(dialogue: Dialogue) -> None:
        await dialogue.request()
        await dialogue.send(b"HTTP/1.1 200 OK\r\n\r\n", *[bytes(2**20)] * 200)

    assert _peak_memory_of_too_large(script, 2**20) < 2**24


def test_the_bound_is_inclusive() -> None:
    """A body of exactly the bound is read, one byte more is too large."""
    assert ask(sends(OK), max_body=2).body == b"ok"
    with pytest.raises(TooLarge):
        ask(sends(OK), max_body=1)


HARD_TO_READ = {
    "too large": b"Content-Length: 200000\r\n\r\n" + bytes(200_000),
    "not gzip": b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain",
    "breaks off": b"Content-Length: 100\r\n\r\nshort",
    "never comes": b"Content-Length: 100\r\n\r\n",
}


@pytest.mark.parametrize("rest", HARD_TO_READ.values(), ids=HARD_TO_READ)
def test_an_error_needs_no_readable_body(rest: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal is a refusal, whatever is wrong with the text that comes along."""
    monkeypatch.setattr("exporter.client._HINT_PATIENCE", 0.1)

    async def script(dialogue: Dialogue) -> None:
        await dialogue.request()
        await dialogue.send(b"HTTP/1.1 401 Unauthorized\r\n", rest)
        if rest.endswith(b"\r\n\r\n"):
            await dialogue.request()

    assert ask(script).status == 401


@pytest.mark.parametrize("body", [b"<html>secret</html>", b'{"a": "secret', b"\xff\xfe", b"[" * 100_000, b""])
def test_what_is_no_json_is_malformed(body: bytes) -> None:
    """The message about a body that can't be parsed doesn't quote it."""
    with pytest.raises(Malformed) as caught:
        Answer(200, httpx.Headers(), body).json()
    assert "secret" not in str(caught.value)


def test_cookies_are_not_kept() -> None:
    """What a server hands to one customer never comes back with the request of another."""
    seen: list[str | None] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("Cookie"))
        return httpx.Response(200, headers={"Set-Cookie": "session=1; Path=/"})

    http = _mocked(handler)
    _get(http)
    _get(http)
    assert seen == [None, None]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "place", ["https://evil.example/", "//evil.example", "/login", "http://[", "\x00", ""]
)
def test_a_redirect_is_not_followed(status: int, place: str) -> None:
    """Whatever a redirect points at, it is the answer: no second request, so no token goes along."""
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(status, headers={"Location": place})

    assert _get(_mocked(handler), Authorization="Bearer secret").status == status
    assert asked == ["http://api.example/"]


def test_the_proxy_of_the_environment_is_for_what_is_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP_PROXY is obeyed, except for this machine itself, as programs of this field have it."""

    async def run() -> list[bytes | bytearray]:
        async with serving(sends(OK)) as here, serving(sends(OK.replace(b"ok", b"px"))) as proxy:
            monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy}")
            async with client() as http:
                urls = (f"http://127.0.0.1:{here}/", f"http://localhost:{here}/", "http://outside.example/")
                return [(await http.get(url, {}, max_body=9)).body for url in urls]

    assert asyncio.run(run()) == [b"ok", b"ok", b"px"]


def test_a_source_has_a_proxy_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a source says counts more than the environment, for this machine too; `none` goes directly."""

    async def run() -> list[bytes]:
        async with (
            serving(sends(OK)) as here,
            serving(sends(OK.replace(b"ok", b"px"))) as proxy,
            serving(sends(OK.replace(b"ok", b"no"))) as other,
        ):
            monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{other}")
            found = []
            for setting in (f"http://me:secret@127.0.0.1:{proxy}", "none"):
                http = HttpClient(Tls(), proxy=SecretStr(setting))
                found.append(bytes((await http.get(f"http://127.0.0.1:{here}/", {}, max_body=9)).body))
                await http.close()
            return found

    assert asyncio.run(run()) == [b"px", b"ok"]


def test_a_proxy_of_the_environment_may_speak_socks(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Docker Desktop and developers set is understood: a request for outside goes through SOCKS 5."""
    asked: list[bytes] = []

    async def script(dialogue: Dialogue) -> None:
        asked.append(await dialogue._reader.readexactly(3))
        await dialogue.send(b"\x05\x00")
        asked.append(await dialogue._reader.readexactly(7 + len("outside.example")))
        await dialogue.send(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50")
        await dialogue.request()
        await dialogue.send(OK)

    async def run() -> Answer:
        async with serving(script) as proxy:
            monkeypatch.setenv("ALL_PROXY", f"socks5://127.0.0.1:{proxy}")
            async with client() as http:
                return await http.get("http://outside.example/", {}, max_body=9)

    assert asyncio.run(run()).body == b"ok"
    assert asked == [b"\x05\x01\x00", b"\x05\x01\x00\x03\x0foutside.example\x00\x50"]


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # the library leaves its socket to Python
@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x05", b"\x05\x99", b"\x05\x00"]
)
def test_a_proxy_that_speaks_no_socks_is_a_failed_connection(
    answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it answers instead, it is no defect of ours."""

    async def script(dialogue: Dialogue) -> None:
        await dialogue._reader.readexactly(3)
        await dialogue.send(answer)

    async def run() -> None:
        async with serving(script) as proxy:
            monkeypatch.setenv("ALL_PROXY", f"socks5://127.0.0.1:{proxy}")
            async with client() as http:
                await http.get("http://outside.example/", {}, max_body=9)

    with pytest.raises(errors.ConnectFailed):
        asyncio.run(run())
    gc.collect()


def test_a_proxy_that_cannot_be_used_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests go without it; that it can't be used is told with the configuration."""
    monkeypatch.setenv("ALL_PROXY", "ftp://me:secret@proxy")

    async def run() -> Answer:
        async with serving(sends(OK)) as here, client() as http:
            return await http.get(f"http://127.0.0.1:{here}/", {}, max_body=9)

    assert asyncio.run(run()).body == b"ok"


@pytest.mark.parametrize(
    ("number", "said"),
    [(errno.ECONNREFUSED, "refused"), (errno.ECONNRESET, "reset"), (errno.EMFILE, "descriptors")],
)
def test_a_failed_connection_says_why(number: int, said: str) -> None:
    """The system's word for it is told, also when several addresses failed."""

    def fail(request: httpx.Request) -> httpx.Response:
        group = ExceptionGroup("all failed", [OSError(number, "secret"), OSError(0, "secret")])
        raise httpx.ConnectError("secret") from group

    with pytest.raises(errors.ConnectFailed, match=said) as caught:
        _get(_mocked(fail))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "the server wants a client certificate"),
        ("SSLV3_ALERT_BAD_CERTIFICATE", "wants a client certificate, or another one"),
        ("TLSV1_ALERT_UNKNOWN_CA", "doesn't know who signed our client certificate"),
        ("SSLV3_ALERT_CERTIFICATE_EXPIRED", "our client certificate has expired"),
        ("UNEXPECTED_EOF_WHILE_READING", "may mean that it wants a client certificate"),
        ("RECORD_LAYER_FAILURE", "the port does not use TLS"),
        (None, "the TLS handshake failed$"),
    ],
)
def test_a_failed_handshake_says_why(reason: str | None, said: str) -> None:
    """OpenSSL's reasons become the likely cause and the setting that helps."""
    cause = ssl.SSLError(1, "[SSL] odd")
    cause.reason = reason  # type: ignore[assignment]  # it is None where there is none

    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("odd") from cause

    async def run() -> None:
        await _mocked(fail).get("https://a/", {}, max_body=1)

    with pytest.raises(errors.TlsFailed, match=said):
        asyncio.run(run())


def test_a_machine_without_certificates_trusts_the_usual_ones(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where the system's folder of certificates is missing or empty, those that came along are used."""
    paths = ssl.get_default_verify_paths()
    empty = paths._replace(cafile="", capath=str(tmp_path))
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: empty)
    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", lambda *_: None)
    assert len(ssl_context(Tls()).get_ca_certs()) > 20

"""The one place that knows the HTTP library: bounded requests whose failures are our errors."""

import asyncio
import os
import socket
import ssl
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from json import loads
from typing import Any

import certifi
import httpx

from exporter import __version__
from exporter.config import Tls
from exporter.errors import (
    ConfigError,
    ConnectFailed,
    Malformed,
    NameResolution,
    PollError,
    Problem,
    TimedOut,
    TlsFailed,
    TooLarge,
)

# From the most specific to the least; the first that fits decides.
_TRANSLATION: tuple[tuple[type[Exception], type[PollError], str], ...] = (
    (httpx.TimeoutException, TimedOut, "no complete answer in time"),
    (httpx.DecodingError, Malformed, "the body can't be decompressed"),
    (httpx.ProtocolError, ConnectFailed, "the connection broke off, or HTTP is not spoken there"),
    (httpx.ProxyError, ConnectFailed, "the proxy gave no connection"),
    (httpx.UnsupportedProtocol, ConnectFailed, "the address is not one of HTTP"),
    (httpx.InvalidURL, ConnectFailed, "the address can't be used"),
    (UnicodeError, NameResolution, "the host name is not one"),
    (Exception, ConnectFailed, "the connection failed or broke off"),
)
# A connection kept from an earlier poll may be closed by the server in the moment it is used again.
_BROKEN = (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)
_REPEATABLE = ("GET", "HEAD", "OPTIONS")
# The proxy of the environment is for what is outside, as Go programs have it.
_WITHOUT_PROXY = ("all://localhost", "all://127.0.0.1", "all://[::1]")
# How much of an error's body is worth reading, in bytes, and how long it may take, in seconds.
_HINT_SIZE = 65_536
_HINT_PATIENCE = 2.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status, headers, and the whole body; of an error as much of the body as came at once."""

    status: int
    headers: httpx.Headers
    body: bytes

    def json(self) -> Any:
        """Return the parsed body, or raise Malformed; the body never stands in the message."""
        try:
            return loads(self.body)
        except (ValueError, RecursionError):
            raise Malformed(f"the body of the {self.status} answer is not JSON") from None


class HttpClient:
    """Connections to servers that are trusted alike; keeps no cookies and follows no redirect.

    The environment's proxy is used; ConfigError when it can't be.
    """

    def __init__(
        self, tls: Tls, *, uds: str | None = None, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._extensions = {"sni_hostname": tls.server_name} if tls.server_name else {}
        transport = transport or (httpx.AsyncHTTPTransport(uds=uds) if uds else None)
        try:
            self._client = _client(ssl_context(tls), transport)
        except (httpx.InvalidURL, ImportError, ValueError):
            wrong = (
                "HTTP_PROXY, HTTPS_PROXY, ALL_PROXY or NO_PROXY can't be used, known are http:// and https://"
            )
            raise ConfigError([Problem("environment", wrong)]) from None

    async def get(self, url: str, headers: Mapping[str, str], *, max_body: int) -> Answer:
        """Ask for `url`; raise PollError when no whole answer of at most `max_body` bytes comes."""
        return await self.request("GET", url, headers, max_body=max_body)

    async def request(self, method: str, url: str, headers: Mapping[str, str], *, max_body: int) -> Answer:
        """Do the same with any method; the request has no body."""
        with translated():
            request = self._client.build_request(method, url, headers=headers, extensions=self._extensions)
            response = await self._send(request)
            try:
                body = await (_read(response, max_body) if response.is_success else _hint(response))
            finally:
                await response.aclose()
            return Answer(response.status_code, response.headers, body)

    async def _send(self, request: httpx.Request) -> httpx.Response:
        """Send; once more when the connection broke before an answer began and asking twice does no harm."""
        try:
            return await self._client.send(request, stream=True)
        except _BROKEN:
            if request.method not in _REPEATABLE:
                raise
        return await self._client.send(request, stream=True)

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()


def _client(context: ssl.SSLContext, transport: httpx.AsyncBaseTransport | None) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        headers={"User-Agent": f"status-exporter/{__version__}", "Accept-Encoding": "gzip"},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        event_hooks={"response": [_stay]},
        follow_redirects=False,
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=20),
        mounts=dict.fromkeys(_WITHOUT_PROXY),
        timeout=None,  # noqa: S113 -- who polls bounds the whole poll; a timeout per read would not
        transport=transport,
        verify=context,
    )


async def _stay(response: httpx.Response) -> None:
    """Forget where a redirect leads: the library would otherwise prepare the request that is never sent."""
    response.headers.pop("Location", None)


class _Body:
    """A body while it arrives: unpacked no further than its bound, so that a small one can't grow to gigabytes."""

    def __init__(self, response: httpx.Response, bound: int) -> None:
        coding = response.headers.get("Content-Encoding", "identity").strip().lower()
        self.content = bytearray()
        self._response = response
        self._bound = bound
        self._gzip = zlib.decompressobj(wbits=31) if coding in ("gzip", "x-gzip") else None
        self._known = self._gzip is not None or coding in ("identity", "")

    async def fill(self) -> None:
        """Read all of it, or raise PollError."""
        stream = self._response.stream
        assert isinstance(stream, httpx.AsyncByteStream)
        async for chunk in stream:
            self.content += self._unpacked(chunk)
            if len(self.content) > self._bound:
                raise TooLarge(f"the body is larger than {self._bound} bytes")
        if self._gzip and self.content and not self._gzip.eof:
            raise Malformed("the compressed body ends too early")

    def _unpacked(self, chunk: bytes) -> bytes:
        if not self._known:
            raise Malformed("the body is packed in a way that was not asked for")
        if self._gzip is None:
            return chunk
        try:
            return self._gzip.decompress(chunk, self._bound + 1 - len(self.content))
        except zlib.error:
            raise Malformed("the body can't be decompressed") from None


async def _read(response: httpx.Response, max_body: int) -> bytes:
    body = _Body(response, max_body)
    await body.fill()
    return bytes(body.content)


async def _hint(response: httpx.Response) -> bytes:
    """Read what comes at once of an error's body; the status tells enough without it."""
    body = _Body(response, _HINT_SIZE)
    with suppress(TimeoutError, PollError, httpx.HTTPError):
        async with asyncio.timeout(_HINT_PATIENCE):
            await body.fill()
    return bytes(body.content[:_HINT_SIZE])


@contextmanager
def translated() -> Iterator[None]:
    """Turn what the HTTP library raises into our errors, without its text, which may quote the request."""
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
        raise _translate(error) from None


def _translate(error: Exception) -> PollError:
    for cause in _causes(error):
        if isinstance(cause, socket.gaierror):
            return NameResolution("the host name has no address")
        if isinstance(cause, ssl.SSLCertVerificationError):
            return TlsFailed(f"the server's certificate is not trusted: {cause.verify_message}")
        if isinstance(cause, ssl.SSLError):
            return TlsFailed("the TLS handshake failed")
    return next(ours(message) for theirs, ours, message in _TRANSLATION if isinstance(error, theirs))


def _causes(error: BaseException) -> Iterator[BaseException]:
    following: BaseException | None = error
    while following is not None:
        yield following
        following = following.__cause__ or following.__context__


def ssl_context(tls: Tls) -> ssl.SSLContext:
    """Build the context; OSError or ssl.SSLError when a file can't be used."""
    context = ssl.create_default_context(cafile=tls.ca_file, capath=tls.ca_path)
    if not (tls.ca_file or tls.ca_path or _system_has_certificates()):
        context.load_verify_locations(certifi.where())
    if tls.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.cert_file:
        # A locked key is refused; without this the library would ask for a password on the terminal.
        context.load_cert_chain(tls.cert_file, tls.key_file, password="")
    return context


def _system_has_certificates() -> bool:
    """Tell whether the machine trusts anybody; the folder is often there, and empty."""
    paths = ssl.get_default_verify_paths()
    return bool(paths.cafile or (paths.capath and os.listdir(paths.capath)))

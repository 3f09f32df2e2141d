"""The one place that knows the HTTP library: bounded requests whose failures are our errors."""

import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from json import loads
from typing import Any

import certifi
import httpx

from exporter import __version__
from exporter.config import Tls
from exporter.errors import (
    ConnectFailed,
    Malformed,
    NameResolution,
    PollError,
    TimedOut,
    TlsFailed,
    TooLarge,
)

# From the most specific to the least; the first that fits decides.
_TRANSLATION: tuple[tuple[type[Exception], type[PollError], str], ...] = (
    (httpx.TimeoutException, TimedOut, "no complete answer in time"),
    (httpx.DecodingError, Malformed, "the body can't be decompressed"),
    (httpx.TooManyRedirects, ConnectFailed, "redirected too often"),
    (httpx.UnsupportedProtocol, ConnectFailed, "the address is not one of HTTP"),
    (httpx.RequestError, ConnectFailed, "the connection failed or broke off"),
    (httpx.InvalidURL, ConnectFailed, "the address can't be used"),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status, headers, and the whole body within the bound."""

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
    """Connections to servers that are trusted alike; keeps no cookies and follows no redirect."""

    def __init__(
        self, tls: Tls, *, uds: str | None = None, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._extensions = {"sni_hostname": tls.server_name} if tls.server_name else {}
        self._client = httpx.AsyncClient(
            headers={"User-Agent": f"status-exporter/{__version__}"},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            follow_redirects=False,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=20),
            timeout=None,  # noqa: S113 -- who polls bounds the whole poll; a timeout per read would not
            transport=transport or (httpx.AsyncHTTPTransport(uds=uds) if uds else None),
            verify=ssl_context(tls),
        )

    async def get(self, url: str, headers: Mapping[str, str], *, max_body: int) -> Answer:
        """Ask for `url`; raise PollError when no whole answer of at most `max_body` bytes comes."""
        return await self.request("GET", url, headers, max_body=max_body)

    async def request(self, method: str, url: str, headers: Mapping[str, str], *, max_body: int) -> Answer:
        """Do the same with any method; the request has no body."""
        with translated():
            async with self._client.stream(
                method, url, headers=headers, extensions=self._extensions
            ) as response:
                body = await _read(response, max_body)
                return Answer(response.status_code, response.headers, body)

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()


async def _read(response: httpx.Response, max_body: int) -> bytes:
    chunks, size = [], 0
    async for chunk in response.aiter_bytes():
        size += len(chunk)
        if size > max_body:
            raise TooLarge(f"the body is larger than {max_body} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


@contextmanager
def translated() -> Iterator[None]:
    """Turn what the HTTP library raises into our errors, without its text, which may quote the request."""
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _translate(error) from None


def _translate(error: Exception) -> PollError:
    for cause in _causes(error):
        if isinstance(cause, socket.gaierror):
            return NameResolution("the host name has no address")
        if isinstance(cause, ssl.SSLCertVerificationError):
            return TlsFailed(f"the server's certificate is not trusted: {cause.verify_message}")
        if isinstance(cause, ssl.SSLError):
            return TlsFailed("the TLS handshake failed")
    for theirs, ours, message in _TRANSLATION:
        if isinstance(error, theirs):
            return ours(message)
    return ConnectFailed("the request failed")


def _causes(error: BaseException) -> Iterator[BaseException]:
    following: BaseException | None = error
    while following is not None:
        yield following
        following = following.__cause__ or following.__context__


def ssl_context(tls: Tls) -> ssl.SSLContext:
    """Build the context; OSError or ssl.SSLError when a file can't be used."""
    context = ssl.create_default_context(cafile=tls.ca_file, capath=tls.ca_path)
    system = ssl.get_default_verify_paths()
    if not (tls.ca_file or tls.ca_path or system.cafile or system.capath):
        context.load_verify_locations(certifi.where())  # A machine without certificates of its own.
    if tls.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.cert_file:
        context.load_cert_chain(tls.cert_file, tls.key_file)
    return context

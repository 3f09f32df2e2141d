"""The one place that knows the HTTP library: bounded requests whose failures are our errors."""

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import certifi
import httpx
from pydantic import SecretStr

from exporter import __version__
from exporter.bodies import Body
from exporter.certificates import first_expiry
from exporter.config import Tls
from exporter.errors import (
    ConnectFailed,
    Malformed,
    NameResolution,
    PollError,
    TimedOut,
    TlsFailed,
)
from exporter.jsontext import parsed
from exporter.routes import Routes

# From the most specific to the least; the first that fits decides.
_TRANSLATION: tuple[tuple[type[Exception], type[PollError], str], ...] = (
    (httpx.TimeoutException, TimedOut, "no complete answer in time"),
    (httpx.DecodingError, Malformed, "the body can't be decompressed"),
    (httpx.ProtocolError, ConnectFailed, "the connection broke off, or HTTP is not supported there"),
    (httpx.ProxyError, ConnectFailed, "the proxy gave no connection"),
    (httpx.UnsupportedProtocol, ConnectFailed, "the address is not one of HTTP"),
    (httpx.InvalidURL, ConnectFailed, "the address can't be used"),
    (UnicodeError, NameResolution, "the host name is not one"),
    (Exception, ConnectFailed, "the connection failed or broke off"),
)
# What the system says of a connection, in words that lead to the cause.
_REFUSALS = {
    errno.ECONNREFUSED: "the connection was refused: nothing listens there, or a firewall rejects it",
    errno.ECONNRESET: "the connection was reset by the other side",
    errno.EHOSTUNREACH: "the host can't be reached",
    errno.ENETUNREACH: "the network can't be reached",
    errno.EMFILE: "this process has no file descriptors left",
    errno.ENFILE: "this machine has no file descriptors left",
}
# What TLS says of a handshake, in such words; the first that is in OpenSSL's reason decides.
_HANDSHAKES = (
    ("CERTIFICATE_REQUIRED", "the server wants a client certificate: set tls.cert_file"),
    ("ALERT_BAD_CERTIFICATE", "the server wants a client certificate, or another one: see tls.cert_file"),
    (
        "ALERT_HANDSHAKE_FAILURE",
        "the server may want a client certificate (tls.cert_file), or another version of TLS",
    ),
    ("ALERT_UNKNOWN_CA", "the server doesn't know who signed our client certificate"),
    ("CERTIFICATE_EXPIRED", "our client certificate has expired"),
    (
        "UNEXPECTED_EOF",
        "the server broke off, which may mean that it wants a client certificate (tls.cert_file)",
    ),
    ("WRONG_VERSION_NUMBER", "the port does not use TLS: the address may need http://, or another port"),
    ("RECORD_LAYER_FAILURE", "the port does not use TLS: the address may need http://, or another port"),
)
# A connection kept from an earlier poll may be closed by the server in the moment it is used again.
_BROKEN = (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)
_REPEATABLE = ("GET", "HEAD", "OPTIONS")
# How much of an error's body is worth reading, in bytes, and how long it may take, in seconds.
_HINT_SIZE = 65_536
_HINT_PATIENCE = 2.0
# The same of a body that isn't wanted.
_SKIP_SIZE = 8_192
_SKIP_PATIENCE = 0.5
# Where a response keeps how many bytes of its body came.
_RECEIVED = "received"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status, headers, and the whole body; of an error as much of the body as came at once.

    `tls_expires_at` is the Unix time at which the first certificate that the server showed ends, if it showed one;
    `received` is the size of the body as it came, packed or not, in bytes.
    """

    status: int
    headers: httpx.Headers
    body: bytes | bytearray
    tls_expires_at: float | None = None
    received: int = 0

    def json(self) -> Any:
        """Return the parsed body; PollError when it is no JSON, or too much of it. It never stands in the message."""
        return parsed(self.body)


class HttpClient:
    """Connections to servers that are trusted alike; keeps no cookies and follows no redirect.

    `proxy` leads to all of them, "none" means none; by default the environment says which leads where.
    """

    def __init__(
        self,
        tls: Tls,
        *,
        uds: str | None = None,
        proxy: SecretStr | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._routes = None if transport else Routes(ssl_context(tls), uds, proxy)
        self._extensions = {"sni_hostname": tls.server_name} if tls.server_name else {}
        self._client = httpx.AsyncClient(
            headers={"User-Agent": f"status-exporter/{__version__}", "Accept-Encoding": "gzip"},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            event_hooks={"response": [_stay]},
            follow_redirects=False,
            timeout=None,  # noqa: S113 -- who polls bounds the whole poll; a timeout per read would not
            transport=transport or self._routes,
            trust_env=False,
        )

    async def get(self, url: str, headers: Mapping[str, str], *, max_body: int, once: bool = False) -> Answer:
        """Ask for `url`; raise PollError when no whole answer of at most `max_body` bytes comes.

        With `once` it is not asked again when the connection breaks before an answer.
        """
        return await self.request("GET", url, headers, max_body=max_body, once=once)

    async def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        *,
        max_body: int,
        form: Mapping[str, str] | None = None,
        once: bool = False,
    ) -> Answer:
        """Do the same with any method; the request's body is the form, if there is one.

        With a `max_body` of 0 the body isn't wanted: it may be endless, or packed in whatever way.
        """
        with translated():
            request = self._client.build_request(
                method, url, headers=headers, data=form, extensions=self._extensions
            )
            with self._routes.using(request) if self._routes else nullcontext():
                return await self._answer(request, once or method not in _REPEATABLE, max_body)

    def noting(self) -> "NotingClient":
        """Return the same client, which notes what the latest answer showed."""
        return NotingClient(self)

    async def _answer(self, request: httpx.Request, once: bool, max_body: int) -> Answer:
        response = await self._send(request, once)
        try:
            expires_at = first_expiry(response.extensions.get("network_stream"))
            body = await _body(response, max_body)
        finally:
            await response.aclose()
        received = int(response.extensions.get(_RECEIVED, 0))
        return Answer(response.status_code, response.headers, body, expires_at, received)

    async def _send(self, request: httpx.Request, once: bool) -> httpx.Response:
        """Send; once more when the connection broke before an answer began, unless it may be sent `once` only."""
        try:
            return await self._client.send(request, stream=True)
        except _BROKEN:
            if once:
                raise
        return await self._client.send(request, stream=True)

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()


class NotingClient(HttpClient):
    """A client for one check: `tls_expires_at` is that of its latest answer."""

    def __init__(self, client: HttpClient) -> None:
        self.tls_expires_at: float | None = None
        self._client, self._extensions, self._routes = client._client, client._extensions, client._routes

    async def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        *,
        max_body: int,
        form: Mapping[str, str] | None = None,
        once: bool = False,
    ) -> Answer:
        """Ask, and note."""
        answer = await super().request(method, url, headers, max_body=max_body, form=form, once=once)
        self.tls_expires_at = answer.tls_expires_at
        return answer


async def _stay(response: httpx.Response) -> None:
    """Forget where a redirect leads: the library would otherwise prepare the request that is never sent."""
    response.headers.pop("Location", None)


async def _body(response: httpx.Response, max_body: int) -> bytes | bytearray:
    if not response.is_success:
        return await _hint(response)
    if not max_body:
        await _skip(response)
        return b""
    return await _read(response, max_body)


async def _skip(response: httpx.Response) -> None:
    """Let a short body pass, so that the connection can be used again; a long one ends with its connection."""
    skipped = 0
    with suppress(TimeoutError, httpx.HTTPError):
        async with asyncio.timeout(_SKIP_PATIENCE):
            async for chunk in _raw(response):
                skipped += len(chunk)
                if skipped > _SKIP_SIZE:
                    return


async def _read(response: httpx.Response, max_body: int) -> bytearray:
    body = Body(response.headers.get("Content-Encoding", ""), max_body)
    if response.request.method != "HEAD":
        body.expect(response.headers.get("Content-Length", ""))
    try:
        await body.fill(_raw(response))
    except BaseException:
        body.content.clear()  # Whoever keeps the error keeps this frame.
        raise
    response.extensions[_RECEIVED] = body.received
    return body.content


async def _hint(response: httpx.Response) -> bytes:
    """Read what comes at once of an error's body; the status tells enough without it."""
    body = Body(response.headers.get("Content-Encoding", ""), _HINT_SIZE)
    with suppress(TimeoutError, PollError, httpx.HTTPError):
        async with asyncio.timeout(_HINT_PATIENCE):
            await body.fill(_raw(response))
    response.extensions[_RECEIVED] = body.received
    return bytes(body.content[:_HINT_SIZE])


def _raw(response: httpx.Response) -> httpx.AsyncByteStream:
    assert isinstance(response.stream, httpx.AsyncByteStream)
    return response.stream


@contextmanager
def translated() -> Iterator[None]:
    """Turn what the HTTP library raises into our errors, without its text, which may quote the request."""
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
        raise _translate(error) from None


def _translate(error: Exception) -> PollError:
    for cause in _causes(error):
        if isinstance(cause, OSError) and (said := _REFUSALS.get(cause.errno or 0)):
            return ConnectFailed(said)
        if isinstance(cause, socket.gaierror):
            return NameResolution("the host name has no address")
        if isinstance(cause, ssl.SSLCertVerificationError):
            return TlsFailed(f"the server's certificate is not trusted: {cause.verify_message}")
        if isinstance(cause, ssl.SSLError):
            return TlsFailed(": ".join(("the TLS handshake failed", *_likely(cause))))
    return next(ours(message) for theirs, ours, message in _TRANSLATION if isinstance(error, theirs))


def _likely(error: ssl.SSLError) -> Iterator[str]:
    """Yield the likely cause, if there is one."""
    reason = error.reason or ""  # None where OpenSSL gave none, whatever the library's types say.
    yield from [said for sign, said in _HANDSHAKES if sign in reason][:1]


def _causes(error: BaseException) -> Iterator[BaseException]:
    following: BaseException | None = error
    while following is not None:
        yield following
        if isinstance(following, BaseExceptionGroup):
            following = following.exceptions[0]  # Of several addresses: they mostly fail alike.
        else:
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

"""Upstreams that answer anything but what they should: a new fault is one more line in a table."""

import ssl
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import trustme

from tests.siege.upstream import OK, Talk, body, bomb, chunks, endless, large, packed, raw, status

MIB = 2**20


@dataclass(frozen=True)
class Upstream:
    """What is answered, and the reason that a Consul cluster and a connection that looks at the body give for it."""

    name: str
    talk: Talk
    cluster: str
    connection: str = ""

    @property
    def expected_of_connection(self) -> str:
        return self.connection or self.cluster


JSON = b'{"a": 1}'
UPSTREAMS = (
    Upstream("closes", raw(), "connect"),
    Upstream("resets", raw(then="reset"), "connect"),
    Upstream("hangs", raw(then="hang"), "timeout"),
    Upstream("half a head", raw(OK), "connect"),
    Upstream("half a head, hangs", raw(OK + b"Content-", then="hang"), "timeout"),
    Upstream("half a body", raw(OK, b"Content-Length: 99\r\n\r\n[", then="close"), "connect"),
    Upstream("half a body, hangs", raw(OK, b"Content-Length: 99\r\n\r\n[", then="hang"), "timeout"),
    Upstream("half a body, resets", raw(OK, b"Content-Length: 99\r\n\r\n[", then="reset"), "connect"),
    Upstream("half a chunk", raw(OK, b"Transfer-Encoding: chunked\r\n\r\n9\r\n["), "connect"),
    Upstream(
        "odd chunk size", raw(OK, b"Transfer-Encoding: chunked\r\n\r\n-1\r\n[]\r\n0\r\n\r\n"), "connect"
    ),
    Upstream("another protocol", raw(b"SSH-2.0-OpenSSH_9.2\r\n"), "connect"),
    Upstream("random bytes", raw(bytes(range(256)) * 20), "connect"),
    Upstream("no such version", raw(b"HTTP/9.9 200 OK\r\n\r\n[]"), "malformed", "unexpected_body"),
    Upstream("no such status", raw(b"HTTP/1.1 9999 OK\r\n\r\n[]"), "connect"),
    Upstream("endless head", raw(OK, b"X-A: " + b"a" * 4 * MIB), "connect"),
    Upstream("many headers", raw(OK, b"X-A: a\r\n" * 500_000, b"\r\n"), "connect"),
    Upstream("header with a zero", raw(OK, b"X-A: a\0b\r\n\r\n[]"), "connect"),
    Upstream("two lengths", raw(OK, b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n[]"), "connect"),
    Upstream("negative length", raw(OK, b"Content-Length: -1\r\n\r\n[]"), "connect"),
    Upstream("absurd length", raw(OK, b"Content-Length: 99999999999999999999\r\n\r\n[]"), "too_large"),
    Upstream("large, announced", large(200 * MIB), "too_large"),
    Upstream("large", large(200 * MIB, announced=False), "too_large"),
    Upstream("endless", endless(b" " * 65_536), "too_large"),
    Upstream("endless chunks", chunks(b" " * 65_536), "too_large"),
    Upstream("endless drops", endless(b" ", pause=0.2), "timeout"),
    Upstream("gzip bomb", bomb(1000 * MIB), "too_large"),
    Upstream("gzip, cut", packed(JSON, cut=4), "malformed"),
    Upstream("gzip, not", body(JSON, OK + b"Content-Encoding: gzip\r\n"), "malformed"),
    Upstream("brotli", packed(JSON, "br"), "malformed"),
    Upstream("gzip twice", packed(JSON, "gzip, gzip"), "malformed"),
    Upstream("empty", body(b""), "malformed"),
    Upstream("HTML", body(b"<html>sesame-body</html>"), "malformed"),
    Upstream("not UTF-8", body(b'["\xff\xfe"]'), "malformed"),
    Upstream("deep", body(b"[" * 100_000), "malformed"),
    Upstream("deep mappings", body(b'{"a":' * 100_000), "malformed"),
    Upstream("many lists", body(b"[" + b"[]," * (3 * MIB) + b"[]"), "too_large", "too_large"),
    Upstream("many numbers", body(b"[" + b"1," * (3 * MIB)), "malformed", "too_large"),
    Upstream("many strings", body(b"[" + b'"",' * (3 * MIB)), "too_large"),
    Upstream("open string", body(b'["' + b'\\"' * (MIB)), "malformed"),
    Upstream("half a character", body(b'["\\ud800"'), "malformed"),
    Upstream("huge number", body(b"[" + b"9" * 100_000), "malformed"),
    Upstream("301", status(301, Location="http://evil.example/sesame-body"), "redirect"),
    Upstream("307 to itself", status(307, Location="/"), "redirect"),
    Upstream("302 to nowhere", status(302, Location="http://[\x00"), "connect"),
    Upstream("401", status(401, b"sesame-body"), "unexpected_status", "unauthorized"),
    Upstream("402", status(402), "unexpected_status", "payment_required"),
    Upstream("404", status(404, b"sesame-body"), "unexpected_status"),
    Upstream("429", status(429), "rate_limited"),
    Upstream("429 for years", status(429, Retry_After="999999999999"), "rate_limited", "rate_limited"),
    Upstream(
        "429, odd date",
        status(429, Retry_After="Fri, 99 Foo 99999 99:99:99 GMT"),
        "rate_limited",
    ),
    Upstream("500", status(500, b"sesame-body"), "server_error"),
    Upstream("500, endless", endless(b"x" * 65_536, b"HTTP/1.1 500 Oh\r\n"), "server_error"),
    Upstream("503", status(503), "server_error"),
    Upstream("599", status(599), "server_error"),
    Upstream(
        "100 for ever",
        endless(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n", pause=0.1),
        "timeout",
    ),
    Upstream("204", raw(b"HTTP/1.1 204 No Content\r\n\r\n"), "unexpected_status"),
)
# The slow, large and many: in the short form one of each is enough.
SHORT = {
    "closes", "resets", "hangs", "half a head", "half a body, hangs", "half a chunk", "another protocol", "endless head",
    "absurd length", "large", "endless chunks", "endless drops", "gzip bomb", "gzip, cut", "HTML", "deep", "many lists",
    "open string", "301", "401", "404", "429 for years", "500, endless", "204",
}  # fmt: skip


@dataclass(frozen=True)
class TlsUpstream:
    """A server whose TLS is at fault, the reason for it, and whether it is shown a client's certificate."""

    name: str
    context: ssl.SSLContext | None
    reason: str
    client_certificate: bool = False


def tls_upstreams(ca: trustme.CA) -> tuple[TlsUpstream, ...]:
    """Servers as such as trust `ca` meet them."""
    past = datetime.now(UTC) - timedelta(days=1)
    return (
        TlsUpstream("right", _context(ca.issue_cert("127.0.0.1")), ""),
        TlsUpstream(
            "expired",
            _context(ca.issue_cert("127.0.0.1", not_before=past - timedelta(2), not_after=past)),
            "tls",
        ),
        TlsUpstream(
            "of tomorrow", _context(ca.issue_cert("127.0.0.1", not_before=past + timedelta(2))), "tls"
        ),
        TlsUpstream("self-signed", _context(trustme.CA().issue_cert("127.0.0.1")), "tls"),
        TlsUpstream("another name", _context(ca.issue_cert("other.example")), "tls"),
        TlsUpstream("another address", _context(ca.issue_cert("127.0.0.9")), "tls"),
        TlsUpstream("wants a certificate", _demanding(ca), "tls"),
        TlsUpstream("wants a certificate and gets one", _demanding(ca), "", client_certificate=True),
        TlsUpstream("TLS 1.1", _old(ca), "tls"),
        TlsUpstream("no TLS", None, "timeout"),  # it waits for the end of a request that never comes
    )


def _context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def _demanding(ca: trustme.CA) -> ssl.SSLContext:
    context = _context(ca.issue_cert("127.0.0.1"))
    ca.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = (
        ssl.TLSVersion.TLSv1_2
    )  # With 1.3 the client learns of it only as a broken connection.
    return context


def _old(ca: trustme.CA) -> ssl.SSLContext:
    context = _context(ca.issue_cert("127.0.0.1"))
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore"):  # that it is old is what is wanted
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context

"""TLS: who is not trusted is not talked to, and the reason says so."""

import asyncio
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from exporter.config import Tls
from exporter.errors import PollError, TlsFailed
from tests.connections.raw import Dialogue, ask, client, sends, serving

OK = sends(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
AUTHORITY = trustme.CA()
LONG_AGO = datetime.now(UTC) - timedelta(days=2)


def _served(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    return context


@pytest.fixture
def ca_file(tmp_path: Path) -> Path:
    """The authority that signed the test's certificates, as a file."""
    AUTHORITY.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return tmp_path / "ca.pem"


def _get(server: ssl.SSLContext, tls: Tls) -> bytes:
    async def run() -> bytes:
        async with serving(OK, server) as port, client(tls) as http:
            return bytes((await http.get(f"https://127.0.0.1:{port}/", {}, max_body=9)).body)

    return asyncio.run(run())


def test_a_trusted_server_is_talked_to(ca_file: Path) -> None:
    """A certificate of an authority from ca_file, for the address asked for, is accepted."""
    assert _get(_served(AUTHORITY.issue_cert("127.0.0.1")), Tls(ca_file=ca_file)) == b"ok"


def test_the_end_of_the_certificate_is_known(ca_file: Path) -> None:
    """The earliest end among the certificates shown comes with each answer, also where they are not trusted."""
    end = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)

    async def run(tls: Tls) -> list[float | None]:
        server = _served(AUTHORITY.issue_cert("127.0.0.1", not_after=end))
        async with serving(_twice, server) as port, client(tls) as http:
            noting = http.noting()
            url = f"https://127.0.0.1:{port}/"
            answers = [await noting.get(url, {}, max_body=9) for _ in range(2)]
            return [*(answer.tls_expires_at for answer in answers), noting.tls_expires_at]

    expected = [end.timestamp()] * 3
    assert asyncio.run(run(Tls(ca_file=ca_file))) == expected
    assert asyncio.run(run(Tls(insecure_skip_verify=True))) == expected


async def _twice(dialogue: Dialogue) -> None:
    for _ in range(2):
        await dialogue.request()
        await dialogue.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


def test_without_tls_no_certificate_ends() -> None:
    """Over plain HTTP there is nothing to end."""
    assert ask(OK).tls_expires_at is None


def test_server_name_is_the_name_in_the_certificate(ca_file: Path) -> None:
    """With server_name the certificate may be for another name than that of the address."""
    server = _served(AUTHORITY.issue_cert("api.example"))
    assert _get(server, Tls(ca_file=ca_file, server_name="api.example")) == b"ok"


def test_checking_can_be_switched_off() -> None:
    """insecure_skip_verify trusts any certificate."""
    assert _get(_served(trustme.CA().issue_cert("other.example")), Tls(insecure_skip_verify=True)) == b"ok"


REFUSED = {
    "untrusted": (lambda: trustme.CA().issue_cert("127.0.0.1"), "issuer"),
    "another name": (lambda: AUTHORITY.issue_cert("other.example"), "mismatch"),
    "expired": (lambda: AUTHORITY.issue_cert("127.0.0.1", not_after=LONG_AGO), "expired"),
}


@pytest.mark.parametrize(("certificate", "why"), REFUSED.values(), ids=REFUSED)
def test_an_untrusted_certificate_is_told_apart(
    certificate: Callable[[], trustme.LeafCert], why: str, ca_file: Path
) -> None:
    """An unknown authority, another name and an expired certificate are each the reason tls."""
    with pytest.raises(TlsFailed, match=why):
        _get(_served(certificate()), Tls(ca_file=ca_file))


def test_a_server_without_tls_is_told_apart(ca_file: Path) -> None:
    """Plain HTTP where TLS is expected is the reason tls too."""

    async def run() -> None:
        async with serving(_at_once) as port, client(Tls(ca_file=ca_file)) as http:
            await http.get(f"https://127.0.0.1:{port}/", {}, max_body=9)

    with pytest.raises(TlsFailed, match="the port does not use TLS: the address may need http://"):
        asyncio.run(run())


async def _at_once(dialogue: Dialogue) -> None:
    await dialogue.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_a_client_certificate_is_shown(ca_file: Path, tmp_path: Path) -> None:
    """A server that demands a certificate gets ours, and turns away who has none."""
    server = _served(AUTHORITY.issue_cert("127.0.0.1"))
    server.verify_mode = ssl.CERT_REQUIRED
    AUTHORITY.configure_trust(server)
    AUTHORITY.issue_cert("client.example").private_key_and_cert_chain_pem.write_to_path(
        str(tmp_path / "me.pem")
    )
    assert _get(server, Tls(ca_file=ca_file, cert_file=tmp_path / "me.pem")) == b"ok"
    with pytest.raises(PollError) as caught:
        _get(server, Tls(ca_file=ca_file))
    assert caught.value.reason in ("tls", "connect")  # the server decides whether it says why

"""The settings of our own TLS, each seen in handshakes with it."""

import ssl
from contextlib import suppress
from pathlib import Path
from textwrap import indent

import pytest
import trustme

from exporter.web.webconfig import load_web_config

CA = trustme.CA()
SERVER = CA.issue_cert("localhost")


def pem(name: str, *blobs: trustme.Blob) -> str:
    """A setting whose value is written in the file itself."""
    text = "".join(blob.bytes().decode() for blob in blobs)
    return f"  {name}: |\n{indent(text, '    ')}"


INLINE = "tls_server_config:\n" + pem("cert", *SERVER.cert_chain_pems) + pem("key", SERVER.private_key_pem)
CLIENTS = INLINE + pem("client_ca", CA.cert_pem) + "  client_auth_type: RequireAndVerifyClientCert\n"


def server(folder: Path, text: str) -> ssl.SSLContext:
    """The context that a file of this text gives."""
    (folder / "web.yml").write_text(text)
    context = load_web_config(folder / "web.yml").context
    assert context
    return context


def client(*names: str, tls12: bool = False) -> ssl.SSLContext:
    """A client that trusts the authority, with a certificate for these names if there are any."""
    context = ssl.create_default_context()
    CA.configure_trust(context)
    if names:
        CA.issue_cert(*names).configure_cert(context)
    if tls12:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


def greeted(ours: ssl.SSLContext, theirs: ssl.SSLContext) -> ssl.SSLObject:
    """The client's side after both shook hands; SSLError when one won't."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        theirs.wrap_bio(down, up, server_hostname="localhost"),
        ours.wrap_bio(up, down, server_side=True),
    ]
    for _ in range(4):
        for side in sides:
            with suppress(ssl.SSLWantReadError):
                side.do_handshake()
    assert sides[0].version()
    return sides[0]


def test_certificate_and_key_may_stand_in_the_file_itself(tmp_path: Path) -> None:
    """They are used as those of files are, and no copy of them is left."""
    side = greeted(server(tmp_path, INLINE), client())

    assert side.getpeercert(binary_form=True) == ssl.PEM_cert_to_DER_cert(
        SERVER.cert_chain_pems[0].bytes().decode()
    )
    assert [path.name for path in tmp_path.iterdir()] == ["web.yml"]


def test_the_key_is_shown_nowhere(tmp_path: Path) -> None:
    """Neither settings nor an error hold it."""
    (tmp_path / "web.yml").write_text(INLINE)

    assert "PRIVATE" not in repr(load_web_config(tmp_path / "web.yml"))


@pytest.mark.parametrize(
    ("allowed", "names", "admitted"),
    [
        pytest.param("prometheus.example", ["a.example", "prometheus.example"], True, id="one of its names"),
        pytest.param("10.0.0.1, other", ["10.0.0.1"], True, id="an address"),
        pytest.param('"fd00::1"', ["fd00:0:0::1"], True, id="an address, written otherwise"),
        pytest.param("a@b.example", ["a@b.example"], True, id="an e-mail address"),
        pytest.param("prometheus.example", ["evil.example"], False, id="another name"),
        pytest.param("prometheus.example", ["x.prometheus.example"], False, id="a name below"),
        pytest.param('"*.example"', ["prometheus.example"], False, id="no pattern"),
        pytest.param("prometheus.example", [], False, id="no certificate"),
    ],
)
@pytest.mark.parametrize("tls12", [False, True], ids=["TLS 1.3", "TLS 1.2"])
def test_clients_are_admitted_by_the_names_of_their_certificates(
    tmp_path: Path, allowed: str, names: list[str], admitted: bool, tls12: bool
) -> None:
    """Exactly one of the names must be in the certificate, and the certificate be of the authority."""
    ours = server(tmp_path, CLIENTS + f"  client_allowed_sans: [{allowed}]\n")

    if admitted:
        assert greeted(ours, client(*names, tls12=tls12))
    else:
        with pytest.raises(ssl.SSLError):
            greeted(ours, client(*names, tls12=tls12))


def test_without_a_list_any_name_is_admitted(tmp_path: Path) -> None:
    """A certificate of the authority is enough."""
    assert greeted(server(tmp_path, CLIENTS), client("whoever.example"))


def test_only_the_named_cipher_suites_are_used(tmp_path: Path) -> None:
    """Those of TLS 1.2 are the ones named, in Go's words; a client that knows others only is refused."""
    suites = "[TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]"
    ours = server(tmp_path, INLINE + f"  cipher_suites: {suites}\n")
    told = greeted(ours, client(tls12=True)).cipher()
    other = client(tls12=True)
    other.set_ciphers("ECDHE+AES128")

    assert told
    assert told[0].endswith("AES256-GCM-SHA384")
    with pytest.raises(ssl.SSLError):
        greeted(ours, other)


@pytest.mark.parametrize(("preferred", "bits"), [("true", 256), ("false", 128)])
def test_whose_order_of_cipher_suites_counts(tmp_path: Path, preferred: str, bits: int) -> None:
    """Ours, or the client's."""
    sizes = ("256_GCM_SHA384", "128_GCM_SHA256")
    names = [f"TLS_ECDHE_{key}_WITH_AES_{size}" for size in sizes for key in ("ECDSA", "RSA")]
    suites = f"[{', '.join(names)}]"
    ours = server(
        tmp_path, INLINE + f"  cipher_suites: {suites}\n  prefer_server_cipher_suites: {preferred}\n"
    )
    theirs = client(tls12=True)
    theirs.set_ciphers("ECDHE+AESGCM+AES128:ECDHE+AESGCM+AES256")

    told = greeted(ours, theirs).cipher()

    assert told
    assert told[2] == bits


def test_only_the_named_curve_is_used(tmp_path: Path) -> None:
    """A client that knows another curve only is refused."""
    ours = server(tmp_path, INLINE + "  curve_preferences: [CurveP521]\n")
    other, same = client(), client()
    other.set_ecdh_curve("prime256v1")
    same.set_ecdh_curve("secp521r1")

    assert greeted(ours, same)
    with pytest.raises(ssl.SSLError):
        greeted(ours, other)

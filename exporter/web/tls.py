"""The section tls_server_config: certificates, keys, versions and clients' certificates of our own server."""

import ipaddress
import os
import ssl
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from exporter.config import FilePath, Strict, why_unreadable
from exporter.errors import ConfigError, Problem

FILES = ("cert_file", "key_file", "client_ca_file")
_VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
_CLIENT_AUTH = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
_UNVERIFIED = ("RequestClientCert", "RequireAnyClientCert", "RequireClientCert")
# Go's names of what is always on with TLS 1.3; neither Go nor OpenSSL lets it be chosen this way.
_ALWAYS_ON = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
# Go's names of what it calls secure of TLS 1.2, and OpenSSL's.
_CIPHERS = {
    f"TLS_ECDHE_{key}_WITH_{go}": f"ECDHE-{key}-{openssl}"
    for key in ("ECDSA", "RSA")
    for go, openssl in (
        ("AES_128_CBC_SHA", "AES128-SHA"),
        ("AES_256_CBC_SHA", "AES256-SHA"),
        ("AES_128_GCM_SHA256", "AES128-GCM-SHA256"),
        ("AES_256_GCM_SHA384", "AES256-GCM-SHA384"),
        ("CHACHA20_POLY1305_SHA256", "CHACHA20-POLY1305"),
    )
}
_CURVES = {"CurveP256": "prime256v1", "CurveP384": "secp384r1", "CurveP521": "secp521r1", "X25519": "X25519"}


def _verified(kind: str) -> str:
    if kind in _UNVERIFIED:
        raise ValueError(
            f"{kind} takes certificates that nobody vouches for; status-exporter verifies each that it asks for: "
            "write RequireAndVerifyClientCert, or VerifyClientCertIfGiven"
        )
    if kind not in _CLIENT_AUTH:
        raise ValueError(f"must be {', '.join(list(_CLIENT_AUTH)[:-1])} or {list(_CLIENT_AUTH)[-1]}")
    return kind


def _secure(cipher: str) -> str:
    if cipher not in (*_CIPHERS, *_ALWAYS_ON):
        raise ValueError("is not one of the secure cipher suites of Go's crypto/tls")
    return cipher


def _curve(names: list[str]) -> list[str]:
    if len(names) > 1:
        raise ValueError("may name one curve only: Python's TLS knows no order of several")
    if unknown := set(names) - _CURVES.keys():
        raise ValueError(f"{unknown.pop()!r} is none of {', '.join(_CURVES)}")
    return names


TlsVersion = Literal["TLS12", "TLS13"]
ClientAuth = Annotated[str, AfterValidator(_verified)]


class TlsServer(Strict):
    """The section; certificate, key and authority are in a file each, or written here as PEM."""

    cert_file: FilePath | None = None
    key_file: FilePath | None = None
    cert: str | None = None
    key: SecretStr | None = None
    client_auth_type: ClientAuth = "NoClientCert"
    client_ca_file: FilePath | None = None
    client_ca: str | None = None
    client_allowed_sans: list[str] = Field(default_factory=list)
    min_version: TlsVersion = "TLS12"
    max_version: TlsVersion = "TLS13"
    cipher_suites: list[Annotated[str, AfterValidator(_secure)]] = Field(default_factory=list)
    prefer_server_cipher_suites: bool = True
    curve_preferences: Annotated[list[str], AfterValidator(_curve)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for name in ("cert", "key", "client_ca"):
            here, there = getattr(self, name), getattr(self, f"{name}_file")
            if here is not None and there is not None:
                raise ValueError(f"{name} and {name}_file exclude each other")
            if here is None and there is None and name != "client_ca":
                raise ValueError(f"{name}_file, or {name}, is missing")
        return self

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        authority = self.client_ca_file or self.client_ca
        if (self.client_auth_type == "NoClientCert") != (authority is None):
            raise ValueError("client_ca_file and a client_auth_type that verifies belong together")
        if self.client_allowed_sans and self.client_auth_type != "RequireAndVerifyClientCert":
            raise ValueError("client_allowed_sans needs client_auth_type: RequireAndVerifyClientCert")
        if self.min_version > self.max_version:
            raise ValueError("min_version must not be above max_version")
        if self.cipher_suites and self.min_version == "TLS12" and not self.ciphers:
            raise ValueError("cipher_suites names none of TLS 1.2; add one, or set min_version: TLS13")
        return self

    @property
    def ciphers(self) -> list[str]:
        """OpenSSL's names of those for TLS 1.2."""
        return [_CIPHERS[name] for name in self.cipher_suites if name in _CIPHERS]

    @property
    def files(self) -> tuple[Path, ...]:
        """What is read besides the section itself."""
        return tuple(path for name in FILES if (path := getattr(self, name)))

    def anchored(self, folder: Path) -> Self:
        """Return the same with paths that begin at the folder; ConfigError when one can't be read."""
        paths = {name: folder / path for name in FILES if (path := getattr(self, name))}
        unreadable = [(name, path, why) for name, path in paths.items() if (why := why_unreadable(path))]
        if unreadable:
            raise ConfigError(
                Problem(f"tls_server_config.{name}", f"{path} can't be read: {why}")
                for name, path, why in unreadable
            )
        return self.model_copy(update=paths)

    def context(self) -> ssl.SSLContext:
        """Return what a connection is greeted with; ConfigError when the files hold something else."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = _VERSIONS[self.min_version]
        context.maximum_version = _VERSIONS[self.max_version]
        try:
            self._load(context)
        except (ssl.SSLError, OSError, ValueError):
            message = "a file holds no PEM certificate, or the key is locked or doesn't fit"
            raise ConfigError([Problem("tls_server_config", message)]) from None
        context.verify_mode = _CLIENT_AUTH[self.client_auth_type]
        if self.client_allowed_sans:
            context.sslobject_class = _only(self.client_allowed_sans)
        self._choose(context)
        return context

    def _load(self, context: ssl.SSLContext) -> None:
        key = self.key.get_secret_value() if self.key else None
        with _as_file(self.cert, self.cert_file) as cert_file, _as_file(key, self.key_file) as key_file:
            # An empty password: with none, OpenSSL would stop and ask the terminal for that of a locked key.
            context.load_cert_chain(cert_file, key_file, password="")
        if self.client_ca_file or self.client_ca:
            context.load_verify_locations(self.client_ca_file, cadata=self.client_ca)

    def _choose(self, context: ssl.SSLContext) -> None:
        if not self.prefer_server_cipher_suites:
            context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
        try:
            if self.ciphers:
                context.set_ciphers(":".join(self.ciphers))
            for name in self.curve_preferences:
                context.set_ecdh_curve(_CURVES[name])
        except (ssl.SSLError, ValueError):
            message = "OpenSSL of this machine lacks a cipher suite or curve that is named"
            raise ConfigError([Problem("tls_server_config", message)]) from None


@contextmanager
def _as_file(text: str | None, path: Path | None) -> Iterator[Path]:
    """Give the path, or that of a file with the text, as the TLS library reads files only; where possible it has no name."""
    if text is None:
        assert path, "one of the two is set"
        yield path
    elif hasattr(os, "memfd_create"):
        with os.fdopen(os.memfd_create("pem"), "wb") as memory:
            memory.write(text.encode())
            memory.flush()
            yield Path(f"/proc/self/fd/{memory.fileno()}")
    else:
        with tempfile.NamedTemporaryFile() as file:
            file.write(text.encode())
            file.flush()
            yield Path(file.name)


def _only(allowed: Iterable[str]) -> type[ssl.SSLObject]:
    """Return TLS whose handshake fails when the client's certificate has none of these names."""
    names = frozenset(map(_name, allowed))

    class Checked(ssl.SSLObject):
        def do_handshake(self) -> None:
            super().do_handshake()
            if names.isdisjoint(alternative_names(self.getpeercert())):
                raise ssl.SSLCertVerificationError("the client's certificate has none of the allowed names")

    return Checked


def alternative_names(certificate: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield the names, addresses and URIs that a verified certificate is for."""
    for _, name in (certificate or {}).get("subjectAltName", ()):
        yield _name(name)


def _name(text: str) -> str:
    """Write an address in one way, and leave all else alone."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return text

"""The file of --web.config.file: TLS, headers and users, in the format of Prometheus' exporter-toolkit."""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from exporter.config import FilePath, SecretFile, Strict, read_mapping, validated, why_unreadable
from exporter.errors import ConfigError, Problem

FLAG = "--web.config.file"
_VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
_CLIENT_AUTH = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
# Of bcrypt: one more doubles the time, and this one takes about a second.
_HIGHEST_COST = 14
_FILES = ("cert_file", "key_file", "client_ca_file")

TlsVersion = Literal["TLS12", "TLS13"]
HeaderName = Literal[
    "Content-Security-Policy",
    "X-Frame-Options",
    "X-Content-Type-Options",
    "X-XSS-Protection",
    "Strict-Transport-Security",
]


def _bcrypt_hash(secret: SecretStr) -> SecretStr:
    if not re.fullmatch(
        r"\$2[abxy]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}", secret.get_secret_value(), re.ASCII
    ):
        raise ValueError("must be a bcrypt hash, as htpasswd -nB prints it")
    if int(secret.get_secret_value()[4:6]) > _HIGHEST_COST:
        raise ValueError(f"has a cost above {_HIGHEST_COST}: each comparison would take seconds; 10 is usual")
    return secret


def _unsupported(raw: object) -> object:
    raise ValueError("exporter-toolkit knows this setting, status-exporter doesn't support it")


Unsupported = Annotated[Any, BeforeValidator(_unsupported)]
HeaderValue = Annotated[str, Field(pattern=r"^[ -~]*$")]


class TlsServer(Strict):
    """The section tls_server_config."""

    cert_file: FilePath
    key_file: FilePath
    client_auth_type: Literal["NoClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"] = (
        "NoClientCert"
    )
    client_ca_file: FilePath | None = None
    min_version: TlsVersion = "TLS12"
    max_version: TlsVersion = "TLS13"
    cert: Unsupported = None
    key: Unsupported = None
    client_ca: Unsupported = None
    client_allowed_sans: Unsupported = None
    cipher_suites: Unsupported = None
    prefer_server_cipher_suites: Unsupported = None
    curve_preferences: Unsupported = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.client_auth_type == "NoClientCert") != (self.client_ca_file is None):
            raise ValueError("client_ca_file and a client_auth_type that verifies belong together")
        if self.min_version > self.max_version:
            raise ValueError("min_version must not be above max_version")
        return self


class HttpServer(Strict):
    """The section http_server_config; HTTP/2, which the toolkit offers by default, is never spoken."""

    http2: bool = False
    headers: dict[HeaderName, HeaderValue] = Field(default_factory=dict)


class WebConfig(Strict):
    """The whole file."""

    tls_server_config: TlsServer | None = None
    http_server_config: HttpServer = HttpServer()
    basic_auth_users: dict[str, Annotated[SecretStr, AfterValidator(_bcrypt_hash)]] = Field(
        default_factory=dict
    )
    rate_limit: Unsupported = None


@dataclass(frozen=True, slots=True)
class WebSettings:
    """What the file says, its certificates loaded; `files` are what it was read from."""

    users: Mapping[str, SecretStr] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    context: ssl.SSLContext | None = None
    files: tuple[Path, ...] = ()

    def signature(self) -> object:
        """Return what changes when one of the files does."""
        return tuple(SecretFile(path).signature() for path in self.files)


def load_web_config(path: Path | None) -> WebSettings:
    """Read the file and what it names, paths being relative to it; ConfigError says what is wrong."""
    if path is None:
        return WebSettings()
    try:
        return _loaded(path)
    except ConfigError as error:
        raise ConfigError(Problem(FLAG, str(problem)) for problem in error.problems) from None


def _loaded(path: Path) -> WebSettings:
    web = validated(WebConfig, read_mapping(path))
    headers = {str(name): value for name, value in web.http_server_config.headers.items() if value}
    if web.tls_server_config is None:
        return WebSettings(web.basic_auth_users, headers, None, (path,))
    tls = _anchored(web.tls_server_config, path.parent)
    named = tuple(found for name in _FILES if (found := getattr(tls, name)))
    return WebSettings(web.basic_auth_users, headers, _server_context(tls), (path, *named))


def _anchored(tls: TlsServer, folder: Path) -> TlsServer:
    paths = {name: folder / path for name in _FILES if (path := getattr(tls, name))}
    unreadable = [(name, path, why) for name, path in paths.items() if (why := why_unreadable(path))]
    if unreadable:
        raise ConfigError(
            Problem(f"tls_server_config.{name}", f"{path} can't be read: {why}")
            for name, path, why in unreadable
        )
    return tls.model_copy(update=paths)


def _server_context(tls: TlsServer) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[tls.min_version]
    context.maximum_version = _VERSIONS[tls.max_version]
    try:
        # An empty password: with none, OpenSSL would stop and ask the terminal for that of a locked key.
        context.load_cert_chain(tls.cert_file, tls.key_file, password="")
        if tls.client_ca_file:
            context.load_verify_locations(tls.client_ca_file)
    except (ssl.SSLError, OSError):
        message = "a file holds no PEM certificate, or the key is locked or doesn't fit"
        raise ConfigError([Problem("tls_server_config", message)]) from None
    context.verify_mode = _CLIENT_AUTH[tls.client_auth_type]
    return context

"""The file of --web.config.file: TLS, headers and users, in the format of Prometheus' exporter-toolkit."""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from exporter.config import SecretFile, Strict, read_mapping, validated
from exporter.errors import ConfigError, Problem
from exporter.logs import Log
from exporter.web.ratelimit import RateLimit
from exporter.web.tls import TlsServer

FLAG = "--web.config.file"
# Of bcrypt: one more doubles the time, and this one takes about a second.
_HIGHEST_COST = 14
_UNLIMITED = RateLimit()

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


HeaderValue = Annotated[str, Field(pattern=r"^[ -~]*$")]


class HttpServer(Strict):
    """The section http_server_config; HTTP/2, which the toolkit offers by default, is not supported."""

    http2: bool = False
    headers: dict[HeaderName, HeaderValue] = Field(default_factory=dict)


class WebConfig(Strict):
    """The whole file."""

    tls_server_config: TlsServer | None = None
    http_server_config: HttpServer = HttpServer()
    basic_auth_users: dict[str, Annotated[SecretStr, AfterValidator(_bcrypt_hash)]] = Field(
        default_factory=dict
    )
    rate_limit: RateLimit = _UNLIMITED


@dataclass(frozen=True, slots=True)
class WebSettings:
    """What the file says, its certificates loaded; `files` are what it was read from."""

    users: Mapping[str, SecretStr] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    limit: RateLimit = _UNLIMITED
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
    if web.http_server_config.http2:
        Log("web").warning("HTTP/2 is not supported, HTTP/1.1 is used", setting="http_server_config.http2")
    headers = {str(name): value for name, value in web.http_server_config.headers.items() if value}
    tls = web.tls_server_config.anchored(path.parent) if web.tls_server_config else None
    context, files = (tls.context(), tls.files) if tls else (None, ())
    return WebSettings(web.basic_auth_users, headers, web.rate_limit, context, (path, *files))

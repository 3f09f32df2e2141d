"""The types of settings: each says in its error what it wants."""

import re
from string import Formatter
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from exporter.config.durations import parse_duration

URL_WORDS = ("service", "datacenter", "port", "address", "node", "service_id")


class Strict(BaseModel):
    """Base of every section: frozen, unknown keys are errors, inputs never stand in messages."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


def _positive(seconds: float) -> float:
    if seconds <= 0:
        raise ValueError("must be longer than 0s")
    return seconds


def _http_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"\s", url):
        raise ValueError("must be an address such as https://host:port/path")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a user name or password")
    _ = parts.port  # Raises ValueError when it is no port.
    return url


def _consul_address(address: str) -> str:
    if address.startswith("unix://"):
        return address
    return _http_url(address if "://" in address else f"http://{address}").rstrip("/")


def _one_or_many(raw: object) -> object:
    return tuple(raw) if isinstance(raw, list) else (raw,)


def _datacenters(raw: object) -> object:
    if raw == "all":
        return raw
    if not isinstance(raw, list) or not raw or not all(isinstance(name, str) and name for name in raw):
        raise ValueError("must be a list of datacenters, or all")
    return tuple(dict.fromkeys(raw))


def _regex(pattern: object) -> re.Pattern[str]:
    if not isinstance(pattern, str):
        raise ValueError("must be a regular expression")
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error}") from None


def _meta_key(key: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]+", key):
        raise ValueError("may hold letters, digits, '_' and '-' only")
    return key


def _url_template(template: str) -> str:
    fields = [field for _, field, _, _ in Formatter().parse(template) if field is not None]
    if not set(fields) <= set(URL_WORDS):
        words = ", ".join(f"{{{word}}}" for word in URL_WORDS)
        raise ValueError(f"may hold {words} only")
    _http_url(template.format(**dict.fromkeys(URL_WORDS, "1")))
    return template


def _sendable(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if not text or not text.isascii() or not text.isprintable():
        raise ValueError("must be printable ASCII text")
    return secret


Duration = Annotated[float, BeforeValidator(parse_duration), AfterValidator(_positive)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
ConsulAddresses = Annotated[
    tuple[Annotated[str, AfterValidator(_consul_address)], ...],
    BeforeValidator(_one_or_many),
    Field(min_length=1),
]
Datacenters = Annotated[tuple[str, ...] | Literal["all"] | None, BeforeValidator(_datacenters)]
Pattern = Annotated[re.Pattern[str], BeforeValidator(_regex)]
Secret = Annotated[SecretStr, AfterValidator(_sendable)]
MetaKey = Annotated[str, AfterValidator(_meta_key)]
UrlTemplate = Annotated[str, AfterValidator(_url_template)]
Name = Annotated[str, Field(min_length=1, max_length=200)]

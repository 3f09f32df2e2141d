"""The types of settings: each says in its error what it wants."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Formatter
from typing import Annotated, Any, Literal, NamedTuple, get_args
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator
from pydantic.fields import FieldInfo

from exporter.config.durations import parse_duration
from exporter.config.expressions import Expression
from exporter.config.variables import Expanded
from exporter.proxies import NO_PROXY, fault_in

URL_WORDS = ("service", "datacenter", "port", "address", "node", "service_id")
_UNITS = {"B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30}
_SHORTEST = 0.1
LONGEST = 366 * 86_400.0


class Words(NamedTuple):
    """How the documentation calls a type of settings."""

    text: str


class Strict(BaseModel):
    """Base of every section: frozen, unknown keys are errors, inputs are never in messages."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _written(cls, raw: Any) -> Any:
        return cls.as_written(raw)

    @classmethod
    def as_written(cls, raw: Any) -> Any:
        """Leave out what is empty, as templates write an empty list; read variables as what the setting wants."""
        if not isinstance(raw, Mapping):
            return raw
        fields = cls.model_fields
        given = {
            key: value
            for key, value in raw.items()
            if value is not None or key not in fields or fields[key].is_required()
        }
        return {key: _as_word(value, fields[key]) if key in fields else value for key, value in given.items()}


def _as_word(value: object, field: FieldInfo) -> object:
    """Return a number or a boolean for the text of a variable, where the setting wants one."""
    wanted = set(_types_in(field.annotation))
    if str in wanted or not wanted & {int, bool}:
        return value
    if isinstance(value, list):
        return [item.as_word() if isinstance(item, Expanded) else item for item in value]
    return value.as_word() if isinstance(value, Expanded) else value


def _types_in(annotation: Any) -> Iterator[Any]:
    yield annotation
    for argument in get_args(annotation):
        yield from _types_in(argument)


def duration(raw: object) -> float:
    """Return the seconds of a duration that a timer can have; ValueError says what is wrong."""
    seconds = parse_duration(raw)
    if seconds < _SHORTEST:
        raise ValueError("must not be shorter than 100ms")
    if seconds > LONGEST:
        raise ValueError("must not be longer than a year")
    return seconds


def _split(url: str) -> SplitResult | None:
    """Return the parts of a URL whose host and port can be used."""
    try:
        parts = urlsplit(url)
        port = parts.port  # Raises ValueError, which quotes its input, when it is no port.
    except ValueError:
        return None
    usable = parts.scheme in ("http", "https") and parts.hostname and port != 0
    usable = usable and url.isprintable() and " " not in url
    return parts if usable else None


def http_url(url: str) -> str:
    """Return a URL without a user or password in it; ValueError says what is wrong."""
    if "@" in re.split("[/?#]", url.partition("://")[2])[0]:
        raise ValueError("must not hold a user name or password")
    if not _split(url):
        raise ValueError("must be an address such as https://host:port/path")
    return url


def _consul_address(address: str) -> str:
    if address.startswith("unix://"):
        if not address.startswith("unix:///"):
            raise ValueError("must name a socket by its whole path, such as unix:///run/consul.sock")
        return address
    url = http_url(address if "://" in address else f"http://{address}")
    if "?" in url or "#" in url:
        raise ValueError("must not hold '?' or '#'")
    return url.rstrip("/")


def _addresses(raw: object) -> object:
    """Make a list of one; what is wrong with that one is wrong with the setting itself, not with a first element."""
    if isinstance(raw, list):
        return tuple(raw)
    if not isinstance(raw, str):
        raise ValueError("must be an address, or a list of them")
    return (_consul_address(raw),)


def _server_name(name: str) -> str:
    if not name or not name.isprintable() or " " in name:
        raise ValueError("must be a host name")
    return name


def _datacenters(raw: object) -> object:
    if raw == "all":
        return raw
    if not isinstance(raw, list) or not raw or not all(isinstance(name, str) and name for name in raw):
        raise ValueError("must be a list of datacenters, or all")
    return tuple(dict.fromkeys(raw))


def _datacenter_names(names: dict[str, str]) -> dict[str, str]:
    twice = next((name for name, count in Counter(names.values()).items() if count > 1), None)
    if twice is not None:
        raise ValueError(f"must not call two datacenters {twice!r}")
    return names


def _scope(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):
        raise ValueError("must be the name of one")
    return name


def _size(raw: object) -> int:
    match = re.fullmatch(r"([0-9]{1,9})(B|KB|MB|GB)", raw, re.ASCII) if isinstance(raw, str) else None
    if not match:
        raise ValueError("must be a size such as 64MB or 512KB")
    size = int(match[1]) * _UNITS[match[2]]
    if not _UNITS["KB"] <= size <= _UNITS["GB"]:
        raise ValueError("must be from 1KB to 1GB")
    return size


def _proxy(secret: SecretStr) -> SecretStr:
    if secret != NO_PROXY and (wrong := fault_in(secret.get_secret_value())):
        raise ValueError(f"{wrong}; or none, for no proxy")
    return secret


def _regex(pattern: object) -> Expression:
    if isinstance(pattern, Expression):
        return pattern
    if not isinstance(pattern, str):
        raise ValueError("must be a regular expression")
    return Expression(pattern)


def _meta_key(key: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]+", key):
        raise ValueError("may hold letters, digits, '_' and '-' only")
    return key


def _meta_keys(keys: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse keys that would give one label twice: in labels '-' becomes '_'."""
    first: dict[str, str] = {}
    for key in keys:
        label = key.replace("-", "_")
        if label in first:
            raise ValueError(f"{first[label]!r} and {key!r} would both become the label meta_{label}")
        first[label] = key
    return keys


def _one_or_many(raw: object) -> object:
    return tuple(raw) if isinstance(raw, list | tuple) else (raw,)


def _url_template(template: str) -> str:
    if not set(_words_of(template)) <= set(URL_WORDS):
        words = ", ".join(f"{{{word}}}" for word in URL_WORDS)
        raise ValueError(f"may hold {words} only")
    http_url(template.format(**dict.fromkeys(URL_WORDS, "1")))
    return template


def _words_of(template: str) -> list[str]:
    """Return what is in braces, with all that makes it more than a plain word."""
    try:
        parts = list(Formatter().parse(template))
    except ValueError:
        raise ValueError("has a brace without its partner") from None
    return [f"{name}{spec}{conversion or ''}" for _, name, spec, conversion in parts if name is not None]


def _sendable(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if not text or text != text.strip() or not text.isascii() or not text.isprintable():
        raise ValueError("must be printable ASCII text, not empty, without white space around it")
    return secret


def _path(raw: object) -> object:
    if not isinstance(raw, str | Path) or not str(raw).strip() or not str(raw).isprintable():
        raise ValueError("must be a path")
    return Path(raw)


Name = Annotated[str, Field(min_length=1, max_length=200)]
Duration = Annotated[float, BeforeValidator(duration), Words("duration")]
HttpUrl = Annotated[str, AfterValidator(http_url), Words("URL")]
FilePath = Annotated[Path, BeforeValidator(_path), Words("path")]
ConsulAddresses = Annotated[
    tuple[Annotated[str, AfterValidator(_consul_address)], ...],
    BeforeValidator(_addresses),
    Field(min_length=1),
]
Datacenters = Annotated[tuple[str, ...] | Literal["all"] | None, BeforeValidator(_datacenters)]
DatacenterNames = Annotated[dict[Name, Name], AfterValidator(_datacenter_names)]
Scope = Annotated[str, AfterValidator(_scope)]
Pattern = Annotated[Expression, BeforeValidator(_regex)]
Secret = Annotated[SecretStr, AfterValidator(_sendable)]
ServerName = Annotated[str, AfterValidator(_server_name)]
Size = Annotated[int, BeforeValidator(_size)]
Proxy = Annotated[SecretStr, AfterValidator(_proxy)]
MetaKeys = Annotated[
    tuple[Annotated[str, AfterValidator(_meta_key)], ...], Field(strict=False), AfterValidator(_meta_keys)
]
UrlTemplate = Annotated[str, AfterValidator(_url_template)]
# The same, or "" for none.
LinkTemplate = Annotated[str, AfterValidator(lambda text: text and _url_template(text))]
MetaKey = Annotated[str, Field(min_length=1)]
Ports = Annotated[tuple[Annotated[int, Field(ge=1, le=65535)], ...], BeforeValidator(_one_or_many)]

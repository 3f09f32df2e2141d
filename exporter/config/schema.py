"""The sections of the configuration file.

Options of a kind of connection are the kind's own: in `Config` they stay raw mappings.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PrivateAttr, model_validator

from exporter.config.durations import format_duration
from exporter.config.fields import (
    LONGEST,
    ConsulAddresses,
    Datacenters,
    Duration,
    FilePath,
    HttpUrl,
    MetaKeys,
    Name,
    Pattern,
    Secret,
    Strict,
    UrlTemplate,
    duration,
)
from exporter.config.problems import Origin


class Tls(Strict):
    """How to trust, and be trusted by, an HTTPS server; paths are of PEM files."""

    ca_file: FilePath | None = None
    ca_path: FilePath | None = None
    cert_file: FilePath | None = None
    key_file: FilePath | None = None
    server_name: str | None = None
    insecure_skip_verify: bool = False

    @model_validator(mode="after")
    def _pair(self) -> Self:
        if self.key_file and not self.cert_file:
            raise ValueError("key_file needs cert_file")
        return self


class Polled(Strict):
    """What every source has: times in seconds, the secret, and how to trust the server."""

    interval: Duration = 60.0
    timeout: Duration = 30.0
    stale_after: Duration = 180.0
    token_file: FilePath | None = None
    token: Secret | None = None
    tls: Tls = Tls()

    @model_validator(mode="before")
    @classmethod
    def _derived(cls, raw: Any) -> Any:
        """Fill what follows from the interval: timeout at most the interval, stale_after three times it."""
        if not isinstance(raw, Mapping):
            return raw
        try:
            interval = duration(raw["interval"]) if "interval" in raw else cls._usual("interval")
        except ValueError:
            return raw  # The field itself says what is wrong.
        usual = {"timeout": min(cls._usual("timeout"), interval), "stale_after": min(3 * interval, LONGEST)}
        return {**{key: format_duration(seconds) for key, seconds in usual.items()}, **raw}

    @classmethod
    def _usual(cls, field: str) -> float:
        return float(cls.model_fields[field].default)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.timeout > self.interval:
            raise ValueError("timeout must not be longer than interval")
        if self.stale_after < self.interval:
            raise ValueError("stale_after must not be shorter than interval")
        if self.token and self.token_file:
            raise ValueError("token and token_file exclude each other")
        return self


class ServiceFilter(Strict):
    """Which service names are shown; the patterns match the whole name."""

    include: Annotated[tuple[Pattern, ...], Field(strict=False)] = (re.compile(".*", re.DOTALL),)
    exclude: Annotated[tuple[Pattern, ...], Field(strict=False)] = ()

    def shows(self, service: str) -> bool:
        """Return whether some include and no exclude pattern matches."""
        included = any(pattern.fullmatch(service) for pattern in self.include)
        return included and not any(pattern.fullmatch(service) for pattern in self.exclude)


class Consul(Polled):
    """One Consul cluster."""

    name: Name
    address: ConsulAddresses = ("http://127.0.0.1:8500",)
    datacenters: Datacenters = None
    http_auth: Secret | None = None
    allow_stale: bool = True
    service_url: UrlTemplate = "http://{service}.service.{datacenter}.consul:{port}"
    services: ServiceFilter = ServiceFilter()
    meta: MetaKeys = ()
    detail: Literal["instance", "check"] = "instance"


class ConnectionOptions(Polled):
    """What connections of every kind have; a kind adds its own."""

    interval: Duration = 600.0
    timeout: Duration = 20.0
    stale_after: Duration = 1800.0
    id: Name
    kind: str
    name: str = ""
    icon: str = ""
    connect_url: HttpUrl | None = None
    disconnect_url: HttpUrl | None = None


class Config(Strict):
    """The whole file; `connections` are raw mappings, in the order of the file."""

    _origin: Origin = PrivateAttr(default=Origin())
    consul: Annotated[tuple[Consul, ...], Field(strict=False)] = ()
    # Not in the repr: raw mappings show their tokens.
    connections: Annotated[tuple[dict[str, Any], ...], Field(strict=False, repr=False)] = ()
    connection_concurrency: Annotated[int, Field(ge=1, le=1000)] = 20

    @property
    def origin(self) -> Origin:
        """Where the settings were read."""
        return self._origin

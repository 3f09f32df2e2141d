"""The section `consul` of the configuration file."""

from typing import Annotated, Literal

from pydantic import Field

from exporter.config import Polled, Strict
from exporter.config.expressions import Expression
from exporter.config.fields import (
    ConsulAddresses,
    Datacenters,
    Duration,
    MetaKeys,
    Name,
    Pattern,
    Secret,
    Size,
    UrlTemplate,
)


class ServiceFilter(Strict):
    """Which service names are shown; the patterns match the whole name."""

    include: Annotated[tuple[Pattern, ...], Field(strict=False)] = (Expression(".*"),)
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
    watch: bool = True
    min_interval: Duration = 1.0
    body_size_limit: Size = 64 * 2**20
    service_url: UrlTemplate = "http://{service}.service.{datacenter}.consul:{port}"
    services: ServiceFilter = ServiceFilter()
    meta: MetaKeys = ()
    detail: Literal["instance", "check"] = "instance"


class ConsulFile(Strict):
    """The keys of the file that are about Consul."""

    consul: Annotated[tuple[Consul, ...], Field(strict=False)] = ()

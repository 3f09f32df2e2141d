"""The section `consul` of the configuration file."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from exporter.config import Polled, Strict
from exporter.config.expressions import Expression
from exporter.config.fields import (
    ConsulAddresses,
    DatacenterNames,
    Datacenters,
    Duration,
    LinkTemplate,
    MetaKey,
    MetaKeys,
    Name,
    Pattern,
    Ports,
    Scope,
    Secret,
    Size,
    UrlTemplate,
)


class ServiceFilter(Strict):
    """Which service names, or kinds, are shown; the patterns match the whole name."""

    include: Annotated[tuple[Pattern, ...], Field(strict=False)] = (Expression(".*"),)
    exclude: Annotated[tuple[Pattern, ...], Field(strict=False)] = ()

    def shows(self, service: str) -> bool:
        """Return whether some include and no exclude pattern matches."""
        included = any(pattern.fullmatch(service) for pattern in self.include)
        return included and not any(pattern.fullmatch(service) for pattern in self.exclude)


# What the kinds are called that matter here; of most services Consul says none.
TYPICAL, SIDECAR = "typical", "connect-proxy"


class UrlRule(Strict):
    """Which URL instances have that fit all that is said: the template `url`, or what their meta says."""

    service: Pattern | None = None
    tag: Pattern | None = None
    port: Ports = ()
    meta: dict[MetaKey, Pattern] = Field(default_factory=dict)
    url: LinkTemplate | None = None
    from_meta: MetaKey | None = None

    @model_validator(mode="after")
    def _one_result(self) -> Self:
        if (self.url is None) == (self.from_meta is None):
            raise ValueError("needs either url or from_meta")
        return self


# Ports where something else than HTTP is usual: shells, mail, names, directories, databases, queues, Consul itself.
_OTHER_PROTOCOLS = (
    *(21, 22, 25, 53, 110, 143, 389, 465, 587, 636, 993, 995, 1433, 1521, 1883, 2181, 3306, 3389, 4222),
    *(5432, 5433, 5671, 5672, 6379, 6432, 8300, 8301, 8302, 8502, 8503, 9042, 9092, 11211, 26379, 27017),
)
URL_RULES = (
    UrlRule(from_meta="url"),
    UrlRule(tag=Expression("tcp|udp"), url=""),
    UrlRule(port=_OTHER_PROTOCOLS, url=""),
)


class Consul(Polled):
    """One Consul cluster."""

    name: Name
    address: ConsulAddresses = ("http://127.0.0.1:8500",)
    datacenters: Datacenters = None
    datacenter_names: DatacenterNames = Field(default_factory=dict)
    namespace: Scope | None = None
    partition: Scope | None = None
    http_auth: Secret | None = None
    allow_stale: bool = True
    watch: bool = True
    min_interval: Duration = 1.0
    body_size_limit: Size = 64 * 2**20
    service_url: UrlTemplate = "http://{service}.service.{datacenter}.consul:{port}"
    # From a function, as the library would otherwise try to copy the compiled expressions.
    service_url_rules: Annotated[tuple[UrlRule, ...], Field(strict=False, default_factory=lambda: URL_RULES)]
    services: ServiceFilter = ServiceFilter()
    kinds: ServiceFilter = ServiceFilter(exclude=(Expression(SIDECAR),))
    sidecar_checks: bool = False
    meta: MetaKeys = ()
    detail: Literal["instance", "check"] = "instance"

    @property
    def scope(self) -> tuple[tuple[str, str], ...]:
        """The further labels of all that is shown, where only a part of a datacenter is."""
        labels = (("namespace", self.namespace), ("partition", self.partition))
        return tuple((label, name) for label, name in labels if name)

    def shown_as(self, datacenter: str) -> str:
        """Return what a datacenter is called in labels."""
        return self.datacenter_names.get(datacenter, datacenter)


class ConsulFile(Strict):
    """The keys of the file that are about Consul."""

    consul: Annotated[tuple[Consul, ...], Field(strict=False)] = ()

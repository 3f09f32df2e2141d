"""The facts that travel through the exporter; no HTTP, no Prometheus, no configuration."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

ServiceStatus = Literal["passing", "warning", "critical", "maintenance"]
CheckStatus = Literal["passing", "warning", "critical"]
ConnectionStatus = Literal["online", "offline", "unreachable", "not_connected"]

SERVICE_STATUSES: tuple[ServiceStatus, ...] = ("passing", "warning", "critical", "maintenance")
CHECK_STATUSES: tuple[CheckStatus, ...] = ("passing", "warning", "critical")
CONNECTION_STATUSES: tuple[ConnectionStatus, ...] = ("online", "offline", "unreachable", "not_connected")


@dataclass(frozen=True, slots=True)
class Metric:
    """A declared metric family; `name` is the sample's name, for a counter with `_total`."""

    name: str
    type: Literal["gauge", "counter", "histogram"]
    help: str
    labels: tuple[str, ...] = ()

    def __hash__(self) -> int:
        """Metrics are looked up for every line, and their names differ."""
        return hash(self.name)


class Reading(NamedTuple):
    """One value of one metric; `values` are in the order of `metric.labels`."""

    metric: Metric
    values: tuple[str, ...]
    value: float


@dataclass(frozen=True, slots=True)
class Check:
    """One Consul health check; `service_id` is empty for a check of the node."""

    node: str
    check_id: str
    name: str
    status: CheckStatus
    service_id: str = ""
    service: str = ""


class InstanceKey(NamedTuple):
    """The identity of one registration: the identity labels of the service metrics."""

    datacenter: str
    service: str
    service_id: str
    node: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an instance listens and how it is described, from `/v1/health/service/<name>`; most services have no `kind`.

    An instance with several `ports` names each, the default one first, which is `port` too.
    """

    address: str = ""
    port: int = 0
    tags: tuple[str, ...] = ()
    meta: Mapping[str, str] = field(default_factory=dict)
    kind: str = ""
    ports: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class ServiceInstance:
    """One registration in Consul as the latest poll saw it; `endpoint` is None until it was asked for.

    `scope` are further labels of all its series: namespace and partition, where these are in use.
    """

    key: InstanceKey
    status: ServiceStatus
    checks: tuple[Check, ...] = ()
    endpoint: Endpoint | None = None
    url: str = ""
    meta_labels: tuple[tuple[str, str], ...] = ()
    scope: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Display:
    """How to show a connection, and where it can be connected or disconnected now; an empty URL offers nothing."""

    name: str
    icon: str = ""
    connect_url: str = ""
    disconnect_url: str = ""


@dataclass(frozen=True, slots=True)
class ConnectionCheck:
    """The latest check of one connection; `reason` is empty unless the check failed, `host` is that of the API.

    `said` is the failure in words, with the HTTP status if there was one.

    Unix times, where they are known: when the token ends, and the first certificate that the API's server showed.
    """

    connection: str
    kind: str
    display: Display
    status: ConnectionStatus
    reason: str = ""
    details: str = ""
    readings: tuple[Reading, ...] = ()
    host: str = ""
    token_expires_at: float | None = None
    tls_expires_at: float | None = None
    said: str = field(default="", compare=False)

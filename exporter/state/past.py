"""What outlives a restart: since when each status lasts, and what was counted; never a status to show.

It is kept in JSON, so these are the shapes of the file too.
"""

import msgspec

from exporter.model import ConnectionStatus, ServiceStatus

# After a longer silence, in seconds, nobody knows whether a status lasted: it begins anew, and counts alone go on.
LONGEST_SILENCE = 3600.0


class InstancePast(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An instance of one datacenter; `since` is a Unix time."""

    service: str
    service_id: str
    node: str
    status: ServiceStatus
    since: float
    changes: int


class DatacenterPast(msgspec.Struct, frozen=True):
    """The instances of a datacenter, and when it last answered (Unix time)."""

    checked_at: float
    instances: tuple[InstancePast, ...]


class ConnectionPast(msgspec.Struct, frozen=True):
    """A connection as its latest check (Unix time `checked_at`) left it; `failures` counts by reason."""

    status: ConnectionStatus
    checked_at: float
    since: float
    changes: int
    checks: int
    failures: dict[str, int]
    online_at: float | None = None
    last_reason: str = ""


class SourcePast(msgspec.Struct, frozen=True):
    """What is kept of one source: of a cluster its datacenters, of a connection itself."""

    kind: str
    name: str
    datacenters: dict[str, DatacenterPast] = {}
    connection: ConnectionPast | None = None


def since_then(past: InstancePast | ConnectionPast, checked_at: float, now: float) -> float:
    """Return since when a status that is the same at the Unix time `now` lasts."""
    return min(past.since, now) if 0 <= now - checked_at <= LONGEST_SILENCE else now

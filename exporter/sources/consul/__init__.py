"""Service health from Consul."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self

from exporter.config import repeated, validated
from exporter.errors import ConfigError
from exporter.sharding import WHOLE, Shard
from exporter.sources.clients import ClientLease
from exporter.sources.consul.cluster import ConsulSource
from exporter.sources.consul.environment import VARIABLES, from_environment, with_environment
from exporter.sources.consul.settings import Consul, ConsulFile
from exporter.sources.contract import PlannedSource, SourceId, SourceKind


@dataclass(frozen=True)
class PlannedCluster(PlannedSource):
    """One entry of `consul`."""

    settings: Consul
    shard: Shard = WHOLE

    def part(self, shard: Shard) -> Self | None:
        """Datacenters are split by their names; a cluster of one whose name isn't known yet, by its own."""
        names = self.settings.datacenters
        if names is None:
            return super().part(shard)
        if names == "all":
            return replace(self, shard=shard)
        owned = tuple(name for name in names if _owns(shard, name))
        settings = self.settings.model_copy(update={"datacenters": owned})
        return replace(self, settings=settings) if owned else None

    def make(self, clients: ClientLease) -> ConsulSource:
        """Make the source."""
        leased = {each: clients.get(self.settings, each) for each in self.settings.address}
        return ConsulSource(self.settings, leased, owns=partial(_owns, self.shard))


def _owns(shard: Shard, datacenter: str) -> bool:
    return shard.owns("datacenter", datacenter)


class ConsulClusters(SourceKind):
    """Consul clusters."""

    File = ConsulFile
    variables = VARIABLES

    def read(self, part: Mapping[str, Any]) -> list[PlannedSource]:
        """Validate the clusters; ConfigError lists every problem."""
        clusters = validated(ConsulFile, part).consul
        if twins := repeated("consul", "name", [cluster.name for cluster in clusters]):
            raise ConfigError(twins)
        return [
            PlannedCluster(f"consul[{number}]", SourceId("consul", cluster.name), cluster)
            for number, cluster in enumerate(clusters)
        ]

    def from_environment(self, environ: Mapping[str, str]) -> dict[str, Any]:
        """Return one agent, that of the CONSUL_* variables or the one on this machine."""
        return from_environment(environ)

    def with_environment(self, raw: Mapping[str, Any], environ: Mapping[str, str]) -> Mapping[str, Any]:
        """Fill what clusters leave open with the CONSUL_* variables."""
        return with_environment(raw, environ)

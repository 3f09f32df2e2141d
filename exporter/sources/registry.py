"""The kinds of source, in the order in which the file's keys are read."""

from exporter.sources.connections import ConnectionKinds
from exporter.sources.consul import ConsulClusters
from exporter.sources.contract import SourceKind
from exporter.sources.providers import ConnectionProviders

SOURCE_KINDS: list[SourceKind] = [
    ConsulClusters(),
    ConnectionKinds(),
    ConnectionProviders(),
]

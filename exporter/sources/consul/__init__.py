"""Service health from Consul."""

from exporter.sources.consul.cluster import ConsulSource

__all__ = ["ConsulSource"]

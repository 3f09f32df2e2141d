"""Service health from Consul."""

from exporter.consul.source import ConsulSource

__all__ = ["ConsulSource"]

"""Prometheus exporter for Consul service health and customers' connections to outside systems."""

__version__ = "0.2.0"

"""Prometheus exporter for Consul service health and customers' connections to outside systems."""

__version__ = "0.1.0"

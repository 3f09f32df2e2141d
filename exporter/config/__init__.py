"""The configuration: its shape, where it is read from, and what is wrong with it."""

from exporter.config.durations import format_duration, parse_duration
from exporter.config.environment import from_environment
from exporter.config.fields import Duration, FilePath, HttpUrl, Name, Strict
from exporter.config.files import why_unreadable
from exporter.config.loading import parse, validated
from exporter.config.problems import Origin, repeated
from exporter.config.schema import Config, ConnectionOptions, Consul, ServiceFilter, Tls
from exporter.config.secretfile import SecretFile
from exporter.config.yamlfile import read_mapping

__all__ = [
    "Config",
    "ConnectionOptions",
    "Consul",
    "Duration",
    "FilePath",
    "HttpUrl",
    "Name",
    "Origin",
    "SecretFile",
    "ServiceFilter",
    "Strict",
    "Tls",
    "format_duration",
    "from_environment",
    "parse",
    "parse_duration",
    "read_mapping",
    "repeated",
    "validated",
    "why_unreadable",
]

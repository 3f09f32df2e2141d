"""How a configuration is read: types of settings, files, secrets, and what is wrong with them."""

from exporter.config.durations import format_duration, parse_duration
from exporter.config.fields import Duration, FilePath, HttpUrl, Name, Strict, Words
from exporter.config.files import why_unreadable
from exporter.config.loading import validated
from exporter.config.problems import Origin, repeated, unknown_key
from exporter.config.schema import Polled, Tls
from exporter.config.secretfile import SecretFile, Token, sendable
from exporter.config.yamlfile import read_mapping

__all__ = [
    "Duration",
    "FilePath",
    "HttpUrl",
    "Name",
    "Origin",
    "Polled",
    "SecretFile",
    "Strict",
    "Tls",
    "Token",
    "Words",
    "format_duration",
    "parse_duration",
    "read_mapping",
    "repeated",
    "sendable",
    "unknown_key",
    "validated",
    "why_unreadable",
]

"""How a configuration is read: types of settings, files, secrets, and what is wrong with them."""

from exporter.config.durations import format_duration, parse_duration
from exporter.config.fields import Duration, FilePath, HttpUrl, Name, Size, Strict, Words
from exporter.config.files import read_regular, why_unreadable
from exporter.config.loading import anchored, validated
from exporter.config.problems import Origin, place_of, repeated, unknown_key
from exporter.config.schema import Polled, Timed, Tls
from exporter.config.secretfile import SecretFile, Token, sendable
from exporter.config.yamlfile import parsed, read_mapping

__all__ = [
    "Duration",
    "FilePath",
    "HttpUrl",
    "Name",
    "Origin",
    "Polled",
    "SecretFile",
    "Size",
    "Strict",
    "Timed",
    "Tls",
    "Token",
    "Words",
    "anchored",
    "format_duration",
    "parse_duration",
    "parsed",
    "place_of",
    "read_mapping",
    "read_regular",
    "repeated",
    "sendable",
    "unknown_key",
    "validated",
    "why_unreadable",
]

"""Customers' connections to outside systems; each is of a kind."""

from collections.abc import Mapping
from typing import Any

from exporter.config import ConnectionOptions, repeated, validated
from exporter.errors import ConfigError, Problem
from exporter.sources.connections.kinds import KINDS

__all__ = ["KINDS", "options_of"]


def options_of(sections: tuple[Mapping[str, Any], ...]) -> tuple[ConnectionOptions, ...]:
    """Validate each connection by its kind; ConfigError lists every problem of all of them."""
    options: list[ConnectionOptions] = []
    problems: list[Problem] = []
    for number, section in enumerate(sections):
        try:
            options.append(_options(section, number))
        except ConfigError as error:
            problems.extend(error.problems)
    problems.extend(repeated("connections", "id", [section.get("id") for section in sections]))
    if problems:
        raise ConfigError(problems)
    return tuple(options)


def _options(section: Mapping[str, Any], number: int) -> ConnectionOptions:
    word = section.get("kind")
    kind = KINDS.get(word) if isinstance(word, str) else None
    if kind is None:
        wrong = "missing" if word is None else f"no kind {word!r}"
        raise ConfigError(
            [Problem(f"connections[{number}].kind", f"{wrong}, known are {', '.join(sorted(KINDS))}")]
        )
    return validated(kind.Options, section, ("connections", number))

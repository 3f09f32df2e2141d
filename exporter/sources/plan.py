"""From a configuration to a plan: all of it is validated, and every file it names is looked at; nothing connects."""

import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from exporter.client import ssl_context
from exporter.config import (
    Config,
    ConnectionOptions,
    Consul,
    Origin,
    SecretFile,
    Tls,
    parse,
    read_mapping,
    why_unreadable,
)
from exporter.errors import ConfigError, Problem, TokenFileUnusable
from exporter.sources.connections import options_of

T = TypeVar("T")
Section = Consul | ConnectionOptions
SectionT = TypeVar("SectionT", bound=BaseModel)
_TLS_FILES = ("ca_file", "ca_path", "cert_file", "key_file")


@dataclass(frozen=True, slots=True)
class Plan:
    """A checked configuration; `warnings` are worth a log line and don't stop anything."""

    consul: tuple[Consul, ...]
    connections: tuple[ConnectionOptions, ...]
    concurrency: int
    warnings: tuple[Problem, ...]


def read_file(path: Path) -> Config:
    """Read a configuration file; ConfigError lists the problems of all its sections, connections included."""
    raw = read_mapping(path)
    if not raw:
        raise ConfigError([Problem(str(path), "is empty")])
    try:
        return parse(raw, Origin(path.parent))
    except ConfigError as error:
        raise ConfigError([*error.problems, *_connection_problems(raw.get("connections"))]) from None


def _connection_problems(sections: object) -> Iterator[Problem]:
    """Yield what is wrong with those connections that are mappings; about others all is said."""
    found = sections if isinstance(sections, list) else []
    problems: list[Problem] = []
    mappings = tuple(section if isinstance(section, Mapping) else {} for section in found)
    _collected(problems, lambda: options_of(mappings))
    said = tuple(
        f"connections[{number}]." for number, section in enumerate(found) if section is not mappings[number]
    )
    return (problem for problem in problems if not problem.place.startswith(said))


def plan(config: Config) -> Plan:
    """Check what the sections alone can't: kinds, secret and certificate files. ConfigError lists all problems."""
    problems: list[Problem] = []
    folder = config.origin.folder
    consul = tuple(_anchored(cluster, folder) for cluster in config.consul)
    options = _collected(problems, lambda: options_of(config.connections)) or ()
    connections = tuple(_anchored(section, folder) for section in options)
    placed = [*_placed("consul", consul), *_placed("connections", connections)]
    problems.extend(problem for place, section in placed for problem in _secret_problems(place, section))
    problems.extend(_certificate_problems(placed))
    if problems:
        raise ConfigError(map(config.origin.spoken, problems))
    warnings = (problem for place, section in placed for problem in _file_warnings(place, section))
    return Plan(consul, connections, config.connection_concurrency, tuple(warnings))


def _collected(problems: list[Problem], step: Callable[[], T]) -> T | None:
    try:
        return step()
    except ConfigError as error:
        problems.extend(error.problems)
        return None


def _anchored(section: SectionT, folder: Path) -> SectionT:
    """Return the section with relative paths starting at the folder of its file, whichever settings they are."""
    changes: dict[str, Any] = {}
    for name, value in section:
        if isinstance(value, Path):
            changes[name] = folder / value
        elif isinstance(value, BaseModel):
            changes[name] = _anchored(value, folder)
    return section.model_copy(update=changes)


def _placed(section: str, entries: tuple[Any, ...]) -> Iterator[tuple[str, Section]]:
    return ((f"{section}[{number}]", entry) for number, entry in enumerate(entries))


def _secret_problems(place: str, section: Section) -> Iterator[Problem]:
    if not section.token_file:
        return
    try:
        secret = SecretFile(section.token_file).read()
    except TokenFileUnusable as error:
        yield Problem(f"{place}.token_file", str(error))
    else:
        if not secret and isinstance(section, Consul):
            yield Problem(f"{place}.token_file", f"{section.token_file} is missing or empty")


def _certificate_problems(placed: Iterable[tuple[str, Section]]) -> Iterator[Problem]:
    checked: dict[Tls, tuple[Problem, ...]] = {Tls(): ()}
    for place, section in placed:
        if section.tls not in checked:
            checked[section.tls] = tuple(_wrong_with(section.tls))
        for problem in checked[section.tls]:
            yield problem._replace(place=f"{place}.tls{problem.place}")


def _wrong_with(tls: Tls) -> Iterator[Problem]:
    unreadable = [
        Problem(f".{name}", f"{path} can't be read: {why}")
        for name in _TLS_FILES
        if (path := getattr(tls, name)) and (why := why_unreadable(path))
    ]
    yield from unreadable
    if not unreadable:
        try:
            ssl_context(tls)
        except (ssl.SSLError, OSError):
            yield Problem("", "a file holds no PEM certificate, or the key is locked or doesn't fit")


def _file_warnings(place: str, section: Section) -> Iterator[Problem]:
    if section.token_file and SecretFile(section.token_file).is_world_readable():
        yield Problem(f"{place}.token_file", f"{section.token_file} can be read by every user of the machine")

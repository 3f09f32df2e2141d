"""From a configuration to a plan: all of it is validated, and every file it names is looked at; nothing connects."""

import os
import ssl
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from exporter.client import ssl_context
from exporter.config import Origin, SecretFile, Tls, read_mapping, sendable, unknown_key, why_unreadable
from exporter.errors import ConfigError, Problem, TokenUnusable
from exporter.proxies import from_environment as proxies_of
from exporter.sources.contract import PlannedSource
from exporter.sources.loopback import loopback_warnings
from exporter.sources.registry import SOURCE_KINDS

SectionT = TypeVar("SectionT", bound=BaseModel)
_TLS_FILES = ("ca_file", "ca_path", "cert_file", "key_file")
_NOWHERE = Origin()


@dataclass(frozen=True, slots=True)
class Plan:
    """A checked configuration; `warnings` are worth a log line and don't stop anything."""

    sources: tuple[PlannedSource, ...] = ()
    warnings: tuple[Problem, ...] = ()

    def settings_of(self, section: type[SectionT]) -> tuple[SectionT, ...]:
        """Return the settings of those sources whose section is such a one."""
        return tuple(each.settings for each in self.sources if isinstance(each.settings, section))


def read_file(path: Path) -> Plan:
    """Plan what a configuration file says; ConfigError lists every problem of it."""
    raw: Mapping[str, Any] = read_mapping(path)
    if not raw:
        raise ConfigError([Problem(str(path), "is empty")])
    for kind in SOURCE_KINDS:
        raw = kind.with_environment(raw, os.environ)
    return plan(raw, Origin(path.parent))


def from_environment(environ: Mapping[str, str]) -> Plan:
    """Plan what the environment says; ConfigError names the variables that can't be used."""
    raw: dict[str, Any] = {}
    variables: dict[str, str] = {}
    for kind in SOURCE_KINDS:
        raw |= kind.from_environment(environ)
        variables |= kind.variables
    return plan(raw, Origin(variables=variables))


def plan(raw: Mapping[str, Any], origin: Origin = _NOWHERE) -> Plan:
    """Check all settings and the files that they name; ConfigError lists all problems with their places."""
    problems, read = _read(raw)
    sources = tuple(replace(each, settings=_anchored(each.settings, origin.folder)) for each in read)
    problems.extend(_certificate_problems(sources))
    if problems:
        raise ConfigError(map(origin.located, problems))
    warnings = (warning for each in sources for warning in (*_token_warnings(each), *loopback_warnings(each)))
    _, of_proxies = proxies_of(os.environ)
    return Plan(sources, (*map(origin.located, warnings), *of_proxies))


def _read(raw: Mapping[str, Any]) -> tuple[list[Problem], list[PlannedSource]]:
    """Let each kind of source read its keys."""
    owners = {key: kind for kind in SOURCE_KINDS for key in kind.File.model_fields}
    problems = [Problem(key, unknown_key(key, owners)) for key in raw if key not in owners]
    sources: list[PlannedSource] = []
    for kind in SOURCE_KINDS:
        try:
            sources.extend(kind.read({key: value for key, value in raw.items() if owners.get(key) is kind}))
        except ConfigError as error:
            problems.extend(error.problems)
    return problems, sources


def _anchored(section: SectionT, folder: Path) -> SectionT:
    """Return the section with relative paths starting at the folder of its file, whichever settings they are."""
    changes: dict[str, Any] = {}
    for name, value in section:
        if isinstance(value, Path):
            changes[name] = folder / value
        elif isinstance(value, BaseModel):
            changes[name] = _anchored(value, folder)
    return section.model_copy(update=changes)


def _certificate_problems(sources: Iterable[PlannedSource]) -> Iterator[Problem]:
    checked: dict[Tls, tuple[Problem, ...]] = {Tls(): ()}
    for source in sources:
        tls = source.settings.tls
        if tls not in checked:
            checked[tls] = tuple(_wrong_with(tls))
        for problem in checked[tls]:
            yield problem._replace(place=f"{source.place}.tls{problem.place}")


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


def _token_warnings(source: PlannedSource) -> Iterator[Problem]:
    """Yield what is wrong with the secret: it concerns its own source alone, and may be mended while we run."""
    token, path = source.settings.token, source.settings.token_file
    try:
        if token:
            sendable(token.get_secret_value(), "the token")
        elif path:
            yield from _file_warnings(f"{source.place}.token_file", SecretFile(path))
    except TokenUnusable as error:
        yield Problem(f"{source.place}.token{'' if token else '_file'}", str(error))


def _file_warnings(place: str, file: SecretFile) -> Iterator[Problem]:
    if file.is_world_readable():
        yield Problem(place, f"{file.path} can be read by every user of the machine")
    if not file.read():
        yield Problem(place, f"{file.path} {'is empty' if file.signature() else 'does not exist'}")

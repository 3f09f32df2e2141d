"""From a configuration to a plan: all of it is validated, and every file it names is looked at; nothing connects."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from exporter.config import Origin, SecretFile, Tls, read_mapping, unknown_key
from exporter.errors import ConfigError, Problem, TokenUnusable
from exporter.proxies import from_environment as proxies_of
from exporter.sources.clients import wrong_with
from exporter.sources.contract import PlannedSource
from exporter.sources.loopback import loopback_warnings
from exporter.sources.registry import SOURCE_KINDS

SectionT = TypeVar("SectionT", bound=BaseModel)
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
    raw: Mapping[str, Any] = read_mapping(path, os.environ)
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
    sources = tuple(each.anchored(origin.folder) for each in read)
    problems.extend(_certificate_problems(sources))
    if problems:
        raise ConfigError(map(origin.located, problems))
    warnings = (warning for each in sources for warning in (*_token_warnings(each), *loopback_warnings(each)))
    _, of_proxies = proxies_of(os.environ)
    return Plan(sources, (*map(origin.located, warnings), *of_proxies))


def _read(raw: Mapping[str, Any]) -> tuple[list[Problem], list[PlannedSource]]:
    """Let each kind of source read its keys."""
    known = {kind: kind.File.model_fields.keys() | kind.borrowed for kind in SOURCE_KINDS}
    owned = set().union(*known.values())
    problems = [Problem(key, unknown_key(key, owned)) for key in raw if key not in owned]
    sources: list[PlannedSource] = []
    for kind in SOURCE_KINDS:
        try:
            sources.extend(kind.read({key: raw[key] for key in raw if key in known[kind]}))
        except ConfigError as error:
            problems.extend(error.problems)
    return problems, sources


def _certificate_problems(sources: Iterable[PlannedSource]) -> Iterator[Problem]:
    checked: dict[Tls, tuple[Problem, ...]] = {Tls(): ()}
    for source in sources:
        tls = source.settings.trust
        if tls not in checked:
            checked[tls] = tuple(wrong_with(tls))
        for problem in checked[tls]:
            yield problem._replace(place=f"{source.place}.tls{problem.place}")


def _token_warnings(source: PlannedSource) -> Iterator[Problem]:
    """Yield what is wrong with the secret: it concerns its own source alone, and may be mended while we run."""
    secret, place = source.settings.secret(), f"{source.place}.{source.settings.secret_setting}"
    try:
        if secret.file:
            yield from _file_warnings(place, secret.file)
        else:
            secret.written()
    except TokenUnusable as error:
        yield Problem(place, str(error))


def _file_warnings(place: str, file: SecretFile) -> Iterator[Problem]:
    if file.is_world_readable():
        yield Problem(place, f"{file.path} can be read by every user of the machine")
    if not file.read():
        yield Problem(place, f"{file.path} {'is empty' if file.signature() else 'does not exist'}")

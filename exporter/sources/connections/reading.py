"""From entries of the configuration to the options of connections, each validated by its kind."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from exporter.config import repeated, validated
from exporter.errors import ConfigError, Problem
from exporter.sources.connections.kind import Kind
from exporter.sources.connections.kinds import KINDS
from exporter.sources.connections.settings import ConnectionOptions

Entry = Mapping[str, Any]
# Settings by kind, for what a connection leaves open.
Defaults = Mapping[str, Entry]
_NO_DEFAULTS: Defaults = {}


def options_of(entries: Sequence[Entry], defaults: Defaults = _NO_DEFAULTS) -> tuple[ConnectionOptions, ...]:
    """Validate all entries; ConfigError lists every problem of all of them."""
    options: list[ConnectionOptions] = []
    problems: list[Problem] = []
    for number, entry in enumerate(entries):
        try:
            options.append(options_of_one(entry, ("connections", number), defaults))
        except ConfigError as error:
            problems.extend(error.problems)
    problems.extend(repeated("connections", "id", [entry.get("id") for entry in entries]))
    if problems:
        raise ConfigError(problems)
    return tuple(options)


def options_of_one(
    entry: Entry, place: tuple[int | str, ...], defaults: Defaults = _NO_DEFAULTS
) -> ConnectionOptions:
    """Validate one entry, which is at `place`; ConfigError lists its problems."""
    where = f"{place[0]}[{place[1]}]"
    kind = _kind(entry.get("kind"), f"{where}.kind")
    options = validated(kind.Options, {**defaults.get(entry["kind"], {}), **entry}, place)
    if kind(options).needs_token and not options.has_token:
        raise ConfigError([Problem(where, f"kind {options.kind} needs token_file or token")])
    return options


def _kind(word: object, place: str) -> type[Kind[Any]]:
    kind = KINDS.get(word) if isinstance(word, str) else None
    if kind is None:
        wrong = "missing" if word is None else f"no kind {word!r}"
        raise ConfigError([Problem(place, f"{wrong}, known are {', '.join(sorted(KINDS))}")])
    return kind


def checked(defaults: Defaults) -> Defaults:
    """Return the defaults; ConfigError lists what is wrong with them whatever the connections say."""
    problems = [problem for word, settings in defaults.items() for problem in _wrong_with(word, settings)]
    if problems:
        raise ConfigError(problems)
    return defaults


def _wrong_with(word: str, settings: Entry) -> Iterable[Problem]:
    try:
        kind = _kind(word, f"defaults.{word}")
    except ConfigError as error:
        return error.problems
    return _wrong_settings(kind, word, settings)


def _wrong_settings(kind: type[Kind[Any]], word: str, settings: Entry) -> Iterator[Problem]:
    place = f"defaults.{word}"
    yield from (
        Problem(f"{place}.{key}", "belongs to each connection") for key in ("id", "kind") if key in settings
    )
    try:
        validated(kind.Options, {"id": "any", "kind": word, **settings}, ("defaults", word))
    except ConfigError as error:
        # What is missing a connection has to say.
        yield from (problem for problem in error.problems if problem.message != "missing")

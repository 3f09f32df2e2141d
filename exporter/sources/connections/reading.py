"""From entries of the configuration to the options of connections, each validated by its kind."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from exporter.config import place_of, repeated, unknown_key, validated
from exporter.errors import ConfigError, Problem
from exporter.sources.connections.kind import Kind
from exporter.sources.connections.kinds import KINDS
from exporter.sources.connections.settings import ConnectionOptions

Entry = Mapping[str, Any]
Place = tuple[int | str, ...]
# Settings by kind, for what a connection leaves open.
Defaults = Mapping[str, Entry]
_NO_DEFAULTS: Defaults = {}
_NOT_KEPT = set[str]()


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


def options_of_one(entry: Entry, place: Place, defaults: Defaults = _NO_DEFAULTS) -> ConnectionOptions:
    """Validate one entry, which is at `place`; ConfigError lists its problems."""
    where = f"{place[0]}[{place[1]}]"
    kind = _kind(entry.get("kind"), f"{where}.kind")
    options = _light(validated(kind.Options, {**defaults.get(entry["kind"], {}), **_given(entry)}, place))
    if kind(options).needs_token and not options.has_token:
        raise ConfigError([Problem(where, f"kind {options.kind} needs token_file or token")])
    return options


def _light(options: ConnectionOptions) -> ConnectionOptions:
    """Return the same without the set of what was given: nobody asks for it, and it is half of what options keep."""
    return options.model_construct(_NOT_KEPT, **vars(options))


def _given(entry: Entry) -> Entry:
    """Return what is not empty: of that the defaults hold."""
    return {key: value for key, value in entry.items() if value is not None}


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


def _wrong_with(word: str, settings: Entry) -> Iterator[Problem]:
    place = ("defaults", word)
    try:
        kind = _kind(word, place_of(place))
    except ConfigError as error:
        yield from error.problems
        return
    yield from _belonging_to_one(settings, ("id", "kind"), place)
    yield from _wrong_settings(kind, {"id": "any", "kind": word, **settings}, place)


def wrong_settings(settings: Entry, place: Place) -> Iterator[Problem]:
    """Yield what is wrong with settings that many connections share, whatever else each of them says."""
    yield from _belonging_to_one(settings, ("id",), place)
    if "kind" not in settings:
        known = {name for kind in KINDS.values() for name in kind.Options.model_fields}
        unknown = (key for key in settings if key not in known)
        yield from (Problem(place_of((*place, key)), unknown_key(key, known)) for key in unknown)
        return
    try:
        kind = _kind(settings["kind"], place_of((*place, "kind")))
    except ConfigError as error:
        yield from error.problems
        return
    yield from _wrong_settings(kind, {"id": "any", **settings}, place)


def _belonging_to_one(settings: Entry, keys: Iterable[str], place: Place) -> Iterator[Problem]:
    for key in keys:
        if key in settings:
            yield Problem(place_of((*place, key)), "belongs to each connection")


def _wrong_settings(kind: type[Kind[Any]], entry: Entry, place: Place) -> Iterator[Problem]:
    try:
        validated(kind.Options, entry, place)
    except ConfigError as error:
        # What is missing a connection has to say.
        yield from (problem for problem in error.problems if problem.message != "missing")

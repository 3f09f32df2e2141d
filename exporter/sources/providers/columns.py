"""From a row of a query to the settings of a connection: each column is named like the setting that it fills."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, get_args

from pydantic.fields import FieldInfo

from exporter.config import unknown_key
from exporter.errors import ConfigError, Problem, WrongColumns
from exporter.sources.connections.kinds import KINDS
from exporter.sources.providers.reading import Common

_SECRETS = ("token", "token_file")


class Table(NamedTuple):
    """What a query gave."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]


class Columns:
    """The columns of a query; WrongColumns when they don't fit the settings."""

    def __init__(self, names: Sequence[str], common: Common) -> None:
        self.names = tuple(names)
        self._fields = _fields(common)
        self._check(common)
        self._types = [set(_leaves(self._fields[name].annotation)) for name in self.names]
        self._tells_secret = any(name in self.names for name in _SECRETS)

    def _check(self, common: Common) -> None:
        for name in self.names:
            if name not in self._fields:
                raise WrongColumns(f"column {name!r}: {unknown_key(name, self._fields)}")
            if self.names.count(name) > 1:
                raise WrongColumns(f"the query gives the column {name!r} twice")
        given = {*self.names, *common.settings}
        if missing := sorted({"id", "kind"} - given):
            raise WrongColumns(f"the query lacks the column {missing[0]!r}")

    def entry(self, row: Sequence[Any]) -> Mapping[str, Any]:
        """Return the settings that a row says; NULL says nothing, but of the token that there is none.

        ConfigError when a value is no text.
        """
        entry = {
            name: _value(value, types, name)
            for name, value, types in zip(self.names, row, self._types, strict=True)
            if value is not None
        }
        if self._tells_secret and not any(name in entry for name in _SECRETS):
            entry["token"] = ""
        return entry


def _fields(common: Common) -> Mapping[str, FieldInfo]:
    """Return the settings of the connections' kind; of all kinds when each row has its own."""
    word = common.settings.get("kind")
    kinds = [KINDS[word]] if word in KINDS else list(KINDS.values())
    return {name: field for kind in kinds for name, field in kind.Options.model_fields.items()}


def _leaves(annotation: Any) -> Iterator[Any]:
    parts = get_args(annotation)
    if not parts:
        yield annotation
    for part in parts:
        yield from _leaves(part)


def _decoded(value: bytes, name: str) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        problem = Problem(name, f"is binary, not text; let the query give it as text, such as hex({name})")
        raise ConfigError([problem]) from None


def _value(value: Any, types: Iterable[Any], name: str) -> Any:
    """Return a value of a database as the configuration file would have it; ConfigError when it can't be written there."""
    if isinstance(value, bytes | bytearray | memoryview):
        return _decoded(bytes(value), name)
    if isinstance(value, str | bool | list | dict):
        return value
    if isinstance(value, int) and bool in types:
        return bool(value) if value in (0, 1) else value
    if isinstance(value, int | float) and (int in types or float in types):
        return value
    return str(value)

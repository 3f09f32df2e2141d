"""`${NAME}` and `${NAME:-default}` in the values of a configuration file; `$$` is a dollar."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

Path = tuple[int | str, ...]
TAG = "tag:status-exporter,2026:expanded"
_NULL = "tag:yaml.org,2002:null"
_PART = re.compile(r"\$(?:(\$)|\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^{}]*))?\}|(\{))")
_TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


class Expanded(str):
    """Text in which variables stood: where a setting wants a number or a boolean, it may be one."""

    __slots__ = ()

    def as_word(self) -> object:
        """Return the number or the boolean that is written here, or itself."""
        if re.fullmatch(r"[-+]?(0|[1-9][0-9]*)", self, re.ASCII):
            return int(self)
        return _TRUTH.get(self, self)


def expand(node: yaml.Node, environ: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    """Fill the variables in, in place; yield the path of each value that can't be, and why."""
    yield from _expand(node, environ, (), set())


def _expand(
    node: yaml.Node, environ: Mapping[str, str], path: Path, visited: set[int]
) -> Iterator[tuple[Path, str]]:
    if id(node) in visited:
        return
    visited.add(id(node))
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _expand(value, environ, (*path, str(key.value)), visited)
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield from _expand(item, environ, (*path, number), visited)
    elif "$" in node.value and node.tag == "tag:yaml.org,2002:str":
        try:
            _fill(node, environ)
        except ValueError as error:
            yield path, str(error)


def _fill(node: Any, environ: Mapping[str, str]) -> None:
    filled = _PART.sub(lambda part: _value(part, environ), node.value)
    if filled != node.value:
        # As if nothing were written there, when nothing is left of what is not in quotes.
        node.tag = TAG if filled or node.style else _NULL
        node.value = filled


def _value(part: re.Match[str], environ: Mapping[str, str]) -> str:
    dollar, name, default, brace = part.groups()
    if dollar:
        return "$"
    if brace:
        raise ValueError(
            "'${' must begin a variable such as ${NAME} or ${NAME:-default}; write '$${' for the text"
        )
    value = environ.get(name, "")
    if default is not None:
        return value or default
    if name not in environ:
        raise ValueError(f"the variable {name} is not set; give it a value, or write ${{{name}:-default}}")
    return value

"""Read a YAML file that must be one mapping; a duplicate key is an error."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from exporter.config.files import read_file
from exporter.config.problems import lacks_blank, place_of
from exporter.config.variables import TAG, Expanded, expand
from exporter.errors import ConfigError, Problem

_LARGEST = 32 * 2**20
_DEEPEST = 100
_TOO_DEEP = "is nested too deeply"
_MERGE = "tag:yaml.org,2002:merge"
_QUOTED = re.compile(r" '(?!:')[^']*'")
# What the library raises about a value such as `!!bool maybe`.
_UNFIT = (ValueError, LookupError, AttributeError, TypeError)

# YAML 1.2's idea of plain words: `no`, `on`, `10:30` and `2026-01-01` are text, as their writers mean them.
_PLAIN = (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(0|[1-9][0-9]*)", "-+0123456789"),
    ("float", r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("merge", r"<<", "<"),
)


def _flatten(loader: Any, node: yaml.MappingNode) -> None:
    """Resolve merge keys: the mapping's own keys win, then those of the mapping that is merged first.

    The library's own way differs between its releases: 6.0.4 lets the last one of several win.
    """
    merging = [value for key, value in node.value if key.tag == _MERGE]
    if not merging:
        return
    own = node.value = [(key, value) for key, value in node.value if key.tag != _MERGE]
    merged = [pair for value in merging for pair in _merged(loader, value)]
    node.value = list({_name(key): (key, value) for key, value in (*reversed(merged), *own)}.values())


def _merged(loader: Any, value: yaml.Node) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    for mapping in value.value if isinstance(value, yaml.SequenceNode) else [value]:
        if not isinstance(mapping, yaml.MappingNode):
            message = "only a mapping or a list of mappings can be merged"
            raise yaml.constructor.ConstructorError(None, None, message, mapping.start_mark)
        _flatten(loader, mapping)
        yield from mapping.value


def _name(key: yaml.Node) -> object:
    return key.value if isinstance(key, yaml.ScalarNode) else key


# The parser in C where there is one: thousands of connections are read in a second instead of ten.
_Loader: Any = type(
    "_Loader",
    (getattr(yaml, "CSafeLoader", yaml.SafeLoader),),
    {"yaml_implicit_resolvers": {}, "flatten_mapping": _flatten},
)
for _tag, _pattern, _first in _PLAIN:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), _first)

_Loader.add_constructor(TAG, lambda loader, node: Expanded(node.value))


def read_mapping(path: Path, environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return what the file holds, {} when it is empty; ConfigError names the file and the line of a mistake.

    With `environ` its variables are filled in.
    """
    try:
        content = parsed(_read(path), str(path), environ)
    except OSError as error:
        raise ConfigError([Problem(str(path), f"can't be read: {error.strerror}")]) from None
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise ConfigError([Problem(str(path), "must be a mapping of settings")])
    return content


def _read(path: Path) -> bytes:
    content = read_file(path, _LARGEST)
    if len(content) > _LARGEST:
        raise ConfigError([Problem(str(path), f"is larger than {_LARGEST // 2**20} MiB")])
    return content


def parsed(content: bytes, place: str, environ: Mapping[str, str] | None = None) -> object:
    """Return what a YAML text holds, {} when that is nothing; ConfigError names the place and the line of a mistake."""
    try:
        return _parsed(content, place, environ)
    except RecursionError:  # the parser in Python; the one in C counts
        raise ConfigError([Problem(place, _TOO_DEEP)]) from None
    except (yaml.YAMLError, *_UNFIT) as error:
        raise ConfigError([Problem(place, _why(error, content))]) from None


def _parsed(content: bytes, place: str, environ: Mapping[str, str] | None) -> object:
    loader = _Loader(content)
    try:
        node = loader.get_single_node()
        if node is None:
            return {}
        if problems := [Problem(place, message) for message in dict.fromkeys(_mistakes(node, set()))]:
            raise ConfigError(problems)
        if environ is not None and (unfilled := list(expand(node, environ))):
            raise ConfigError(Problem(place_of(path), message) for path, message in unfilled)
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _mistakes(node: yaml.Node, visited: set[int], depth: int = 0) -> Iterator[str]:
    """Yield a message for each duplicate key of one mapping; what aliases name is looked at once."""
    if id(node) in visited or not isinstance(node, yaml.CollectionNode):
        return
    if depth == _DEEPEST:
        yield _TOO_DEEP
        return
    visited.add(id(node))
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    yield f"{_where(key.start_mark)}: duplicate key {key.value!r}"
                seen.add(key.value)
            yield from _mistakes(value, visited, depth + 1)
    else:
        for item in node.value:
            yield from _mistakes(item, visited, depth + 1)


def _where(mark: Any) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}"


def _why(error: Exception, content: bytes) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        said = ", ".join(filter(None, (error.context, error.problem)))
        if "maximum nesting depth" in said:
            return _TOO_DEEP
        # Without what it quotes: a token such as `!abc` is taken for a tag.
        return f"{_where(error.problem_mark)}: {_QUOTED.sub('', said)}{_hint(error, content)}"
    if isinstance(error, yaml.reader.ReaderError):
        return "is not text in UTF-8 or UTF-16"
    return "holds a value that doesn't fit its tag"


def _hint(error: yaml.MarkedYAMLError, content: bytes) -> str:
    """Tell where a blank seems to be missing: in the line before the one at which the parser gave up, or in that one."""
    lines = content.splitlines()
    marks = [mark.line for mark in (error.problem_mark, error.context_mark) if mark is not None]
    written = [number for number in range(min(marks[0], len(lines))) if _is_written(lines[number])]
    for number in (*written[-1:], *marks):
        if number < len(lines) and lacks_blank(lines[number].decode(errors="replace")):
            return f"; a blank is missing after the colon in line {number + 1}"
    return ""


def _is_written(line: bytes) -> bool:
    return line.strip()[:1] not in (b"", b"#")

"""The settings of every kind of connection, as tables: in docs/configuration.md and examples/full.yml."""

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from exporter.config import Words, format_duration
from exporter.sources.connections.kinds import KINDS
from tools.marks import between

ROOT = Path(__file__).parent.parent
PAGE, EXAMPLE = ROOT / "docs" / "configuration.md", ROOT / "examples" / "full.yml"
PAGE_MARKS = ("<!-- kinds: begin -->\n", "<!-- kinds: end -->")
EXAMPLE_MARKS = ("  # kinds: begin\n", "  # kinds: end")


def own_settings(word: str) -> dict[str, FieldInfo]:
    """Return the settings that a kind adds to those of every connection, or has other defaults for."""
    options = KINDS[word].Options
    return {name: options.model_fields[name] for name in options.__annotations__ if name != "kind"}


def section(word: str) -> str:
    """Return the part of the page that is about one kind."""
    rows = [_row(name, field) for name, field in own_settings(word).items()]
    head = "| setting | type | default | meaning |\n|---|---|---|---|\n"
    return f"#### kind: {word}\n\n{inspect.getdoc(KINDS[word].Options)}\n\n{head}{''.join(rows)}"


def _row(name: str, field: FieldInfo) -> str:
    return f"| `{name}` | {_type(field)} | {default_text(field)} | {field.description} |\n"


def default_text(field: FieldInfo) -> str:
    """Return the default as it would be written in the file."""
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True)
    if default is None:
        return "–"
    return f"`{_written(default, field)}`"


def _written(value: Any, field: FieldInfo) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and Words("duration") in field.metadata:
        return format_duration(value)
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) if len(value) == 1 else str(list(value))
    return str(value)


def _type(field: FieldInfo) -> str:
    for words in (each for each in field.metadata if isinstance(each, Words)):
        return words.text
    annotation = field.annotation
    if get_origin(annotation) is Literal:
        *first, last = (f"`{word}`" for word in get_args(annotation))
        return f"{', '.join(first)} or {last}" if first else last
    if annotation is bool:
        return "boolean"
    return "whole number" if annotation is int else "text"


def example(word: str) -> Iterator[str]:
    """Yield the lines of the example that name a kind's settings."""
    yield f"  # - kind: {word}\n"
    for name, field in own_settings(word).items():
        yield f"  #   {name}: {default_text(field).strip('`').replace('–', '')}".rstrip() + "\n"


def files() -> dict[Path, str]:
    """Return what the files should hold."""
    sections = "\n" + "\n".join(map(section, KINDS)) + "\n"
    lines = "".join(line for word in KINDS for line in example(word))
    return {
        PAGE: between(PAGE.read_text(), PAGE_MARKS, sections),
        EXAMPLE: between(EXAMPLE.read_text(), EXAMPLE_MARKS, lines),
    }

"""From a file or a mapping to a `Config`, or to every problem at once."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from exporter.config.places import place_of, problems_of
from exporter.config.schema import Config
from exporter.config.yamlfile import read_mapping
from exporter.errors import ConfigError, Problem

Model = TypeVar("Model", bound=BaseModel)


def load(path: Path) -> Config:
    """Read the file at `path`; ConfigError lists all problems with their places."""
    return parse(read_mapping(path))


def parse(raw: Mapping[str, Any]) -> Config:
    """Validate what a file held; ConfigError lists all problems with their places."""
    return validated(Config, raw)


def validated(model: type[Model], raw: object, under: tuple[int | str, ...] = ()) -> Model:
    """Make a `model` of `raw`, which stands at `under` in the file; ConfigError lists all problems."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(problems_of(error, model, under)) from None


def repeated(section: str, key: str, names: Sequence[str]) -> list[Problem]:
    """Return a problem for each of `names` that stood before in the same section."""
    first: dict[str, int] = {}
    problems = []
    for number, name in enumerate(names):
        if first.setdefault(name, number) != number:
            owner = place_of((section, first[name]))
            problems.append(Problem(place_of((section, number, key)), f"{name!r} is taken by {owner}"))
    return problems

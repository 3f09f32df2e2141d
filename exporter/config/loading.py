"""From a mapping to a section, or to every problem at once."""

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from exporter.config.problems import problems_of
from exporter.errors import ConfigError

Model = TypeVar("Model", bound=BaseModel)


def validated(model: type[Model], raw: object, under: tuple[int | str, ...] = ()) -> Model:
    """Make a `model` of `raw`, which is at `under` in the file; ConfigError lists all problems."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(problems_of(error, model, under)) from None


def anchored(section: Model, folder: Path) -> Model:
    """Return the section with relative paths starting at the folder of its file, whichever settings they are."""
    changes = {name: moved for name, value in section if (moved := _anchored(value, folder)) is not value}
    return section.model_copy(update=changes) if changes else section


def _anchored(value: Any, folder: Path) -> Any:
    if isinstance(value, Path):
        return folder / value
    if isinstance(value, tuple) and any(isinstance(item, Path) for item in value):
        return tuple(folder / item for item in value)
    return anchored(value, folder) if isinstance(value, BaseModel) else value

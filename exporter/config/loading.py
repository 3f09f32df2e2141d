"""From a mapping to a section, or to every problem at once."""

from typing import TypeVar

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

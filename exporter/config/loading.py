"""From a mapping to a `Config`, or to every problem at once."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from exporter.config.problems import Origin, problems_of, repeated
from exporter.config.schema import Config
from exporter.errors import ConfigError

Model = TypeVar("Model", bound=BaseModel)
_NOWHERE = Origin()


def parse(raw: Mapping[str, Any], origin: Origin = _NOWHERE) -> Config:
    """Validate what a file held; ConfigError lists all problems with their places."""
    try:
        config = validated(Config, raw)
        if twins := repeated("consul", "name", [cluster.name for cluster in config.consul]):
            raise ConfigError(twins)
    except ConfigError as error:
        raise ConfigError(map(origin.spoken, error.problems)) from None
    config._origin = origin
    return config


def validated(model: type[Model], raw: object, under: tuple[int | str, ...] = ()) -> Model:
    """Make a `model` of `raw`, which stands at `under` in the file; ConfigError lists all problems."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(problems_of(error, model, under)) from None

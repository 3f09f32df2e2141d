"""Turn validation errors into problems a person can act on: where, what, and what was perhaps meant."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from exporter.errors import Problem

_WORDING = (
    ("Value error, ", ""),
    ("Input should be", "must be"),
    ("a valid dictionary", "a mapping"),
    ("a valid tuple", "a list"),
    ("a valid string", "text; put it in quotes"),
    ("a valid boolean", "true or false"),
    ("a valid integer", "a whole number"),
    ("String should", "must"),
    ("Value should have at least 1 item after validation, not 0", "must not be empty"),
    ("greater than or equal to", "at least"),
    ("less than or equal to", "at most"),
    ("must have at least 1 character", "must not be empty"),
    ("Keys should be strings", "keys must be text; put them in quotes"),
)

_LISTS = ("list_type", "tuple_type")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where settings were read: relative paths start at `folder`, `variables` give a place its variable's name."""

    folder: Path = Path()
    variables: Mapping[str, str] = field(default_factory=dict)

    def located(self, problem: Problem) -> Problem:
        """Return the problem with the place that the user knows."""
        known = (name for place, name in self.variables.items() if problem.place.startswith(place))
        return problem._replace(place=next(known, problem.place))


def place_of(path: tuple[int | str, ...]) -> str:
    """Write a path as `connections[0].interval`; a wrong key is part of the path itself."""
    steps = (step for step in path if step != "[key]")
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")


def problems_of(
    error: ValidationError, model: type[BaseModel], under: tuple[int | str, ...] = ()
) -> tuple[Problem, ...]:
    """Return every problem of `error`; `under` is where in the file the validated mapping is."""
    details = error.errors(include_url=False, include_context=False)
    return tuple(_problem(detail, model, under) for detail in details)


def _problem(detail: ErrorDetails, model: type[BaseModel], under: tuple[int | str, ...]) -> Problem:
    path = detail["loc"]
    return Problem(place_of(under + path), _message(detail, model, path))


def _message(detail: ErrorDetails, model: type[BaseModel], path: tuple[int | str, ...]) -> str:
    if detail["type"] == "missing":
        return "missing"
    if detail["type"] == "extra_forbidden":
        return unknown_key(str(path[-1]), _keys_at(model, path[:-1]))
    if detail["type"].startswith("model_") or detail["type"] == "dict_type":
        return "must be a mapping" + _colon_hint(detail["input"])
    if detail["input"] is None and detail["type"].endswith("_type"):
        return "is empty"
    message = detail["msg"]
    for theirs, ours in _WORDING:
        message = message.replace(theirs, ours)
    return message + (_colon_hint(detail["input"]) if detail["type"] in _LISTS else "")


def _colon_hint(found: object) -> str:
    """Tell of the blank that makes `name:main` a setting; the text itself is not quoted."""
    is_one = isinstance(found, str) and lacks_blank(found)
    return "; a blank is missing after a colon" if is_one else ""


def lacks_blank(line: str) -> bool:
    """Tell whether this looks like a setting whose colon is not followed by a blank, and is no URL."""
    return bool(re.match(r"\s*(-\s+)*[A-Za-z_]\w*:(?!//)\S", line))


def unknown_key(key: str, known: Iterable[str]) -> str:
    """Return the message about a key that is none of the `known` ones."""
    known = sorted(known)
    near = difflib.get_close_matches(key, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
    return f"unknown key, {hint}"


def _keys_at(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    for step in path:
        if isinstance(step, str) and step in model.model_fields:
            model = next(_models_in(model.model_fields[step].annotation), model)
    return list(model.model_fields)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def repeated(section: str, key: str, names: Sequence[object]) -> list[Problem]:
    """Return a problem for each of `names` that stood before in the same section; other than text is no name."""
    first: dict[str, int] = {}
    problems = []
    for number, name in enumerate(names):
        if isinstance(name, str) and first.setdefault(name, number) != number:
            owner = place_of((section, first[name]))
            problems.append(Problem(place_of((section, number, key)), f"{name!r} is already used by {owner}"))
    return problems

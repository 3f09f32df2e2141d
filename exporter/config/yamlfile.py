"""Read a YAML file that must be one mapping; a key that stands twice is an error."""

from pathlib import Path
from typing import Any

import yaml

from exporter.errors import ConfigError, Problem


class _Loader(yaml.SafeLoader):
    """YAML as everybody means it: keys are unique."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key!r} stands twice", key_node.start_mark
                )
            seen.add(key)
        self.flatten_mapping(node)
        return super().construct_mapping(node, deep)


def read_mapping(path: Path) -> dict[str, Any]:
    """Return what the file holds; ConfigError names the file, and the line where YAML breaks off."""
    try:
        content = yaml.load(path.read_bytes(), _Loader)  # noqa: S506 -- a SafeLoader
    except OSError as error:
        raise ConfigError([Problem(str(path), f"can't be read: {error.strerror}")]) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError([Problem(str(path), _why(error))]) from None
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise ConfigError(
            [Problem(str(path), "must be a mapping with sections such as consul and connections")]
        )
    return content


def _why(error: Exception) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f"line {mark.line + 1}, column {mark.column + 1}: {error.problem}"
    return "is not YAML text"

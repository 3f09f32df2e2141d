"""What lies in the files of a provider at one moment."""

import glob
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exporter.config import parsed, read_regular
from exporter.errors import ConfigError, Malformed, PollError, TooLarge, Unreadable
from exporter.timing import wall

_LARGEST = 32 * 2**20
# A file changed less than so many seconds ago may still be being written.
_FRESH = 2.0


@dataclass(frozen=True, slots=True)
class Seen:
    """The content of a file; `is_fresh` while it may still be being written."""

    content: bytes
    is_fresh: bool


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at all files saw, and what can't be looked at.

    While a whole folder can't be listed, it `is_partial`: files that were not seen may still be there.
    """

    seen: Mapping[Path, Seen]
    failures: Mapping[Path, PollError]
    is_partial: bool

    def content(self, path: Path) -> bytes | None:
        """Return what the file holds, None when it was not seen."""
        return self.seen[path].content if path in self.seen else None


def look_at(patterns: Sequence[Path]) -> Look:
    """Read all files that match one of the patterns."""
    seen: dict[Path, Seen] = {}
    failures: dict[Path, PollError] = {}
    is_partial = False
    for pattern in patterns:
        try:
            matching = _matching(pattern)
        except OSError as error:
            failures[pattern] = Unreadable(f"{pattern}: the folder can't be listed: {error.strerror}")
            is_partial = True
            continue
        for path in matching:
            try:
                seen[path] = _seen(path)
            except OSError as error:
                failures[path] = Unreadable(f"{path} can't be read: {error.strerror}")
            except TooLarge as error:
                failures[path] = error
    return Look(seen, failures, is_partial)


def _matching(pattern: Path) -> list[Path]:
    """Return the paths that match, one without wildcards whether it is there or not; OSError without its folder."""
    text = str(pattern)
    if not glob.has_magic(text):
        return [pattern]
    os.scandir(_folder(pattern)).close()
    return [Path(path) for path in sorted(glob.glob(text, recursive=True)) if not os.path.isdir(path)]


def _folder(pattern: Path) -> Path:
    """Return the folder above the first wildcard."""
    return next(parent for parent in pattern.parents if not glob.has_magic(str(parent)))


def _seen(path: Path) -> Seen:
    changed = path.stat().st_mtime
    content = read_regular(path, _LARGEST)
    if len(content) > _LARGEST:
        raise TooLarge(f"{path} is larger than {_LARGEST // 2**20} MiB")
    return Seen(content, wall() - changed < _FRESH)


def entries_of(path: Path, content: bytes) -> Sequence[Any]:
    """Return the list in a file's content, alone or under the key `connections`; Malformed when there is none."""
    found = _loaded(path, content)
    if isinstance(found, dict) and found.keys() == {"connections"}:
        found = found["connections"]
    if not isinstance(found, list):
        raise Malformed(f"{path} holds no list of connections")
    return found


def _loaded(path: Path, content: bytes) -> object:
    if path.suffix == ".json":
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            raise Malformed(f"{path} is not JSON") from None
    try:
        return parsed(content, str(path))
    except ConfigError as error:
        raise Malformed("; ".join(map(str, error.problems))) from None

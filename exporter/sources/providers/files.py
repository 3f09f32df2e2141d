"""Lists of connections in YAML or JSON files, followed by their content.

    connections_from:
      - name: shop
        provider: files
        files: [connections/*.yml]

A file that is renamed into its place, swapped by a symbolic link or still being written is believed only when it
stays as it is for a moment.
"""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from exporter.config import FilePath
from exporter.config.filework import run_beside
from exporter.errors import Malformed, PollError
from exporter.sources.clients import ClientLease
from exporter.sources.contract import ProviderFindings
from exporter.sources.providers.looking import Look, Seen, entries_of, look_at
from exporter.sources.providers.reading import Common, Record, key_of
from exporter.sources.providers.settings import ProviderSettings
from exporter.sources.providers.source import ProviderSource

# Until news are believed: looks at most, and seconds between two of them.
_LOOKS = 4
_PAUSE = 0.7


class FilesSettings(ProviderSettings):
    """Files, each named or by patterns with `*`, `?`, `[…]` and `**`."""

    provider: Literal["files"]
    files: Annotated[tuple[FilePath, ...], Field(strict=False, min_length=1)]


class _File(NamedTuple):
    """A file as it was read: what it lists, or listed before an `error` came about."""

    content: bytes
    entries: Sequence[Any]
    error: PollError | None


class FilesSource(ProviderSource):
    """The files of one provider; one that can't be used keeps what it said before, and the others go on."""

    def __init__(self, settings: FilesSettings, common: Common, clients: ClientLease) -> None:
        super().__init__(settings, common)
        self._patterns = settings.files
        self._pause = min(_PAUSE, settings.timeout / (2 * _LOOKS))
        self._files: dict[Path, _File] = {}

    async def poll(self, token: str) -> ProviderFindings:
        """Look at the files, again while one changes, and read those that are new."""
        look, unsettled = await self._settled()
        self._files = await run_beside(self._lane, lambda: self._taken(look, unsettled))
        errors = [
            *look.failures.values(),
            *(Malformed(f"{path} is still being written") for path in sorted(unsettled)),
            *(file.error for file in self._files.values() if file.error),
        ]
        return await self._read(self._records, tuple(errors))

    async def _settled(self) -> tuple[Look, set[Path]]:
        """Return a look, and the files whose news can't be believed yet."""
        look = await self._look()
        unsettled = self._fresh_news(look)
        for _ in range(_LOOKS - 1):
            if not unsettled:
                break
            await asyncio.sleep(self._pause)
            before, look = look, await self._look()
            unsettled = {
                path for path in self._fresh_news(look) if before.content(path) != look.content(path)
            }
        return look, unsettled

    async def _look(self) -> Look:
        return await run_beside(self._lane, lambda: look_at(self._patterns))

    def _fresh_news(self, look: Look) -> set[Path]:
        """Return the files that were changed or taken away a moment ago."""
        changed = {path for path, seen in look.seen.items() if seen.is_fresh and self._is_news(path, seen)}
        return changed | self._gone(look)

    def _is_news(self, path: Path, seen: Seen) -> bool:
        return path not in self._files or self._files[path].content != seen.content

    def _gone(self, look: Look) -> set[Path]:
        return set() if look.is_partial else self._files.keys() - look.seen.keys() - look.failures.keys()

    def _taken(self, look: Look, unsettled: set[Path]) -> dict[Path, _File]:
        """Return the files as they are now; what can't be believed or read is as it was."""
        gone = self._gone(look) - unsettled
        kept = {path: file for path, file in self._files.items() if path not in gone}
        news = {
            path: self._parsed(path, seen.content)
            for path, seen in look.seen.items()
            if path not in unsettled and self._is_news(path, seen)
        }
        return dict(sorted((kept | news).items()))

    def _parsed(self, path: Path, content: bytes) -> _File:
        try:
            return _File(content, entries_of(path, content), None)
        except Malformed as error:
            before = self._files.get(path)
            return _File(content, before.entries if before else (), error)

    def _records(self) -> Iterator[Record]:
        for path, file in self._files.items():
            for number, entry in enumerate(file.entries):
                yield Record((path, key_of(entry, number)), entry, (str(path), number), path.parent)

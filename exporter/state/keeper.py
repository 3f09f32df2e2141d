"""Keeps the state file up to date while the exporter runs, and never stands in its way."""

import asyncio
from pathlib import Path

from exporter.config.filework import mount_of, run_beside
from exporter.logs import Log
from exporter.sources.contract import SourceId
from exporter.state.past import SourcePast
from exporter.state.snapshot import Snapshot
from exporter.state.statefile import StateFile, StateFileUnusable, pasts_of
from exporter.state.store import Store

_SAVE_EVERY = 15.0  # seconds; what happened since is lost with a crash
_LAST_SAVE = 1.0  # the longest that the end of the exporter waits for it


class Keeper:
    """Keeps what `store` knows in the file at `path`; without one it does nothing."""

    def __init__(self, path: Path | None) -> None:
        self._file = StateFile(path) if path else None
        self._mount = mount_of(path) if path else ""
        self._saved: Snapshot | None = None
        self._problem = ""
        self._log = Log("state")

    def recalled(self) -> dict[SourceId, SourcePast]:
        """Return what an earlier run left; a file that can't be used is said, and as good as none."""
        if not self._file:
            return {}
        try:
            pasts = self._file.load()
        except StateFileUnusable as unusable:
            self._log.warning("state file ignored", file=str(self._file.path), problem=str(unusable))
            return {}
        self._log.info("state file read", file=str(self._file.path), sources=len(pasts))
        return pasts

    async def keep(self, store: Store) -> None:
        """Save what is new, again and again, for ever."""
        while True:
            await asyncio.sleep(_SAVE_EVERY)
            await self._save(store)

    async def finish(self, store: Store) -> None:
        """Save for the last time; a disk that hangs is not waited for."""
        try:
            async with asyncio.timeout(_LAST_SAVE):
                await self._save(store)
        except TimeoutError:
            self._log.warning("state file not saved in time")

    async def _save(self, store: Store) -> None:
        file, snapshot = self._file, store.snapshot
        if not file or snapshot is self._saved:
            return
        problem = ""
        unused = dict(store.pasts)
        try:
            await run_beside(self._mount, lambda: file.save(pasts_of(snapshot, unused)))
            self._saved = snapshot
        except StateFileUnusable as unusable:
            problem = str(unusable)
        if problem != self._problem:
            self._say(file, problem)
        self._problem = problem

    def _say(self, file: StateFile, problem: str) -> None:
        if problem:
            self._log.error("state file not saved", file=str(file.path), problem=problem)
        else:
            self._log.info("state file saved again", file=str(file.path))

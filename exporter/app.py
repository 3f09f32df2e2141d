"""The running exporter: configuration → sources → polls → snapshot → text, wired together and stopped cleanly."""

import asyncio
from collections.abc import Callable

from exporter.building import Workshop, plan
from exporter.config import Config
from exporter.errors import ConfigError
from exporter.exposition import EMPTY, Exposition, Rendered
from exporter.fleet import Fleet
from exporter.logs import Log
from exporter.snapshot import Snapshot, Store
from exporter.web.own_metrics import OwnMetrics

# Rendering takes at most this part of the time, so that many small changes don't cost more than few large ones.
_RENDERING_SHARE = 0.1
_SHORTEST_REST = 0.1


class App:
    """Everything that runs beside the web server, and what the web server shows."""

    def __init__(self, read_config: Callable[[], Config]) -> None:
        self.own = OwnMetrics()
        self.rendered: Rendered = EMPTY
        self._read_config = read_config
        self._store = Store()
        self._fleet = Fleet(self._store)
        self._workshop = Workshop()
        self._changed = asyncio.Event()
        self._store.listen(self._changed.set)
        self._log = Log("app")

    @property
    def snapshot(self) -> Snapshot:
        """What is known at present."""
        return self._store.snapshot

    @property
    def ready(self) -> bool:
        """Whether every cluster was polled once; without clusters, whether any connection was."""
        views = list(self.snapshot.values())
        clusters = [view for view in views if view.source.kind == "consul"]
        return all(view.polls for view in clusters) and (
            bool(clusters) or not views or any(v.polls for v in views)
        )

    def load(self) -> None:
        """Read the configuration and poll what it names; ConfigError when it can't be used."""
        wanted = plan(self._read_config())
        for warning in wanted.warnings:
            self._log.warning("configuration", place=warning.place, problem=warning.message)
        sources = self._workshop.sources(wanted)
        if not sources:
            self._log.warning("nothing to poll: the configuration names neither consul nor connections")
        self._fleet.adopt(sources)
        self.own.loaded(True)
        self._log.info("configuration loaded", consul=len(wanted.consul), connections=len(wanted.connections))

    def reload(self) -> None:
        """Load again; on ConfigError all stays as it was."""
        try:
            self.load()
        except ConfigError as error:
            self.own.loaded(False)
            for problem in error.problems:
                self._log.error("configuration not loaded", place=problem.place, problem=problem.message)
            raise

    async def run(self) -> None:
        """Watch files, drop what is stale, and render what changed, for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._fleet.watch())
            tasks.create_task(self._render())

    async def _render(self) -> None:
        exposition = Exposition()
        while True:
            await self._changed.wait()
            self._changed.clear()
            self.rendered = await asyncio.to_thread(exposition.render, self.snapshot)
            self.own.rendered(self.rendered)
            await asyncio.sleep(max(_SHORTEST_REST, self.rendered.duration * (1 / _RENDERING_SHARE - 1)))

    async def stop(self) -> None:
        """Stop polling and close all connections."""
        await self._fleet.stop()
        await self._workshop.close()

"""The running exporter: configuration → sources → polls → snapshot → text, wired together and stopped cleanly."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from exporter.config.filework import run_beside
from exporter.errors import ConfigError, Problem
from exporter.exposition.text import EMPTY, Exposition, Rendered
from exporter.logs import Log
from exporter.merging import Merged
from exporter.polling.pollers import Pollers
from exporter.sharding import WHOLE, Shard
from exporter.sources.contract import Source, SourceId
from exporter.sources.factory import SourceFactory
from exporter.sources.plan import Plan
from exporter.state import Keeper, Snapshot, Store
from exporter.web.own_metrics import OwnMetrics

# Rendering takes at most this part of a core, so that many small changes don't cost more than few large ones, in
# as far as what is new is shown soon.
_RENDERING_SHARE = 0.1
_SHORTEST_REST = 0.1
_LONGEST_REST = 2.0
# How long reading the configuration may take, in seconds: a network mount may hang for ever.
_READING = 60.0


class App:
    """Everything that runs beside the web server, and what the web server shows.

    It is `ready` for good once /metrics shows a poll of every source to be awaited; without those, of any source.
    `secure` reads the settings of the web server anew; like `read_plan` it raises ConfigError. What is known of statuses
    outlives a restart in `state_file`. Of what there is to be polled, it is the part of `shard`.
    """

    def __init__(
        self,
        read_plan: Callable[[], Plan],
        secure: Callable[[], None] = lambda: None,
        state_file: Path | None = None,
        shard: Shard = WHOLE,
    ) -> None:
        self.own = OwnMetrics()
        self.rendered: Rendered = EMPTY
        self.ready = False
        self._read_plan = read_plan
        self._secure = secure
        self._shard = shard
        self._keeper = Keeper(state_file)
        self._store = Store(pasts=self._keeper.recalled())
        self._pollers = Pollers(self._store)
        self.own.show_loads(self._pollers.loads)
        self._factory = SourceFactory()
        self._loading = asyncio.Lock()
        self._reload = Merged(self._reload_once)
        self._changed = asyncio.Event()
        self._store.listen(self._changed.set)
        self._log = Log("app")

    @property
    def snapshot(self) -> Snapshot:
        """What is known at present."""
        return self._store.snapshot

    async def load(self) -> None:
        """Read the configuration and poll what it names; on ConfigError all stays as it was."""
        try:
            async with asyncio.timeout(_READING):
                # Beside the event loop: thousands of connections and their files take a while to read.
                wanted = await run_beside("configuration", self._read)
        except TimeoutError:
            raise ConfigError([Problem("", f"the files can't be read within {_READING:g} s")]) from None
        async with self._loading:
            self._adopt(wanted)
            await self._factory.close_unused()

    def _read(self) -> Plan:
        wanted = self._read_plan()
        self._secure()
        return wanted

    def _adopt(self, wanted: Plan) -> None:
        self._store.lists.adopt(wanted.sources)
        sources = self._take_sources()
        for warning in wanted.warnings:
            self._log.warning("configuration", place=warning.place, problem=warning.message)
        if not sources:
            self._log.warning("nothing to poll: the configuration names no source")
        self.own.loaded(True)
        self._log.info("configuration loaded", **Counter(id_.kind for id_ in sources))

    def _take_sources(self) -> Mapping[SourceId, Source]:
        """Poll what the configuration and its providers name at present."""
        parts = (planned.part(self._shard) for planned in self._store.lists.all())
        sources = self._factory.sources(tuple(part for part in parts if part))
        self._pollers.adopt(sources)
        return sources

    async def _follow_lists(self) -> None:
        """Poll what providers list, as soon as they list something new, for ever."""
        changed = self._store.lists.changed
        while True:
            await changed.wait()
            async with self._loading:
                changed.clear()
                self._take_sources()
                await self._factory.close_unused()

    async def reload(self) -> None:
        """Load again; on ConfigError all stays as it was, and the log and a metric say so.

        All who ask while that is done share one more load, which begins after they asked.
        """
        await self._reload()

    async def _reload_once(self) -> None:
        try:
            await self.load()
        except ConfigError as error:
            self._not_loaded(error)
            raise
        except Exception as error:
            # Whatever a new file does to our code, what runs goes on with the old one.
            self._log.defect("reload failed by a defect", error)
            defect = ConfigError([Problem("", "a defect of the exporter, see the log")])
            self._not_loaded(defect)
            raise defect from None

    def _not_loaded(self, error: ConfigError) -> None:
        self.own.loaded(False)
        for problem in error.shown:
            self._log.error("configuration not loaded", place=problem.place, problem=problem.message)

    def poll_now(self, name: str | None = None) -> int:
        """Poll the sources of this name at once, or all; return how many there are."""
        return self._pollers.poll_now(name)

    async def run(self) -> None:
        """Watch files and lists, drop what is stale, and render what changed, for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.own.holds.measure())
            tasks.create_task(self._pollers.watch())
            tasks.create_task(self._follow_lists())
            tasks.create_task(self._render())
            tasks.create_task(self._keeper.keep(self._store))

    async def _render(self) -> None:
        exposition = Exposition()
        while True:
            await self._changed.wait()
            self._changed.clear()
            snapshot = self.snapshot
            self.rendered = await asyncio.to_thread(exposition.render, snapshot)
            self.own.rendered(self.rendered)
            self.ready = self.ready or _polled_once(snapshot)
            await asyncio.sleep(rest_after(self.rendered.cpu))

    async def stop(self) -> None:
        """Stop polling and close all connections."""
        await self._pollers.stop()
        await self._keeper.finish(self._store)
        await self._factory.close()


def rest_after(cpu: float) -> float:
    """Return how long to wait after a rendering that took so much of a core."""
    return min(max(_SHORTEST_REST, cpu * (1 / _RENDERING_SHARE - 1)), _LONGEST_REST)


def _polled_once(snapshot: Snapshot) -> bool:
    awaited = [state for state in snapshot.values() if state.info.is_awaited]
    if awaited or not snapshot:
        return all(state.polls for state in awaited)
    return any(state.polls for state in snapshot.values())

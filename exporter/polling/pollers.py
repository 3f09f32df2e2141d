"""All running pollers: brought in line with the configuration, woken when a secret file changes."""

import asyncio
import random
from collections.abc import Mapping

from exporter.logs import Log
from exporter.polling.poller import Poller
from exporter.sources.contract import Source
from exporter.state import SourceId, Store
from exporter.timing import steady

# How often secret files are looked at and stale data is dropped, in seconds.
_LOOK_EVERY = 2.0


class Pollers:
    """Runs one poller per source."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._running: dict[SourceId, tuple[Poller, asyncio.Task[None]]] = {}
        self._signatures: dict[SourceId, object] = {}
        self._log = Log("fleet")

    def sources(self) -> Mapping[SourceId, Source]:
        """Return what is polled at present."""
        return {id_: poller.source for id_, (poller, _) in self._running.items()}

    def adopt(self, sources: Mapping[SourceId, Source]) -> None:
        """Poll these from now on: those that are the same objects go on, others start at once, missing ones stop."""
        self._store.adopt(sources)
        current = self.sources()
        for id_ in current:
            if sources.get(id_) is not current[id_]:
                self._running.pop(id_)[1].cancel()
                self._signatures.pop(id_)
        phases = _phases(sources)
        for id_, source in sources.items():
            if id_ not in self._running:
                self._start(id_, source, phases[id_])

    def _start(self, id_: SourceId, source: Source, phase: float) -> None:
        # Before the first poll reads the file, so that no change goes unseen.
        self._signatures[id_] = source.signature()
        poller = Poller(source, self._store, phase)
        task = asyncio.create_task(poller.run(), name=f"poll {id_.kind} {id_.name}")
        task.add_done_callback(self._ended)
        self._running[id_] = (poller, task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            self._log.defect("poller ended by a defect", error, task=task.get_name())

    async def watch(self) -> None:
        """Look at the secret files and at the age of the data for ever."""
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            self._store.drop_stale()
            sources = self.sources()
            found = await asyncio.to_thread(_signatures, sources)
            for id_, (poller, _) in self._running.items():
                # One that a reload replaced meanwhile was polled then.
                if poller.source is sources.get(id_) and found[id_] != self._signatures[id_]:
                    self._signatures[id_] = found[id_]
                    self._log.info("secret file changed", source=id_.name, kind=id_.kind)
                    poller.poll_now()

    async def stop(self) -> None:
        """Stop all polling."""
        tasks = [task for _, task in self._running.values()]
        self._running.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _phases(sources: Mapping[SourceId, Source]) -> dict[SourceId, float]:
    """Spread the sources of each interval evenly over it, from a random start so that exporters differ."""
    alike: dict[float, list[SourceId]] = {}
    for id_, source in sources.items():
        alike.setdefault(source.interval, []).append(id_)
    return {id_: phase for interval, ids in alike.items() for id_, phase in _spread(interval, ids)}


def _spread(interval: float, ids: list[SourceId]) -> list[tuple[SourceId, float]]:
    start = steady() + random.uniform(0, interval)  # noqa: S311 -- not for secrets
    return [(id_, start + number * interval / len(ids)) for number, id_ in enumerate(ids)]


def _signatures(sources: Mapping[SourceId, Source]) -> dict[SourceId, object]:
    return {id_: source.signature() for id_, source in sources.items()}

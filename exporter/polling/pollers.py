"""All running pollers: brought in line with the configuration, woken when a secret file changes."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping

from exporter.config.filework import run_beside
from exporter.logs import Log
from exporter.polling.limits import HostLoad, RequestLimits
from exporter.polling.poller import Poller
from exporter.sources.contract import Source, SourceId
from exporter.state import Store
from exporter.timing import steady

# How often secret files are looked at and stale data is dropped, in seconds.
_LOOK_EVERY = 2.0


class Pollers:
    """Runs one poller per source."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._limits = RequestLimits()
        self._running: dict[SourceId, tuple[Poller, asyncio.Task[None]]] = {}
        self._looks: dict[str, asyncio.Task[None]] = {}
        self._log = Log("polling")

    def adopt(self, sources: Mapping[SourceId, Source]) -> None:
        """Poll these from now on: those that are the same objects go on, others start at once, missing ones stop."""
        self._store.adopt(source.info for source in sources.values())
        for id_ in [
            id_ for id_, (poller, _) in self._running.items() if sources.get(id_) is not poller.source
        ]:
            self._running.pop(id_)[1].cancel()
        phases = _phases(sources)
        for id_, source in sources.items():
            if id_ not in self._running:
                self._start(id_, source, phases[id_])

    def _start(self, id_: SourceId, source: Source, phase: float) -> None:
        poller = Poller(source, self._store, self._limits, phase)
        task = asyncio.create_task(poller.run(), name=f"poll {id_.kind} {id_.name}")
        task.add_done_callback(self._ended)
        self._running[id_] = (poller, task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            self._log.defect("poller ended by a defect", error, task=task.get_name())

    def poll_now(self, name: str | None = None) -> int:
        """Poll the sources of this name at once, or all; return how many there are."""
        wanted = [poller for id_, (poller, _) in self._running.items() if name in (None, id_.name)]
        for poller in wanted:
            poller.poll_now()
        return len(wanted)

    def loads(self) -> Mapping[str, HostLoad]:
        """Return the load of each host that has more than the usual to do."""
        return self._limits.loads()

    async def watch(self) -> None:
        """Look at the age of the data and at the secret files for ever."""
        try:
            while True:
                await asyncio.sleep(_LOOK_EVERY)
                self._store.drop_stale()
                self._look_at_files()
        finally:
            for look in self._looks.values():
                look.cancel()

    def _look_at_files(self) -> None:
        """Look at the files of each mount that isn't still being looked at: a network mount may hang."""
        for mount, pollers in self._by_mount().items():
            if mount not in self._looks or self._looks[mount].done():
                self._looks[mount] = asyncio.create_task(self._look(mount, pollers))

    def _by_mount(self) -> dict[str, list[Poller]]:
        mounts: dict[str, list[Poller]] = defaultdict(list)
        for poller, _ in self._running.values():
            if file := poller.source.token.file:
                mounts[file.mount].append(poller)
        return mounts

    async def _look(self, mount: str, pollers: list[Poller]) -> None:
        changed = await run_beside(
            mount, lambda: [poller for poller in pollers if poller.source.token.has_changed()]
        )
        for poller in changed:
            id_ = poller.source.info.id
            # One that a reload replaced meanwhile reads its file anyway.
            if self._running.get(id_, (None,))[0] is poller:
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
    alike: dict[float, list[SourceId]] = defaultdict(list)
    for id_, source in sources.items():
        alike[source.info.interval].append(id_)
    return {id_: phase for interval, ids in alike.items() for id_, phase in _spread(interval, ids)}


def _spread(interval: float, ids: list[SourceId]) -> Iterable[tuple[SourceId, float]]:
    start = steady() + random.uniform(0, interval)  # noqa: S311 -- not for secrets
    return [(id_, start + number * interval / len(ids)) for number, id_ in enumerate(ids)]

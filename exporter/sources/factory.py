"""From a plan to sources; those whose settings and certificates stayed the same are used again."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from exporter.sources.clients import ClientLease, ClientPool, signature_of
from exporter.sources.contract import PlannedSource, Source, SourceId


class _Made(NamedTuple):
    key: object
    source: Source
    lease: ClientLease


class SourceFactory:
    """Makes sources of what was planned."""

    def __init__(self) -> None:
        self._clients = ClientPool()
        self._made: dict[SourceId, _Made] = {}

    def sources(self, wanted: Iterable[PlannedSource]) -> Mapping[SourceId, Source]:
        """Return the planned sources; nothing is asked until they are polled."""
        self._made = {planned.id: self._kept_or_made(planned) for planned in wanted}
        return {id_: made.source for id_, made in self._made.items()}

    def _kept_or_made(self, planned: PlannedSource) -> _Made:
        key, known = (planned, signature_of(planned.settings.tls)), self._made.get(planned.id)
        if known and known.key == key:
            return known
        lease = self._clients.lease()
        return _Made(key, planned.make(lease), lease)

    async def close_unused(self) -> None:
        """Close the connections that no source of the latest plan uses."""
        await self._clients.keep(made.lease for made in self._made.values())

    async def close(self) -> None:
        """Close the connections of all sources made."""
        await self._clients.keep(())

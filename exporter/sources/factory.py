"""From a plan to sources; those whose settings and certificates stayed the same are used again."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import NamedTuple

from exporter.errors import ConfigError
from exporter.logs import Log
from exporter.sources.clients import ClientLease, ClientPool, Key, signature_of
from exporter.sources.contract import PlannedSource, Source, SourceId


class _Made(NamedTuple):
    planned: PlannedSource
    signature: Key
    source: Source
    lease: ClientLease


class SourceFactory:
    """Makes sources of what was planned."""

    def __init__(self) -> None:
        self._clients = ClientPool()
        self._made: dict[SourceId, _Made] = {}
        self._log = Log("sources")

    def sources(self, wanted: Iterable[PlannedSource]) -> Mapping[SourceId, Source]:
        """Return the planned sources; nothing is asked until they are polled."""
        signature = cache(signature_of)
        made = (
            (planned, self._kept_or_made(planned, signature(planned.settings.trust))) for planned in wanted
        )
        self._made = {planned.id: each for planned, each in made if each}
        return {id_: made.source for id_, made in self._made.items()}

    def _kept_or_made(self, planned: PlannedSource, signature: Key) -> _Made | None:
        known = self._made.get(planned.id)
        if known and known.signature == signature and (known.planned is planned or known.planned == planned):
            return known
        lease = self._clients.lease()
        try:
            return _Made(planned, signature, planned.make(lease), lease)
        except (OSError, ConfigError):
            # The files were there when the source was planned; others must not suffer from that.
            self._log.warning("certificate vanished", source=planned.id.name, kind=planned.id.kind)
            return known

    async def close_unused(self) -> None:
        """Close the connections that no source of the latest plan uses."""
        await self._clients.keep(made.lease for made in self._made.values())

    async def close(self) -> None:
        """Close the connections of all sources made."""
        await self._clients.keep(())

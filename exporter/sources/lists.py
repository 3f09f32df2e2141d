"""The lists that providers gave: which sources there are beside those of the configuration."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from itertools import takewhile

from exporter.logs import Log
from exporter.sources.connections import PlannedConnection
from exporter.sources.contract import PlannedSource, ProviderFindings, SourceId

List = tuple[PlannedSource, ...]


class Lists:
    """The sources of the configuration, and the latest list of each of its providers.

    A provider that fails, or was configured anew, keeps its list until it gives another. Of connections with one id
    the one of the configuration is polled, else that of the provider named first. `changed` is set when there is
    something new to be polled.
    """

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        self._own: List = ()
        self._lists: dict[SourceId, List] = {}
        self._named: dict[SourceId, set[str]] = {}
        self._log = Log("providers")

    def adopt(self, own: Iterable[PlannedSource]) -> None:
        """Take the sources of a new configuration; the lists of providers that it doesn't name are forgotten."""
        self._own = tuple(own)
        self._lists = {each.id: self._lists[each.id] for each in self._own if each.id in self._lists}

    def all(self) -> List:
        """Return what is to be polled, each connection once."""
        found, taken = list(self._own), self._own_names()
        for provider in self._own:
            listed = [each for each in self._lists.get(provider.id, ()) if each.id.name not in taken]
            found.extend(listed)
            taken.update(each.id.name for each in listed)
        return tuple(found)

    def admitted(self, provider: SourceId, findings: ProviderFindings) -> ProviderFindings:
        """Take a provider's list, and return what of it counts: ids that others have are rejected."""
        if self._lists.get(provider) is not findings.sources:
            self._tell_changes(provider, self._lists.get(provider, ()), findings.sources)
            self._lists[provider] = findings.sources
            self.changed.set()
        taken = self._taken_before(provider)
        repeated = {each.id.name for each in findings.sources if each.id.name in taken}
        self._tell_repeated(provider, repeated)
        if not repeated:
            return findings
        rest = tuple(each for each in findings.sources if each.id.name not in repeated)
        rejected = Counter(findings.rejected) + Counter(repeated=len(repeated))
        return replace(findings, sources=rest, rejected=dict(rejected))

    def _own_names(self) -> set[str]:
        return {each.id.name for each in self._own if isinstance(each, PlannedConnection)}

    def _taken_before(self, provider: SourceId) -> set[str]:
        earlier = takewhile(lambda each: each.id != provider, self._own)
        listed = (each.id.name for other in earlier for each in self._lists.get(other.id, ()))
        return self._own_names().union(listed)

    def _tell_changes(self, provider: SourceId, before: List, after: List) -> None:
        old, new = ({each.id: each for each in sources} for sources in (before, after))
        changed = sum(new[id_] is not old[id_] and new[id_] != old[id_] for id_ in new.keys() & old.keys())
        counts = {"added": len(new.keys() - old.keys()), "removed": len(old.keys() - new.keys())}
        self._log.info(
            "connections listed", source=provider.name, connections=len(new), **counts, changed=changed
        )

    def _tell_repeated(self, provider: SourceId, repeated: set[str]) -> None:
        """Name each id once for as long as it is repeated."""
        for name in sorted(repeated - self._named.get(provider, set())):
            self._log.warning("connection listed twice", source=provider.name, connection=name)
        self._named[provider] = repeated

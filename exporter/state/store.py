"""The current snapshot, and its listeners."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import dropwhile, takewhile
from types import MappingProxyType

from exporter.errors import DatacenterTaken
from exporter.sources.contract import ProviderFindings, ServiceFindings, SourceId, SourceInfo
from exporter.sources.lists import Lists
from exporter.state.past import SourcePast
from exporter.state.snapshot import PollResult, Snapshot, SourceState, first_state
from exporter.state.transitions import advance, age
from exporter.timing import Clock, steady


class Store:
    """Holds the current snapshot, and calls the listeners when there is a new one.

    The `lists` of providers are beside it, as they hold secrets. `pasts` are what an earlier run left of sources that were
    not adopted yet.
    """

    def __init__(
        self,
        clock: Clock = steady,
        lists: Lists | None = None,
        pasts: Mapping[SourceId, SourcePast] | None = None,
    ) -> None:
        self.snapshot: MappingProxyType[SourceId, SourceState] = MappingProxyType({})
        self.lists = lists or Lists()
        self.pasts = dict(pasts or {})
        self._clock = clock
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each change."""
        self._listeners.append(listener)

    def adopt(self, sources: Iterable[SourceInfo]) -> None:
        """Show these sources only; what is known of those that stay is kept."""
        self._publish({info.id: self._adopted(info) for info in sources})

    def _adopted(self, info: SourceInfo) -> SourceState:
        known = self.snapshot.get(info.id)
        if not known:
            return first_state(info, self.pasts.pop(info.id, None))
        return known if known.info == info else replace(known, info=info)

    def record(self, id_: SourceId, result: PollResult) -> PollResult:
        """Add the result of a poll and return what of it counted; a source that left meanwhile changes nothing."""
        state = self.snapshot.get(id_)
        if state:
            result = self._admitted(id_, self._without_taken(id_, result))
            states = self.snapshot | {id_: advance(state, result, self._clock())}
            yielding = _yielding(states, id_)
            # With thousands of connections a copy of all is not for nothing.
            self._publish(states | yielding if yielding else states)
        return result

    def _without_taken(self, id_: SourceId, result: PollResult) -> PollResult:
        """Leave out datacenters that a cluster earlier in the configuration shows: the same series twice
        would spoil the scrape.
        """
        found = result.findings
        if not isinstance(found, ServiceFindings):
            return result
        earlier = takewhile(lambda item: item[0] != id_, self.snapshot.items())
        owners = {name: other for other, state in earlier for name in _shown(state)}
        taken = {name: _taken(name, owners[name]) for name in found.instances if name in owners}
        if not taken:
            return result
        rest = {name: instances for name, instances in found.instances.items() if name not in taken}
        findings = replace(found, instances=rest, failures={**found.failures, **taken})
        return replace(result, findings=findings, error=next(iter(findings.errors), None))

    def _admitted(self, id_: SourceId, result: PollResult) -> PollResult:
        """Hand a provider's list on, and leave out of it what others list."""
        found = result.findings
        if not isinstance(found, ProviderFindings):
            return result
        return replace(result, findings=self.lists.admitted(id_, found))

    def drop_stale(self) -> None:
        """Stop showing what is too old; its history is kept for when it comes back."""
        now = self._clock()
        aged = {
            id_: aged_state
            for id_, state in self.snapshot.items()
            if (aged_state := age(state, now)) is not state
        }
        if aged:
            self._publish(self.snapshot | aged)

    def _publish(self, states: dict[SourceId, SourceState]) -> None:
        self.snapshot = MappingProxyType(states)
        for listener in self._listeners:
            listener()


def _shown(state: SourceState) -> set[str]:
    return {name for name, group in state.groups.items() if not group.stale}


def _yielding(states: Snapshot, id_: SourceId) -> dict[SourceId, SourceState]:
    """Return the states of later clusters that showed a datacenter of this one while it could not."""
    owned = _shown(states[id_])
    later = list(dropwhile(lambda item: item[0] != id_, states.items()))[1:] if owned else []
    return {
        other: replace(state, groups={name: g for name, g in state.groups.items() if name not in owned})
        for other, state in later
        if owned & state.groups.keys()
    }


def _taken(datacenter: str, owner: SourceId) -> DatacenterTaken:
    return DatacenterTaken(
        f"datacenter {datacenter} is already shown by consul {owner.name}: give it another name with datacenter_names"
    )
